"""Writing down what came of a delivery: robust, for an answer that is lost here is a message in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from mailer.clock import new_id
from mailer.domain.agreement import Hold, HoldKind
from mailer.domain.case import StepHow
from mailer.domain.delivery import TRANSITIONS, Accepted, OutboxState, Outcome, Refused, TryLater, Unknown
from mailer.domain.ids import CaseId, HoldId, OutboxId
from mailer.flows.recording import Happened, happened
from mailer.reminders.pace import retry_at
from mailer.store import agreements, deliveries, events, outbox
from mailer.store.deliveries import Attempt, Held
from mailer.store.outbox import OutboxEntry
from mailer.store.session import StoreUnreachable, Tx

ACTOR = "system:drain"
#: A failed address is put before a person; business days are not known here, five calendar days alarm soon enough.
ALARM = timedelta(days=5)
#: Waits before the outcome is written once more when the database is away.
AGAIN_AFTER_SECONDS = (0.2, 0.4, 0.8, 1.6, 3.2)
#: What an outcome makes of a message's rungs; None leaves them claimed.
_RUNGS = {
    OutboxState.SENT: StepHow.SENT,
    OutboxState.UNKNOWN: StepHow.UNKNOWN,
    OutboxState.FAILED: StepHow.FAILED,
    OutboxState.DEFERRED: None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A delivery that has ended: what came of it, over which account (user@host), from when to when.

    `jitter`: a random number from -1 to 1 for the wait that may follow.
    """

    entry: OutboxEntry
    outcome: Outcome
    account: str
    started_at: datetime
    at: datetime
    jitter: float


#: Writes one delivery, perhaps together with others; returns the message's new state as `write_all` does.
Write = Callable[[Delivered], Awaitable[OutboxState | None]]


async def conclude(write: Write, delivered: Delivered) -> OutboxState | None:
    """Write an outcome, also when the caller is cancelled meanwhile (the cancellation goes on afterwards).

    Returns the message's new state, None when another worker has taken over. Raises StoreUnreachable when the database
    stays away for all of AGAIN_AFTER_SECONDS: the message is then in doubt once its lease is over.
    """
    writing = asyncio.create_task(_until_written(write, delivered))
    cancelled: asyncio.CancelledError | None = None
    while not writing.done():
        try:
            await asyncio.wait([writing])
        except asyncio.CancelledError as stop:
            cancelled = stop
    if cancelled is not None:
        raise cancelled
    return await writing


async def _until_written(write: Write, delivered: Delivered) -> OutboxState | None:
    for seconds in AGAIN_AFTER_SECONDS:
        try:
            return await write(delivered)
        except StoreUnreachable:
            await asyncio.sleep(seconds)
    return await write(delivered)


async def write_all(tx: Tx, group: Sequence[Delivered]) -> list[OutboxState | None]:
    """Write outcomes, attempts, rungs and events in this transaction; returns each message's new state.

    None: another worker has taken over (old fence). An outcome that is on record already is not written again: a
    connection that broke during the commit leaves open whether it was done.
    """
    if not group:
        return []
    ours = await deliveries.held(tx, [one.entry.message.id for one in group])
    fresh = [one for one in group if not _is_on_record(one, ours)]
    timely = [one for one in fresh if _may_move(one, ours)]
    await _move(tx, timely)
    await deliveries.keep_attempts(tx, [(one.entry.message.id, _attempt(one)) for one in fresh])
    done: list[Happened] = []
    for one in fresh:
        done.extend(await _events(tx, one, late=one not in timely))
    await events.record(tx, done)
    return [None if one in fresh and one not in timely else _state(one)[0] for one in group]


def _is_on_record(one: Delivered, ours: Mapping[OutboxId, Held]) -> bool:
    held = ours.get(one.entry.message.id)
    return held is not None and one.entry.message.fence in held.tried


