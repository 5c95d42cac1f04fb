"""One mail per customer and run: the firmest due rung sets the tone, the other due invoices are listed with theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import assert_never

from mailer.domain.actions import CreateTask, SendReminder
from mailer.domain.agreement import PromiseState
from mailer.domain.case import TaskKind
from mailer.domain.message import ListedInvoice
from mailer.reminders.guards import Situation, Turn
from mailer.reminders.steps import CallTask, LetterTask, MailStep, TaskStep


def choose_mail(turns: Sequence[Turn]) -> tuple[list[Turn], list[Turn]]:
    """Return the turns that go into this run's one mail, and those that wait: thanks wait while money is asked for."""
    mails = [turn for turn in turns if not turn.is_task]
    asking = [turn for turn in mails if not turn.is_thanks]
    thanking = [turn for turn in mails if turn.is_thanks]
    return (asking, thanking) if asking else (thanking, [])


def one_mail(turns: Sequence[Turn], situation: Situation) -> list[SendReminder]:
    """Return the mail that says these turns ([] for none): the firmest first, then by due date.

    The firmest is the highest on the policy's ladder; it gives the template, and how long the mail is of use.
    """
    steps = [turn.rung.step for turn in turns if isinstance(turn.rung.step, MailStep)]
    if not steps:
        return []
    firmest = max(steps, key=situation.policy.steps.index)
    main = [turn for turn in turns if turn.rung.step == firmest]
    others = [turn for turn in turns if turn.rung.step != firmest]
    return [
        SendReminder(
            customer_id=situation.facts.customer.id,
            recipient=situation.facts.customer.email,
            template=firmest.template,
            main_step_id=firmest.id,
            listed=_listed([*main, *others]),
            useful_days=firmest.useful_days,
            broken_promise_on=_broken_promise_on(turns, situation),
        )
    ]


def tasks(turns: Iterable[Turn], situation: Situation) -> list[CreateTask]:
    """Return one task per task rung, covering all invoices whose turn it is there."""
    by_step: dict[TaskStep, list[Turn]] = {}
    for turn in turns:
        if isinstance(turn.rung.step, TaskStep):
            by_step.setdefault(turn.rung.step, []).append(turn)
    return [
        CreateTask(
            customer_id=situation.facts.customer.id,
            kind=_kind(step),
            listed=_listed(group),
            step_id=step.id,
            instructions=step.instructions,
        )
        for step, group in by_step.items()
    ]


def _kind(step: TaskStep) -> TaskKind:
    match step:
        case CallTask():
            return TaskKind.CALL
        case LetterTask():
            return TaskKind.LETTER
        case _:
            assert_never(step)


def _listed(turns: Iterable[Turn]) -> tuple[ListedInvoice, ...]:
    return tuple(
        ListedInvoice(
            invoice_id=turn.invoice.id, step_id=turn.rung.step.id, cycle=turn.rung.cycle, open=turn.invoice.open
        )
        for turn in turns
    )


def _broken_promise_on(turns: Iterable[Turn], situation: Situation) -> date | None:
    """Return the promised day that the mail may call broken: of a promise that a person had confirmed (law 4).

    Only the first mail after the break says so; a later one would nag about the same thing.
    """
    facts, local_day = situation.facts, situation.calendar.local_day
    broken = [
        promise.due_on
        for promise in facts.promises
        if promise.state is PromiseState.BROKEN and promise.confirmed
        for turn in turns
        if turn.invoice.id in promise.invoice_ids
        and not turn.is_thanks
        and not any(
            done.was_said and local_day(done.at) > promise.pauses_until_on for done in facts.steps_of(turn.invoice.id)
        )
    ]
    return max(broken, default=None)
