"""What is said of a mail's signatures: the verdict's words (RFC 8601 §2.7.1), and everything that is kept of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """What a signature is worth."""

    PASS = "pass"  # noqa: S105 - RFC 8601's word
    FAIL = "fail"  # it is not of this mail, or not by this key
    TEMPERROR = "temperror"  # its key could not be asked for: again later
    PERMERROR = "permerror"  # it, or its key, can never be used
    NEUTRAL = "neutral"  # it could not be checked, and that says nothing against it
    NONE = "none"  # there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict, why ("" for a pass), and what makes it worth less."""

    verdict: Verdict
    reason: str = ""
    weak: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSignature:
    """One signature, and the key that it was checked with.

    `record`: the TXT record's bytes as they were fetched (its strings joined, RFC 6376 §3.6.2.2), b"" when there were
    none; `resolver` and `asked_at`: who gave them, and when ("" and None when nobody was asked). `alignment`: as
    `mailer.record.dkim_claims.alignment`.
    """

    number: int
    domain: str
    selector: str
    name: str
    verdict: Verdict
    reason: str
    weak: tuple[str, ...]
    alignment: str
    record: bytes
    resolver: str
    asked_at: datetime | None


#: What a mail as a whole is called by: the best of its signatures; what may still become a pass before what cannot.
_BEST_FIRST = (
    Verdict.PASS, Verdict.TEMPERROR, Verdict.FAIL, Verdict.NEUTRAL, Verdict.PERMERROR, Verdict.NONE,
)  # fmt: skip
_NEAREST_FIRST = ("exact", "parent", "below", "other")


def best(signatures: Iterable[CheckedSignature]) -> CheckedSignature | None:
    """Return the signature that speaks for the mail: by verdict, then by how near it is to From; None without any."""
    return min(
        signatures,
        key=lambda one: (_BEST_FIRST.index(one.verdict), bool(one.weak), _NEAREST_FIRST.index(one.alignment)),
        default=None,
    )
