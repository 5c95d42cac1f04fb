"""What may go on the wire: our own check, because the libraries below repair silently what they should refuse.

Measured: a recipient holding CR/LF or quotes is re-parsed into another address and *sent there*, and Python before
3.13 lets an encoded line end in a subject become a header of its own (CVE-2024-6923, CVE-2026-1299).
"""

from __future__ import annotations

import re

from mailer.domain.address import address_fault
from mailer.domain.message import Envelope

_MAX_LINE_OCTETS = 998  # RFC 5322 §2.1.1, without CRLF

_FIELD_NAME = re.compile(rb"[!-9;-~]+")  # RFC 5322 §3.6.8: printable ASCII but colon
_NOT_IN_HEADERS = re.compile(rb"[^\t\r\n -~]")  # that CR and LF stand together only is seen before

#: RFC 5322 §3.6: at most one of each, and we never write these three more.
_ONCE = frozenset(
    b"date from sender reply-to to cc message-id in-reply-to references subject mime-version content-type".split()
)
_MISSING_IS_A_FAULT = (b"date", b"from", b"to", b"message-id")
_NEVER = (b"bcc", b"resent-", b"return-path")


def content_fault(content: bytes) -> str:
    """Return why these bytes are no message that may be sent as they are (RFC 5322 §2), "" when they may."""
    if b"\0" in content:
        return "the message contains a NUL byte"
    lines = content.split(b"\r\n")
    if content.count(b"\r") + content.count(b"\n") != 2 * (len(lines) - 1) or lines[-1]:
        return "the message has a line that does not end in CRLF"
    if max(map(len, lines)) > _MAX_LINE_OCTETS:
        return f"the message has a line of more than {_MAX_LINE_OCTETS} octets"
    head, blank, _body = content.partition(b"\r\n\r\n")
    if not blank:
        return "the message has no empty line between headers and body"
    return _header_fault(head)


def _header_fault(head: bytes) -> str:
    if _NOT_IN_HEADERS.search(head):
        return "a header has a control character or a letter outside ASCII"
    names: list[bytes] = []
    for line in head.split(b"\r\n"):
        name, colon, _value = line.partition(b":")
        if colon and _FIELD_NAME.fullmatch(name):
            names.append(name.lower())
        elif not (names and line.startswith((b" ", b"\t")) and line.strip()):
            return "a header line is neither `Name: value` nor the continuation of one"
    for name in names:
        if (name in _ONCE and names.count(name) > 1) or name.startswith(_NEVER):
            return f"the header {name.decode()} is not allowed here or is there twice"
    missing = [name.decode() for name in _MISSING_IS_A_FAULT if name not in names]
    return f"the header {missing[0]} is missing" if missing else ""


def envelope_fault(envelope: Envelope) -> tuple[str, bool]:
    """Return (why nothing of this may be sent, whether the recipient is to blame); ("", False) when all is well."""
    if fault := address_fault(envelope.recipient):
        return f"not sent, recipient unusable: {fault}", True
    if fault := address_fault(envelope.sender):
        return f"not sent, sender address unusable: {fault}; correct the sender in the settings", False
    if envelope.archive and (fault := address_fault(envelope.archive)):
        return f"not sent, archive address unusable: {fault}; correct the archive in the settings", False
    if fault := content_fault(envelope.content):
        return f"not sent, this is a fault in Duly or in a template: {fault}", False
    return "", False
