"""Messages in doubt and their evidence, and how far the copies for the Sent folder have got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, or_, select, update

from mailer.domain.case import StepHow
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import CustomerId, MailId, OutboxId
from mailer.domain.reading import MatchMethod
from mailer.store.mail_tables import mails, outbox, step_claims
from mailer.store.session import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A message that may or may not have been delivered: since when, and how often it was looked for."""

    id: OutboxId
    customer_id: CustomerId
    case_id: str | None
    message_id: str
    fence: int
    since: datetime
    looks: int
    look_at: datetime | None


async def doubts(tx: Tx) -> list[Doubt]:
    """Return every message in doubt, the oldest first."""
    statement = select(outbox).where(outbox.c.state == OutboxState.UNKNOWN.value)
    rows = await tx.all(statement.order_by(outbox.c.finished_at, outbox.c.id))
    return [
        Doubt(
            id=OutboxId(row.id),
            customer_id=CustomerId(row.customer_id),
            case_id=row.case_id,
            message_id=row.message_id,
            fence=row.fence,
            since=row.finished_at or row.created_at,
            looks=row.looks,
            look_at=row.look_at,
        )
        for row in rows
    ]


async def looked(tx: Tx, outbox_id: OutboxId, *, looks: int, look_at: datetime | None) -> None:
    """Note that a message was looked for so often, and when to look again (None: no more by itself)."""
    mine = (outbox.c.id == outbox_id) & (outbox.c.state == OutboxState.UNKNOWN.value)
    await tx.run(update(outbox).where(mine).values(looks=looks, look_at=look_at))


