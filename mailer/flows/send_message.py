"""The drain: lease a message, ask every guard once more, commit `in_data`, hand it over, write down what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from mailer.channels.channel import Channel
from mailer.clock import Clock, new_id
from mailer.domain.agreement import Hold, HoldKind
from mailer.domain.case import StepHow
from mailer.domain.delivery import Accepted, OutboxState, Outcome, Refused, TryLater, Unknown
from mailer.domain.ids import CaseId, HoldId
from mailer.domain.message import Envelope
from mailer.flows.plan_reminders import rules_of
from mailer.flows.policies import Policies
from mailer.flows.recording import Happened, happened
from mailer.reminders.guards import Limits
from mailer.reminders.recheck import still_valid
from mailer.store import agreements, case_facts, customers, events, outbox, state
from mailer.store.outbox import Attempt, OutboxEntry
from mailer.store.session import Store, Tx

ACTOR = "system:drain"
#: First wait after a passing refusal; doubles each time up to the cap.
BACKOFF = timedelta(minutes=5)
BACKOFF_CAP = timedelta(seconds=4000)
#: A failed address is put before a person; business days are not known here, five calendar days alarm soon enough.
ALARM = timedelta(days=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What sending needs. `lease_seconds` is longer than any delivery may take."""

    store: Store
    channel: Channel
    policies: Policies
    max_data_age_hours: int
    lease_seconds: int
    owner: str
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainReport:
    """What a drain did, by outcome."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    unknown: int = 0
    cancelled: int = 0


async def drain(sender: Sender) -> DrainReport:
    """Send everything that is due; nothing while the service is paused. Several workers may drain at once."""
    await recover(sender.store, sender.clock())
    report, seen = DrainReport(), set[str]()
    while True:
        entry, verdict = await _take(sender, seen)
        if entry is None:
            return report
        seen.add(entry.message.id)
        if verdict == "go":
            report = await _deliver(sender, entry, report)
        elif verdict == "cancelled":
            report = replace(report, cancelled=report.cancelled + 1)


async def recover(store: Store, now: datetime) -> int:
    """Take back what dead workers held: a lease returns to the queue, a message in DATA becomes unknown (law 5)."""
    async with store.transaction() as tx:
        entries = await outbox.overdue_leases(tx, now)
        for entry in entries:
            fence = entry.message.fence
            if entry.state is OutboxState.LEASED:
                await outbox.move(tx, entry.message.id, OutboxState.QUEUED, fence=fence, now=now)
                continue
            text = "the worker stopped after DATA was announced: it may or may not have been delivered"
            await outbox.move(tx, entry.message.id, OutboxState.UNKNOWN, fence=fence, now=now, text=text)
            await outbox.mark_steps(tx, StepHow.UNKNOWN, now, outbox_id=entry.message.id)
            await events.record(tx, [_event("reminder.unknown", entry, now, {"text": text})])
    return len(entries)


async def _take(sender: Sender, seen: set[str]) -> tuple[OutboxEntry | None, str]:
    """Lease the next message and re-check it in the same transaction: "go", "cancelled", or "wait" (not now)."""
    now = sender.clock()
    async with sender.store.transaction() as tx:
        live = await state.is_live(tx)
        if not live:
            return None, "paused"
        until = now + timedelta(seconds=sender.lease_seconds)
        entry = await outbox.lease_next(tx, owner=sender.owner, now=now, until_at=until, skip=seen)
        if entry is None:
            return None, "empty"
        message, fence = entry.message, entry.message.fence
        if now > message.useful_until_at:
            await _give_up(tx, entry, OutboxState.EXPIRED, "expired", "its time has passed", now)
            return entry, "cancelled"
        await customers.lock(tx, message.customer_id)
        facts = await case_facts.load_one(tx, message.customer_id, now=now, without_outbox=message.id)
        if facts is None:
            await _give_up(tx, entry, OutboxState.CANCELLED, "unknown_customer", "the customer is gone", now)
            return entry, "cancelled"
        policy, calendar = rules_of(sender.policies, facts, now)
        limits = Limits(live=live, max_data_age_hours=sender.max_data_age_hours)
        stop = still_valid(message.listed, facts, policy, calendar, now=now, limits=limits, recipient=message.recipient)
        if stop is None:
            return entry, "go"
        if stop.retry:
            due_at = calendar.next_open(now)
            await outbox.move(tx, message.id, OutboxState.QUEUED, fence=fence, now=now, text=stop.why, due_at=due_at)
            return entry, "wait"
        await _give_up(tx, entry, OutboxState.CANCELLED, stop.code, stop.why, now)
        return entry, "cancelled"


async def _give_up(tx: Tx, entry: OutboxEntry, to: OutboxState, code: str, why: str, now: datetime) -> None:
    """Stop a message before it was sent and free its rungs, so that the next tick plans anew."""
    await outbox.move(tx, entry.message.id, to, fence=entry.message.fence, now=now, text=why)
    await outbox.free_steps(tx, entry.message.id)
    await events.record(tx, [_event(f"reminder.{to.value}", entry, now, {"code": code, "why": why})])


async def _deliver(sender: Sender, entry: OutboxEntry, report: DrainReport) -> DrainReport:
    message, fence = entry.message, entry.message.fence
    async with sender.store.reading() as tx:
        content = await events.payload(tx, entry.payload_id) or b""
    envelope = Envelope(outbox_id=message.id, sender=message.sender, recipient=message.recipient, content=content)

    async def before_data() -> bool:
        now = sender.clock()
        until = now + timedelta(seconds=sender.lease_seconds)
        async with sender.store.transaction() as tx:
            return await outbox.move(tx, message.id, OutboxState.IN_DATA, fence=fence, now=now, lease_until_at=until)

    outcome = await sender.channel.deliver(envelope, before_data=before_data)
    now = sender.clock()
    async with sender.store.transaction() as tx:
        to = await _conclude(tx, entry, outcome, now)
    return _counted(report, to)


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
        await events.record(tx, [_event("reminder.outcome_late", entry, now, payload)])
        return None
    done = [_event(f"reminder.{to.value}", entry, now, payload)]
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
        done.append(_event("address.suppressed", entry, now, {"address": message.recipient, "why": outcome.text}))
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
    done.append(_event("hold.placed", entry, now, {"kind": hold.kind.value, "reason": hold.reason, "hold": hold.id}))
    return done


def _event(type_: str, entry: OutboxEntry, now: datetime, payload: dict[str, object]) -> Happened:
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


def _counted(report: DrainReport, to: OutboxState | None) -> DrainReport:
    if to is None:
        return report
    return replace(report, **{to.value: getattr(report, to.value) + 1})
