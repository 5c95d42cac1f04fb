"""What comes next for an invoice, and on which day: for people who look ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from mailer.domain.ids import InvoiceId, StepId
from mailer.domain.invoice import Invoice
from mailer.reminders.guards import Reason, Situation, Turn, reasons
from mailer.reminders.ladder import Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """The next rung of one invoice and the local day it is expected on, as far as today's facts tell.

    `on` is None while it takes a person, the ledger or a reply; `why` then says what is waited for.
    """

    invoice_id: InvoiceId
    step_id: StepId
    cycle: int
    on: date | None
    why: str


def next_step(invoice: Invoice, ahead: Sequence[Rung], situation: Situation) -> NextStep | None:
    """Return the first rung ahead that will still be of use on the day it can be said, None when there is none."""
    for rung in ahead:
        turn = Turn(invoice=invoice, rung=rung)
        on, why = _expected(turn, reasons(turn, situation), situation)
        if on is None or rung.last_on is None or on <= rung.last_on:
            return NextStep(invoice_id=invoice.id, step_id=rung.step.id, cycle=rung.cycle, on=on, why=why)
    return None


def _expected(turn: Turn, against: Sequence[Reason], situation: Situation) -> tuple[date | None, str]:
    """Return the day on which nothing is against the rung any more, and what decides about that day."""
    days = [(max(turn.rung.due_since, situation.today), _timing(turn.rung))]
    for reason in against:
        if reason.free_on is None:
            return None, reason.why
        days.append((reason.free_on, reason.why))
    on, why = max(days, key=lambda day: day[0])  # of equal days the first: the rung's own timing
    return (on if turn.is_task else situation.calendar.business_day_from(on)), why


def _timing(rung: Rung) -> str:
    if rung.cycle:
        return f"repeated {rung.step.repeat_every_days} days after the time before"
    return rung.step.timing.words
