"""A small world around the plan: runs on given days, sends what it says at once, people do their tasks the next run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from hypothesis import strategies as st

from mailer.domain.actions import CreateTask, SendReminder, SkipStep
from mailer.domain.agreement import Dispute
from mailer.domain.case import CaseFacts, StepDone, StepHow
from mailer.domain.ids import InvoiceId
from mailer.domain.invoice import Invoice
from mailer.domain.message import ListedInvoice
from mailer.domain.money import Money
from mailer.reminders.calendar import SendCalendar
from mailer.reminders.outlook import NextStep
from mailer.reminders.plan import Plan, plan
from mailer.reminders.policy import Policy
from mailer.reminders.recheck import still_valid
from tests.core.reminders.samples import CUSTOMER, LIMITS, at, policy


@dataclass
class World:
    """What happens to one customer. `payments`: invoice → the day (after DUE) on which it is paid."""

    policy: Policy
    calendar: SendCalendar
    invoices: tuple[Invoice, ...]
    payments: Mapping[InvoiceId, int] = field(default_factory=dict)
    disputes: tuple[Dispute, ...] = ()
    hour: int = 10
    steps: tuple[StepDone, ...] = ()
    last_contact_at: datetime | None = None
    mails: list[tuple[date, SendReminder]] = field(default_factory=list)
    outlooks: list[tuple[date, NextStep]] = field(default_factory=list)

    def run(self, days: Sequence[int]) -> World:
        for number in days:
            self._pay(number)
            now = at(number, self.hour)
            self._do_tasks(now)
            planned = plan(self._facts(now), self.policy, self.calendar, now=now, limits=LIMITS)
            self._carry_out(planned, now)
        return self

    def said(self, invoice_id: InvoiceId) -> list[StepDone]:
        """What was said about an invoice, in the order of time."""
        found = [done for done in self.steps if done.invoice_id == invoice_id and done.was_said]
        return sorted(found, key=lambda done: done.at)

    def _facts(self, now: datetime) -> CaseFacts:
        return CaseFacts(
            customer=CUSTOMER,
            invoices=self.invoices,
            steps=self.steps,
            disputes=self.disputes,
            last_contact_at=self.last_contact_at,
            data_as_of=now,
        )

    def _pay(self, number: int) -> None:
        paid = {one for one, on in self.payments.items() if on <= number}
        self.invoices = tuple(
            replace(i, open=Money.zero(i.open.currency), paid_on=at(self.payments[i.id]).date()) if i.id in paid else i
            for i in self.invoices
        )

    def _do_tasks(self, now: datetime) -> None:
        if any(done.how is StepHow.TASK_OPEN for done in self.steps):
            self.last_contact_at = now
        self.steps = tuple(
            replace(done, how=StepHow.BY_HAND, at=now) if done.how is StepHow.TASK_OPEN else done for done in self.steps
        )

    def _carry_out(self, planned: Plan, now: datetime) -> None:
        today = self.calendar.local_day(now)
        self.outlooks += [(today, coming) for coming in planned.next_on]
        for action in planned.actions:
            match action:
                case SkipStep():
                    self._note(action.invoice_id, action, StepHow.SKIPPED, now)
                case CreateTask():
                    self._note_all(action.listed, StepHow.TASK_OPEN, now)
                case SendReminder():
                    self._send(action, now)
                    self.mails.append((today, action))

    def _send(self, action: SendReminder, now: datetime) -> None:
        before = self.steps
        self._note_all(action.listed, StepHow.QUEUED, now)
        queued = self._facts(now)
        # What the plan queues may leave at once, and a second tick does not write it again.
        rules = (queued, self.policy, self.calendar)
        assert still_valid(action.listed, *rules, recipient=action.recipient, now=now, limits=LIMITS) is None
        again = plan(*rules, now=now, limits=LIMITS)
        assert not [found for found in again.actions if isinstance(found, SendReminder)]
        self.steps = before
        self._note_all(action.listed, StepHow.SENT, now)
        self.last_contact_at = now

    def _note_all(self, listed: Sequence[ListedInvoice], how: StepHow, now: datetime) -> None:
        for line in listed:
            self._note(line.invoice_id, line, how, now)

    def _note(self, invoice_id: InvoiceId, rung: SkipStep | ListedInvoice, how: StepHow, now: datetime) -> None:
        key = (invoice_id, rung.step_id, rung.cycle)
        assert key not in {(d.invoice_id, d.step_id, d.cycle) for d in self.steps}, "a rung is claimed once"
        self.steps += (StepDone(invoice_id=invoice_id, step_id=rung.step_id, cycle=rung.cycle, how=how, at=now),)


@st.composite
def ladders(draw: st.DrawFn, *, with_tasks: bool = True) -> Policy:
    """Any policy a file may describe: rungs before due, a gentle start, notices, tasks, a repeating tail, thanks."""
    before = draw(st.lists(st.integers(1, 20), max_size=2, unique=True))
    after = sorted(draw(st.lists(st.integers(0, 40), min_size=1, max_size=5, unique=True)))
    kinds = ["email", "hold_notice", "final_notice", *(["call", "letter"] if with_tasks else [])]
    steps: list[dict[str, object]] = [{"id": f"b{n}", "when": f"{n} days before due"} for n in sorted(before)[::-1]]
    for place, days in enumerate(after):
        kind = "email" if place == 0 else draw(st.sampled_from(kinds))
        instructions = {"instructions": "do it"} if kind in ("call", "letter") else {}
        steps.append({"id": f"a{days}", "kind": kind, "when": f"{days} days after due", **instructions})
    if draw(st.booleans()):
        steps[-1] |= {"repeat_every_days": draw(st.integers(1, 9)), "repeat_limit": draw(st.integers(1, 3))}
    if draw(st.booleans()):
        steps.append({"id": "thanks", "when": "1 day after payment"})
    return policy(steps, min_gap_days=draw(st.integers(1, 8)))


@st.composite
def calendars(draw: st.DrawFn) -> SendCalendar:
    """Any calendar that is open at some time; some holidays near DUE."""
    opens = draw(st.integers(0, 20))
    found = policy(
        send_days=sorted(draw(st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat"]), min_size=2))),
        send_window=f"{opens:02}:00-{draw(st.integers(opens + 1, 23)):02}:00",
    )
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"]))
    holidays = draw(st.frozensets(st.integers(0, 40), max_size=6))
    return SendCalendar.of(
        found.window, time_zone=zone, holidays=frozenset(at(0).date() + timedelta(days=n) for n in holidays)
    )
