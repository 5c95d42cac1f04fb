"""C2SP signed notes with Ed25519 (https://c2sp.org/signed-note): text that says itself who vouches for it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

#: The signature type byte of Ed25519.
ED25519 = b"\x01"
#: Longest note and most signatures that are looked at.
MOST_BYTES, MOST_SIGNATURES = 100_000, 64
_KEY_BYTES = 32
_NAME = re.compile(r"[^\s+]+")
_PRIVATE = "PRIVATE+KEY+"
_DASH = "\u2014 "


class BadNote(ValueError):
    """This is not a signed note, or not one by the key that is trusted."""


class BadKey(ValueError):
    """This is not an Ed25519 key as signed notes write it."""


def exact_base64(text: str) -> bytes:
    """Return the bytes; raises ValueError unless the text is their one canonical base64 (RFC 4648 §3.5)."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as problem:
        raise ValueError("not base64") from problem
    if base64.b64encode(raw).decode() != text:
        raise ValueError("base64 with bits that say nothing: it could be written in several ways")
    return raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """A name and the public key (32 bytes) that is known to be its own."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The 4 bytes by which signature lines name the key."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    @property
    def line(self) -> str:
        """The key as it is given to others (a vkey): "name+id+base64"."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @property
    def pem(self) -> str:
        """The public key as `openssl pkeyutl -pubin` reads it."""
        key = Ed25519PublicKey.from_public_bytes(self.public)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A name and its private key: the seed of 32 bytes."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return Verifier(name=self.name, public=public.public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def line(self) -> str:
        """The key as it is kept: "PRIVATE+KEY+name+id+base64"."""
        key_id = self.verifier.key_id.hex()
        return f"{_PRIVATE}{self.name}+{key_id}+{base64.b64encode(ED25519 + self.seed).decode()}"


def signer_of(line: str) -> Signer:
    """Return the key of a line as `Signer.line` gives it; raises BadKey, which never shows the key."""
    name, key_id, seed = _key_parts(line.removeprefix(_PRIVATE)) if line.startswith(_PRIVATE) else ("", "", b"")
    signer = Signer(name=name, seed=seed)
    if not seed or signer.verifier.key_id.hex() != key_id:
        raise BadKey("this is not a private key of a signed note")
    return signer


def verifier_of(line: str) -> Verifier:
    """Return the key of a vkey line; raises BadKey."""
    name, key_id, public = _key_parts(line)
    verifier = Verifier(name=name, public=public)
    if not public or verifier.key_id.hex() != key_id:
        raise BadKey("this is not a public key of a signed note (name+id+base64)")
    return verifier


def _key_parts(line: str) -> tuple[str, str, bytes]:
    """Return name, id and the key's 32 bytes; b"" for them when the line is none of ours."""
    name, _, rest = line.partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        raw = exact_base64(encoded)
    except ValueError:
        raw = b""
    fits = _NAME.fullmatch(name) and raw[:1] == ED25519 and len(raw) == 1 + _KEY_BYTES
    return name, key_id, raw[1:] if fits else b""


def sign(text: str, signer: Signer) -> str:
    """Return the note: the text (which ends in a newline), an empty line, and the signature."""
    if not text.endswith("\n"):
        raise ValueError("a note's text ends in a newline")
    signature = Ed25519PrivateKey.from_private_bytes(signer.seed).sign(text.encode())
    encoded = base64.b64encode(signer.verifier.key_id + signature).decode()
    return f"{text}\n{_DASH}{signer.name} {encoded}\n"


def cosigned(note: str, signer: Signer) -> str:
    """Return the note with one more signature, by `signer`."""
    text = note.rpartition("\n\n")[0] + "\n"
    return note + sign(text, signer).rpartition("\n\n")[2]


def only_by(note: str, verifier: Verifier) -> str:
    """Return the note with the signature of `verifier` alone. Raises BadNote when it is not signed by it."""
    text = opened(note, verifier)
    lines = note.rpartition("\n\n")[2].removesuffix("\n").split("\n")
    mine = next(line for line in lines if _signature(line, verifier) is not None)
    return f"{text}\n{mine}\n"


def opened(note: str, verifier: Verifier) -> str:
    """Return the text of a note that `verifier` signed; signatures of others are left aside. Raises BadNote."""
    if len(note) > MOST_BYTES or any(sign < " " and sign != "\n" for sign in note):
        raise BadNote("a signed note has no control characters and at most 100,000 characters")
    text, gap, signatures = note.rpartition("\n\n")
    lines = signatures.removesuffix("\n").split("\n")
    if not gap or not signatures.endswith("\n") or len(lines) > MOST_SIGNATURES:
        raise BadNote("a signed note is text, an empty line, and signatures")
    text += "\n"
    known = [_signature(line, verifier) for line in lines]
    mine = [one for one in known if one is not None]
    if not mine:
        raise BadNote(f"the note is not signed by {verifier.name} with the key that is trusted")
    key = Ed25519PublicKey.from_public_bytes(verifier.public)
    for signature in mine:
        try:
            key.verify(signature, text.encode())
        except InvalidSignature:
            raise BadNote(f"the signature of {verifier.name} is not one over this text") from None
    return text


def _signature(line: str, verifier: Verifier) -> bytes | None:
    """Return the signature of a line, None when it is by another key. Raises BadNote when it is no signature line."""
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        raw = exact_base64(encoded)
    except ValueError as problem:
        raise BadNote("a signature line is a dash, a name and canonical base64") from problem
    if not line.startswith(_DASH) or not _NAME.fullmatch(name) or len(raw) <= len(verifier.key_id):
        raise BadNote("a signature line is a dash, a name and canonical base64")
    return raw[4:] if name == verifier.name and raw[:4] == verifier.key_id else None
