"""From the words of a date to a day: pure arithmetic, anchored at the mail's own local date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

_FRIDAY = 4
_SATURDAY = 5
_LAST_MONTH = 12
_LAST_WEEK = 53


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


def _day_month(said: Said, anchor: date) -> Resolved | None:
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
    return (_coming(said.weekday, anchor),)


def _day_of_month(said: Said, anchor: date) -> Resolved | None:
    day = said.day or 0
    months = [(anchor.year + (anchor.month - 1 + i) // 12, (anchor.month - 1 + i) % 12 + 1) for i in range(-2, 4)]
    days = [one for year, month in months if (one := make_date(year, month, day))]
    on = next((one for one in days if one >= anchor), None)
    past = next((one for one in reversed(days) if one <= anchor), None)
    if on is None:
        return None
    return Resolved(on=on, alternatives=_if_other_weekday(said, on, past, anchor), past_on=past)


def _coming(weekday: int, anchor: date) -> date:
    return anchor + timedelta(days=(weekday - anchor.weekday() - 1) % 7 + 1)


def _weekday(said: Said, anchor: date) -> Resolved | None:
    weekday = said.weekday or 0
    on = _coming(weekday, anchor)
    past = anchor - timedelta(days=(anchor.weekday() - weekday - 1) % 7 + 1)
    # "Friday" written on a Friday: today or in a week.
    return Resolved(on=on, alternatives=(anchor,) if weekday == anchor.weekday() else (), past_on=past)


def _next_weekday(said: Said, anchor: date) -> Resolved | None:
    """Resolve "next Friday": written Monday to Thursday the one of the following week is more likely meant."""
    coming = _coming(said.weekday or 0, anchor)
    is_this_week = coming.isocalendar()[1] == anchor.isocalendar()[1]
    if is_this_week:
        return Resolved(on=coming + timedelta(days=7), alternatives=(coming,))
    return Resolved(on=coming, alternatives=(coming + timedelta(days=7),))


def _last_weekday(said: Said, anchor: date) -> Resolved | None:
    past = anchor - timedelta(days=(anchor.weekday() - (said.weekday or 0) - 1) % 7 + 1)
    return Resolved(on=past, past_on=past)


def _monday_after(anchor: date, weeks: int) -> date:
    return anchor - timedelta(days=anchor.weekday()) + timedelta(weeks=weeks)


def _weekday_of_next_week(said: Said, anchor: date) -> Resolved | None:
    return Resolved(on=_monday_after(anchor, 1) + timedelta(days=said.weekday or 0))


def _weekday_after_week(said: Said, anchor: date) -> Resolved | None:
    """Resolve "Monday week" and "Montag in acht Tagen": a week after the coming one."""
    return Resolved(on=_coming(said.weekday or 0, anchor) + timedelta(days=7))


def _in_days(said: Said, anchor: date) -> Resolved | None:
    on = anchor + timedelta(days=said.n)
    return Resolved(on=on, past_on=on if said.n <= 0 else None)


def _earlier_today(_: Said, anchor: date) -> Resolved | None:
    """Resolve "this morning": no day ahead, so `on` is put behind the mail, where no promise looks for it."""
    return Resolved(on=anchor - timedelta(days=1), past_on=anchor)


def _in_units(said: Said, anchor: date) -> Resolved | None:
    if said.unit == "m":
        end = month_end(anchor.year, anchor.month + said.n)
        return Resolved(on=end.replace(day=min(anchor.day, end.day)))
    return Resolved(on=anchor + timedelta(days=said.n * (7 if said.unit == "w" else 1)))


def _in_business_days(said: Said, anchor: date) -> Resolved | None:
    return Resolved(on=add_business_days(anchor, said.n))


def _ago(said: Said, anchor: date) -> Resolved | None:
    days = said.n * {"d": 1, "w": 7, "m": 30}[said.unit]
    past = anchor - timedelta(days=days)
    return Resolved(on=past, past_on=past)


def _end_of_month(_: Said, anchor: date) -> Resolved | None:
    return Resolved(on=month_end(anchor.year, anchor.month))


def _end_of_next_month(_: Said, anchor: date) -> Resolved | None:
    return Resolved(on=month_end(anchor.year, anchor.month + 1))


def _of_named_month(day: int) -> Resolver:
    def resolve(said: Said, anchor: date) -> Resolved | None:
        for year in (anchor.year, anchor.year + 1):
            on = date(year, said.month or 1, day) if day else month_end(year, said.month or 1)
            if on >= anchor:
                return Resolved(on=on)
        return None

    return resolve


def _end_of_year(_: Said, anchor: date) -> Resolved | None:
    return Resolved(on=date(anchor.year, _LAST_MONTH, 31))


def _end_of_week(_: Said, anchor: date) -> Resolved | None:
    weeks = 1 if anchor.weekday() >= _SATURDAY else 0  # said on a weekend, the coming week is meant
    return Resolved(on=_monday_after(anchor, weeks) + timedelta(days=_FRIDAY))


def _end_of_next_week(_: Said, anchor: date) -> Resolved | None:
    return Resolved(on=_monday_after(anchor, 1) + timedelta(days=_FRIDAY))


def _week_commencing(said: Said, anchor: date) -> Resolved | None:
    first = _day_month(said, anchor - timedelta(days=6))
    return Resolved(on=first.on + timedelta(days=_FRIDAY)) if first else None


def _calendar_week(said: Said, anchor: date) -> Resolved | None:
    week = said.week or 0
    if not 1 <= week <= _LAST_WEEK:
        return None
    for year in (anchor.isocalendar()[0], anchor.isocalendar()[0] + 1):
        try:
            on = date.fromisocalendar(year, week, _FRIDAY + 1)
        except ValueError:
            continue
        if on >= anchor - timedelta(days=2):
            return Resolved(on=on)
    return None


#: What a date rule of a phrase file may name.
RESOLVERS: Mapping[str, Resolver] = {
    "day_month": _day_month,
    "day_of_month": _day_of_month,
    "weekday": _weekday,
    "next_weekday": _next_weekday,
    "last_weekday": _last_weekday,
    "weekday_of_next_week": _weekday_of_next_week,
    "weekday_after_week": _weekday_after_week,
    "in_days": _in_days,
    "earlier_today": _earlier_today,
    "in_units": _in_units,
    "in_business_days": _in_business_days,
    "ago": _ago,
    "end_of_month": _end_of_month,
    "end_of_next_month": _end_of_next_month,
    "end_of_named_month": _of_named_month(0),
    "mid_month": _of_named_month(15),
    "early_month": _of_named_month(5),
    "end_of_year": _end_of_year,
    "end_of_week": _end_of_week,
    "end_of_next_week": _end_of_next_week,
    "week_commencing": _week_commencing,
    "calendar_week": _calendar_week,
}
