"""Looking ahead: the real plan, day after day, on facts in memory. Nobody answers, nobody pays, nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal, assert_never
from zoneinfo import ZoneInfo

from mailer.domain.actions import CreateTask, PlanAction, SendReminder, SkipStep
from mailer.domain.case import CaseFacts, StepDone, StepHow, Task
from mailer.domain.customer import Customer
from mailer.domain.ids import InvoiceId, StepId, TaskId
from mailer.domain.message import ListedInvoice
from mailer.domain.money import Money
from mailer.flows.plan_reminders import THANKS
from mailer.flows.policies import Policies, PolicyMissing, rules_of
from mailer.flows.settle import settlement
from mailer.reminders.calendar import SendCalendar
from mailer.reminders.guards import Limits
from mailer.reminders.plan import Plan, plan
from mailer.reminders.policy import Policy
from mailer.reminders.steps import MailStep
from mailer.store import case_facts, customers
from mailer.store.session import Store

#: A simulation is of the ladder, not of the operator: Duly works, and the balances are confirmed every day.
_LIVE = Limits(live=True, max_data_age_hours=24)
CHUNK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A look at a customer: the facts before it, the rules, the plan, and what is done (at first perhaps nothing)."""

    at: datetime
    facts: CaseFacts
    policy: Policy
    calendar: SendCalendar
    planned: Plan
    actions: tuple[PlanAction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSend:
    """One mail or task to come. `on` is the customer's day; `asked` one sum per currency; `invoices` are numbers.

    `waits`: it is in the outbox or on a person's list already.
    """

    at: datetime
    on: date
    customer: Customer
    kind: Literal["mail", "call", "letter"]
    step_id: StepId
    template: str
    invoices: tuple[str, ...]
    asked: tuple[Money, ...]
    policy: str
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What a ledger's customers would get, in the order of time, and why some could not be looked at."""

    sends: tuple[SimulatedSend, ...]
    customers: int
    problems: tuple[str, ...] = ()


async def simulate_ledger(
    store: Store, policies: Policies, *, now: datetime, days: int, tasks_done: bool = True
) -> Simulation:
    """Return what would go out in the next `days` days if nobody answered or paid; reads in chunks, writes nothing."""
    sends: list[SimulatedSend] = []
    problems: dict[str, None] = {}
    async with store.reading() as tx:
        ids = await customers.in_motion(tx, paid_since=(now - THANKS).date())
        for part in customers.chunks(ids, CHUNK):
            for facts in (await case_facts.load(tx, part, now=now)).values():
                try:
                    sends.extend(simulate(policies, [facts], now=now, days=days, tasks_done=tasks_done))
                except PolicyMissing as problem:
                    problems[f"{facts.customer.name} ({facts.customer.ref}): {problem}"] = None
    return Simulation(sends=_in_order(sends), customers=len(ids), problems=tuple(problems))


def simulate(
    policies: Policies, every: Iterable[CaseFacts], *, now: datetime, days: int, tasks_done: bool = True
) -> tuple[SimulatedSend, ...]:
    """Return the mails and tasks of some customers from `now` for `days` days, in the order of time.

    `tasks_done`: calls and letters are done the moment they are due; else the ladder waits for them for ever.
    Raises PolicyMissing.
    """
    until = now + timedelta(days=days)
    found = (
        send
        for facts in every
        for visit in visits(facts, policies, now=now, until=until, tasks_done=tasks_done)
        for send in sends_of(visit)
    )
    return _in_order(found)


def visits(
    facts: CaseFacts, policies: Policies, *, now: datetime, until: datetime, tasks_done: bool = True
) -> Iterator[Visit]:
    """Yield `now`, and every moment up to `until` at which something is done for one customer.

    Between two moments nothing can change: the next one is the earliest day that the plan itself expects, or on which
    a promise, a hold or a closed window ends. Raises PolicyMissing.
    """
    at, is_first = now, True
    while at <= until:
        policy, calendar = rules_of(policies, facts, at)
        facts = replace(_settled(facts, calendar.local_day(at)), data_as_of=at)
        planned = plan(facts, policy, calendar, now=at, limits=_LIVE)
        waiting = _waiting(facts, policy, tasks_done=tasks_done, can_send=calendar.is_open(at))
        actions = waiting or planned.actions
        if actions or is_first:
            yield Visit(at=at, facts=facts, policy=policy, calendar=calendar, planned=planned, actions=actions)
            is_first = False
        if actions:
            facts = _after(facts, actions, at, tasks_done=tasks_done)
            continue
        later = _next_moment(facts, planned, calendar, at)
        if later is None:
            return
        at = later


def sends_of(visit: Visit) -> Iterator[SimulatedSend]:
    """Yield the mails and tasks of a visit as people want to read them."""
    invoices = {invoice.id: invoice for invoice in visit.facts.invoices}
    for action in visit.actions:
        if isinstance(action, SkipStep):
            continue
        is_mail = isinstance(action, SendReminder)
        yield SimulatedSend(
            at=visit.at,
            on=visit.calendar.local_day(visit.at),
            customer=visit.facts.customer,
            kind="mail" if isinstance(action, SendReminder) else action.kind.value,
            step_id=action.main_step_id if isinstance(action, SendReminder) else action.step_id,
            template=action.template if isinstance(action, SendReminder) else "",
            invoices=tuple(invoices[item.invoice_id].number for item in action.listed if item.invoice_id in invoices),
            asked=_sums(action.listed),
            policy=visit.policy.name,
            waits=any(step.how is (StepHow.QUEUED if is_mail else StepHow.TASK_OPEN) for step in _of(visit, action)),
        )


def _of(visit: Visit, action: SendReminder | CreateTask) -> Iterator[StepDone]:
    rungs = {(item.invoice_id, item.step_id, item.cycle) for item in action.listed}
    return (step for step in visit.facts.steps if (step.invoice_id, step.step_id, step.cycle) in rungs)


def _sums(listed: Sequence[ListedInvoice]) -> tuple[Money, ...]:
    sums: dict[str, Money] = {}
    for item in listed:
        currency = item.open.currency
        sums[currency] = sums.get(currency, Money.zero(currency)) + item.open
    return tuple(sums[currency] for currency in sorted(sums))


def _in_order(sends: Iterable[SimulatedSend]) -> tuple[SimulatedSend, ...]:
    return tuple(sorted(sends, key=lambda send: (send.on, send.at, send.customer.name, send.customer.ref)))


def _settled(facts: CaseFacts, today: date) -> CaseFacts:
    """Return the facts as time alone settles them by that day; nobody has paid."""
    todo = settlement(facts, today=today)
    states = {promise.id: state for promise, state in todo.promises}
    ended, closed = {hold.id for hold, _ in todo.holds}, {task.id for task in todo.tasks}
    return replace(
        facts,
        promises=tuple(replace(p, state=states[p.id]) if p.id in states else p for p in facts.promises),
        holds=tuple(hold for hold in facts.holds if hold.id not in ended),
        tasks=tuple(task for task in facts.tasks if task.id not in closed),
    )


def _waiting(facts: CaseFacts, policy: Policy, *, tasks_done: bool, can_send: bool) -> tuple[PlanAction, ...]:
    """Return what was decided before now and is carried out first: the mail in the outbox, the tasks of people."""
    owed = {invoice.id: invoice.open for invoice in facts.invoices}

    def listed(how: StepHow, ids: Iterable[InvoiceId], step_id: StepId | None = None) -> tuple[ListedInvoice, ...]:
        return tuple(
            ListedInvoice(invoice_id=s.invoice_id, step_id=s.step_id, cycle=s.cycle, open=owed[s.invoice_id])
            for s in facts.steps
            if s.how is how and s.invoice_id in owed and s.invoice_id in ids and step_id in (None, s.step_id)
        )

    actions: list[PlanAction] = []
    if can_send and (queued := listed(StepHow.QUEUED, owed)):
        actions.append(_queued(facts, policy, queued))
    for task in facts.tasks if tasks_done else ():
        if rungs := listed(StepHow.TASK_OPEN, task.invoice_ids, task.step_id):
            task_action = CreateTask(
                customer_id=facts.customer.id,
                kind=task.kind,
                listed=rungs,
                step_id=task.step_id,
                instructions=task.instructions,
            )
            actions.append(task_action)
    return tuple(actions)


def _queued(facts: CaseFacts, policy: Policy, listed: tuple[ListedInvoice, ...]) -> SendReminder:
    """Return the mail in the outbox as the action that wrote it."""
    ladder = [step.id for step in policy.steps]
    main = max((item.step_id for item in listed), key=lambda one: ladder.index(one) if one in ladder else -1)
    step = policy.step(main)
    return SendReminder(
        customer_id=facts.customer.id,
        recipient=facts.customer.email,
        template=step.template if isinstance(step, MailStep) else main,
        main_step_id=main,
        listed=listed,
        useful_days=1,
    )


def _after(facts: CaseFacts, actions: Iterable[PlanAction], at: datetime, *, tasks_done: bool) -> CaseFacts:
    """Return the facts once these actions are carried out."""
    for number, action in enumerate(actions):
        match action:
            case SendReminder():
                facts = replace(_said(facts, action.listed, StepHow.SENT, at), last_contact_at=at)
            case CreateTask() if tasks_done:
                left = tuple(task for task in facts.tasks if task.step_id != action.step_id)
                facts = _said(facts, action.listed, StepHow.BY_HAND, at)
                facts = replace(facts, last_contact_at=at, tasks=left)
            case CreateTask():
                facts = _said(facts, action.listed, StepHow.TASK_OPEN, at)
                facts = replace(facts, tasks=(*facts.tasks, _task(action, at, number)))
            case SkipStep():
                passed = StepDone(
                    invoice_id=action.invoice_id,
                    step_id=action.step_id,
                    cycle=action.cycle,
                    how=StepHow.SKIPPED,
                    at=at,
                )
                facts = replace(facts, steps=(*facts.steps, passed))
            case _:
                assert_never(action)
    return facts


def _said(facts: CaseFacts, listed: Iterable[ListedInvoice], how: StepHow, at: datetime) -> CaseFacts:
    new = {
        (i.invoice_id, i.step_id, i.cycle): StepDone(
            invoice_id=i.invoice_id, step_id=i.step_id, cycle=i.cycle, how=how, at=at
        )
        for i in listed
    }
    old = (step for step in facts.steps if (step.invoice_id, step.step_id, step.cycle) not in new)
    return replace(facts, steps=(*old, *new.values()))


def _task(action: CreateTask, at: datetime, number: int) -> Task:
    return Task(
        id=TaskId(f"simulated {at:%Y-%m-%d} {number}"),
        customer_id=action.customer_id,
        kind=action.kind,
        invoice_ids=tuple(item.invoice_id for item in action.listed),
        step_id=action.step_id,
        instructions=action.instructions,
        created_at=at,
    )


def _next_moment(facts: CaseFacts, planned: Plan, calendar: SendCalendar, at: datetime) -> datetime | None:
    """Return the next moment at which anything can be different, None for never."""
    day = timedelta(days=1)
    days = {step.on for step in planned.next_on if step.on is not None}
    days |= {promise.pauses_until_on + day for promise in facts.promises if promise.is_running}
    days |= {hold.until_on + day for hold in facts.holds if hold.until_on is not None}
    moments = {_opening(calendar, one) for one in days}
    queued = any(step.how is StepHow.QUEUED for step in facts.steps)
    if queued or any(moment <= at for moment in moments):
        today = calendar.local_day(at)
        moments.add(_opening(calendar, today + day) if calendar.is_open(at) else calendar.next_open(at))
    return min((moment for moment in moments if moment > at), default=None)


def _opening(calendar: SendCalendar, day: date) -> datetime:
    """Return the hour at which the window opens on that day, or would: tasks are given on Sundays too."""
    return datetime.combine(day, calendar.opens, tzinfo=ZoneInfo(calendar.time_zone)).astimezone(UTC)
