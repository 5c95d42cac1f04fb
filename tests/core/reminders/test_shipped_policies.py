"""The policies that come with Duly."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from mailer.reminders.policy import Policy, policy_from_values
from mailer.reminders.steps import Anchor, CallTask, LetterTask
from tests.core.reminders.samples import invoice, mail, planned, step

FOLDER = Path(__file__).parents[3] / "config" / "policies"


def shipped(name: str) -> Policy:
    return policy_from_values(tomllib.loads((FOLDER / f"{name}.toml").read_text()), name=name, version="v")


def test_the_standard_policy_needs_nobody() -> None:
    standard = shipped("standard")
    assert not [step for step in standard.steps if isinstance(step, (CallTask, LetterTask))]
    assert [step.id for step in standard.steps] == [
        "upcoming", "friendly", "second", "firm", "hold_notice", "final_notice"
    ]  # fmt: skip


def test_the_personal_policy_calls_after_two_mails_and_says_thanks() -> None:
    ids = [step.id for step in shipped("personal").steps]
    assert ids == ["upcoming", "friendly", "second", "call", "firm", "letter", "hold_notice", "final_notice", "thanks"]


@pytest.mark.parametrize("name", ["standard", "personal"])
def test_a_reminder_before_due_does_not_delay_the_first_word_after_it(name: str) -> None:
    found = mail(planned(1, invoice(), steps=(step("upcoming", -5),), policy=shipped(name)))
    assert found is not None
    assert found.template == "friendly"


@pytest.mark.parametrize("name", ["standard", "personal"])
def test_steps_lie_at_least_the_gap_apart(name: str) -> None:
    days = [step.timing.days for step in shipped(name).anchored(Anchor.AFTER_DUE)]
    assert all(later - earlier >= 5 for earlier, later in pairwise(days))


def test_all_shipped_policies_are_looked_at_here() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == ["personal", "standard"]