async def say_sent(tx: Tx, outbox_id: OutboxId) -> None:
    """Mark the rungs of a settled message as said, at the time they were said.

    Those that a failure report has marked meanwhile stay what they are.
    """
    mine = (step_claims.c.outbox_id == outbox_id) & (step_claims.c.how == StepHow.UNKNOWN.value)
    await tx.run(update(step_claims).where(mine).values(how=StepHow.SENT.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A stored mail that is tied to a message of ours by an id, or is a copy of it."""

    mail_id: MailId
    folder: str
    uidvalidity: int
    uid: int
    sha256: str
    payload_id: str
    kind: str
    direction: str


async def citations(tx: Tx, outbox_id: OutboxId) -> list[Citation]:
    """Return the stored mails that carry an id of this message, oldest first.

    An id found only in References also stands in every later reminder of the thread, so it tells nothing when there is
    one; who answers, or returns, this very message names it in the reply address, In-Reply-To or returned headers.
    """
    tied = [MatchMethod.REPLY_TOKEN.value, MatchMethod.MESSAGE_ID.value]
    if not await _has_later(tx, outbox_id):
        tied.append(MatchMethod.REFERENCES.value)
    by_id = or_(mails.c.method.in_(tied), mails.c.direction == "out")
    statement = select(mails).where(mails.c.outbox_id == outbox_id, by_id)
    return [
        Citation(
            mail_id=MailId(row.id),
            folder=row.folder,
            uidvalidity=row.uidvalidity,
            uid=row.uid,
            sha256=row.sha256,
            payload_id=row.payload_id or "",
            kind=row.kind or "",
            direction=row.direction,
        )
        for row in await tx.all(statement.order_by(mails.c.fetched_at, mails.c.id))
    ]


async def _has_later(tx: Tx, outbox_id: OutboxId) -> bool:
    this = select(outbox.c.customer_id, outbox.c.created_at).where(outbox.c.id == outbox_id).subquery()
    later = select(outbox.c.id).where(
        outbox.c.customer_id == this.c.customer_id, outbox.c.created_at > this.c.created_at, outbox.c.id != outbox_id
    )
    return await tx.first(later.limit(1)) is not None


async def sent_lately_to(tx: Tx, address: str, since: datetime) -> OutboxId | None:
    """Return the newest message to an address (any case) that went out, or may have, since then."""
    said = outbox.c.state.in_([OutboxState.SENT.value, OutboxState.UNKNOWN.value])
    there = func.lower(outbox.c.recipient) == address.lower()
    statement = select(outbox.c.id).where(said, there, outbox.c.finished_at >= since)
    row = await tx.first(statement.order_by(outbox.c.finished_at.desc(), outbox.c.id).limit(1))
    return OutboxId(row.id) if row else None


class CopyState(StrEnum):
    """How far the copy of a sent message for the Sent folder has got."""

    DUE = "due"
    #: Committed before the mailbox is given the copy: from here on it may be there.
    APPENDING = "appending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy that is to be made of a message: `sent_at` is when it was sent, `looks` how often it was tried."""

    id: OutboxId
    customer_id: CustomerId
    case_id: str | None
    message_id: str
    payload_id: str
    sent_at: datetime
    state: CopyState
    looks: int


async def plan_copies(tx: Tx, *, since: datetime, until: datetime) -> int:
    """Make a copy due for every message sent in that time that has none; returns how many."""
    sent = (outbox.c.state == OutboxState.SENT.value) & outbox.c.finished_at.between(since, until)
    fresh = sent & outbox.c.copy_state.is_(None)
    return await tx.run(update(outbox).where(fresh).values(copy_state=CopyState.DUE.value, looks=0, look_at=None))


async def copies(tx: Tx, now: datetime, *, limit: int) -> list[Copy]:
    """Return the copies to make now, those sent first before the others."""
    waiting = outbox.c.copy_state.in_([CopyState.DUE.value, CopyState.APPENDING.value])
    statement = select(outbox).where(waiting, or_(outbox.c.look_at.is_(None), outbox.c.look_at <= now))
    rows = await tx.all(statement.order_by(outbox.c.finished_at, outbox.c.id).limit(limit))
    return [_copy(row) for row in rows]


async def failed_copies(tx: Tx, *, since: datetime) -> list[Copy]:
    """Return the copies that were given up, of messages sent since then."""
    given_up = (outbox.c.copy_state == CopyState.FAILED.value) & (outbox.c.finished_at >= since)
    return [_copy(row) for row in await tx.all(select(outbox).where(given_up).order_by(outbox.c.finished_at))]


async def copy_state_of(tx: Tx, outbox_id: OutboxId) -> str:
    """Return how far the copy of a message has got, "" when none is made."""
    row = await tx.first(select(outbox.c.copy_state).where(outbox.c.id == outbox_id))
    return (row.copy_state or "") if row else ""


async def move_copy(
    tx: Tx, outbox_id: OutboxId, to: CopyState, *, was: Sequence[CopyState], looks: int, look_at: datetime | None = None
) -> bool:
    """Change the state of a copy if it is still one of `was`; returns whether it did."""
    mine = (outbox.c.id == outbox_id) & outbox.c.copy_state.in_([one.value for one in was])
    values = {"copy_state": to.value, "looks": looks, "look_at": look_at}
    return await tx.run(update(outbox).where(mine).values(values)) == 1


async def put_copy_off(tx: Tx, outbox_id: OutboxId, *, looks: int, look_at: datetime) -> None:
    """Set when a copy is tried again, whether it is due or may lie in the folder already."""
    waiting = outbox.c.copy_state.in_([CopyState.DUE.value, CopyState.APPENDING.value])
    await tx.run(update(outbox).where(outbox.c.id == outbox_id, waiting).values(looks=looks, look_at=look_at))


def _copy(row: Any) -> Copy:
    return Copy(
        id=OutboxId(row.id),
        customer_id=CustomerId(row.customer_id),
        case_id=row.case_id,
        message_id=row.message_id,
        payload_id=row.payload_id,
        sent_at=row.finished_at,
        state=CopyState(row.copy_state),
        looks=row.looks,
    )
