"""The one form of address that mail is sent to: RFC 5321 §4.1.2 Dot-string "@" Domain, in ASCII."""

from __future__ import annotations

import re

_MAX_ADDRESS_OCTETS = 254  # RFC 5321 §4.5.3.1.3 less the angle brackets
_MAX_LOCAL_OCTETS = 64  # RFC 5321 §4.5.3.1.1
_DOT_STRING = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def address_fault(address: str) -> str:
    """Return why this is not a plain ASCII addr-spec of RFC 5321 §4.1.2 (Dot-string "@" Domain), "" when it is."""
    if not address.isascii():
        return "the address has letters outside ASCII, which need SMTPUTF8; ask for an address without them"
    local, at, domain = address.rpartition("@")
    if not at or len(address) > _MAX_ADDRESS_OCTETS or len(local) > _MAX_LOCAL_OCTETS:
        return "the address is not of the form name@domain within 254 characters"
    if not _DOT_STRING.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        return "the address has characters or dots that no plain address has (quotes, spaces, comments, line ends)"
    return ""
