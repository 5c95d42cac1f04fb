"""Raw bytes → `InboundMail`. Never raises: what cannot be understood becomes a defect, the words stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesFeedParser
from email.policy import compat32
from email.utils import collapse_rfc2231_value, parsedate_to_datetime
from typing import Any

from mailer.domain.message import Attachment, InboundMail
from mailer.replies.caps import MAX_HEADER_BLOCK_BYTES, NESTED_MAIN_TYPE, Capped, capped
from mailer.replies.headers import addresses, clean, decoded, message_ids, text_of
from mailer.replies.html_text import text_from_html

MAX_TEXT_CHARS = 2_000_000
MAX_HTML_CHARS = 2_000_000
MAX_TAGS = 100_000
MAX_LEAVES = 200
MAX_ATTACHMENTS = 100
#: Headers that name where the mail was delivered, most trustworthy first (the order of `InboundMail.recipients`).
RECIPIENT_HEADERS = ("x-gm-original-to", "delivered-to", "envelope-to", "x-original-to", "to", "cc")
_READ_RAW = frozenset({*RECIPIENT_HEADERS, "from", "reply-to", "in-reply-to", "references"})
_REPORT_TYPES = frozenset({"delivery-status", "feedback-report", "disposition-notification", "global-delivery-status"})
_EARLIEST_YEAR = 1990
#: As encoded in the header.
_MAX_NAME_CHARS = 1_000
#: RFC 6838 §4.2 allows 127 on either side.
_MAX_TYPE_CHARS = 255
_MAX_CHAR_BYTES = 4
_PIECE_BYTES = 1_000_000


@dataclass(slots=True)
class _Body:
    """What the leaves of a mail add up to."""

    texts: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    report: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    #: How many more characters of text, and of HTML that becomes text, are taken.
    text_left: int = MAX_TEXT_CHARS
    html_left: int = MAX_HTML_CHARS
    tags_left: int = MAX_TAGS
    report_left: int = MAX_TEXT_CHARS


def parse(raw: bytes) -> InboundMail:
    """Return the mail as values. Any bytes are accepted; oddities are listed in `defects`.

    `text` has LF line ends, no NULs, no invisible characters and plain spaces only; HTML-only mail is turned to text
    with "> " before quoted lines. Nested messages are attachments, and their headers part of `report` in a report.
    """
    safe = Capped(content=b"", defects=())
    try:
        safe = capped(raw)
        return _read(safe)
    except MemoryError:
        raise  # the sandbox's limit: half a mail is no mail
    except Exception as problem:  # noqa: BLE001 - whatever a hostile mail breaks, its words must reach a person
        text = clean(text_of(safe.content[:MAX_TEXT_CHARS], None))
        return _mail((), _Body(texts=[text], defects=[*safe.defects, f"unreadable: {type(problem).__name__}"]))


def _read(safe: Capped) -> InboundMail:
    message = _message(safe.content)
    body = _Body(defects=[*safe.defects, *(type(defect).__name__ for defect in message.defects)])
    is_report = message.get_content_type() == "multipart/report"
    chosen = set(map(id, _text_parts(message)))
    for count, part in enumerate(_leaves(message)):
        if count == MAX_LEAVES:
            body.defects.append(f"cut after {MAX_LEAVES} parts")
            break
        _take_leaf(part, body, chosen=id(part) in chosen, is_report=is_report)
    headers = tuple((name.lower(), decoded(value)) for name, value in message.raw_items())
    return _mail(headers, body, message)


class _Part(Message):
    """A part whose parameters can be read, whatever they are."""

    def _get_params_preserve(self, failobj: Any, header: str) -> Any:
        """Return the parameters as they stand when one comes in numbered parts (RFC 2231 §3) and as a whole, too.

        The library sorts these by number, None among them.
        """
        try:
            return super()._get_params_preserve(failobj, header)  # type: ignore[misc] # all the public ones ask it
        except TypeError:
            pieces = (one.partition("=") for one in str(self.get(header, "")).split(";"))
            return [(name.strip(), value.strip()) for name, _, value in pieces]


def _message(content: bytes) -> Message:
    """Return the tree of parts. Fed in pieces: the library's own way makes two copies at four bytes a character."""
    parser = BytesFeedParser(_Part, policy=compat32)
    for start in range(0, len(content), _PIECE_BYTES):
        parser.feed(content[start : start + _PIECE_BYTES])
    return parser.close()


