"""The wait that a server asks for, found in its words and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.channels.retry_after import MOST_SECONDS, retry_after_seconds

WORDS = [
    ("4.2.0 Greylisted, please try again in 300 seconds", 300),
    ("4.7.1 Try again in 5 minutes", 300),
    ("4.2.1 Postgrey: greylisted for 180 seconds", 180),
    ("retry after 60", 60),
    ("Retry-After: 120", 120),
    ("4.3.2 come back after 1 hour", 3600),
    ("please wait 10 min", 600),
    ("try later; next window in about 2h", 7200),
    ("try again in 99999 hours", MOST_SECONDS),
    ("IN 7 MINUTES", 420),
    ("4.2.0 try again later", None),
    ("4.7.0 mail from 10.0.0.25 refused", None),
    ("4.4.2 timeout after 30", None),
    ("4.1.8 looked for 3 records", None),
    ("retry in 0 seconds", None),
    ("in 10.5.3 minutes", None),
    ("session id 300 seconds", None),
    ("", None),
]


@pytest.mark.parametrize(("words", "seconds"), WORDS)
def test_the_wait_is_read_as_a_person_would(words: str, seconds: int | None) -> None:
    assert retry_after_seconds(words) == seconds


@given(st.text())
def test_whatever_is_said_the_wait_is_bearable(words: str) -> None:
    seconds = retry_after_seconds(words)
    assert seconds is None or 1 <= seconds <= MOST_SECONDS


@given(st.integers(1, 10_000), st.sampled_from([("second", 1), ("minute", 60), ("hour", 3600)]))
def test_any_number_of_any_unit_counts(number: int, unit: tuple[str, int]) -> None:
    name, seconds = unit
    said = f"451 4.7.1 Please try again in {number} {name}{'s' if number > 1 else ''}."
    assert retry_after_seconds(said) == min(number * seconds, MOST_SECONDS)
