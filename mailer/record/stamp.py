"""Time stamps by a third party (RFC 3161): the question, and what an answer proves of the bytes that were asked about.

The answer is kept as it came. Some servers send certificates in an order that strict readers refuse, or say "granted
with modifications"; neither is signed, so a copy is put right before it is read (`tidied`), never what is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import TimeStampResponse, VerifierBuilder, decode_timestamp_response

from mailer.record.stamp_bytes import asked, refusal, tidied

#: Whom to trust.
Trusted = tuple[Certificate, ...]
#: Types of events: a stamp whose signature leads to a certificate authority that we were told, and any other.
OBTAINED, UNVERIFIED = "anchor.obtained", "anchor.unverified"
#: No answer of a time-stamp server is longer, in bytes; a token with a long chain has some 10 000.
MOST_BYTES = 128 * 1024
_CHAIN = ("certificate verify error", "signer certificate not found", "Certificates neither found")


class StampTrouble(StrEnum):
    """Why a stamp proves nothing, or nothing yet."""

    REFUSED = "stamp_refused"  # the server says no
    NO_STAMP = "no_stamp"  # the answer is none, and does not even hold the hash that was asked about
    OTHER_DATA = "stamp_of_other_data"  # it stamps something else
    NOT_ASKED = "stamp_not_asked"  # it stamps these bytes, but answers another question
    UNREADABLE = "stamp_unreadable"  # it holds the hash, and cannot be read here: OpenSSL may be able to
    NO_CA = "stamp_without_ca"  # nobody said whose signature to trust
    UNTRUSTED = "stamp_untrusted"  # its signer does not lead to a certificate authority that we were told
    ALTERED = "stamp_altered"  # its signature does not hold


#: What is not kept: it could never prove anything about these bytes.
WORTHLESS = frozenset({StampTrouble.REFUSED, StampTrouble.NO_STAMP, StampTrouble.OTHER_DATA})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What an answer says: when (None when it cannot be read), and what is wrong with it (None: it is good)."""

    at: datetime | None = None
    trouble: StampTrouble | None = None
    words: str = ""


def question(data: bytes, nonce: int) -> bytes:
    """Return the DER of a request for a stamp of these bytes, by SHA-256, with the signer's certificate in it."""
    return asked(hashlib.sha256(data).digest(), nonce)


def authorities(pem: bytes) -> Trusted:
    """Return the certificates of a PEM file: roots, and what may be missing in stamps. Raises ValueError."""
    return tuple(load_pem_x509_certificates(pem)) if pem.strip() else ()


def checked(answer: bytes, data: bytes, trusted: Sequence[Certificate], *, nonce: int | None = None) -> Stamp:
    """Return what an answer proves of the data. `nonce`: that of the question, None when it is not known any more.

    Certificates need to be valid at the time of the stamp, not now.
    """
    digest = hashlib.sha256(data).digest()
    if (said := refusal(answer)) is not None:
        return Stamp(trouble=StampTrouble.REFUSED, words=f"the server refuses: {said}")
    try:
        read = decode_timestamp_response(tidied(answer))
        at, named, number = read.tst_info.gen_time, read.tst_info.message_imprint.message, read.tst_info.nonce
    except Exception as problem:  # noqa: BLE001 - a stranger's bytes in a stranger's reader: whatever it says
        if digest not in answer:
            return Stamp(trouble=StampTrouble.NO_STAMP, words="the answer is no time stamp")
        words = f"it holds the hash, but cannot be read here ({_short(problem)})"
        return Stamp(trouble=StampTrouble.UNREADABLE, words=words)
    if bytes(named) != digest:
        return Stamp(at=at, trouble=StampTrouble.OTHER_DATA, words="it stamps something else")
    if nonce is not None and number != nonce:
        return Stamp(at=at, trouble=StampTrouble.NOT_ASKED, words="it is no answer to what was asked (another nonce)")
    return _held_to(read, digest, trusted, at)


def _held_to(read: TimeStampResponse, digest: bytes, trusted: Sequence[Certificate], at: datetime) -> Stamp:
    roots = [one for one in trusted if one.issuer == one.subject]
    if not roots:
        words = "no root of a certificate authority is known to hold it to"
        return Stamp(at=at, trouble=StampTrouble.NO_CA, words=words)
    try:
        others = [one for one in trusted if one.issuer != one.subject]
        builder = VerifierBuilder(roots=roots, intermediates=others, tsa_certificate=_signer(read, others))
        builder.build().verify(read, digest)
    except Exception as problem:  # noqa: BLE001 - as in `checked`: certificates can be anything
        is_chain = any(words in str(problem) for words in _CHAIN)
        if is_chain:
            words = "its signer does not lead to a certificate authority that is trusted here"
            return Stamp(at=at, trouble=StampTrouble.UNTRUSTED, words=words)
        return Stamp(at=at, trouble=StampTrouble.ALTERED, words=f"its signature does not hold ({_short(problem)})")
    return Stamp(at=at)


def _signer(read: TimeStampResponse, known: Sequence[Certificate]) -> Certificate | None:
    """Return the signer's certificate when the stamp has none in it and it is among the known ones."""
    if read.signed_data.certificates:
        return None
    named = [(one.issuer, one.serial_number) for one in read.signed_data.signer_infos]
    return next((one for one in known if (one.issuer, one.serial_number) in named), None)


def _short(problem: Exception) -> str:
    return " ".join(str(problem).split())[:160]
