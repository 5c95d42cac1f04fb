"""One DKIM signature against the key that was published for it: of bytes only, the same today and in ten years.

dkimpy does the canonical forms and the sums. What it leaves to the clock, or does not look at, is looked at here:
expiry at the moment of receipt, the key's own limits, and what RFC 8301 forbids.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

import dkim
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from dkim.util import InvalidTagValueList, parse_tag_value

from mailer.record.dkim_claims import key_name
from mailer.record.dkim_values import Judged, Verdict

#: RFC 8301 §3.2 wants no less than 1024; more than 4096 nobody publishes, and each costs the square of it.
LEAST_BITS, GOOD_BITS, MOST_BITS = 1024, 2048, 4096
#: The longest key record that is looked at, in bytes.
MOST_RECORD = 8192
#: Clocks of mail servers may be wrong by so much, in seconds.
SLOP = 3600
_MOMENT = re.compile(rb"[0-9]{1,12}")
_ALGORITHMS = {b"rsa-sha256": b"rsa", b"ed25519-sha256": b"ed25519"}


class _Broken(Exception):
    """What makes a signature or a key useless for good, in one sentence."""


@dataclass(slots=True)
class _Ed25519:
    """A key as dkimpy asks for one (RFC 8463); it would need libsodium for its own."""

    key: Ed25519PublicKey
    holds: bool = True

    def verify(self, digest: bytes, signature: bytes) -> None:
        try:
            self.key.verify(signature, digest)
        except InvalidSignature:
            self.holds = False


def judged(raw: bytes, number: int, name: str, record: bytes, *, at: int) -> Judged:
    """Return what a signature is worth. `number`: its place from 1, topmost first.

    `record`: the bytes of the TXT record at `name`; `at`: when the mail came, in seconds of Unix time. Never raises for
    anything a mail or a record may contain. RFC 6376 §6.1.
    """
    try:
        return _judged(raw, number, name, record, at)
    except _Broken as problem:
        return Judged(verdict=Verdict.PERMERROR, reason=str(problem))
    except Exception as problem:  # noqa: BLE001 - dkimpy takes apart what strangers wrote, and raises what it raises
        return Judged(verdict=Verdict.PERMERROR, reason=f"it cannot be read ({type(problem).__name__})")


def _judged(raw: bytes, number: int, name: str, record: bytes, at: int) -> Judged:
    signer = dkim.DKIM(raw)
    headers = [(name, value) for name, value in signer.headers if name.lower() == b"dkim-signature"]
    header = headers[number - 1]
    tags = parse_tag_value(header[1])
    _check_tags(tags, at)
    if key_name(*(tags[one].decode("ascii", "replace").lower() for one in (b"s", b"d"))) != name:
        raise _Broken("its key has another name")
    key = _key_tags(record, tags)
    signer.pk, signer.keysize = _public_key(key)
    signer.ktag = key.get(b"k", b"rsa")
    weak = _weak(tags, key, signer.keysize)
    signed = [one.lower() for one in re.split(rb"\s*:\s*", tags[b"h"].strip())]
    if b"from" not in signed:
        raise _Broken("it does not sign From")
    try:
        holds = signer.verify_sig_process(tags, signed, header, None)
    except dkim.ValidationError:
        if not signer.body:
            return Judged(verdict=Verdict.NEUTRAL, reason="the bytes that are kept have no body", weak=weak)
        return Judged(verdict=Verdict.FAIL, reason="the body is not the one that was signed", weak=weak)
    if not holds or (isinstance(signer.pk, _Ed25519) and not signer.pk.holds):
        reason = "the header fields are not those that were signed, or another key signed them"
        return Judged(verdict=Verdict.FAIL, reason=reason, weak=weak)
    return Judged(verdict=Verdict.PASS, weak=weak)


def _check_tags(tags: Mapping[bytes, bytes], at: int) -> None:
    timeless = {name: value for name, value in tags.items() if name not in (b"t", b"x")}
    try:
        dkim.validate_signature_fields(timeless, [b"v", b"a", b"b", b"bh", b"d", b"h", b"s"])
    except dkim.ValidationError as problem:
        raise _Broken(f"its tags are not those of a signature: {problem}"[:200]) from problem
    if tags[b"a"] not in _ALGORITHMS:
        raise _Broken("it was made with SHA-1, which proves nothing any more (RFC 8301)")
    signed_at, ends_at = (_moment(tags, name) for name in (b"t", b"x"))
    if signed_at is not None and signed_at > at + SLOP:
        raise _Broken("it says it was made after the mail came")
    if ends_at is not None and (ends_at < at - SLOP or ends_at < (signed_at or 0)):
        raise _Broken("it had expired when the mail came")


def _moment(tags: Mapping[bytes, bytes], name: bytes) -> int | None:
    if name not in tags:
        return None
    if not _MOMENT.fullmatch(tags[name]):
        raise _Broken(f"{name.decode()}= is no moment")
    return int(tags[name])


def _key_tags(record: bytes, tags: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the tags of a key record that may be used for this signature (RFC 6376 §3.6.1, §6.1.2)."""
    try:
        key: dict[bytes, bytes] = parse_tag_value(record[:MOST_RECORD])
    except InvalidTagValueList as problem:
        raise _Broken("the key record is broken") from problem
    if b"p" not in key or key.get(b"v", b"DKIM1") != b"DKIM1":
        raise _Broken("the record is no DKIM key")
    if not key[b"p"]:
        raise _Broken("the key was revoked")
    if key.get(b"k", b"rsa") != _ALGORITHMS[tags[b"a"]]:
        raise _Broken("the key is of another kind than the signature")
    if b"sha256" not in _words(key.get(b"h", b"sha256")):
        raise _Broken("the key is not for signatures with SHA-256")
    if not {b"*", b"email"} & {*_words(key.get(b"s", b"*"))}:
        raise _Broken("the key is not for mail")
    by = tags.get(b"i", b"@" + tags[b"d"]).rpartition(b"@")[2]
    if b"s" in _words(key.get(b"t", b"")) and by.lower() != tags[b"d"].lower():
        raise _Broken("the key is not for subdomains (t=s)")
    return key


def _public_key(key: Mapping[bytes, bytes]) -> tuple[object, int]:
    """Return the key as dkimpy uses one, and its size in bits."""
    try:
        der = base64.b64decode(re.sub(rb"\s+", b"", key[b"p"]), validate=True)
    except binascii.Error as problem:
        raise _Broken("the key is not in base64") from problem
    if key.get(b"k") == b"ed25519":
        return _Ed25519(Ed25519PublicKey.from_public_bytes(der)), 256
    found: dict[str, int] = dkim.parse_public_key(der)
    bits = found["modulus"].bit_length()
    if not LEAST_BITS <= bits <= MOST_BITS or found["publicExponent"].bit_length() > bits:
        raise _Broken(f"a key of {bits} bits is not taken (only {LEAST_BITS} to {MOST_BITS})")
    return found, bits


def _weak(tags: Mapping[bytes, bytes], key: Mapping[bytes, bytes], bits: int) -> tuple[str, ...]:
    found = []
    if b"l" in tags:
        found.append("it covers only the beginning of the body (l=): anything may have been added below")
    if b"y" in _words(key.get(b"t", b"")):
        found.append("the domain calls its key a test (t=y)")
    if key.get(b"k", b"rsa") == b"rsa" and bits < GOOD_BITS:
        found.append(f"a key of {bits} bits is short")
    return tuple(found)


def _words(value: bytes) -> list[bytes]:
    return [one.strip() for one in value.split(b":")]
