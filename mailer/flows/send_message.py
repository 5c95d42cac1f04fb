"""The drain: claim messages, hand them over side by side, and write down what came of each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from mailer.clock import new_jitter
from mailer.domain.case import StepHow
from mailer.domain.delivery import OutboxState, Phase, Refused, TryLater
from mailer.domain.message import Envelope
from mailer.flows.begun import Begun
from mailer.flows.claim_messages import Announced, Ready, Sender, announce, claim, put_back
from mailer.flows.conclude_delivery import Delivered, conclude, message_event, write_all
from mailer.flows.together import Together
from mailer.store import customers, deliveries, events, outbox
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Store, StoreUnreachable, Tx

#: Deliveries of one drain; whoever runs it drains again when there are more.
MOST = 1000
#: Messages claimed in one transaction, for each delivery that may run at the same time.
CLAIMED_PER_LANE = 24
#: Why a message is tried again whose worker died with DATA allowed.
NEVER_BEGUN = "the worker ended before any of the message left, as its own file shows: the server has not got it"


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
    """Send what is due, at most so many; nothing while the service is paused. Several workers may drain at once.

    A cancelled drain cancels its deliveries: each closes its connection, and what was in DATA becomes unknown later.
    """
    if sender.begun is not None and sender.begun.open():
        async with sender.store.reading() as tx:
            sender.begun.sweep(set((await deliveries.owners_in_data(tx)).values()))
    await recover(sender.store, sender.clock(), begun=sender.begun)
    work = _Drain(sender=sender, left=most)
    try:
        await work.run()
    except BaseException:
        await work.stop()
        raise
    if work.fault is not None:
        raise work.fault
    return work.report


@dataclass(slots=True, kw_only=True)
class _Drain:
    """One drain at work: what is claimed, what is under way, what has come of it.

    A lane that has its answer goes on with the next message while the answer is written down: both come to the database
    in one commit, the answer no later than the next DATA. So each lane has at most one message in doubt.
    """

    sender: Sender
    left: int
    report: DrainReport = DrainReport()
    fault: Exception | None = None
    _claimed: deque[Ready] = field(default_factory=deque)
    _running: set[asyncio.Task[str]] = field(default_factory=set)
    _writing: set[asyncio.Task[str]] = field(default_factory=set)
    _done: deque[asyncio.Task[str]] = field(default_factory=deque)
    #: Rings when something is done; `asyncio.wait` would hang a bell on every task anew each time.
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: set[str] = field(default_factory=set)
    _is_empty: bool = False
    _together: Together[Ready | Delivered, Announced | OutboxState | None] = field(init=False)

    def __post_init__(self) -> None:
        self._together = Together(self._commit, most=lambda: len(self._running) + len(self._writing))

    async def run(self) -> None:
        """Deliver until nothing is due, `left` is used up, or the drain may not go on."""
        while True:
            await self._fill()
            if not self._running and not self._writing:
                break
            await self._bell.wait()
            self._bell.clear()
            while self._done:
                task = self._done.popleft()
                self._running.discard(task)
                self._writing.discard(task)
                self._take(task)
        if self._claimed:
            await put_back(self.sender, tuple(self._claimed))
        if not self._is_empty:
            self.report = replace(self.report, more=True)

    async def stop(self) -> None:
        """End what is under way, at once; what was only claimed goes back when the database lets it."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await asyncio.gather(*self._writing, return_exceptions=True)
        await self._together.ended()
        if self._claimed:
            with suppress(StoreUnreachable):
                await put_back(self.sender, tuple(self._claimed))

    def _take(self, task: asyncio.Task[str]) -> None:
        problem = task.exception()
        if problem is not None and not isinstance(problem, Exception):
            raise problem
        if problem is not None:
            self.fault = self.fault or problem
        elif word := task.result():
            self._count(word)

    async def _fill(self) -> None:
        """Keep every lane busy."""
        lanes = max(1, self.sender.channel.lanes)
        while len(self._running) < lanes and self.fault is None and self.left and self.sender.may_go_on():
            # What is being written comes first: the claim counts it, and a database that is away fails only there.
            if not self._claimed and (self._writing or not await self._claim(lanes)):
                return
            if self._claimed:
                self.left -= 1
                self._start(self._running, self._deliver(self._claimed.popleft()))

    def _start(self, among: set[asyncio.Task[str]], work: Coroutine[Any, Any, str]) -> None:
        task = asyncio.create_task(work)
        among.add(task)
        task.add_done_callback(self._ring)

    def _ring(self, task: asyncio.Task[str]) -> None:
        self._done.append(task)
        self._bell.set()

    async def _claim(self, lanes: int) -> bool:
        """Claim more; False when there is nothing to claim."""
        if self.sender.channel.rest_seconds():
            self.report, self._is_empty = replace(self.report, blocked="account_rests"), True
            return False
        most = min(self.left, lanes * CLAIMED_PER_LANE)
        got = await claim(self.sender, skip=self._seen, most=most)
        self._is_empty = not got.looked_at
        blocked = got.blocked if got.blocked != "paused" else ""
        self.report = replace(self.report, cancelled=self.report.cancelled + got.cancelled, blocked=blocked)
        self._seen.update(ready.entry.message.id for ready in got.ready)
        self._claimed.extend(got.ready)
        return bool(got.looked_at)

    async def _deliver(self, ready: Ready) -> str:
        """Hand one message over and begin to write the answer down; returns the field of the report, as `_conclude`."""
        message, started_at, said = ready.entry.message, self.sender.clock(), Announced.YES
        envelope = Envelope(
            outbox_id=message.id,
            sender=message.sender,
            recipient=message.recipient,
            content=ready.content,
            archive=self.sender.archive_to,
        )

        async def before_data() -> bool:
            nonlocal said
            said = await self._announce(ready)
            return said is Announced.YES

        def before_body() -> None:
            if self.sender.begun is not None:
                self.sender.begun.note(message.id, message.fence)

        outcome = await self.sender.channel.deliver(envelope, before_data=before_data, before_body=before_body)
        if said in (Announced.CANCELLED, Announced.WAITS):
            return "cancelled" if said is Announced.CANCELLED else ""
        delivered = Delivered(
            entry=ready.entry,
            outcome=outcome,
            account=self.sender.channel.account,
            started_at=started_at,
            at=self.sender.clock(),
            jitter=new_jitter(),
        )
        self._start(self._writing, self._conclude(delivered))
        return ""

    async def _conclude(self, delivered: Delivered) -> str:
        """Write down what came of a message; returns the field of the report that it counts in, "" for none."""
        to = await conclude(self._write, delivered)
        if to is not None and to is not OutboxState.DEFERRED:
            self._seen.discard(delivered.entry.message.id)  # it waits no more, so no claim need be told to skip it
        return to.value if to is not None else ""

    async def _commit(self, group: Sequence[Ready | Delivered]) -> list[Announced | OutboxState | None]:
        """Write down in one transaction what has come of some deliveries and that others come to DATA."""
        delivered = [one for one in group if isinstance(one, Delivered)]
        ready = [one for one in group if isinstance(one, Ready)]
        # A refusal places a hold, which locks its customer: all in one order, or two commits wait for each other.
        touched = {
            one.entry.message.customer_id for one in group if isinstance(one, Ready) or isinstance(one.outcome, Refused)
        }
        async with self.sender.store.transaction(brief=True) as tx:
            await customers.lock_all(tx, touched)
            written = iter(await write_all(tx, delivered))
            said = iter(await announce(self.sender, tx, ready))
        return [next(said) if isinstance(one, Ready) else next(written) for one in group]

    async def _announce(self, ready: Ready) -> Announced:
        return cast("Announced", await self._together(ready))

    async def _write(self, delivered: Delivered) -> OutboxState | None:
        return cast("OutboxState | None", await self._together(delivered))

    def _count(self, word: str) -> None:
        self.report = replace(self.report, **{word: getattr(self.report, word) + 1})


