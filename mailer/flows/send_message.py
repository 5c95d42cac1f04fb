"""The drain: lease a message, ask every guard once more, commit `in_data`, hand it over, write down what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from mailer.channels.channel import Channel
from mailer.clock import Clock
from mailer.domain.case import StepHow
from mailer.domain.delivery import OutboxState
from mailer.domain.message import Envelope
from mailer.flows import epoch
from mailer.flows.conclude_delivery import conclude, message_event
from mailer.flows.hold_sending import sending_frozen
from mailer.flows.inbox_guard import may_send
from mailer.flows.plan_reminders import rules_of
from mailer.flows.policies import Policies, PolicyMissing
from mailer.reminders.breaker import BreakerLimits
from mailer.reminders.guards import Limits
from mailer.reminders.recheck import still_valid
from mailer.store import case_facts, customers, events, freezes, outbox, state
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Store, Tx

#: Deliveries of one drain; whoever runs it drains again when there are more.
MOST = 100


def always() -> bool:
    """Return True: nothing ends a drain before its work is done."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What sending needs.

    `lease_seconds` is longer than any delivery may take. `max_inbox_age_minutes`: how long ago the inbox may have been
    read, else nothing is sent (0: no matter). `may_go_on` is asked before each message: False ends the drain there.
    `breaker`: how much goes out before a person must look. `data`: where the epoch's file is; None keeps none.
    """

    store: Store
    channel: Channel
    policies: Policies
    max_data_age_hours: int
    lease_seconds: int
    owner: str
    clock: Clock
    max_inbox_age_minutes: int = 0
    may_go_on: Callable[[], bool] = always
    breaker: BreakerLimits = field(default_factory=BreakerLimits)
    data: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainReport:
    """What a drain did, by outcome. `more`: it ended before its work was done. `blocked`: why it may send nothing."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    unknown: int = 0
    cancelled: int = 0
    more: bool = False
    blocked: str = ""


async def drain(sender: Sender, *, most: int = MOST) -> DrainReport:
    """Send what is due, at most so many; nothing while the service is paused. Several workers may drain at once."""
    await recover(sender.store, sender.clock())
    report, seen, tried = DrainReport(), set[str](), 0
    while tried < most and sender.may_go_on():
        entry, verdict = await _take(sender, seen)
        if entry is None:
            return replace(report, blocked=verdict if verdict in ("inbox_unread", "frozen") else "")
        seen.add(entry.message.id)
        if verdict == "go":
            tried += 1
            report = await _deliver(sender, entry, report)
        elif verdict == "cancelled":
            report = replace(report, cancelled=report.cancelled + 1)
    return replace(report, more=True)


async def recover(store: Store, now: datetime) -> int:
    """Take back what dead workers held: a lease returns to the queue, a message in DATA becomes unknown (law 5).

    Returns how many; one that its worker has moved on meanwhile, or another worker has taken back, is left alone.
    """
    done = 0
    async with store.transaction() as tx:
        for entry in await outbox.overdue_leases(tx, now):
            done += await _take_back(tx, entry, now)
    return done


async def _take_back(tx: Tx, entry: OutboxEntry, now: datetime) -> bool:
    message, fence = entry.message, entry.message.fence
    if entry.state is OutboxState.LEASED:
        return await outbox.move(tx, message.id, OutboxState.QUEUED, fence=fence, now=now)
    text = "the worker stopped after DATA was announced: it may or may not have been delivered"
    if not await outbox.move(tx, message.id, OutboxState.UNKNOWN, fence=fence, now=now, text=text):
        return False
    await outbox.mark_steps(tx, StepHow.UNKNOWN, now, outbox_id=message.id)
    await events.record(tx, [message_event("reminder.unknown", entry, now, {"text": text})])
    return True


