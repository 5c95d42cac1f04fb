"""What in a mail could tie it to something of ours: the first step of matching, before any look-up."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.domain.ids import OutboxId
from mailer.domain.message import InboundMail
from mailer.replies.bounce import is_from_daemon, returned_heads
from mailer.replies.complaint import read_complaint
from mailer.replies.headers import message_ids
from mailer.replies.token import (
    outbox_of_mark,
    outbox_of_message_id,
    own_id_of,
    tokens_in,
    tokens_in_text,
    verify,
)

_MAX_SCANNED_CHARS = 200_000
_OWN_ID = re.compile(r"duly\.[0-9a-z]{16}\.[0-9a-z]{16}@[\w.-]{1,255}", re.IGNORECASE)
_OWN_MARK = re.compile(r"(?im)^[> \t]{0,8}X-Duly-Message:\s{0,5}(\S{1,80})")
#: The id of the message itself, the one it answers, its thread: in a reminder only the first is its own for certain.
_ID_NAMES = ("message-id", "references", "in-reply-to")
_ID_LINES = tuple(
    re.compile(rf"(?im)^[> \t]{{0,8}}{name}:\s{{0,5}}([^\n]*(?:\n[> ]{{0,8}}[ \t][^\n]*)*)") for name in _ID_NAMES
)
_REPORTED_ID = re.compile(r"(?im)^(?:Message-ID|References|In-Reply-To):\s{0,5}([^\n]*(?:\n[ \t][^\n]*)*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailKeys:
    """The ids found in one mail, each list without repeats, in order of appearance.

    `own_ids` (the mail is itself a message of ours: a copy, a loop), `token_ids`, `reply_ids` (In-Reply-To),
    `reference_ids` (References) and `returned_ids` (anywhere in a report or the body, for bounces, what names the
    message itself before its thread) carried our valid signature. The raw lists are for exact look-up by Message-ID:
    relays such as SES give our mail another one. `sender` is lower case, "" when it cannot be trusted to be one
    address.
    """

    own_ids: tuple[OutboxId, ...] = ()
    token_ids: tuple[OutboxId, ...] = ()
    reply_ids: tuple[OutboxId, ...] = ()
    reference_ids: tuple[OutboxId, ...] = ()
    returned_ids: tuple[OutboxId, ...] = ()
    raw_in_reply_to: tuple[str, ...] = ()
    raw_references: tuple[str, ...] = ()
    raw_returned: tuple[str, ...] = ()
    sender: str = ""
    domain: str = ""

    @property
    def outbox_ids(self) -> tuple[OutboxId, ...]:
        """All verified ids, strongest first, for one look-up."""
        signed = (self.own_ids, self.token_ids, self.reply_ids, self.reference_ids, self.returned_ids)
        return tuple(dict.fromkeys(one for ids in signed for one in ids))

    @property
    def message_ids(self) -> tuple[str, ...]:
        """All raw Message-IDs, strongest first, for one look-up."""
        return tuple(dict.fromkeys((*self.raw_in_reply_to, *self.raw_references, *self.raw_returned)))


def keys(mail: InboundMail, key: bytes) -> MailKeys:
    """Return the keys of a mail; `key` is the secret that signs tokens and Message-IDs."""
    heads = _returned_heads(mail)
    returned = f"{heads}\n{mail.text}"[:_MAX_SCANNED_CHARS]
    small = returned.lower()
    has_ids = any(f"{name}:" in small for name in _ID_NAMES)
    lines = _REPORTED_ID.findall(returned)[:20] if has_ids else ()
    reported = tuple(one for found in lines for one in message_ids(found))
    # The thread is walked from its end: the last reference is the message answered.
    references = tuple(reversed(mail.references))
    return MailKeys(
        own_ids=_each_once([own_id_of(mail, key)]),
        token_ids=_each_once([verify(token, key) for token in tokens_in(mail)]),
        reply_ids=_each_once([outbox_of_message_id(one, key) for one in mail.in_reply_to]),
        reference_ids=_each_once([outbox_of_message_id(one, key) for one in references]),
        returned_ids=_each_once(_returned_ids(heads, returned, key)),
        raw_in_reply_to=mail.in_reply_to,
        raw_references=references,
        raw_returned=tuple(dict.fromkeys(reported))[:50],
        sender=mail.from_email,
        domain=mail.from_email.rpartition("@")[2],
    )


def _returned_heads(mail: InboundMail) -> str:
    """Return what a mail system gives back of our headers: in its report, or with our mail attached."""
    is_of_system = is_from_daemon(mail) or read_complaint(mail) is not None
    return f"{mail.report}\n{returned_heads(mail)}"[:_MAX_SCANNED_CHARS] if is_of_system else mail.report


def _returned_ids(heads: str, returned: str, key: bytes) -> list[OutboxId | None]:
    """Return the verified ids in returned headers and quoted text, what names the returned message itself first.

    Where a provider has replaced Message-ID, In-Reply-To would name the reminder before: our own header decides.
    """
    if "duly" not in returned.lower() and not heads:
        return []
    in_lines = [one for line in _ID_LINES for value in line.findall(returned)[:20] for one in _OWN_ID.findall(value)]
    return [
        *(outbox_of_mark(mark, key) for mark in _OWN_MARK.findall(returned)),
        *(verify(token, key) for token in tokens_in_text(heads)),
        *(outbox_of_message_id(one, key) for one in (*in_lines, *_OWN_ID.findall(returned))),
    ]


def _each_once(found: list[OutboxId | None]) -> tuple[OutboxId, ...]:
    return tuple(dict.fromkeys(one for one in found if one is not None))