async def recover(store: Store, now: datetime, *, begun: Begun | None = None) -> int:
    """Take back what dead workers held: a lease returns to the queue, a message in DATA becomes unknown (law 5).

    One for which its worker is proven to have sent nothing of it is deferred instead.

    Returns how many; one that its worker has moved on meanwhile, or another worker has taken back, is left alone.
    """
    async with store.reading() as tx:
        if not await deliveries.overdue_leases(tx, now):
            return 0
    done = 0
    async with store.transaction() as tx:
        owners = await deliveries.owners_in_data(tx)
        for entry in await deliveries.overdue_leases(tx, now):
            done += await _take_back(tx, entry, now, begun=begun, owner=owners.get(entry.message.id, ""))
    return done


async def _take_back(tx: Tx, entry: OutboxEntry, now: datetime, *, begun: Begun | None, owner: str) -> bool:
    message, fence = entry.message, entry.message.fence
    if entry.state is OutboxState.LEASED:
        return await deliveries.move(tx, message.id, OutboxState.QUEUED, fence=fence, now=now)
    if begun is not None and owner and begun.never(owner, message.id, fence):
        outcome = TryLater(text=NEVER_BEGUN, phase=Phase.RCPT, account=True)
        ended = Delivered(entry=entry, outcome=outcome, account="", started_at=now, at=now, jitter=0.0)
        return await write_all(tx, [ended]) == [OutboxState.DEFERRED]
    text = "the worker stopped after DATA was announced: it may or may not have been delivered"
    if not await deliveries.move(tx, message.id, OutboxState.UNKNOWN, fence=fence, now=now, text=text):
        return False
    await outbox.mark_steps(tx, StepHow.UNKNOWN, now, outbox_id=message.id)
    await events.record(tx, [message_event("reminder.unknown", entry, now, {"text": text})])
    return True
