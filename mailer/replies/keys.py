"""What in a mail could tie it to something of ours: the first step of matching, before any look-up."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.domain.ids import OutboxId
from mailer.domain.message import InboundMail
from mailer.replies.headers import message_ids
from mailer.replies.token import outbox_of_message_id, tokens_in, tokens_in_text, verify

_MAX_SCANNED_CHARS = 200_000
_OWN_ID = re.compile(r"duly\.[0-9a-z]{16}\.[0-9a-z]{16}@[\w.-]{1,255}", re.IGNORECASE)
_REPORTED_ID = re.compile(r"(?im)^(?:Message-ID|References|In-Reply-To):\s{0,5}([^\n]*(?:\n[ \t][^\n]*)*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailKeys:
    """The ids found in one mail, each list without repeats, in order of appearance.

    `token_ids`, `reply_ids` (In-Reply-To), `reference_ids` (References) and `returned_ids` (anywhere in a report or
    the body, for bounces) carried our valid signature. The raw lists are for exact look-up by Message-ID: relays such
    as SES give our mail another one. `sender` is lower case, "" when it cannot be trusted to be one address.
    """

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
        return tuple(dict.fromkeys((*self.token_ids, *self.reply_ids, *self.reference_ids, *self.returned_ids)))

    @property
    def message_ids(self) -> tuple[str, ...]:
        """All raw Message-IDs, strongest first, for one look-up."""
        return tuple(dict.fromkeys((*self.raw_in_reply_to, *self.raw_references, *self.raw_returned)))


def keys(mail: InboundMail, key: bytes) -> MailKeys:
    """Return the keys of a mail; `key` is the secret that signs tokens and Message-IDs."""
    returned = f"{mail.report}\n{mail.text}"[:_MAX_SCANNED_CHARS]
    verified_returned = [
        *(verify(token, key) for token in tokens_in_text(mail.report)),
        *(outbox_of_message_id(one, key) for one in _OWN_ID.findall(returned)),
    ]
    reported = tuple(one for found in _REPORTED_ID.findall(returned)[:20] for one in message_ids(found))
    # The thread is walked from its end: the last reference is the message answered.
    references = tuple(reversed(mail.references))
    return MailKeys(
        token_ids=_each_once([verify(token, key) for token in tokens_in(mail)]),
        reply_ids=_each_once([outbox_of_message_id(one, key) for one in mail.in_reply_to]),
        reference_ids=_each_once([outbox_of_message_id(one, key) for one in references]),
        returned_ids=_each_once(verified_returned),
        raw_in_reply_to=mail.in_reply_to,
        raw_references=references,
        raw_returned=tuple(dict.fromkeys(reported))[:50],
        sender=mail.from_email,
        domain=mail.from_email.rpartition("@")[2],
    )


def _each_once(found: list[OutboxId | None]) -> tuple[OutboxId, ...]:
    return tuple(dict.fromkeys(one for one in found if one is not None))