def _may_move(one: Delivered, ours: Mapping[OutboxId, Held]) -> bool:
    held = ours.get(one.entry.message.id)
    return held is not None and held.fence == one.entry.message.fence and _state(one)[0] in TRANSITIONS[held.state]


async def _move(tx: Tx, timely: Sequence[Delivered]) -> None:
    """Write states and rungs, each kind of outcome in one statement."""
    for to, how in _RUNGS.items():
        those = [one for one in timely if _state(one)[0] is to]
        if not those:
            continue
        results = [(one.entry.message.id, one.outcome.text, _state(one)[1]) for one in those]
        await deliveries.put_results(tx, to, results, now=those[0].at)
        if how is not None:
            await outbox.mark_steps_of(tx, [one.entry.message.id for one in those], how, those[0].at)


def _attempt(one: Delivered) -> Attempt:
    outcome = one.outcome
    return Attempt(
        at=one.at,
        fence=one.entry.message.fence,
        outcome=type(outcome).__name__.lower(),
        text=outcome.text,
        peer=outcome.peer,
        tls=outcome.tls,
        account=one.account,
        started_at=one.started_at,
        phase=outcome.phase.value,
        code=outcome.code,
        enhanced=outcome.enhanced,
    )


async def _events(tx: Tx, one: Delivered, *, late: bool) -> list[Happened]:
    entry, outcome, now = one.entry, one.outcome, one.at
    payload: dict[str, object] = {
        "text": outcome.text,
        "peer": outcome.peer,
        "tls": outcome.tls,
        "phase": outcome.phase.value,
        "attempt": entry.message.fence,
        "to": entry.message.recipient,
    }
    if late:
        return [message_event("reminder.outcome_late", entry, now, payload)]
    to, _ = _state(one)
    done = [message_event(f"reminder.{to.value}", entry, now, payload)]
    if to is OutboxState.FAILED:
        done.extend(await _undeliverable(tx, entry, outcome, now))
    return done


def _state(one: Delivered) -> tuple[OutboxState, datetime | None]:
    match one.outcome:
        case Accepted():
            return OutboxState.SENT, None
        case Unknown():
            return OutboxState.UNKNOWN, None
        case Refused():
            return OutboxState.FAILED, None
        case TryLater():
            wish, before = one.outcome.retry_after_seconds, 0 if one.outcome.account else one.entry.message.attempts
            return OutboxState.DEFERRED, retry_at(before, one.at, retry_after_seconds=wish, jitter=one.jitter)
        case _:
            assert_never(one.outcome)


async def _undeliverable(tx: Tx, entry: OutboxEntry, outcome: Outcome, now: datetime) -> list[Happened]:
    """Hold the customer and put it before a person; suppress the address only when it was what was refused."""
    message, done = entry.message, []
    if isinstance(outcome, Refused) and outcome.recipient:
        await agreements.suppress(tx, message.recipient, message.customer_id, outcome.text, now)
        payload: dict[str, object] = {"address": message.recipient, "why": outcome.text}
        done.append(message_event("address.suppressed", entry, now, payload))
    hold = Hold(
        id=HoldId(new_id("hold")),
        customer_id=message.customer_id,
        invoice_ids=(),
        kind=HoldKind.BOUNCE,
        reason=f"the mail server refused: {outcome.text}",
        placed_at=now,
        deadline_on=(now + ALARM).date(),
    )
    await agreements.add_hold(tx, hold)
    placed: dict[str, object] = {"kind": hold.kind.value, "reason": hold.reason, "hold": hold.id}
    done.append(message_event("hold.placed", entry, now, placed))
    return done


def message_event(type_: str, entry: OutboxEntry, now: datetime, payload: dict[str, object]) -> Happened:
    """Return an event about a message."""
    message = entry.message
    return happened(
        type_,
        now=now,
        actor=ACTOR,
        customer_id=message.customer_id,
        case_id=CaseId(entry.case_id) if entry.case_id else None,
        policy_version=f"{message.policy}@{message.policy_version}",
        refs={"message": message.id},
        payload=payload,
    )
