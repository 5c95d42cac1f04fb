"""When all sending was stopped, which messages wait for a person because of it, and what the breaker judges by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, distinct, func, insert, select, union, update

from mailer.domain.delivery import OutboxState
from mailer.domain.ids import OutboxId
from mailer.store import outbox as outbox_rows
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


async def due_and_gone(tx: Tx, now: datetime, since: datetime) -> tuple[int, int]:
    """Return how many messages are about to leave, and how many went out, or may have, after `since`.

    Those that a person released do not count. Both are counted at one moment: what another worker moves from the one
    to the other meanwhile would otherwise be counted twice.
    """
    about_to = select(func.count()).select_from(_due(now).subquery()).scalar_subquery()
    gone = select(func.count()).select_from(union(*_gone(since)).subquery()).scalar_subquery()
    row = await tx.first(select(about_to.label("due"), gone.label("gone")))
    return (row.due, row.gone) if row else (0, 0)


async def concerned(tx: Tx, since: datetime, now: datetime) -> int:
    """Return how many customers get, or got after `since`, a message that nobody released."""
    both = union(_due(now), *_gone(since)).subquery()
    return await _number(tx, select(func.count(distinct(both.c.customer_id))))


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


def _due(now: datetime) -> Select[Any]:
    waiting = outbox.c.state.in_((OutboxState.QUEUED.value, OutboxState.DEFERRED.value)) & (outbox.c.due_at <= now)
    taken = outbox.c.state == OutboxState.LEASED.value
    return select(outbox.c.id, outbox.c.customer_id).where(waiting | taken, outbox.c.released_at.is_(None))


def _gone(since: datetime) -> tuple[Select[Any], ...]:
    """Messages handed over after `since`: by their attempts, or in DATA now, or left there by a worker that died."""
    unreleased = select(outbox.c.id, outbox.c.customer_id).where(outbox.c.released_at.is_(None))
    tried = select(attempts.c.outbox_id).where(attempts.c.outcome.in_(WENT_OUT), attempts.c.at > since)
    in_doubt = (outbox.c.state == OutboxState.UNKNOWN.value) & (outbox.c.finished_at > since)
    now_in_data = outbox.c.state == OutboxState.IN_DATA.value
    return unreleased.where(outbox.c.id.in_(tried)), unreleased.where(in_doubt), unreleased.where(now_in_data)


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
