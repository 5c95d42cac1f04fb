"""C2SP signed notes with Ed25519 (https://c2sp.org/signed-note): text that says itself who vouches for it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

#: The signature type bytes: plain Ed25519, and Ed25519 by which others cosign heads (https://c2sp.org/tlog-cosignature).
ED25519, COSIGNATURE = b"\x01", b"\x04"
#: Longest note and most signatures that are looked at.
MOST_BYTES, MOST_SIGNATURES = 100_000, 64
_KEY_BYTES, _ID_BYTES = 32, 4
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
    """A name and the public key (32 bytes) that is known to be its own; `type`: of the signatures that it makes."""

    name: str
    public: bytes
    type: bytes = ED25519

    @property
    def key_id(self) -> bytes:
        """The 4 bytes by which signature lines name the key."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.type + self.public).digest()[:4]

    @property
    def line(self) -> str:
        """The key as it is given to others (a vkey): "name+id+base64"."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.type + self.public).decode()}"

    @property
    def pem(self) -> str:
        """The public key as `openssl pkeyutl -pubin` reads it."""
        key = Ed25519PublicKey.from_public_bytes(self.public)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A name and its private key: the seed of 32 bytes; `type`: of the signatures that it makes."""

    name: str
    seed: bytes
    type: bytes = ED25519

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return Verifier(name=self.name, public=public.public_bytes(Encoding.Raw, PublicFormat.Raw), type=self.type)

    @property
    def line(self) -> str:
        """The key as it is kept: "PRIVATE+KEY+name+id+base64"."""
        key_id = self.verifier.key_id.hex()
        return f"{_PRIVATE}{self.name}+{key_id}+{base64.b64encode(self.type + self.seed).decode()}"


def signer_of(line: str, type_: bytes = ED25519) -> Signer:
    """Return the key of a line as `Signer.line` gives it; raises BadKey, which never shows the key."""
    name, key_id, seed = _key_parts(line.removeprefix(_PRIVATE), type_) if line.startswith(_PRIVATE) else ("", "", b"")
    signer = Signer(name=name, seed=seed, type=type_)
    if not seed or signer.verifier.key_id.hex() != key_id:
        raise BadKey("this is not a private key of a signed note")
    return signer


def verifier_of(line: str, type_: bytes = ED25519) -> Verifier:
    """Return the key of a vkey line; raises BadKey, also for a key that makes signatures of another type."""
    name, key_id, public = _key_parts(line, type_)
    verifier = Verifier(name=name, public=public, type=type_)
    if not public or verifier.key_id.hex() != key_id:
        raise BadKey("this is not a public key of a signed note (name+id+base64)")
    return verifier


def _key_parts(line: str, type_: bytes) -> tuple[str, str, bytes]:
    """Return name, id and the key's 32 bytes; b"" for them when the line is none of ours."""
    name, _, rest = line.partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        raw = exact_base64(encoded)
    except ValueError:
        raw = b""
    fits = _NAME.fullmatch(name) and raw[:1] == type_ and len(raw) == 1 + _KEY_BYTES
    return name, key_id, raw[1:] if fits else b""


def sign(text: str, signer: Signer) -> str:
    """Return the note: the text (which ends in a newline), an empty line, and the signature."""
    if not text.endswith("\n"):
        raise ValueError("a note's text ends in a newline")
    return f"{text}\n{signature_line(signer, raw_signature(signer, text.encode()))}"


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
    text, lines = parts_of(note)
    mine = signatures_by(lines, verifier)
    if not mine:
        raise BadNote(f"the note is not signed by {verifier.name} with the key that is trusted")
    for signature in mine:
        check(signature, text.encode(), verifier)
    return text


def parts_of(note: str) -> tuple[str, list[str]]:
    """Return the text of a note and its signature lines, by whomever. Raises BadNote when it is no signed note."""
    if len(note) > MOST_BYTES or any(sign < " " and sign != "\n" for sign in note):
        raise BadNote("a signed note has no control characters and at most 100,000 characters")
    text, gap, signatures = note.rpartition("\n\n")
    lines = signatures.removesuffix("\n").split("\n")
    if not gap or not signatures.endswith("\n") or len(lines) > MOST_SIGNATURES:
        raise BadNote("a signed note is text, an empty line, and signatures")
    for line in lines:
        _name_and_bytes(line)
    return f"{text}\n", lines


def signatures_by(lines: Sequence[str], verifier: Verifier) -> list[bytes]:
    """Return the signatures that bear name and id of that key, not yet checked. Raises BadNote."""
    return [one for one in (_signature(line, verifier) for line in lines) if one is not None]


def check(signature: bytes, signed: bytes, verifier: Verifier) -> None:
    """Raise BadNote unless it is one over these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature, signed)
    except InvalidSignature:
        raise BadNote(f"the signature of {verifier.name} is not one over this text") from None


def signature_line(signer: Signer, signature: bytes) -> str:
    """Return the line of a note that bears this signature, with its newline."""
    return f"{_DASH}{signer.name} {base64.b64encode(signer.verifier.key_id + signature).decode()}\n"


def raw_signature(signer: Signer, signed: bytes) -> bytes:
    """Return the 64 bytes of Ed25519 over these bytes."""
    return Ed25519PrivateKey.from_private_bytes(signer.seed).sign(signed)


def _signature(line: str, verifier: Verifier) -> bytes | None:
    """Return the signature of a line, None when it is by another key. Raises BadNote when it is no signature line."""
    name, raw = _name_and_bytes(line)
    return raw[_ID_BYTES:] if name == verifier.name and raw[:_ID_BYTES] == verifier.key_id else None


def _name_and_bytes(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        raw = exact_base64(encoded)
    except ValueError as problem:
        raise BadNote("a signature line is a dash, a name and canonical base64") from problem
    if not line.startswith(_DASH) or not _NAME.fullmatch(name) or len(raw) <= _ID_BYTES:
        raise BadNote("a signature line is a dash, a name and canonical base64")
    return name, raw
