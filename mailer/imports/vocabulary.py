"""The closed lists a cell is checked against: currencies, languages, countries, time zones, mail addresses."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from zoneinfo import available_timezones

from babel.core import Locale, get_global
from email_validator import EmailNotValidError, validate_email

#: Territory codes of the Unicode data that ISO 3166-1 does not assign.
_NO_COUNTRIES = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})
#: RFC 5321 §4.5.3.1 and the erratum to RFC 3696: longest local part and longest address.
_MAX_LOCAL, _MAX_ADDRESS = 64, 254
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
_LONGEST_PRIMARY_LANGUAGE = 3


@cache
def currencies() -> frozenset[str]:
    """Return the ISO 4217 codes that are legal tender somewhere now."""
    return frozenset(
        code
        for history in get_global("territory_currencies").values()
        for code, _, until, tender in history
        if until is None and tender
    )


@cache
def languages() -> frozenset[str]:
    """Return the BCP 47 primary language subtags."""
    return frozenset(code for code in map(str, Locale("en").languages) if len(code) <= _LONGEST_PRIMARY_LANGUAGE)


@cache
def countries() -> frozenset[str]:
    """Return the ISO 3166-1 alpha-2 codes, and XK."""
    return frozenset(code for code in map(str, Locale("en").territories) if len(code) == len("GB")) - _NO_COUNTRIES


@cache
def time_zones() -> frozenset[str]:
    """Return the IANA names."""
    return frozenset(available_timezones())


def checked_email(address: str) -> tuple[str, str]:
    """Return (the address with its domain lower-cased, "") or ("", why it cannot be written to).

    RFC 5321 addresses in ASCII only; nothing is looked up. `.test` (RFC 6761) passes, for demos and rehearsals.
    """
    local, _, domain = address.rpartition("@")
    if len(address) > _MAX_ADDRESS or len(local) > _MAX_LOCAL or not _PLAIN_LOCAL.fullmatch(local):
        return _validated(address)
    # Many customers share a domain, and checking it is the slow part; a plain local part passes unchanged.
    found, fault = _validated("x@" + domain)
    return (local + found[1:] if found else ""), fault


@lru_cache(maxsize=16384)
def _validated(address: str) -> tuple[str, str]:
    if not address.isascii():
        return "", "only addresses in ASCII can be written to; write an international domain in its xn-- form"
    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError as problem:
        return "", str(problem).rstrip(".")
    return found.ascii_email or found.normalized, ""
