"""Where one invoice stands on its policy's ladder: whose turn it is, what follows, what was missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mailer.domain.case import CaseFacts, StepDone, StepHow
from mailer.domain.ids import StepId
from mailer.domain.invoice import Invoice
from mailer.reminders.calendar import SendCalendar
from mailer.reminders.policy import Policy
from mailer.reminders.steps import Anchor, CallTask, EmailStep, FinalNotice, HoldNotice, Step

#: A thank-you later than this after the payment would only puzzle.
THANKS_WITHIN_DAYS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of the policy for one invoice. `cycle` counts repetitions from 0.

    It is due from `due_since` on (local day), never on that day alone; after `last_on` it is of no more use.
    """

    step: Step
    cycle: int
    due_since: date
    last_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An invoice on its ladder.

    `ahead`: the rungs still to be said, the one whose turn it is first, due or yet to come; () when the ladder has
    ended or nothing is owed. `missed`: rungs that were never said and whose time has gone.
    """

    ahead: tuple[Rung, ...] = ()
    missed: tuple[Rung, ...] = ()


Done = dict[tuple[StepId, int], StepDone]


def position(invoice: Invoice, facts: CaseFacts, policy: Policy, calendar: SendCalendar, *, today: date) -> Position:
    """Return where an invoice stands: the turn is with the rung after the last one said, never further up.

    An invoice that arrives 90 days late therefore starts at the first overdue rung. Rungs in flight and failed ones
    keep their turn. Rungs before due are passed over once a later rung or the due date has come.
    """
    done = {(step.step_id, step.cycle): step for step in facts.steps_of(invoice.id)}
    if not invoice.is_open:
        return Position(ahead=_thanks(invoice, policy, done, today))
    rungs = _rungs(invoice, policy, calendar, done)
    climbed = 1 + max((place for place, rung in enumerate(rungs) if _is_climbed(rung, done)), default=-1)
    ahead = [rung for rung in rungs[climbed:] if rung.last_on is None or today <= rung.last_on]
    missed = [rung for rung in rungs if rung.step.timing.anchor is Anchor.BEFORE_DUE and rung not in ahead]
    if ahead and not may_be_said(ahead[0].step, invoice, facts, policy):
        ahead = [*_gentle(rungs[:climbed], done), *ahead]
    return Position(ahead=tuple(ahead), missed=tuple(rung for rung in missed if (rung.step.id, rung.cycle) not in done))


def may_be_said(step: Step, invoice: Invoice, facts: CaseFacts, policy: Policy) -> bool:
    """Whether a rung may be said at all: a notice needs something said before.

    For that invoice any rung; and to that customer anything in writing, so that a notice is nobody's first mail.
    """
    if not isinstance(step, (HoldNotice, FinalNotice)):
        return True
    said = [done for done in facts.steps if done.was_said]
    written = [
        done for done in said if done.how is not StepHow.BY_HAND or not isinstance(policy.step(done.step_id), CallTask)
    ]
    return bool(written) and any(done.invoice_id == invoice.id for done in said)


def _rungs(invoice: Invoice, policy: Policy, calendar: SendCalendar, done: Done) -> list[Rung]:
    """Return the ladder before payment, bottom first, each repetition once the one before it was climbed."""
    overdue = [
        Rung(step=step, cycle=0, due_since=step.timing.since(invoice.due_on))
        for step in policy.anchored(Anchor.AFTER_DUE)
    ]
    rungs = [*_before_due(invoice, policy, overdue), *overdue]
    last = overdue[-1]
    while last.step.repeat_every_days is not None and last.cycle < last.step.repeat_limit and _is_climbed(last, done):
        said_on = calendar.local_day(done[last.step.id, last.cycle].at)
        due_since = said_on + timedelta(days=last.step.repeat_every_days)
        last = Rung(step=last.step, cycle=last.cycle + 1, due_since=due_since)
        rungs.append(last)
    return rungs


def _before_due(invoice: Invoice, policy: Policy, overdue: Sequence[Rung]) -> list[Rung]:
    """Return the rungs before due: each is of use until the next one's day, and none after the due date."""
    rungs: list[Rung] = []
    next_due = min(overdue[0].due_since, invoice.due_on + timedelta(days=1))
    for step in reversed(policy.anchored(Anchor.BEFORE_DUE)):
        due_since = step.timing.since(invoice.due_on)
        rungs.append(Rung(step=step, cycle=0, due_since=due_since, last_on=next_due - timedelta(days=1)))
        next_due = due_since
    return rungs[::-1]


def _is_climbed(rung: Rung, done: Done) -> bool:
    """Whether the rung lies behind: said, or passed over for good. In flight or failed it does not."""
    found = done.get((rung.step.id, rung.cycle))
    return found is not None and (found.was_said or found.how is StepHow.SKIPPED)


def _gentle(rungs: Sequence[Rung], done: Done) -> list[Rung]:
    """Return the first ordinary overdue mail that was left out on the way up, if any: where a start is gentle."""
    found = (
        rung
        for rung in rungs
        if isinstance(rung.step, EmailStep)
        and rung.step.timing.anchor is Anchor.AFTER_DUE
        and not _is_climbed(rung, done)
    )
    return list(found)[:1]


def _thanks(invoice: Invoice, policy: Policy, done: Done, today: date) -> tuple[Rung, ...]:
    """Return the thank-you for an invoice that was paid lately, after we had written about it."""
    if invoice.paid_on is None or invoice.closing is not None or not any(step.was_said for step in done.values()):
        return ()
    last_on = invoice.paid_on + timedelta(days=THANKS_WITHIN_DAYS)
    rungs = [
        Rung(step=step, cycle=0, due_since=step.timing.since(invoice.paid_on), last_on=last_on)
        for step in policy.anchored(Anchor.AFTER_PAYMENT)
    ]
    return tuple(rung for rung in rungs if today <= last_on and not _is_climbed(rung, done))
