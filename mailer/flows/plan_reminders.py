"""The tick: settle what time has settled, plan, and write what the plan asks for. Twice is the same as once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.clock import Clock
from mailer.domain.actions import NotNow
from mailer.domain.case import CaseFacts
from mailer.domain.ids import CustomerId
from mailer.flows.policies import Policies, rules_of
from mailer.flows.settle import carry_out, settlement
from mailer.flows.unwritten import cannot_write
from mailer.flows.write_message import Desk
from mailer.flows.write_plan import PlanWriting, verdicts_of_plan
from mailer.reminders.guards import Limits
from mailer.reminders.plan import plan
from mailer.store import case_facts, customers, outbox, state
from mailer.store.session import Store, StoreUnreachable, Taken

CHUNK = 200
#: Customers whose mails are written in one transaction: a commit costs as much as writing one of them.
TOGETHER = 100
#: How long after the payment a customer may still be thanked; see `mailer.reminders.ladder`.
THANKS = timedelta(days=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What planning needs."""

    store: Store
    policies: Policies
    desk: Desk
    max_data_age_hours: int
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class TickReport:
    """What a tick did: mails queued, tasks made, customers looked at, and customers whose mail could not be written."""

    queued: int = 0
    tasks: int = 0
    customers: int = 0
    unwritten: int = 0

    def plus(self, more: TickReport) -> TickReport:
        """Return both as one."""
        return TickReport(
            queued=self.queued + more.queued,
            tasks=self.tasks + more.tasks,
            customers=self.customers + more.customers,
            unwritten=self.unwritten + more.unwritten,
        )


async def tick(planner: Planner) -> TickReport:
    """Look at every customer in motion and write what is due, for some customers in each transaction."""
    now = planner.clock()
    async with planner.store.reading() as tx:
        ids = await customers.in_motion(tx, paid_since=(now - THANKS).date())
        live = await state.is_live(tx)
    limits = Limits(live=live, max_data_age_hours=planner.max_data_age_hours)
    report = TickReport(customers=len(ids))
    for start in range(0, len(ids), CHUNK):
        busy = await _with_something_to_do(planner, ids[start : start + CHUNK], now, limits)
        for part in customers.chunks(busy, TOGETHER):
            report = report.plus(await _write(planner, part, now, limits))
    return report


async def _with_something_to_do(
    planner: Planner, ids: Sequence[CustomerId], now: datetime, limits: Limits
) -> list[CustomerId]:
    """Return those for whom a write is needed; most customers need none on most ticks."""
    async with planner.store.reading() as tx:
        found = await case_facts.load(tx, ids, now=now)
        known = await state.verdicts_of(tx, ids)
    return [one for one, facts in found.items() if _has_work(planner, facts, known[one], now, limits)]


def _has_work(planner: Planner, facts: CaseFacts, known: dict[str, NotNow], now: datetime, limits: Limits) -> bool:
    try:
        policy, calendar = rules_of(planner.policies, facts, now)
        if not settlement(facts, today=calendar.local_day(now)).is_empty:
            return True
        planned = plan(facts, policy, calendar, now=now, limits=limits, look_ahead=False)
    except Exception:  # noqa: BLE001 - it comes again in `_act`, where it is kept to its customer
        return True
    return bool(planned.actions) or verdicts_of_plan(planned) != known


async def _write(planner: Planner, ids: Sequence[CustomerId], now: datetime, limits: Limits) -> TickReport:
    """Write for several customers in one transaction; when one of them spoils it, for each alone."""
    try:
        return await _write_together(planner, ids, now, limits)
    except StoreUnreachable:
        raise
    except Exception as problem:  # noqa: BLE001 - what one customer's mail cannot do must not keep others from theirs
        if len(ids) == 1:
            if isinstance(problem, Taken):
                return TickReport()  # another worker was faster
            await cannot_write(planner.store, ids[0], problem, now)
            return TickReport(unwritten=1)
    report = TickReport()
    for one in ids:
        report = report.plus(await _write(planner, [one], now, limits))
    return report


async def _write_together(planner: Planner, ids: Sequence[CustomerId], now: datetime, limits: Limits) -> TickReport:
    """Settle and plan again under the customers' locks, and write it all; another worker may have been faster."""
    async with planner.store.transaction(brief=True) as tx:
        await customers.lock_all(tx, ids)
        found = await case_facts.load(tx, ids, now=now)
        settled = []
        for facts in found.values():
            _, calendar = rules_of(planner.policies, facts, now)
            todo = settlement(facts, today=calendar.local_day(now))
            if not todo.is_empty:
                settled.append((facts, todo))
        found |= await carry_out(tx, settled, now=now)
        if others := [facts.customer.id for facts, _ in settled if found[facts.customer.id] is facts]:
            found |= await case_facts.load(tx, others, now=now)
        writing = PlanWriting(
            desk=planner.desk,
            tx=tx,
            now=now,
            known=await state.verdicts_of(tx, ids),
            threads=await outbox.threads_of(tx, ids),
        )
        with planner.desk.renderer.shelves.one_look():
            for facts in found.values():
                policy, calendar = rules_of(planner.policies, facts, now)
                planned = plan(facts, policy, calendar, now=now, limits=limits, look_ahead=False)
                await writing.add(planned, facts, policy, today=calendar.local_day(now))
        await writing.finish()
    return TickReport(queued=len(writing.entries), tasks=writing.tasks)
