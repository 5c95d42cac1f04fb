"""Short ways to write the facts of a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from mailer.domain.actions import CreateTask, SendReminder, SkipStep
from mailer.domain.agreement import Dispute, DisputeState, Hold, HoldKind, Promise, PromiseState
from mailer.domain.case import CaseFacts, StepDone, StepHow
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, DisputeId, HoldId, InvoiceId, PromiseId, StepId
from mailer.domain.invoice import Invoice, InvoiceClosing
from mailer.domain.money import Money
from mailer.reminders.calendar import SendCalendar
from mailer.reminders.guards import Limits
from mailer.reminders.plan import Plan, plan
from mailer.reminders.policy import Policy, policy_from_values

CUSTOMER = Customer(id=CustomerId("cus_1"), ref="C1", name="Ada Ltd", email="ap@ada.test", time_zone="UTC")
LIMITS = Limits(live=True, max_data_age_hours=24)
#: Keyword arguments of `planned` or `replace`, as tables of tests hold them.
Changes = dict[str, Any]
#: Every day, all day: what a test is about should not hang on the weekday.
ALWAYS = SendCalendar(time_zone="UTC", days=frozenset(range(7)), opens=time(0), closes=time(23, 59))
OFFICE = SendCalendar(time_zone="UTC", days=frozenset(range(5)), opens=time(9), closes=time(17))

MAILS: list[dict[str, object]] = [
    {"id": "early", "when": "14 days before due"},
    {"id": "upcoming", "when": "3 days before due"},
    {"id": "friendly", "when": "1 day after due"},
    {"id": "second", "when": "8 days after due"},
    {"id": "hold_notice", "kind": "hold_notice", "when": "20 days after due"},
    {"id": "final_notice", "kind": "final_notice", "when": "30 days after due", "useful_days": 9},
    {"id": "thanks", "when": "1 day after payment"},
]
TASKS: list[dict[str, object]] = [
    {"id": "friendly", "when": "1 day after due"},
    {"id": "call", "kind": "call", "when": "8 days after due", "instructions": "phone"},
    {"id": "letter", "kind": "letter", "when": "15 days after due", "template": "firm", "instructions": "post"},
    {"id": "final_notice", "kind": "final_notice", "when": "30 days after due"},
]


def policy(steps: list[dict[str, object]] | None = None, **values: object) -> Policy:
    return policy_from_values({"steps": MAILS if steps is None else steps, **values}, name="test", version="v1")


POLICY = policy()

DUE = date(2026, 3, 2)  # a Monday


def day(number: int) -> date:
    """The local day that many days after DUE."""
    return DUE + timedelta(days=number)


def at(number: int, hour: int = 10) -> datetime:
    return datetime.combine(day(number), time(hour), tzinfo=UTC)


def invoice(
    number: str = "1",
    *,
    due: int = 0,
    minor: int = 10_000,
    currency: str = "EUR",
    paid: int | None = None,
    closing: InvoiceClosing | None = None,
) -> Invoice:
    """An invoice due `due` days after DUE; paid that many days after it when `paid` is given."""
    return Invoice(
        id=InvoiceId(f"inv_{number}"),
        customer_id=CUSTOMER.id,
        number=number,
        issued_on=day(due - 30),
        due_on=day(due),
        total=Money(minor=10_000, currency=currency),
        open=Money(minor=minor if paid is None else 0, currency=currency),
        paid_on=None if paid is None else day(paid),
        closing=closing,
    )


def step(step_id: str, on: int, how: StepHow = StepHow.SENT, *, number: str = "1", cycle: int = 0) -> StepDone:
    return StepDone(invoice_id=InvoiceId(f"inv_{number}"), step_id=StepId(step_id), cycle=cycle, how=how, at=at(on))


def promise(
    due: int, pauses_until: int, state: PromiseState = PromiseState.TRACKED, *, confirmed: bool = False
) -> Promise:
    return Promise(
        id=PromiseId("prom_1"),
        customer_id=CUSTOMER.id,
        invoice_ids=(InvoiceId("inv_1"),),
        due_on=day(due),
        pauses_until_on=day(pauses_until),
        state=state,
        made_at=at(0),
        confirmed=confirmed,
    )


def dispute(state: DisputeState = DisputeState.DRAFT) -> Dispute:
    return Dispute(
        id=DisputeId("disp_1"),
        customer_id=CUSTOMER.id,
        invoice_ids=(InvoiceId("inv_1"),),
        reason="quality",
        state=state,
        opened_at=at(0),
    )


def hold(*numbers: str, kind: HoldKind = HoldKind.REPLY, until: int | None = None) -> Hold:
    return Hold(
        id=HoldId("hold_1"),
        customer_id=CUSTOMER.id,
        invoice_ids=tuple(InvoiceId(f"inv_{number}") for number in numbers),
        kind=kind,
        reason="they wrote",
        placed_at=at(0),
        until_on=None if until is None else day(until),
    )


def facts(*invoices: Invoice, steps: tuple[StepDone, ...] = (), now: datetime, **changes: object) -> CaseFacts:
    """Facts with fresh balances; the last contact is the last thing said, as the store would find it."""
    said = [done.at for done in steps if done.was_said]
    found = CaseFacts(
        customer=CUSTOMER,
        invoices=invoices or (invoice(),),
        steps=steps,
        last_contact_at=max(said, default=None),
        data_as_of=now - timedelta(hours=1),
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def planned(
    on: int,
    *invoices: Invoice,
    steps: tuple[StepDone, ...] = (),
    policy: Policy = POLICY,
    calendar: SendCalendar = ALWAYS,
    limits: Limits = LIMITS,
    hour: int = 10,
    **changes: object,
) -> Plan:
    """The plan for these facts, that many days after DUE."""
    now = at(on, hour)
    return plan(facts(*invoices, steps=steps, now=now, **changes), policy, calendar, now=now, limits=limits)


def mail(plan: Plan) -> SendReminder | None:
    """The one mail of a plan."""
    mails = [action for action in plan.actions if isinstance(action, SendReminder)]
    assert len(mails) <= 1
    return mails[0] if mails else None


def rungs(action: SendReminder | CreateTask | None) -> list[tuple[str, str, int]]:
    """What a mail or task claims: invoice number, step, cycle."""
    return [] if action is None else [(i.invoice_id[4:], i.step_id, i.cycle) for i in action.listed]


def tasks(plan: Plan) -> list[CreateTask]:
    return [action for action in plan.actions if isinstance(action, CreateTask)]


def skips(plan: Plan) -> list[tuple[str, str]]:
    return [(a.invoice_id[4:], a.step_id) for a in plan.actions if isinstance(a, SkipStep)]


def not_now(plan: Plan) -> list[tuple[str, str, str]]:
    """Why not: invoice number, step, code."""
    return [(note.invoice_id[4:], note.step_id, note.code) for note in plan.not_now]
