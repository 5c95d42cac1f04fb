"""Business days of the demo (Monday to Friday; its weeks have no holidays), and the clock that the story moves."""

from __future__ import annotations

from datetime import date, datetime, timedelta

_SATURDAY = 5


class MovableClock:
    """A clock that stands still until the story moves it; `at` is aware UTC."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """Return the present of the demo."""
        return self.at


def business_day_after(day: date, count: int) -> date:
    """Return the business day so many business days after a day; with 0, the day itself."""
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < _SATURDAY
    return day


def business_days(first: date, count: int) -> tuple[date, ...]:
    """Return so many business days from a first one on, which is one itself."""
    return tuple(business_day_after(first, number) for number in range(count))
