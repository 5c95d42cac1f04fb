"""A parsed mail as plain data and back; on the way back every type is checked, for the child may have been taken over.

The contents of attachments travel beside the plain data, one after the other, as raw bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mailer.domain.message import Attachment, InboundMail

_TEXTS = ("message_id", "from_email", "from_name", "subject", "text", "report")
_LISTS = ("in_reply_to", "references", "reply_to", "recipients", "defects")


class MailBroken(ValueError):
    """Plain data that is no mail."""


def mail_to_plain(mail: InboundMail) -> tuple[dict[str, Any], bytes]:
    """Return a mail as JSON values, and the contents of its attachments one after the other."""
    plain: dict[str, Any] = {name: getattr(mail, name) for name in (*_TEXTS, *_LISTS, "headers")}
    plain["sent_at"] = mail.sent_at.isoformat() if mail.sent_at else None
    plain["attachments"] = [[one.name, one.media_type, len(one.content)] for one in mail.attachments]
    return plain, b"".join(one.content for one in mail.attachments)


def mail_from_plain(plain: Mapping[str, Any], contents: bytes) -> InboundMail:
    """Return the mail that `mail_to_plain` wrote. Raises MailBroken for anything else."""
    try:
        values: dict[str, Any] = {name: plain_text(plain[name]) for name in _TEXTS}
        values |= {name: _texts(plain[name]) for name in _LISTS}
        headers = tuple((plain_text(name), plain_text(value)) for name, value in plain["headers"])
        attachments = _attachments(plain["attachments"], contents)
        return InboundMail(**values, headers=headers, attachments=attachments, sent_at=_moment(plain["sent_at"]))
    except (KeyError, TypeError, ValueError) as problem:
        raise MailBroken(f"plain data is no mail: {type(problem).__name__}") from problem


def plain_text(value: object) -> str:
    """Return a text as it is. Raises TypeError and ValueError for what no text of a mail can be."""
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError("not a text")
    if not value.isascii():
        value.encode("utf-8")  # a lone surrogate would be refused by the database
    return value


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError("not a list")
    return tuple(plain_text(value) for value in values)


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    at = datetime.fromisoformat(plain_text(value))
    if at.tzinfo is None:
        raise ValueError("a time without its offset")
    return at


def _attachments(rows: object, contents: bytes) -> tuple[Attachment, ...]:
    if not isinstance(rows, list):
        raise TypeError("not a list")
    found: list[Attachment] = []
    position = 0
    for name, media_type, size in rows:
        if type(size) is not int or size < 0:
            raise TypeError("not a size")
        content = contents[position : position + size]
        found.append(Attachment(name=plain_text(name), media_type=plain_text(media_type), content=content))
        position += size
    if position != len(contents):
        raise ValueError("sizes and contents differ")
    return tuple(found)
