"""A rendered mail to the exact bytes that are handed to SMTP: RFC 5322 and MIME, the same input the same bytes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime
from email.charset import BASE64, QP
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.utils import format_datetime
from html import escape

from mailer.rendering.formats import one_line
from mailer.rendering.headers import HeaderRefused, bracketed_id, mailbox_header, own_field_name, text_header, utf8
from mailer.rendering.renderer import RenderedMail

#: Ids kept in References: the own one and the latest of the thread (RFC 5322 §3.6.4 wants them, sets no number).
MAX_REFERENCES = 20
_BODY_TAG = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
#: Above one non-ASCII byte in six, base64 is shorter than quoted-printable.
_BASE64_ABOVE = 1 / 6

_WIDE = bytes(range(128, 256))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A display name ("" for none) and a plain ASCII address."""

    name: str
    address: str


def build_message(
    rendered: RenderedMail,
    *,
    sender: Mailbox,
    recipient: Mailbox,
    reply_to: str,
    message_id: str,
    sent_at: datetime,
    references: tuple[str, ...] = (),
    headers: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Return the message as CRLF bytes, every line within 998 octets and in ASCII (RFC 5322 §2.1.1, RFC 2045).

    `reply_to` is an address and is shown under the sender's name. `references` are our earlier messages of this
    thread, oldest first; the own id goes before them, because some services replace Message-ID but keep References,
    and repliers copy it. Ids come with or without angle brackets. `headers` are further fields, all named X-….

    Raises HeaderRefused for a value that is not one clean line, ValueError for a `sent_at` without a time zone.
    """
    if sent_at.tzinfo is None:
        raise ValueError("sent_at has no time zone: pass an aware datetime")
    own_id = bracketed_id("Message-ID", message_id)
    earlier = [bracketed_id("References", one) for one in references][-(MAX_REFERENCES - 1) :]
    message = MIMEMultipart("alternative", boundary=_boundary(own_id))
    _set(message, "Date", format_datetime(sent_at))
    _set(message, "From", mailbox_header("From", sender.name, sender.address))
    _set(message, "To", mailbox_header("To", recipient.name, recipient.address))
    _set(message, "Reply-To", mailbox_header("Reply-To", sender.name, reply_to))
    _set(message, "Subject", text_header("Subject", rendered.subject))
    _set(message, "Message-ID", own_id)
    for one in earlier[-1:]:
        _set(message, "In-Reply-To", one)
    _set(message, "References", "\n ".join([own_id, *earlier]))
    _set(message, "Auto-Submitted", "auto-generated")  # RFC 3834 §5
    _set(message, "X-Auto-Response-Suppress", "OOF, AutoReply")  # not "All": that would suppress bounces too
    for name, value in headers:
        _set(message, own_field_name(name), text_header(name, value))
    message.attach(_part(rendered.text, "plain"))
    message.attach(_part(rendered.html, "html"))
    return _on_the_wire(message)


def mark_as_copy(rendered: RenderedMail, customer_name: str) -> RenderedMail:
    """Return the mail marked as a copy to oneself, in its subject and as the first line of both bodies."""
    name = one_line(customer_name)
    mark = f"[COPY for {name} \N{EN DASH} not sent]"
    line = f"This is a copy for you of what {name} would receive. It was not sent to them."
    box = f'<p style="margin:0;padding:12px;background-color:#fff3bf;font-family:Arial,sans-serif">{escape(line)}</p>'
    body = _BODY_TAG.search(rendered.html)
    at = body.end() if body else 0
    return replace(
        rendered,
        subject=f"{mark} {rendered.subject}",
        text=f"{line}\n\n{rendered.text}",
        html=f"{rendered.html[:at]}\n{box}\n{rendered.html[at:]}",
    )


def _set(message: MIMEMultipart, name: str, value: Header | str) -> None:
    """Add a header once; a second one of the same name is refused, so that no caller can override what is set here."""
    if name in message:
        raise HeaderRefused(name, "it is already set")
    message[name] = value if isinstance(value, str) else value.encode()


def _part(text: str, subtype: str) -> MIMENonMultipart:
    content = text.encode()
    wide = len(content) - len(content.translate(None, delete=_WIDE))
    part = MIMENonMultipart("text", subtype, charset="utf-8")
    part.set_payload(text, utf8(BASE64 if wide > len(content) * _BASE64_ABOVE else QP))
    del part["MIME-Version"]  # belongs to the message, not to its parts (RFC 2045 §4)
    return part


def _on_the_wire(message: MIMEMultipart) -> bytes:
    """Return what `as_bytes` would (RFC 2046 §5.1.1), but for the headers: these are folded already.

    Folded again, an id longer than a line would leave its header line empty; and it takes a third of the time.
    """
    mark = f"--{message.get_boundary()}"
    parts = [part for part in message.get_payload() if isinstance(part, MIMENonMultipart)]
    text = "".join(f"{mark}\n{_fields(part)}\n{part.get_payload()}\n" for part in parts)
    return f"{_fields(message)}\n{text}{mark}--\n".replace("\n", "\r\n").encode("ascii")


def _fields(message: MIMEBase) -> str:
    return "".join(f"{name}: {value}\n" for name, value in message.items())


def _boundary(own_id: str) -> str:
    """Return a boundary that neither base64 nor quoted-printable can contain ("=_": RFC 2045 §6.7)."""
    return "=_" + hashlib.sha256(own_id.encode()).hexdigest()[:32]
