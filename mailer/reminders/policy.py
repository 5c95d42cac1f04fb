"""A policy: the ladder of reminders and its rules, read from the values of a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from mailer.domain.customer import Customer
from mailer.domain.ids import StepId
from mailer.reminders.calendar import OFFICE_HOURS, SendWindow
from mailer.reminders.fields import Fields
from mailer.reminders.ladder_rules import ladder_problems, read_step
from mailer.reminders.steps import Anchor, CallTask, EmailStep, FinalNotice, HoldNotice, LetterTask, Step


class PolicyError(ValueError):
    """A policy file says something that cannot be followed; `problems` are all of them, each with its cure."""

    def __init__(self, name: str, problems: tuple[str, ...]) -> None:
        super().__init__(f"policy {name!r} cannot be used:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.name = name
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When to say what. `steps` are in the order of time: before due, after due, after payment.

    `version` identifies the file's bytes and goes on record with every decision. `min_gap_days` (local days) lie
    between two contacts with one customer, whatever the steps say. `grace_business_days` pass after a promised day
    before the promise counts as broken.
    """

    name: str
    version: str
    steps: tuple[Step, ...]
    min_gap_days: int = 5
    grace_business_days: int = 2
    window: SendWindow = OFFICE_HOURS

    def anchored(self, anchor: Anchor) -> tuple[Step, ...]:
        """Return the steps counted from that anchor, in the order of time."""
        return tuple(step for step in self.steps if step.timing.anchor is anchor)

    def step(self, step_id: StepId) -> Step | None:
        """Return the step of that name, None when the policy has none (any more)."""
        return next((step for step in self.steps if step.id == step_id), None)


def policy_from_values(values: Mapping[str, object], *, name: str, version: str) -> Policy:
    """Return the policy that parsed TOML describes (keys: see config/policies/standard.toml).

    Raises PolicyError with everything that is wrong with it.
    """
    fields = Fields({key: value for key, value in values.items() if key != "steps"}, where="top of the file")
    min_gap_days = fields.number("min_gap_days", default=5, least=1, most=90)
    grace_business_days = fields.number("grace_business_days", default=2, least=0, most=30)
    window = fields.window()
    fields.finish()
    steps, problems = _steps(values.get("steps"))
    if fields.problems or problems:
        raise PolicyError(name, (*fields.problems, *problems))
    return Policy(
        name=name,
        version=version,
        steps=steps,
        min_gap_days=min_gap_days,
        grace_business_days=grace_business_days,
        window=window,
    )


def _steps(tables: object) -> tuple[tuple[Step, ...], list[str]]:
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        return (), ["steps: there are none: add a [[steps]] table with id and when for every step"]
    read = [read_step(table, number) for number, table in enumerate(tables, start=1)]
    problems = [problem for _, found in read for problem in found]
    steps = tuple(step for step, _ in read if step is not None)
    # Steps that could not be read leave holes in the ladder; judging the rest would raise false alarms.
    return steps, problems or ladder_problems(steps)


def policy_name_for(customer: Customer, assignments: Mapping[str, str], default: str) -> str:
    """Return the name of a customer's policy: its own, else that of the first of its tags, else the default.

    `assignments` maps tag to policy name; their order, not that of the customer's tags, decides between several.
    """
    by_tag = (policy for tag, policy in assignments.items() if tag in customer.tags)
    return customer.policy or next(by_tag, default)


def describe(policy: Policy) -> tuple[str, ...]:
    """Return the policy in plain words, for listing and comparing: two lines of rules, then one line per step."""
    grace = policy.grace_business_days
    return (
        f"at least {policy.min_gap_days} days between two contacts; a promise has {grace} business days of grace",
        f"mail goes out {policy.window.words} local time",
        *(f"{step.timing.words}: {step.id} - {_in_words(step)}{_repetition(step)}" for step in policy.steps),
    )


def _in_words(step: Step) -> str:
    match step:
        case EmailStep():
            return f"mail {step.template!r}, within {step.useful_days} days"
        case HoldNotice():
            return f"notice of work stopping {step.template!r}, within {step.useful_days} days"
        case FinalNotice():
            return f"final notice {step.template!r}, within {step.useful_days} days"
        case CallTask():
            return f"task for a person: call ({step.instructions})"
        case LetterTask():
            return f"task for a person: letter {step.template!r} ({step.instructions})"
        case _:
            assert_never(step)


def _repetition(step: Step) -> str:
    if step.repeat_every_days is None:
        return ""
    return f"; again every {step.repeat_every_days} days, {step.repeat_limit} times"
