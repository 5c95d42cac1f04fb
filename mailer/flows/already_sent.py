"""Which messages a restored database would send again: the Sent folder and the archive still know what it forgot."""

from __future__ import annotations

from collections.abc import Sequence

from mailer.domain.ids import OutboxId
from mailer.domain.message import OutboxMessage
from mailer.flows.settle_unknown import Place, Settler, opened
from mailer.mailbox import MAX_FETCH, Mailbox
from mailer.replies.parse import parse
from mailer.replies.token import own_id_of
from mailer.store import outbox
from mailer.store.outbox import OutboxEntry


class NoSentFolder(LookupError):
    """There is no folder with copies of sent mail to look into, so nothing can be said of what was sent before."""


async def already_sent(settler: Settler, entries: Sequence[OutboxEntry]) -> frozenset[OutboxId]:
    """Return the messages that have gone out before, by their copies.

    Raises NoSentFolder (the server marks none, and no archive is configured), MailboxError, StoreUnreachable.

    A copy counts when it is this very message, or when it went to the same address under the same subject, carries our
    signature, and is a message that this database does not know: what was sent after the backup and planned anew.
    """
    looked = [await _in_one(place, [one.message for one in entries], settler) for place in settler.places]
    if all(found is None for found in looked):
        raise NoSentFolder("no folder with copies of sent mail was found in the mailbox")
    return frozenset[OutboxId]().union(*(found for found in looked if found is not None))


async def _in_one(place: Place, messages: Sequence[OutboxMessage], settler: Settler) -> frozenset[OutboxId] | None:
    """Return which of these have a copy in that folder, None when there is no such folder."""
    async with opened(place) as at:
        if at is None:
            return None
        return frozenset({one.id for one in messages if await _has_copy(at.mailbox, one, settler)})


async def _has_copy(mailbox: Mailbox, message: OutboxMessage, settler: Settler) -> bool:
    uids = (await mailbox.find("To", message.recipient))[-MAX_FETCH:]
    for mail in await mailbox.fetch(uids) if uids else ():
        head = parse(mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        own = own_id_of(head, settler.key)
        if own == message.id:
            return True
        if own is not None and head.subject == message.subject and not await _is_known(settler, own):
            return True
    return False


async def _is_known(settler: Settler, own: OutboxId) -> bool:
    async with settler.store.reading() as tx:
        return await outbox.load(tx, own) is not None
