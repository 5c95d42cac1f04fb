"""When all sending stops, for every size of house."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.reminders.breaker import (
    CLOCK_TOLERANCE,
    BreakerLimits,
    FreezeCode,
    RunFacts,
    behind,
    is_small,
    jumped,
    verdict,
)

LIMITS = BreakerLimits(messages=50, percent=50, floor=20)
NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
numbers = st.integers(0, 400)
limits_of = st.builds(
    BreakerLimits, messages=st.integers(1, 300), percent=st.integers(1, 100), floor=st.integers(0, 100)
)


@st.composite
def runs(draw: st.DrawFn) -> RunFacts:
    due, sent = draw(numbers), draw(numbers)
    return RunFacts(
        due=due,
        sent=sent,
        concerned=draw(st.integers(0, due + sent)),
        owing=draw(numbers),
        daily=tuple(draw(st.lists(st.integers(1, 100), max_size=30))),
    )


def run(due: int, sent: int = 0, *, concerned: int = 1, owing: int = 1000, daily: tuple[int, ...] = ()) -> RunFacts:
    return RunFacts(due=due, sent=sent, concerned=concerned, owing=owing, daily=daily)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (run(50), None),
        (run(51), FreezeCode.RUN_SIZE),
        (run(20, 31), FreezeCode.RUN_SIZE),
        (run(0, 400, concerned=300), None),  # it has happened; nothing is there to hold back
        (run(90, daily=(30, 31, 29)), None),
        (run(91, daily=(30, 30, 30)), FreezeCode.RUN_SIZE),
        (run(51, daily=(1000,)), FreezeCode.RUN_SIZE),  # one big first run is no custom
        (run(91, daily=(30, 30, 30, 30, 2000)), FreezeCode.RUN_SIZE),  # nor is one among others
        (run(21, concerned=21, owing=41), FreezeCode.RUN_SHARE),
        (run(21, concerned=21, owing=42), None),
        (run(20, concerned=20, owing=20), None),
        (run(30, concerned=10, owing=10), None),
    ],
)
def test_so_much_is_ordinary(facts: RunFacts, code: FreezeCode | None) -> None:
    found = verdict(facts, LIMITS)
    assert (found.code if found else None) == code


@given(facts=runs(), limits=limits_of, due=numbers, sent=numbers, concerned=numbers)
def test_a_bigger_run_is_never_let_through_where_a_smaller_one_is_not(
    facts: RunFacts, limits: BreakerLimits, due: int, sent: int, concerned: int
) -> None:
    bigger = replace(facts, due=facts.due + due, sent=facts.sent + sent, concerned=facts.concerned + concerned)
    if verdict(facts, limits):
        assert verdict(bigger, limits)


@given(facts=runs(), limits=limits_of, more=numbers)
def test_wider_limits_and_a_busier_custom_never_stop_more(facts: RunFacts, limits: BreakerLimits, more: int) -> None:
    if verdict(facts, limits) is None:
        for wider in (replace(limits, messages=limits.messages + more), replace(limits, floor=limits.floor + more)):
            assert verdict(facts, wider) is None
        assert verdict(replace(facts, daily=tuple(many + more for many in facts.daily)), limits) is None


@given(facts=runs(), limits=limits_of)
def test_a_released_list_never_freezes_again(facts: RunFacts, limits: BreakerLimits) -> None:
    """Once released, messages count neither as due nor, on their way out, as sent: nothing of them is judged."""
    assert verdict(replace(facts, due=0), limits) is None


@given(facts=runs(), limits=limits_of)
def test_a_small_house_never_freezes_by_its_share(facts: RunFacts, limits: BreakerLimits) -> None:
    found = verdict(replace(facts, concerned=min(facts.concerned, limits.floor)), limits)
    assert found is None or found.code is FreezeCode.RUN_SIZE


@given(facts=runs(), limits=limits_of)
def test_what_is_small_passes_whatever_the_rest_is(facts: RunFacts, limits: BreakerLimits) -> None:
    if is_small(facts.due, facts.sent, limits):
        assert verdict(facts, limits) is None


@given(facts=runs(), limits=limits_of)
def test_the_reason_has_the_numbers(facts: RunFacts, limits: BreakerLimits) -> None:
    found = verdict(facts, limits)
    if found:
        assert str(facts.due if found.code is FreezeCode.RUN_SIZE else facts.concerned) in found.why


@given(hours=st.floats(-1e6, 1e6))
def test_a_clock_may_jump_26_hours_either_way_and_no_more(hours: float) -> None:
    moved = timedelta(hours=hours)
    found = jumped(moved)
    assert (found is not None) == (abs(moved) > CLOCK_TOLERANCE)
    if found:
        assert ("forward" in found.why) == (hours > 0)


@given(hours=st.floats(-1e5, 1e5))
def test_a_clock_may_be_26_hours_behind_the_record_and_ahead_as_far_as_it_likes(hours: float) -> None:
    """An outage of months looks like a clock far ahead, and is none."""
    assert (behind(NOW + timedelta(hours=hours), NOW) is not None) == (timedelta(hours=hours) > CLOCK_TOLERANCE)
    assert behind(None, NOW) is None
