"""When all sending was stopped, which messages wait for a person because of it, and what the breaker judges by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, distinct, func, insert, literal, select, union_all, update

from mailer.domain.delivery import OutboxState
from mailer.domain.ids import OutboxId
from mailer.store import outbox as outbox_rows
from mailer.store.columns import UtcAt
from mailer.store.mail_tables import attempts, freezes, outbox
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Tx
from mailer.store.tables import invoices

#: Days that say what is ordinary.
TRAILING_DAYS = 30
#: What an attempt that may have reached somebody is called.
WENT_OUT = ("accepted", "unknown")
_RUNNING = select(freezes).where(freezes.c.ended_at.is_(None)).order_by(freezes.c.at).limit(1)
#: Not on their way yet, or taken by a worker that has not come to DATA.
_HOLDABLE = (OutboxState.QUEUED.value, OutboxState.DEFERRED.value, OutboxState.LEASED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """One stop of all sending. `code` is a `mailer.reminders.breaker.FreezeCode`; `ended_at` None: it lasts."""

    id: str
    at: datetime
    code: str
    why: str
    ended_at: datetime | None = None
    ended_by: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InMotion:
    """How many messages are due, how many have gone lately, and how many customers these are."""

    due: int
    gone: int
    customers: int


def _in_motion() -> Select[Any, Any, int]:
    """Handed over is what its attempts say so of, what is in DATA now, and what a worker that died left there."""
    now, since = bindparam("now", type_=UtcAt()), bindparam("since", type_=UtcAt())
    state, unreleased = outbox.c.state, outbox.c.released_at.is_(None)
    waiting = state.in_((OutboxState.QUEUED.value, OutboxState.DEFERRED.value)) & (outbox.c.due_at <= now)
    tried = select(attempts.c.outbox_id).where(attempts.c.outcome.in_(WENT_OUT), attempts.c.at > since)
    in_doubt = (state == OutboxState.UNKNOWN.value) & (outbox.c.finished_at > since)
    gone = (outbox.c.id.in_(tried), in_doubt, state == OutboxState.IN_DATA.value)
    columns = (outbox.c.id, outbox.c.customer_id)
    parts = [select(*columns, literal(1).label("due")).where(waiting | (state == OutboxState.LEASED.value), unreleased)]
    parts += [select(*columns, literal(0).label("due")).where(one, unreleased) for one in gone]
    each = union_all(*parts).subquery()
    due, left = func.max(each.c.due).label("due"), func.min(each.c.due).label("left")
    once = select(func.max(each.c.customer_id).label("customer_id"), due, left).group_by(each.c.id).subquery()
    customers = func.count(distinct(once.c.customer_id))
    return select(func.sum(once.c.due), func.sum(1 - once.c.left), customers)


_IN_MOTION = _in_motion()


async def running(tx: Tx) -> Frozen | None:
    """Return what stops all sending now, None for nothing."""
    row = await tx.first(_RUNNING)
    return _frozen(row) if row else None


async def begin(tx: Tx, frozen: Frozen) -> int:
    """Stop all sending, and put every waiting message that nobody has released on its list; returns how many."""
    row = {
        "id": frozen.id,
        "at": frozen.at,
        "code": frozen.code,
        "why": frozen.why,
        "ended_by": "",
        "outcome": "",
    }
    await tx.run(insert(freezes), [row])
    waiting = outbox.c.state.in_(_HOLDABLE) & outbox.c.released_at.is_(None)
    return await tx.run(update(outbox).where(waiting).values(freeze_id=frozen.id))


async def end(tx: Tx, freeze_id: str, *, now: datetime, by: str, outcome: str) -> bool:
    """End it ("released" or "dropped"); False when somebody has done so before."""
    mine = (freezes.c.id == freeze_id) & freezes.c.ended_at.is_(None)
    return await tx.run(update(freezes).where(mine).values(ended_at=now, ended_by=by, outcome=outcome)) == 1


async def held(tx: Tx, freeze_id: str) -> list[OutboxEntry]:
    """Return the messages that wait because of a freeze, oldest first."""
    statement = select(outbox.c.id).where(_held(freeze_id)).order_by(outbox.c.created_at, outbox.c.id)
    found = [await outbox_rows.load(tx, OutboxId(row.id)) for row in await tx.all(statement)]
    return [entry for entry in found if entry is not None]


async def written_after(tx: Tx, now: datetime) -> list[OutboxEntry]:
    """Return the waiting messages that were written by a clock ahead of `now`: their dates are wrong."""
    statement = select(outbox.c.id).where(outbox.c.state.in_(_HOLDABLE), outbox.c.created_at > now)
    found = [await outbox_rows.load(tx, OutboxId(row.id)) for row in await tx.all(statement.order_by(outbox.c.id))]
    return [entry for entry in found if entry is not None]


async def held_count(tx: Tx, freeze_id: str) -> int:
    """Return how many messages wait because of a freeze."""
    return await _number(tx, select(func.count()).select_from(outbox).where(_held(freeze_id)))


async def release(tx: Tx, freeze_id: str, now: datetime) -> int:
    """Let exactly the messages of a freeze go; returns how many."""
    return await tx.run(update(outbox).where(_held(freeze_id)).values(released_at=now))


# --- what the breaker judges by


async def in_motion(tx: Tx, now: datetime, since: datetime) -> InMotion:
    """Return what is about to leave, and what went out, or may have, after `since`; what a person released is left out.

    All is counted at one moment: what another worker moves from the one to the other meanwhile would be counted twice.
    """
    row = await tx.first(_IN_MOTION, {"now": now, "since": since})
    due, gone, customers = tuple(row) if row is not None else (0, 0, 0)
    return InMotion(due=due or 0, gone=gone or 0, customers=customers)


async def owing(tx: Tx) -> int:
    """Return how many customers have an open invoice."""
    still_open = (invoices.c.open_minor > 0) & invoices.c.closing.is_(None)
    return await _number(tx, select(func.count(distinct(invoices.c.customer_id))).where(still_open))


async def daily(tx: Tx, now: datetime) -> tuple[int, ...]:
    """Return how many messages went out on each day with any, of the 30 days before today (the server's days)."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), tzinfo=UTC)
    since = today - timedelta(days=TRAILING_DAYS)
    day = func.date(attempts.c.at)
    statement = (
        select(func.count(distinct(attempts.c.outbox_id)).label("many"))
        .where(attempts.c.outcome.in_(WENT_OUT), attempts.c.at >= since, attempts.c.at < today)
        .group_by(day)
    )
    return tuple(int(row.many) for row in await tx.all(statement))


def _held(freeze_id: str) -> Any:
    return (outbox.c.freeze_id == freeze_id) & outbox.c.released_at.is_(None) & outbox.c.state.in_(_HOLDABLE)


async def _number(tx: Tx, statement: Select[Any]) -> int:
    row = await tx.first(statement)
    return int(row[0]) if row else 0


def _frozen(row: Any) -> Frozen:
    return Frozen(
        id=row.id,
        at=row.at,
        code=row.code,
        why=row.why,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        outcome=row.outcome,
    )


def ids_of(entries: Sequence[OutboxEntry]) -> frozenset[OutboxId]:
    """Return the ids of messages."""
    return frozenset(entry.message.id for entry in entries)
