"""Send windows, business days and holidays, in the customer's own time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.reminders.calendar import OFFICE_HOURS, SendCalendar, SendWindow, public_holidays

WEEKDAYS = frozenset(range(5))


def calendar(
    zone: str = "Europe/Berlin", *, opens: time = time(9), closes: time = time(17), **changes: frozenset[Any]
) -> SendCalendar:
    return SendCalendar(
        time_zone=zone,
        days=changes.get("days", WEEKDAYS),
        opens=opens,
        closes=closes,
        holidays=changes.get("holidays", frozenset()),
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "day"),
    [
        ("Europe/Berlin", "2026-01-31T23:30", date(2026, 2, 1)),
        ("America/New_York", "2026-02-01T03:00", date(2026, 1, 31)),
        ("Pacific/Auckland", "2026-01-31T12:00", date(2026, 2, 1)),
    ],
)
def test_the_day_is_the_customers(zone: str, now: str, day: date) -> None:
    assert calendar(zone).local_day(utc(now)) == day


@pytest.mark.parametrize(
    ("zone", "now", "is_open"),
    [
        ("Europe/Berlin", "2026-01-05T07:59", False),  # winter: 08:59
        ("Europe/Berlin", "2026-01-05T08:00", True),
        ("Europe/Berlin", "2026-07-06T07:00", True),  # summer: 09:00
        ("Europe/Berlin", "2026-07-06T15:00", False),  # 17:00: closed from then on
        ("Europe/Berlin", "2026-01-10T10:00", False),  # Saturday
        ("America/New_York", "2026-01-05T13:59", False),
        ("America/New_York", "2026-01-05T14:00", True),
    ],
)
def test_the_window_is_the_customers(zone: str, now: str, is_open: bool) -> None:  # noqa: FBT001
    assert calendar(zone).is_open(utc(now)) is is_open


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2026-01-05T10:00", "2026-01-05T10:00"),  # open: now
        ("2026-01-05T05:00", "2026-01-05T08:00"),
        ("2026-01-05T16:00", "2026-01-06T08:00"),
        ("2026-03-27T16:30", "2026-03-30T07:00"),  # over the weekend on which summer time begins
        ("2026-10-23T15:30", "2026-10-26T08:00"),  # and ends
    ],
)
def test_the_next_opening(now: str, opening: str) -> None:
    assert calendar().next_open(utc(now)) == utc(opening)


def test_holidays_are_closed() -> None:
    whit = calendar(holidays=frozenset({date(2026, 5, 25)}))
    assert not whit.is_open(utc("2026-05-25T10:00"))
    assert whit.next_open(utc("2026-05-22T18:00")) == utc("2026-05-26T07:00")
    assert whit.business_day_from(date(2026, 5, 23)) == date(2026, 5, 26)


@pytest.mark.parametrize(
    ("now", "opens", "closes", "opening"),
    [
        # The clock jumps from 02:00 to 03:00: a window inside that hour does not come that day.
        ("2026-03-28T23:00", time(2), time(3), "2026-03-30T00:00"),
        ("2026-03-28T23:00", time(2, 30), time(5), "2026-03-29T01:30"),
        # The clock shows 02:30 twice.
        ("2026-10-25T00:10", time(2, 30), time(2, 45), "2026-10-25T00:30"),
        ("2026-10-25T01:00", time(2, 30), time(2, 45), "2026-10-25T01:30"),
    ],
)
def test_nights_on_which_the_clock_is_changed(now: str, opens: time, closes: time, opening: str) -> None:
    every_day = calendar(opens=opens, closes=closes, days=frozenset(range(7)))
    assert every_day.next_open(utc(now)) == utc(opening)


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(["UTC", "Europe/London", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    now=st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
    days=st.frozensets(st.integers(0, 6), min_size=1),
    opens=st.integers(0, 22),
    hours=st.integers(1, 8),
)
def test_the_next_opening_is_open_and_nothing_opened_before(
    zone: str, now: datetime, days: frozenset[int], opens: int, hours: int
) -> None:
    found = calendar(zone, opens=time(opens), closes=time(min(opens + hours, 23), 30), days=days)
    now = now.replace(tzinfo=UTC)
    opening = found.next_open(now)
    assert opening >= now
    assert found.is_open(opening)
    assert (opening - now) < timedelta(days=9)
    half_hours = int((opening - now) / timedelta(minutes=30))
    earlier = [now + timedelta(minutes=30 * n) for n in range(half_hours)]
    assert [moment for moment in earlier if found.is_open(moment)] == []


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 1, 2), 0, date(2026, 1, 2)),
        (date(2026, 1, 3), 0, date(2026, 1, 3)),  # a Saturday stays one
        (date(2026, 1, 2), 1, date(2026, 1, 5)),
        (date(2026, 1, 2), 2, date(2026, 1, 7)),  # the 6th is a holiday
        (date(2026, 1, 3), 1, date(2026, 1, 5)),
    ],
)
def test_business_days_are_added_on_the_calendar(day: date, count: int, expected: date) -> None:
    assert calendar(holidays=frozenset({date(2026, 1, 6)})).add_business_days(day, count) == expected


@pytest.mark.parametrize(
    "broken", [{"days": frozenset()}, {"days": frozenset({9})}, {"opens": time(17)}, {"closes": time(9)}]
)
def test_a_window_that_never_opens_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must open"):
        calendar(**broken)


def test_a_policys_window_for_a_customer() -> None:
    window = SendWindow(days=frozenset({1, 3}), opens=time(8, 30), closes=time(12))
    found = SendCalendar.of(window, time_zone="Asia/Tokyo", holidays=frozenset({date(2026, 1, 1)}))
    assert (found.opens, found.closes, found.days, found.holidays) == (
        time(8, 30),
        time(12),
        frozenset({1, 3}),
        frozenset({date(2026, 1, 1)}),
    )
    assert found.local(utc("2026-01-01T00:00")) == datetime(2026, 1, 1, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert (window.words, OFFICE_HOURS.words) == ("tue thu 08:30-12:00", "mon tue wed thu fri 09:00-17:00")


@pytest.mark.parametrize(
    ("country", "day", "is_holiday"),
    [
        ("DE", date(2026, 10, 3), True),
        ("DE", date(2027, 5, 6), True),  # Ascension: the second year counts too
        ("de", date(2026, 12, 25), True),
        ("DE", date(2026, 12, 24), False),
        ("GB", date(2026, 12, 25), True),
        ("US", date(2026, 11, 26), True),
        ("XX", date(2026, 12, 25), False),
        ("", date(2026, 12, 25), False),
    ],
)
def test_public_holidays_come_from_the_library(country: str, day: date, is_holiday: bool) -> None:  # noqa: FBT001
    assert (day in public_holidays(country, 2026, 2027)) is is_holiday
