"""When a rung's time comes is said in words."""

from __future__ import annotations

from datetime import date

import pytest

from mailer.reminders.steps import Anchor, Timing

DUE = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("words", "anchor", "days", "since"),
    [
        ("3 days before due", Anchor.BEFORE_DUE, 3, date(2026, 2, 27)),
        ("1 day before due", Anchor.BEFORE_DUE, 1, date(2026, 3, 1)),
        ("on due date", Anchor.AFTER_DUE, 0, DUE),
        ("1 day after due", Anchor.AFTER_DUE, 1, date(2026, 3, 3)),
        ("60 days after due", Anchor.AFTER_DUE, 60, date(2026, 5, 1)),
        ("0 days after payment", Anchor.AFTER_PAYMENT, 0, DUE),
        ("2 days after payment", Anchor.AFTER_PAYMENT, 2, date(2026, 3, 4)),
    ],
)
def test_words_say_on_which_side_of_the_day_it_lies(words: str, anchor: Anchor, days: int, since: date) -> None:
    timing = Timing.from_words(words)
    assert timing == Timing(anchor=anchor, days=days)
    assert timing is not None
    assert (timing.since(DUE), timing.words) == (since, words)


@pytest.mark.parametrize("words", ["0 days before due", "0 days after due"])
def test_zero_days_are_the_due_date(words: str) -> None:
    assert Timing.from_words(words) == Timing.from_words("on due date")


@pytest.mark.parametrize(
    "words", ["", "-3 days after due", "+3 days after due", "3", "3 days", "3 days due", "three days after due",
              "3 days after due!", "3 weeks after due", "1.5 days after due", "99999 days after due", "days after due"]
)  # fmt: skip
def test_signs_and_guesses_are_not_understood(words: str) -> None:
    assert Timing.from_words(words) is None