async def _take(sender: Sender, seen: set[str]) -> tuple[OutboxEntry | None, str]:
    """Lease the next message and re-check it in the same transaction: "go", "cancelled", or "wait" (not now)."""
    now = sender.clock()
    async with sender.store.transaction() as tx:
        if not await state.is_live(tx):
            return None, "paused"
        if not await may_send(tx, max_inbox_age_minutes=sender.max_inbox_age_minutes, now=now):
            return None, "inbox_unread"
        if await sending_frozen(tx, limits=sender.breaker, now=now, data=sender.data):
            return None, "frozen"
        until = now + timedelta(seconds=sender.lease_seconds)
        entry = await outbox.lease_next(tx, owner=sender.owner, now=now, until_at=until, skip=seen)
        if entry is None:
            return None, "empty"
        verdict = await _check(sender, tx, entry, now)
        claimed = await epoch.advance(tx) if verdict == "go" and sender.data else None
    if claimed is not None and sender.data is not None:
        await asyncio.to_thread(epoch.keep, sender.data, claimed)
    return entry, verdict


async def _check(sender: Sender, tx: Tx, entry: OutboxEntry, now: datetime) -> str:
    """Ask every guard once more about a leased message, and put it back or give it up when one objects."""
    message, fence = entry.message, entry.message.fence
    if now > message.useful_until_at:
        return await _give_up(tx, entry, OutboxState.EXPIRED, "expired", "its time has passed", now)
    await customers.lock(tx, message.customer_id)
    facts = await case_facts.load_one(tx, message.customer_id, now=now, without_outbox=message.id)
    if facts is None:
        return await _give_up(tx, entry, OutboxState.CANCELLED, "unknown_customer", "the customer is gone", now)
    try:
        policy, calendar = rules_of(sender.policies, facts, now)
    except PolicyMissing as problem:
        # Raised from here it would stop everybody: this message would be the first to be taken for ever.
        return await _give_up(tx, entry, OutboxState.CANCELLED, "no_policy", str(problem), now)
    limits = Limits(live=True, max_data_age_hours=sender.max_data_age_hours)
    stop = still_valid(message.listed, facts, policy, calendar, now=now, limits=limits, recipient=message.recipient)
    if stop is None:
        return "go"
    if stop.retry:
        due_at = calendar.next_open(now)
        await outbox.move(tx, message.id, OutboxState.QUEUED, fence=fence, now=now, text=stop.why, due_at=due_at)
        return "wait"
    return await _give_up(tx, entry, OutboxState.CANCELLED, stop.code, stop.why, now)


async def _give_up(tx: Tx, entry: OutboxEntry, to: OutboxState, code: str, why: str, now: datetime) -> str:
    """Stop a message before it was sent and free its rungs, so that the next tick plans anew."""
    if not await outbox.move(tx, entry.message.id, to, fence=entry.message.fence, now=now, text=why):
        return "wait"
    await outbox.free_steps(tx, entry.message.id)
    await events.record(tx, [message_event(f"reminder.{to.value}", entry, now, {"code": code, "why": why})])
    return "cancelled"


async def _deliver(sender: Sender, entry: OutboxEntry, report: DrainReport) -> DrainReport:
    message, fence = entry.message, entry.message.fence
    async with sender.store.reading() as tx:
        content = await events.payload(tx, entry.payload_id) or b""
    envelope = Envelope(outbox_id=message.id, sender=message.sender, recipient=message.recipient, content=content)

    async def before_data() -> bool:
        now = sender.clock()
        until = now + timedelta(seconds=sender.lease_seconds)
        async with sender.store.transaction() as tx:
            if await freezes.running(tx) is not None:
                return False  # all sending was stopped since this was claimed
            return await outbox.move(tx, message.id, OutboxState.IN_DATA, fence=fence, now=now, lease_until_at=until)

    outcome = await sender.channel.deliver(envelope, before_data=before_data)
    return _counted(report, await conclude(sender.store, entry, outcome, sender.clock()))


def _counted(report: DrainReport, to: OutboxState | None) -> DrainReport:
    if to is None:
        return report
    return replace(report, **{to.value: getattr(report, to.value) + 1})
