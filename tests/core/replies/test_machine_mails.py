"""Machines are told from people, and what came back is understood: measured over `tests/emails/machine`."""

from __future__ import annotations

from functools import cache

import pytest

from tests.core.replies.machine_mails import FIGURES, Score, all_mails, scores

MAILS = all_mails()
PARTS = ("looked at", "kept aside")
WANTED = {
    "kind": 0.98,
    "hard or soft": 0.95,
    "delayed": 0.95,
    "cause": 0.95,
    "failed address": 0.95,
    "code": 0.95,
    "our message": 1.0,
    "people taken for machines": 1.0,
    "machines read as promises": 1.0,
}


@cache
def measured(part: str) -> dict[str, Score]:
    """The figures of one part, or of all mails."""
    return scores(one for one in MAILS if part not in PARTS or one.is_aside is (part == "kept aside"))


def test_the_figures_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        for part in PARTS:
            line = ", ".join(f"{name} {one.right}/{one.all}" for name, one in measured(part).items())
            print(f"\nmachine mail, {part}: {line}")


@pytest.mark.parametrize("name", WANTED)
def test_each_figure_is_reached_over_all_mails(name: str) -> None:
    both = measured("all")[name]
    assert both.share >= WANTED[name], both.wrong


def test_there_are_enough_and_no_name_is_used_twice() -> None:
    people = sum(one.kind.value == "human" for one in MAILS)
    assert len({one.name for one in MAILS}) == len(MAILS)
    assert (len(MAILS) - people, people) >= (130, 40)
    assert people >= 40
    assert set(WANTED) <= set(FIGURES)
