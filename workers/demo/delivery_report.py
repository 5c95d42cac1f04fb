"""A delivery status notification, as the receiving side's mail server sends it (RFC 3464, RFC 6522)."""

from __future__ import annotations

from datetime import datetime
from email import message_from_bytes, policy
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime

_WORDS = """This is the mail system at host {server}.

I'm sorry to have to inform you that your message could not be
delivered to one or more recipients. It's attached below.

<{recipient}>: host {server} said: 550 5.1.1 recipient unknown
"""


def undelivered(raw: bytes, *, sender: str, recipient: str, server: str, number: int, at: datetime) -> bytes:
    """Return the report that a message came to an address nobody has; `number` makes its Message-ID."""
    report = MIMEMultipart("report", report_type="delivery-status", policy=policy.SMTP)
    report["From"] = f"Mail Delivery System <mailer-daemon@{server}>"
    report["To"] = sender
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Date"] = format_datetime(at)
    report["Message-ID"] = f"<report.{number}@{server}>"
    report["Auto-Submitted"] = "auto-replied"
    report.attach(MIMEText(_WORDS.format(server=server, recipient=recipient), "plain", "us-ascii"))
    report.attach(_status(recipient, server, at))
    report.attach(MIMEMessage(message_from_bytes(raw)))
    return report.as_bytes()


def _status(recipient: str, server: str, at: datetime) -> MIMEBase:
    """Return the part for machines: one block of fields about the server, one about the recipient."""
    status = MIMEBase("message", "delivery-status")
    status.set_payload(
        [
            _fields(("Reporting-MTA", f"dns; {server}"), ("Arrival-Date", format_datetime(at))),
            _fields(
                ("Final-Recipient", f"rfc822; {recipient}"),
                ("Action", "failed"),
                ("Status", "5.1.1"),
                ("Diagnostic-Code", "smtp; 550 5.1.1 recipient unknown"),
            ),
        ]
    )
    return status


def _fields(*fields: tuple[str, str]) -> Message:
    block = Message()
    for name, value in fields:
        block[name] = value
    return block
