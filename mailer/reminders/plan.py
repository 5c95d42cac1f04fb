"""The heart: what is said to a customer now, what is not and why, and what comes next. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from mailer.domain.actions import NotNow, PlanAction, SkipStep
from mailer.domain.case import CaseFacts
from mailer.domain.invoice import Invoice
from mailer.reminders.calendar import SendCalendar
from mailer.reminders.consolidation import choose_mail, one_mail, tasks
from mailer.reminders.guards import Limits, Reason, Situation, Turn, reasons
from mailer.reminders.ladder import Position, Rung, position
from mailer.reminders.outlook import NextStep, next_step
from mailer.reminders.policy import Policy
from mailer.reminders.steps import Anchor


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one run does for one customer.

    `actions`: rungs passed over, then tasks, then at most one mail. `not_now`: every rung that is due but not said,
    and the last rung of every ladder that has ended. `next_on`: the next rung of every invoice that has one ahead, in
    the order of due dates; a rung said in this very run appears with today.
    """

    actions: tuple[PlanAction, ...]
    not_now: tuple[NotNow, ...]
    next_on: tuple[NextStep, ...]


def plan(
    facts: CaseFacts,
    policy: Policy,
    calendar: SendCalendar,
    *,
    now: datetime,
    limits: Limits,
    look_ahead: bool = True,
) -> Plan:
    """Return what to do for one customer at `now` (aware); without `look_ahead`, `next_on` stays empty and unreckoned.

    For each invoice it is one rung's turn. Once that rung's day has come and no guard is against it, it is ready. What
    is ready goes to a person as a task, or into the run's one mail. The same facts always give the same plan. A rung
    whose time has gone is passed over whatever holds the invoice.
    """
    situation = Situation(facts=facts, policy=policy, calendar=calendar, now=now, limits=limits)
    standings = [_stand(invoice, situation) for invoice in sorted(facts.invoices, key=_by_due_date)]
    ready = [standing.turn for standing in standings if standing.turn and standing.is_due and not standing.against]
    in_mail, waiting = choose_mail(ready)
    return Plan(
        actions=(
            *(_skip(standing.invoice, rung) for standing in standings for rung in standing.position.missed),
            *tasks(ready, situation),
            *one_mail(in_mail, situation),
        ),
        not_now=(
            *(note for standing in standings for note in _notes(standing, situation)),
            *(_not_now(turn, _AFTER_THE_REMINDER) for turn in waiting),
        ),
        next_on=tuple(
            found
            for s in standings
            if look_ahead and (found := next_step(s.invoice, s.position.ahead, situation)) is not None
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """One invoice by itself: whose turn it is, whether that rung is due, and what is against saying it now."""

    invoice: Invoice
    position: Position
    turn: Turn | None
    is_due: bool
    against: tuple[Reason, ...]


def _stand(invoice: Invoice, situation: Situation) -> _Standing:
    place = position(invoice, situation.facts, situation.policy, situation.calendar, today=situation.today)
    turn = Turn(invoice=invoice, rung=place.ahead[0]) if place.ahead else None
    is_due = turn is not None and turn.rung.due_since <= situation.today
    return _Standing(
        invoice=invoice,
        position=place,
        turn=turn,
        is_due=is_due,
        against=reasons(turn, situation) if turn and is_due else (),
    )


def _notes(standing: _Standing, situation: Situation) -> Iterator[NotNow]:
    """Yield why rungs of one invoice that are due are not said now."""
    invoice, turn = standing.invoice, standing.turn
    if turn is None:
        if invoice.is_open:
            yield _not_now(Turn(invoice=invoice, rung=_top(situation.policy, invoice)), _ENDED)
        return
    if standing.is_due and standing.against:
        yield _not_now(turn, standing.against[0])
    first = turn.rung.step.id
    for rung in standing.position.ahead[1:]:
        if rung.due_since <= situation.today:
            why = f"{first!r} comes first; this follows at least {situation.policy.min_gap_days} days after it."
            yield _not_now(Turn(invoice=invoice, rung=rung), Reason(code="folded", why=why))


_AFTER_THE_REMINDER = Reason(code="folded", why="One mail per run: the reminder goes out first, the thanks follow.")
_ENDED = Reason(code="ended", why="Every step of the policy was said; a person decides how to go on.")


def _top(policy: Policy, invoice: Invoice) -> Rung:
    step = policy.anchored(Anchor.AFTER_DUE)[-1]
    return Rung(step=step, cycle=step.repeat_limit, due_since=step.timing.since(invoice.due_on))


def _not_now(turn: Turn, reason: Reason) -> NotNow:
    step_id, cycle = turn.rung.step.id, turn.rung.cycle
    return NotNow(invoice_id=turn.invoice.id, step_id=step_id, cycle=cycle, code=reason.code, why=reason.why)


def _skip(invoice: Invoice, rung: Rung) -> SkipStep:
    why = f"The time of {rung.step.id!r} ({rung.step.timing.words}) has gone."
    return SkipStep(invoice_id=invoice.id, step_id=rung.step.id, cycle=rung.cycle, why=why)


def _by_due_date(invoice: Invoice) -> tuple[date, str, str]:
    return invoice.due_on, invoice.number, invoice.id
