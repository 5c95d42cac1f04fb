"""Cosignatures over a log's heads (https://c2sp.org/tlog-cosignature, Ed25519): by somebody who saw it grow, and when.

One says: as of that moment, the largest tree that I have seen of this log has this root, and it extends all before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mailer.record.note import (
    MOST_SIGNATURES,
    BadNote,
    Signer,
    Verifier,
    check,
    parts_of,
    raw_signature,
    signature_line,
    signatures_by,
)

#: The type of the event that tells of one.
COSIGNED = "anchor.cosigned"
#: The moment in seconds since 1970, big-endian, and Ed25519.
_TIME_BYTES, _BYTES = 8, 8 + 64
_YEAR_9999 = 253_402_300_799


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A cosignature that holds: its line of the note, with its newline, and when it was made (whole seconds)."""

    line: str
    at: datetime


def cosign(text: str, signer: Signer, at: datetime) -> str:
    """Return the signature line over a head's text (no signatures in it) at that moment."""
    seconds = int(at.timestamp())
    signature = raw_signature(signer, _message(text, seconds))
    return signature_line(signer, seconds.to_bytes(_TIME_BYTES, "big") + signature)


def cosignature_in(lines: Sequence[str], text: str, verifier: Verifier) -> Cosignature:
    """Return the cosignature of `verifier` among signature lines; those of others are ignored.

    Raises BadNote when there is none, or one of its own does not hold.
    """
    found = [Cosignature(line=f"{line}\n", at=_held(one, text, verifier))
             for line in lines for one in signatures_by([line], verifier)]  # fmt: skip
    if not found:
        raise BadNote(f"there is no cosignature of {verifier.name} with the key that is trusted")
    return found[0]


def answered(answer: str, text: str, verifier: Verifier) -> Cosignature:
    """Return the cosignature in a witness's answer: one or more signature lines. Raises BadNote."""
    if len(answer.splitlines()) > MOST_SIGNATURES:
        raise BadNote("an answer is a few signature lines")
    _, lines = parts_of(f"{text}\n{answer}")
    return cosignature_in(lines, text, verifier)


def _held(signature: bytes, text: str, verifier: Verifier) -> datetime:
    seconds = int.from_bytes(signature[:_TIME_BYTES], "big")
    if len(signature) != _BYTES or seconds > _YEAR_9999:
        raise BadNote(f"the cosignature of {verifier.name} is not a moment and 64 bytes")
    check(signature[_TIME_BYTES:], _message(text, seconds), verifier)
    return datetime.fromtimestamp(seconds, UTC)


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
