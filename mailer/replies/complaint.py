"""Complaints: people who called our mail spam, as their providers report it (RFC 5965, Microsoft's JMRP, SpamCop)."""

from __future__ import annotations

import re

from mailer.domain.message import InboundMail
from mailer.replies.bounce import first_address, is_report, returned_heads

_FEEDBACK = re.compile(r"(?im)^Feedback-Type:\s{0,5}([\w-]+)")
#: Feedback that is none: taken back, or about signatures (RFC 6430, RFC 6591).
_NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "dmarc"})
_COMPLAINED = re.compile(r"(?im)^(?:Original-Rcpt-To|Removal-Recipient|X-HmXmrOriginalRecipient):\s{0,5}(.{3,300})$")
_JMRP = re.compile(r"^complaint about message from \d", re.IGNORECASE)


def read_complaint(mail: InboundMail) -> str | None:
    """Return the address whose owner called our mail spam, "" when it is not said, None for no complaint.

    Microsoft's Junk Mail Reporting sends our mail back as an attachment, with the recipient in a header of its own.
    """
    feedback = _FEEDBACK.search(mail.report) if is_report(mail) else None
    if feedback is not None and feedback[1].lower() in _NO_COMPLAINT:
        return None
    if mail.from_email.endswith("@reports.spamcop.net") and mail.header("x-spamcop-sourceip"):
        return ""  # it never says who complained
    returned = mail.report if feedback is not None else _reported_by_microsoft(mail)
    if not returned:
        return None
    said = _COMPLAINED.search(returned)
    return first_address(said[1]) if said else ""


def _reported_by_microsoft(mail: InboundMail) -> str:
    if mail.from_email != "staff@hotmail.com" or not _JMRP.match(mail.subject):
        return ""
    return returned_heads(mail)
