"""Handing outgoing messages over: leases with fences, states, attempts.

The state machine is `mailer.domain.delivery.TRANSITIONS`. A fence counts the leases of a message: whoever comes with an
old one has lost the message to another worker and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Executable, bindparam, func, insert, not_, select, tuple_, update

from mailer.domain.delivery import TRANSITIONS, OutboxState
from mailer.domain.ids import CustomerId, OutboxId
from mailer.store.columns import among
from mailer.store.mail_tables import attempts, outbox
from mailer.store.outbox import OutboxEntry, load_all
from mailer.store.session import Tx
from mailer.store.tables import events, payloads

#: From (message, recipient), the most pressing first, to the messages to take.
Choose = Callable[[Sequence[tuple[str, str]]], Sequence[str]]

WAITING = (OutboxState.QUEUED, OutboxState.DEFERRED)

_FENCES: BindParameter[Any] = bindparam("fences", expanding=True)
_HELD = (
    select(outbox.c.id, outbox.c.fence, outbox.c.state, attempts.c.fence.label("tried"))
    .join(attempts, attempts.c.outbox_id == outbox.c.id, isouter=True)
    .where(among(outbox.c.id))
    .order_by(outbox.c.id)
)
_HELD_LOCKED = _HELD.with_for_update(of=outbox)
_KEEP_ATTEMPTS = insert(attempts)
_CONTENTS = select(payloads.c.id, payloads.c.body).where(among(payloads.c.id))
_LAST_EVENTS = (
    select(events.c.customer_id, func.max(events.c.seq).label("seq"))
    .where(among(events.c.customer_id))
    .group_by(events.c.customer_id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to hand a message over: from when to when, how far it got, what came of it, the server's words.

    `account` is user@host of the submission; `phase` one of `mailer.domain.delivery.Phase`; `enhanced` as "5.1.1".
    """

    at: datetime
    fence: int
    outcome: str
    text: str
    peer: str
    tls: str
    account: str = ""
    started_at: datetime | None = None
    phase: str = ""
    code: int | None = None
    enhanced: str = ""


async def lease(
    tx: Tx, *, owner: str, now: datetime, until_at: datetime, skip: Collection[str], most: int, choose: Choose
) -> list[OutboxEntry]:
    """Take some of the `most` messages that are due longest and raise their fences; at most one of each customer.

    `choose` is given them as (id, recipient), those due longest first, and returns the ids to take.
    Two workers never get the same one: SQLite has one writer, PostgreSQL skips locked rows.
    """
    waiting = select(outbox.c.id, outbox.c.customer_id, outbox.c.recipient).where(
        outbox.c.state.in_([s.value for s in WAITING]), outbox.c.due_at <= now, not_(among(outbox.c.id, skip))
    )
    waiting = waiting.order_by(outbox.c.due_at, outbox.c.id).limit(most)
    if tx.dialect != "sqlite":
        waiting = waiting.with_for_update(skip_locked=True)
    first: dict[str, tuple[str, str]] = {}
    for row in await tx.all(waiting):
        first.setdefault(row.customer_id, (row.id, row.recipient))
    ids = [OutboxId(one) for one in choose(list(first.values()))]
    if ids:
        taken = {"state": OutboxState.LEASED.value, "lease_owner": owner, "lease_until_at": until_at}
        await tx.run(update(outbox).where(among(outbox.c.id, ids)).values(fence=outbox.c.fence + 1, **taken))
    return await load_all(tx, ids)


async def move(
    tx: Tx,
    outbox_id: OutboxId,
    to: OutboxState,
    *,
    fence: int,
    now: datetime,
    text: str = "",
    due_at: datetime | None = None,
    lease_until_at: datetime | None = None,
) -> bool:
    """Change a message's state if the state machine allows it and the fence is still ours; returns whether it did."""
    values = _values(to, now=now, text=text, due_at=due_at, lease_until_at=lease_until_at)
    mine = (outbox.c.id == outbox_id) & (outbox.c.fence == fence) & _may_become(to)
    return await tx.run(update(outbox).where(mine).values(values)) == 1


async def move_all(
    tx: Tx,
    fences: Iterable[tuple[OutboxId, int]],
    to: OutboxState,
    *,
    now: datetime,
    text: str = "",
    lease_until_at: datetime | None = None,
) -> set[OutboxId]:
    """Change the state of several messages, each by its fence, as `move` does; returns those that were changed."""
    wanted = list(fences)
    if not wanted:
        return set()
    statement, names = _moving(to)
    values = {"moved_at": now, "text": text, "until_at": lease_until_at}
    rows = await tx.all(statement, {"fences": wanted} | {name: values[name] for name in names})
    return {OutboxId(row.id) for row in rows}


@cache
def _moving(to: OutboxState) -> tuple[Executable, tuple[str, ...]]:
    """Return how several messages are moved, and the names of the values it takes besides `fences`."""
    values = _values(
        to, now=bindparam("moved_at"), text=bindparam("text"), due_at=None, lease_until_at=bindparam("until_at")
    )
    mine = tuple_(outbox.c.id, outbox.c.fence).in_(_FENCES) & _may_become(to)
    names = tuple(value.key for value in values.values() if isinstance(value, BindParameter))
    return update(outbox).where(mine).values(values).returning(outbox.c.id), names


