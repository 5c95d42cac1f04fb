"""The parts of a date as people say them, what they mean, and the reckoning with days that all resolvers share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The parts of a date as said; None where nothing was. `n` is a count, `unit` its first letter (d, w, m)."""

    day: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None
    week: int | None = None
    n: int = 0
    unit: str = "d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A day; other days that the same words may mean; and the day they mean when they speak of the past."""

    on: date
    alternatives: tuple[date, ...] = ()
    past_on: date | None = None


Resolver = Callable[[Said, date], Resolved | None]


def make_date(year: int, month: int, day: int) -> date | None:
    """Return a date, None when there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def month_end(year: int, month: int) -> date:
    """Return the last day of a month; months beyond 12 run into the next year."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)


def add_business_days(start: date, days: int) -> date:
    """Return the day that many weekdays later; public holidays are not known to the words of a mail."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < _SATURDAY
    return day


def day_month(said: Said, anchor: date) -> Resolved | None:
    """Resolve a day and month: without a year the next such day, and the last one for what lies behind."""
    month, day = said.month or 0, said.day or 0
    if said.year:
        on = make_date(said.year, month, day)
        past = on if on and on <= anchor else None
    else:
        years = [make_date(anchor.year + shift, month, day) for shift in (-1, 0, 1, 2, 3, 4)]
        on = next((one for one in years if one and one >= anchor), None)
        past = next((one for one in reversed(years) if one and one <= anchor), None)
    if on is None:
        return None
    return Resolved(on=on, alternatives=_if_other_weekday(said, on, past, anchor), past_on=past)


def _if_other_weekday(said: Said, on: date, past: date | None, anchor: date) -> tuple[date, ...]:
    """Return the next such weekday when the date said falls on another: one of the two is a slip."""
    if said.weekday is None or on.weekday() == said.weekday or (past and past.weekday() == said.weekday):
        return ()
    return (coming(said.weekday, anchor),)


def day_of_month(said: Said, anchor: date) -> Resolved | None:
    """Resolve a day alone ("the 15th"; `n` when no day is said) in the same way."""
    day = said.day or said.n
    months = [(anchor.year + (anchor.month - 1 + i) // 12, (anchor.month - 1 + i) % 12 + 1) for i in range(-2, 4)]
    days = [one for year, month in months if (one := make_date(year, month, day))]
    on = next((one for one in days if one >= anchor), None)
    past = next((one for one in reversed(days) if one <= anchor), None)
    if on is None:
        return None
    return Resolved(on=on, alternatives=_if_other_weekday(said, on, past, anchor), past_on=past)


def coming(weekday: int, anchor: date) -> date:
    """Return the next such weekday (Monday is 0) after a day."""
    return anchor + timedelta(days=(weekday - anchor.weekday() - 1) % 7 + 1)
