"""Claiming what is due, and the last look: every guard is asked again in the transaction that announces DATA."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from pathlib import Path

from mailer.channels.channel import Channel
from mailer.clock import Clock
from mailer.domain.case import CaseFacts
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import CustomerId, OutboxId
from mailer.flows import epoch, inbox_guard
from mailer.flows.begun import Begun
from mailer.flows.conclude_delivery import message_event
from mailer.flows.hold_sending import sending_frozen
from mailer.flows.policies import Policies, PolicyMissing, rules_of
from mailer.reminders.breaker import BreakerLimits
from mailer.reminders.guards import Limits
from mailer.reminders.pace import PaceLimits, pick
from mailer.reminders.recheck import still_valid
from mailer.store import case_facts, customers, deliveries, events, freezes, outbox, pace, state
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Store, Tx

#: With a pace to keep, so many times more are looked at than may go: some domains must wait.
LOOK_PAST = 8


def always() -> bool:
    """Return True: nothing ends a drain before its work is done."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What sending needs.

    `lease_seconds` is longer than any delivery may take. `max_inbox_age_minutes`: how long ago the inbox may have been
    read, else nothing is sent (0: no matter). `may_go_on` is asked before each message: False ends the drain there.
    `breaker`: how much goes out before a person must look. `pace`: how fast the account may go. `data`: where the
    epoch's file is; None keeps none. `begun` notes what is handed over; None notes nothing. `archive_to`: our own
    address that gets a hidden copy, "" for none.
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
    pace: PaceLimits = field(default_factory=PaceLimits)
    data: Path | None = None
    begun: Begun | None = None
    archive_to: str = ""

    def lease_until(self, now: datetime) -> datetime:
        """Return when a message taken now may be taken back."""
        return now + timedelta(seconds=self.lease_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A message that may be handed over: its frozen bytes, and the customer's newest event when that was decided."""

    entry: OutboxEntry
    content: bytes
    seen_event: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a claim brought. `looked_at` 0: nothing was due. `blocked`: why nothing may be sent at all, else ""."""

    ready: tuple[Ready, ...] = ()
    looked_at: int = 0
    cancelled: int = 0
    blocked: str = ""


class Announced(Enum):
    """What came of announcing DATA."""

    #: `in_data` is committed: DATA may be issued.
    YES = auto()
    #: Another worker has the message.
    LOST = auto()
    #: A guard objected; the message is cancelled or back in the queue.
    CANCELLED = auto()
    WAITS = auto()


async def claim(sender: Sender, *, skip: Collection[str], most: int) -> Claimed:
    """Lease what is due, at most one message of each customer, and ask every guard in the same transaction.

    Raises EpochNotKept when the data folder cannot be written: the messages wait for their leases to end.
    """
    now, claimed = sender.clock(), None
    async with sender.store.transaction() as tx:
        if blocked := await _blocked(sender, tx, now):
            return Claimed(blocked=blocked)
        await state.put(tx, "claim:turn", "")  # one worker after the other: each counts what those before have taken
        if await sending_frozen(tx, limits=sender.breaker, now=now, data=sender.data):
            return Claimed(blocked="frozen")
        entries = await _lease(sender, tx, now, skip=skip, most=most)
        verdicts = await _check(sender, tx, entries, now)
        good = [entry for entry in entries if verdicts[entry.message.id] is Announced.YES]
        content = await deliveries.contents(tx, good)
        newest = await deliveries.last_events(tx, {entry.message.customer_id for entry in good})
        if good and sender.data is not None:
            claimed = await epoch.advance(tx)
    if claimed is not None and sender.data is not None:
        await asyncio.to_thread(epoch.keep, sender.data, claimed)
    ready = tuple(
        Ready(
            entry=entry,
            content=content.get(entry.message.id, b""),
            seen_event=newest.get(entry.message.customer_id, 0),
        )
        for entry in good
    )
    cancelled = sum(verdict is Announced.CANCELLED for verdict in verdicts.values())
    return Claimed(ready=ready, looked_at=len(entries), cancelled=cancelled)


async def _lease(sender: Sender, tx: Tx, now: datetime, *, skip: Collection[str], most: int) -> list[OutboxEntry]:
    """Take as many messages as the account's pace allows; a domain that must wait does not keep the others."""
    sent = await pace.sent_lately(tx, sender.channel.account, sender.pace, now) if sender.pace != PaceLimits() else None

    def choose(waiting: Sequence[tuple[str, str]]) -> Sequence[str]:
        ids = [one for one, _ in waiting] if sent is None else pick(sender.pace, sent, waiting, now).ids
        return ids[:most]

    return await deliveries.lease(
        tx,
        owner=sender.owner,
        now=now,
        until_at=sender.lease_until(now),
        skip=skip,
        most=most if sent is None else most * LOOK_PAST,
        choose=choose,
    )


async def announce(sender: Sender, tx: Tx, group: Sequence[Ready]) -> list[Announced]:
    """Note `in_data` for messages whose recipient was accepted, unless something has changed since the claim.

    Whatever changes a customer's case leaves an event (law 2), so a customer without a new one needs no second look.
    The caller has locked the customers: a payment is recorded before this transaction, or after it and too late for
    both; so is a pause. DATA may be issued once the transaction is committed.
    """
    if not group:
        return []
    now = sender.clock()
    await state.hold_mode(tx)
    if await _blocked(sender, tx, now) or await freezes.running(tx) is not None:
        fences = [(ready.entry.message.id, ready.entry.message.fence) for ready in group]
        back = await deliveries.move_all(tx, fences, OutboxState.QUEUED, now=now)
        return [Announced.WAITS if one in back else Announced.LOST for one, _ in fences]
    newest = await deliveries.last_events(tx, {ready.entry.message.customer_id for ready in group})
    changed = [r.entry for r in group if newest.get(r.entry.message.customer_id, 0) != r.seen_event]
    verdicts = await _check(sender, tx, changed, now)
    good = [r.entry.message for r in group if verdicts.get(r.entry.message.id, Announced.YES) is Announced.YES]
    moved = await deliveries.move_all(
        tx,
        [(message.id, message.fence) for message in good],
        OutboxState.IN_DATA,
        now=now,
        lease_until_at=sender.lease_until(now),
    )
    verdicts |= {message.id: Announced.YES if message.id in moved else Announced.LOST for message in good}
    return [verdicts[ready.entry.message.id] for ready in group]


async def put_back(sender: Sender, left: Sequence[Ready]) -> None:
    """Return claimed messages to the queue: the drain ends before their turn."""
    fences = [(ready.entry.message.id, ready.entry.message.fence) for ready in left]
    async with sender.store.transaction() as tx:
        await deliveries.move_all(tx, fences, OutboxState.QUEUED, now=sender.clock())


async def _blocked(sender: Sender, tx: Tx, now: datetime) -> str:
    """Return why nothing may be sent at all, "" when it may."""
    facts = await state.get_all(tx, (state.MODE, *inbox_guard.FACTS))
    if facts.get(state.MODE) != state.LIVE:
        return "paused"
    if not await inbox_guard.may_send(tx, facts, max_inbox_age_minutes=sender.max_inbox_age_minutes, now=now):
        return "inbox_unread"
    return ""


async def _check(sender: Sender, tx: Tx, entries: Sequence[OutboxEntry], now: datetime) -> dict[OutboxId, Announced]:
    """Ask every guard once more about leased messages; put one back or give it up when a guard objects."""
    people = {entry.message.customer_id for entry in entries}
    if not people:
        return {}
    await customers.lock_all(tx, people)
    ids = [entry.message.id for entry in entries]
    facts = await case_facts.load(tx, sorted(people), now=now, without_outbox=ids)
    return {entry.message.id: await _verdict(sender, tx, entry, facts, now) for entry in entries}


async def _verdict(
    sender: Sender, tx: Tx, entry: OutboxEntry, known: dict[CustomerId, CaseFacts], now: datetime
) -> Announced:
    message, fence = entry.message, entry.message.fence
    if now > message.useful_until_at:
        return await _give_up(tx, entry, OutboxState.EXPIRED, "expired", "its time has passed", now)
    facts = known.get(message.customer_id)
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
        return Announced.YES
    if stop.retry:
        due_at = calendar.next_open(now)
        await deliveries.move(tx, message.id, OutboxState.QUEUED, fence=fence, now=now, text=stop.why, due_at=due_at)
        return Announced.WAITS
    return await _give_up(tx, entry, OutboxState.CANCELLED, stop.code, stop.why, now)


async def _give_up(tx: Tx, entry: OutboxEntry, to: OutboxState, code: str, why: str, now: datetime) -> Announced:
    """Stop a message before it was sent and free its rungs, so that the next tick plans anew."""
    if not await deliveries.move(tx, entry.message.id, to, fence=entry.message.fence, now=now, text=why):
        return Announced.LOST
    await outbox.free_steps(tx, entry.message.id)
    await events.record(tx, [message_event(f"reminder.{to.value}", entry, now, {"code": code, "why": why})])
    return Announced.CANCELLED