def _mail(headers: tuple[tuple[str, str], ...], body: _Body, message: Message | None = None) -> InboundMail:
    """Put the values together. Address headers are read raw: a comma in an encoded name separates nobody."""
    raw: dict[str, list[str]] = {}
    for name, value in message.raw_items() if message else ():
        if name.lower() in _READ_RAW:
            text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            raw.setdefault(name.lower(), []).append(text)
    shown = dict(reversed(headers))

    def people(name: str) -> tuple[tuple[str, str], ...]:
        return tuple(one for value in raw.get(name, ()) for one in addresses(value))

    senders = people("from")
    defects = body.defects
    if len({address for _, address in senders}) > 1:
        defects.append("several senders")  # an identity that can be read in two ways is none
        senders = ()
    text = clean("\n".join(body.texts).replace("\r\n", "\n").replace("\r", "\n"))
    return InboundMail(
        message_id=next(iter(message_ids(shown.get("message-id", ""))), ""),
        in_reply_to=message_ids(" ".join(raw.get("in-reply-to", ()))),
        references=message_ids(" ".join(raw.get("references", ()))),
        from_email=senders[0][1] if senders else "",
        from_name=senders[0][0] if senders else "",
        reply_to=tuple(address for _, address in people("reply-to")),
        recipients=tuple(dict.fromkeys(address for name in RECIPIENT_HEADERS for _, address in people(name))),
        subject=shown.get("subject", ""),
        sent_at=_sent_at(shown.get("date", "")),
        text=text[:MAX_TEXT_CHARS],
        headers=headers,
        attachments=tuple(body.attachments),
        report="\n".join(body.report),
        defects=tuple(dict.fromkeys(defects)),
    )


def _sent_at(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)  # "-0000": UTC, the sender's zone untold
        at.astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return at if at.year >= _EARLIEST_YEAR else None


def _leaves(message: Message) -> Iterator[Message]:
    if message.is_multipart():
        for part in _children(message):
            yield from _leaves(part)
    else:
        yield message


def _children(message: Message) -> list[Message]:
    """Return the parts of a multipart, which alone has any: a leaf asked for them would be decoded on the way."""
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _text_parts(message: Message) -> list[Message]:
    """Return the leaves that make the body: all inline texts, of alternatives the plain one if it says anything."""
    if not message.is_multipart():
        is_text = message.get_content_type() in {"text/plain", "text/html"}
        return [message] if is_text and message.get_content_disposition() != "attachment" else []
    branches = [_text_parts(part) for part in _children(message)]
    if message.get_content_type() == "multipart/alternative":
        plain = [parts for parts in branches if any(_says_something(part) for part in parts)]
        rich = [parts for parts in branches if any(part.get_content_type() == "text/html" for part in parts)]
        return (plain or rich or branches or [[]])[0]
    return [part for parts in branches for part in parts]


def _says_something(part: Message) -> bool:
    return part.get_content_type() == "text/plain" and bool(_content(part).strip())


def _content(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        content = None
    if isinstance(content, bytes):
        return content
    payload = part._payload  # type: ignore[attr-defined] # noqa: SLF001 - asked openly, it decodes by any charset
    return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""


def _take_leaf(part: Message, body: _Body, *, chosen: bool, is_report: bool) -> None:
    main, _, sub = part.get_content_type().partition("/")
    main = "message" if main == NESTED_MAIN_TYPE else main
    content = _content(part)
    name = _file_name(part)
    if chosen and not (name and body.texts):
        _take_text(content, part, body, is_html=sub == "html")
        return
    if sub in _REPORT_TYPES or (main == "text" and sub == "rfc822-headers"):
        _take_report(content, body)
        return
    if main == "message" and is_report:
        _take_report(content.partition(b"\n\n")[0], body)
    is_other_version = main == "text" and sub in {"plain", "html"} and not name
    if not is_other_version and len(body.attachments) < MAX_ATTACHMENTS:
        name = name or _nested_name(main, content) or f"part-{len(body.attachments) + 1}"
        media_type = clean(f"{main}/{sub}")[:_MAX_TYPE_CHARS]
        body.attachments.append(Attachment(name=name, media_type=media_type, content=content))


def _take_text(content: bytes, part: Message, body: _Body, *, is_html: bool) -> None:
    charset = part.get_param("charset")
    text = text_of(content[: MAX_HTML_CHARS * _MAX_CHAR_BYTES], collapse_rfc2231_value(charset) if charset else None)
    if is_html:
        taken = "<".join(text[: body.html_left].split("<", body.tags_left + 1)[: body.tags_left + 1])
        body.html_left -= len(taken)
        body.tags_left -= taken.count("<")
        shown = text_from_html(taken)
    else:
        shown = taken = text.rstrip("\r\n")
    if len(taken) < len(text.rstrip("\r\n")) or len(shown) > body.text_left:
        body.defects.append(f"text cut after {MAX_TEXT_CHARS} characters")
    body.texts.append(shown[: body.text_left])
    body.text_left -= len(body.texts[-1])


def _take_report(content: bytes, body: _Body) -> None:
    text = clean(text_of(content[: body.report_left], None))
    body.report_left -= len(text)
    body.report.append(text)


def _file_name(part: Message) -> str:
    value = part.get_filename()
    return re.sub(r"[/\\\n\r\t]+", "_", decoded(value[:_MAX_NAME_CHARS])).strip()[:200] if value else ""


def _nested_name(main: str, content: bytes) -> str:
    """Return a name for a nested message: its subject, so that the invoice number in it is seen."""
    if main != "message":
        return ""
    head = content[:MAX_HEADER_BLOCK_BYTES].partition(b"\n\n")[0].decode("utf-8", "surrogateescape")
    found = re.search(r"(?im)^subject:([^\n]*(?:\n[ \t][^\n]*)*)", head)
    return (decoded(found[1][:_MAX_NAME_CHARS]) if found else "message").replace("/", "_")[:200] + ".eml"
