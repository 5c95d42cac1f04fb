"""A rendered mail to the exact bytes that are handed to SMTP: RFC 5322 and MIME, the same input the same bytes."""

from __future__ import annotations

import base64
import hashlib
import re
from binascii import b2a_qp
from dataclasses import dataclass, replace
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from html import escape

from mailer.rendering.formats import one_line
from mailer.rendering.headers import HeaderRefused, bracketed_id, mailbox_header, own_field_name, text_header
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
    kind, body = _body(rendered, _boundary(own_id))
    fields = _Fields({**kind, "MIME-Version": "1.0"})
    fields.put("Date", format_datetime(sent_at))
    fields.put("From", mailbox_header("From", sender.name, sender.address))
    fields.put("To", mailbox_header("To", recipient.name, recipient.address))
    fields.put("Reply-To", mailbox_header("Reply-To", sender.name, reply_to))
    fields.put("Subject", text_header("Subject", rendered.subject))
    fields.put("Message-ID", own_id)
    for one in earlier[-1:]:
        fields.put("In-Reply-To", one)
    fields.put("References", "\n ".join([own_id, *earlier]))
    fields.put("Auto-Submitted", "auto-generated")  # RFC 3834 §5
    fields.put("X-Auto-Response-Suppress", "OOF, AutoReply")  # not "All": that would suppress bounces too
    for name, value in headers:
        fields.put(own_field_name(name), text_header(name, value))
    return f"{fields.text}{body}".replace("\n", "\r\n").encode("ascii")


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


class _Fields:
    """The headers of a message, already folded: folded again, an id longer than a line would leave its line empty."""

    def __init__(self, first: dict[str, str]) -> None:
        self._values = first
        self._names = {name.lower() for name in first}

    def put(self, name: str, value: Header | str) -> None:
        """Set a header once; a second one of the same name is refused, so that no caller can override one."""
        if name.lower() in self._names:
            raise HeaderRefused(name, "it is already set")
        self._names.add(name.lower())
        self._values[name] = value if isinstance(value, str) else value.encode()

    @property
    def text(self) -> str:
        """The header section, each line ended by LF."""
        return "".join(f"{name}: {value}\n" for name, value in self._values.items())


def _body(rendered: RenderedMail, boundary: str) -> tuple[dict[str, str], str]:
    """Return the headers that say what the body is, and what follows the other headers of the message."""
    if not rendered.html:
        return {}, _part(rendered.text, "plain")
    parts = "".join(f"--{boundary}\n{_part(*part)}\n" for part in ((rendered.text, "plain"), (rendered.html, "html")))
    return {"Content-Type": f'multipart/alternative; boundary="{boundary}"'}, f"\n{parts}--{boundary}--\n"


def _part(text: str, subtype: str) -> str:
    """Return a body part, its headers first (RFC 2045; MIME-Version belongs to the message, not to its parts).

    No "format=flowed" (RFC 3676): whoever reads it keeps the lines as they are.
    """
    content = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    wide = len(content) - len(content.translate(None, delete=_WIDE))
    if wide > len(content) * _BASE64_ABOVE:
        encoding, body = "base64", base64.encodebytes(content)
    else:
        encoding, body = "quoted-printable", b2a_qp(content)
    kind = f'Content-Type: text/{subtype}; charset="utf-8"'
    return f"{kind}\nContent-Transfer-Encoding: {encoding}\n\n{body.decode('ascii')}"


def _boundary(own_id: str) -> str:
    """Return a boundary that neither base64 nor quoted-printable can contain ("=_": RFC 2045 §6.7)."""
    return "=_" + hashlib.sha256(own_id.encode()).hexdigest()[:32]
