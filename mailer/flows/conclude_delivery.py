"""Writing down what came of a delivery: robust, for an answer that is lost here is a message in doubt."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import assert_never

from mailer.clock import new_id
from mailer.domain.agreement import Hold, HoldKind
from mailer.domain.case import StepHow
from mailer.domain.delivery import Accepted, OutboxState, Outcome, Refused, TryLater, Unknown
from mailer.domain.ids import CaseId, HoldId
from mailer.flows.recording import Happened, happened
from mailer.store import agreements, events, outbox
from mailer.store.outbox import Attempt, OutboxEntry
from mailer.store.session import Store, StoreUnreachable, Tx

ACTOR = "system:drain"
#: First wait after a passing refusal; doubles each time up to the cap.
BACKOFF = timedelta(minutes=5)
BACKOFF_CAP = timedelta(seconds=4000)
#: A failed address is put before a person; business days are not known here, five calendar days alarm soon enough.
ALARM = timedelta(days=5)
#: Waits before the outcome is written once more when the database is away.
AGAIN_AFTER_SECONDS = (0.2, 0.4, 0.8, 1.6, 3.2)


async def conclude(store: Store, entry: OutboxEntry, outcome: Outcome, now: datetime) -> OutboxState | None:
    """Write an outcome, also when the caller is cancelled meanwhile (the cancellation goes on afterwards).

    Returns the message's new state, None when another worker has taken over. Raises StoreUnreachable when the database
    stays away for all of AGAIN_AFTER_SECONDS: the message is then in doubt once its lease is over.
    """
    writing = asyncio.create_task(_until_written(store, entry, outcome, now))
    cancelled: asyncio.CancelledError | None = None
    while not writing.done():
        try:
            await asyncio.wait([writing])
        except asyncio.CancelledError as stop:
            cancelled = stop
    if cancelled is not None:
        raise cancelled
    return await writing


async def _until_written(store: Store, entry: OutboxEntry, outcome: Outcome, now: datetime) -> OutboxState | None:
    for seconds in AGAIN_AFTER_SECONDS:
        try:
            return await _write(store, entry, outcome, now)
        except StoreUnreachable:
            await asyncio.sleep(seconds)
    return await _write(store, entry, outcome, now)


async def _write(store: Store, entry: OutboxEntry, outcome: Outcome, now: datetime) -> OutboxState | None:
    message = entry.message
    async with store.transaction() as tx:
        # A connection that broke during the commit leaves open whether it was done: then it must not be done twice.
        if any(attempt.fence == message.fence for attempt in await outbox.attempts_of(tx, message.id)):
            return _state(entry, outcome, now)[0]
        return await _conclude(tx, entry, outcome, now)


async def _conclude(tx: Tx, entry: OutboxEntry, outcome: Outcome, now: datetime) -> OutboxState | None:
    """Write the outcome, the attempt, the rungs and the event; None when another worker has taken over (old fence)."""
    message = entry.message
    to, due_at = _state(entry, outcome, now)
    moved = await outbox.move(tx, message.id, to, fence=message.fence, now=now, text=outcome.text, due_at=due_at)
    word = type(outcome).__name__.lower()
    attempt = Attempt(at=now, fence=message.fence, outcome=word, text=outcome.text, peer=outcome.peer, tls=outcome.tls)
    await outbox.keep_attempt(tx, message.id, attempt)
    payload: dict[str, object] = {
        "text": outcome.text,
        "peer": outcome.peer,
        "tls": outcome.tls,
        "attempt": message.fence,
        "to": message.recipient,
    }
    if not moved:
        await events.record(tx, [message_event("reminder.outcome_late", entry, now, payload)])
        return None
    done = [message_event(f"reminder.{to.value}", entry, now, payload)]
    match to:
        case OutboxState.SENT:
            await outbox.mark_steps(tx, StepHow.SENT, now, outbox_id=message.id)
        case OutboxState.UNKNOWN:
            await outbox.mark_steps(tx, StepHow.UNKNOWN, now, outbox_id=message.id)
        case OutboxState.FAILED:
            await outbox.mark_steps(tx, StepHow.FAILED, now, outbox_id=message.id)
            done.extend(await _undeliverable(tx, entry, outcome, now))
        case _:
            pass
    await events.record(tx, done)
    return to


def _state(entry: OutboxEntry, outcome: Outcome, now: datetime) -> tuple[OutboxState, datetime | None]:
    match outcome:
        case Accepted():
            return OutboxState.SENT, None
        case Unknown():
            return OutboxState.UNKNOWN, None
        case Refused():
            return OutboxState.FAILED, None
        case TryLater():
            doubled = BACKOFF * 2 ** min(entry.message.attempts, 10)
            return OutboxState.DEFERRED, now + min(doubled, BACKOFF_CAP)
        case _:
            assert_never(outcome)


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