def _may_become(to: OutboxState) -> Any:
    return outbox.c.state.in_([state.value for state, targets in TRANSITIONS.items() if to in targets])


def _values(to: OutboxState, *, now: Any, text: Any, due_at: Any, lease_until_at: Any) -> dict[str, Any]:
    """Return what a move writes into the row; each may be a value or a parameter that stands for it."""
    values: dict[str, Any] = {"state": to.value, "result_text": text}
    if to in (OutboxState.IN_DATA, OutboxState.LEASED):
        values["lease_until_at"] = lease_until_at
    else:
        values.update(lease_owner=None, lease_until_at=None)
    if not TRANSITIONS[to] or to is OutboxState.UNKNOWN:
        values["finished_at"] = now
    if to is OutboxState.DEFERRED:
        values["attempts"] = outbox.c.attempts + 1
    if due_at is not None:
        values["due_at"] = due_at
    return values


@dataclass(slots=True, kw_only=True)
class Held:
    """A message that nobody else changes before this transaction ends: its last lease, and those that were tried."""

    fence: int
    state: OutboxState
    tried: set[int]


async def held(tx: Tx, ids: Iterable[OutboxId]) -> dict[OutboxId, Held]:
    """Return messages, locked; those that are gone are missing."""
    found: dict[OutboxId, Held] = {}
    for row in await tx.all(_HELD if tx.dialect == "sqlite" else _HELD_LOCKED, {"ids": ids}):
        one = found.setdefault(row.id, Held(fence=row.fence, state=OutboxState(row.state), tried=set()))
        one.tried.add(row.tried)
    return found


async def put_results(
    tx: Tx, to: OutboxState, results: Iterable[tuple[OutboxId, str, datetime | None]], *, now: datetime
) -> None:
    """Write how attempts ended: (message, the server's words, when it is due again), for messages that are `held`."""
    rows = [{"the_id": one, "text": text, "due": due_at, "moved_at": now} for one, text, due_at in results]
    await tx.run(_resulting(to), rows)


@cache
def _resulting(to: OutboxState) -> Executable:
    due_at: BindParameter[datetime] | None = bindparam("due") if to is OutboxState.DEFERRED else None
    values = _values(to, now=bindparam("moved_at"), text=bindparam("text"), due_at=due_at, lease_until_at=None)
    return update(outbox).where(outbox.c.id == bindparam("the_id")).values(values)


async def overdue_leases(tx: Tx, now: datetime) -> list[OutboxEntry]:
    """Return messages whose worker has gone: leased or in DATA past their lease."""
    held = outbox.c.state.in_([OutboxState.LEASED.value, OutboxState.IN_DATA.value])
    rows = await tx.all(select(outbox.c.id).where(held, outbox.c.lease_until_at < now).order_by(outbox.c.id))
    return await load_all(tx, [OutboxId(row.id) for row in rows])


async def owners_in_data(tx: Tx) -> dict[OutboxId, str]:
    """Return which process has which message in DATA, or had when it ended."""
    in_data = outbox.c.state == OutboxState.IN_DATA.value
    rows = await tx.all(select(outbox.c.id, outbox.c.lease_owner).where(in_data))
    return {OutboxId(row.id): row.lease_owner or "" for row in rows}


async def keep_attempts(tx: Tx, kept: Iterable[tuple[OutboxId, Attempt]]) -> None:
    """Append attempts."""
    rows = [
        {
            "outbox_id": outbox_id,
            "fence": one.fence,
            "at": one.at,
            "outcome": one.outcome,
            "text": one.text,
            "peer": one.peer,
            "tls": one.tls,
            "account": one.account,
            "started_at": one.started_at,
            "phase": one.phase,
            "code": one.code,
            "enhanced": one.enhanced,
        }
        for outbox_id, one in kept
    ]
    await tx.run(_KEEP_ATTEMPTS, rows)


async def attempts_of(tx: Tx, outbox_id: OutboxId) -> list[Attempt]:
    """Return the attempts of a message, oldest first."""
    rows = await tx.all(select(attempts).where(attempts.c.outbox_id == outbox_id).order_by(attempts.c.seq))
    return [
        Attempt(
            at=r.at,
            fence=r.fence,
            outcome=r.outcome,
            text=r.text,
            peer=r.peer,
            tls=r.tls,
            account=r.account,
            started_at=r.started_at,
            phase=r.phase,
            code=r.code,
            enhanced=r.enhanced,
        )
        for r in rows
    ]


async def contents(tx: Tx, entries: Sequence[OutboxEntry]) -> dict[OutboxId, bytes]:
    """Return the frozen bytes of messages."""
    places = {entry.payload_id: entry.message.id for entry in entries}
    rows = await tx.all(_CONTENTS, {"ids": places})
    return {places[row.id]: bytes(row.body) for row in rows}


async def last_events(tx: Tx, ids: Collection[CustomerId]) -> dict[CustomerId, int]:
    """Return the place of each customer's newest event: while it is the same, nothing about them has changed."""
    return {CustomerId(row.customer_id): row.seq for row in await tx.all(_LAST_EVENTS, {"ids": sorted(ids)})}
