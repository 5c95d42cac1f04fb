"""One rung read from its table, and what must hold for the rungs of a policy together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from mailer.domain.ids import StepId
from mailer.reminders.fields import Fields
from mailer.reminders.steps import Anchor, CallTask, EmailStep, FinalNotice, HoldNotice, LetterTask, Step, Timing

#: How policy files call the kinds; the first three are said by mail.
KINDS: dict[str, type[Step]] = {
    "email": EmailStep,
    "hold_notice": HoldNotice,
    "final_notice": FinalNotice,
    "call": CallTask,
    "letter": LetterTask,
}
_ANCHORS = (Anchor.BEFORE_DUE, Anchor.AFTER_DUE, Anchor.AFTER_PAYMENT)
_MOST_DAYS = 366


def read_step(table: Mapping[str, object], number: int) -> tuple[Step | None, list[str]]:
    """Return the rung that one `[[steps]]` table describes (None when it has problems) and the problems.

    `number` counts from 1 and names the table as long as its id is not readable.
    """
    named = table.get("id")
    fields = Fields(table, where=f"step {named!r}" if isinstance(named, str) else f"step number {number}")
    step_id, timing = StepId(fields.name("id")), fields.timing("when")
    word = fields.text("kind", default="email")
    if word not in KINDS:
        fields.problem("kind", f"is {word!r}: write one of {', '.join(KINDS)}")
        return None, fields.problems
    step = _step(fields, KINDS[word], step_id, timing)
    fields.finish()
    return (None if fields.problems else step), fields.problems


def _step(fields: Fields, kind: type[Step], step_id: StepId, timing: Timing) -> Step:
    every, limit = _repeat(fields)
    if issubclass(kind, CallTask):
        instructions = fields.text("instructions")
        return kind(id=step_id, timing=timing, repeat_every_days=every, repeat_limit=limit, instructions=instructions)
    template = fields.name("template") if fields.has("template") else step_id
    if issubclass(kind, LetterTask):
        return kind(
            id=step_id,
            timing=timing,
            repeat_every_days=every,
            repeat_limit=limit,
            template=template,
            instructions=fields.text("instructions"),
        )
    return kind(
        id=step_id,
        timing=timing,
        repeat_every_days=every,
        repeat_limit=limit,
        template=template,
        useful_days=fields.number("useful_days", default=5, least=1, most=60),
    )


def _repeat(fields: Fields) -> tuple[int | None, int]:
    if not fields.has("repeat_every_days") and not fields.has("repeat_limit"):
        return None, 0
    every = fields.number("repeat_every_days", least=1, most=_MOST_DAYS)
    return every, fields.number("repeat_limit", least=1, most=100)


def ladder_problems(steps: Sequence[Step]) -> list[str]:
    """Return what is wrong with the rungs of a policy taken together: one sentence each, naming step, field, cure."""
    ids = [step.id for step in steps]
    twice = {step_id for step_id in ids if ids.count(step_id) > 1}
    return [
        *(f"step {step_id!r}: id is used twice: give each step its own" for step_id in sorted(twice)),
        *_order_problems(steps),
        *_kind_problems(steps),
        *_repeat_problems(steps),
    ]


def _order_problems(steps: Sequence[Step]) -> list[str]:
    problems = [
        f"step {later.id!r}: when is {later.timing.words!r}, which does not come after {earlier.timing.words!r} of"
        f" step {earlier.id!r}: put the steps in the order of time, at most one a day"
        for earlier, later in pairwise(steps)
        if _place(later) <= _place(earlier)
    ]
    thanks = [step for step in steps if step.timing.anchor is Anchor.AFTER_PAYMENT]
    return problems + [
        f"step {step.id!r}: when is after payment, as for {thanks[0].id!r}: keep one of them" for step in thanks[1:]
    ]


def _place(step: Step) -> tuple[int, int]:
    """The place of a rung in time: pre-due rungs first, the furthest from the due date leading."""
    days = step.timing.days
    return _ANCHORS.index(step.timing.anchor), -days if step.timing.anchor is Anchor.BEFORE_DUE else days


def _kind_problems(steps: Sequence[Step]) -> list[str]:
    problems = [
        f"step {step.id!r}: kind must be email {step.timing.words}: calls, letters and notices come after due"
        for step in steps
        if step.timing.anchor is not Anchor.AFTER_DUE and not isinstance(step, EmailStep)
    ]
    overdue = [step for step in steps if step.timing.anchor is Anchor.AFTER_DUE]
    if not overdue:
        problems.append('steps: none comes after due: add one, such as when = "1 day after due"')
    elif not isinstance(overdue[0], EmailStep):
        problems.append(
            f"step {overdue[0].id!r}: kind must be email, because it is the first after due and nobody's first mail is"
            " a notice: put an email step before it"
        )
    return problems


def _repeat_problems(steps: Sequence[Step]) -> list[str]:
    overdue = [step for step in steps if step.timing.anchor is Anchor.AFTER_DUE]
    return [
        f"step {step.id!r}: repeat_every_days is for the last step after due only: remove it"
        for step in steps
        if step.repeat_every_days is not None and step is not (overdue[-1] if overdue else None)
    ]
