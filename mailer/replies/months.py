"""Days that are counted in months, quarters and years: "the last Friday of the month", "mid December"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from mailer.replies.said import Resolved, Resolver, Said, add_business_days, day_month, make_date, month_end

_FRIDAY = 4
_LAST_MONTH = 12


def _end_of_month(_: Said, anchor: date) -> Resolved | None:
    return Resolved(on=month_end(anchor.year, anchor.month))


def _end_of_next_month(_: Said, anchor: date) -> Resolved | None:
    return Resolved(on=month_end(anchor.year, anchor.month + 1))


def _day_of_next_month(said: Said, anchor: date) -> Resolved | None:
    end = month_end(anchor.year, anchor.month + 1)
    on = make_date(end.year, end.month, said.day or said.n)
    return Resolved(on=on) if on else None


def _day_of_this_month(said: Said, anchor: date) -> Resolved | None:
    on = make_date(anchor.year, anchor.month, said.day or said.n)
    return Resolved(on=on, past_on=on if on <= anchor else None) if on else None


def _day_of_last_month(said: Said, anchor: date) -> Resolved | None:
    end = month_end(anchor.year, anchor.month - 1)
    on = make_date(end.year, end.month, said.day or said.n)
    return Resolved(on=on, past_on=on) if on else None


def _next_month(anchor: date, months: int) -> date:
    """Return the first day of the month so many months later."""
    end = month_end(anchor.year, anchor.month + months)
    return end.replace(day=1)


def _coming_month(choose: Callable[[date, Said], date | None], *, is_next: bool = False) -> Resolver:
    """Return a resolver that chooses a day of the month named, of next month, or of the first one where it lies ahead.

    `choose` gets the first day of a month.
    """

    def resolve(said: Said, anchor: date) -> Resolved | None:
        months = range(1, 2) if is_next else range(13)
        for first in (_next_month(anchor, shift) for shift in months):
            on = choose(first, said) if said.month in (None, first.month) else None
            if on is not None and on >= anchor:
                return Resolved(on=on)
        return None

    return resolve


def _nth_weekday(first: date, said: Said) -> date | None:
    """Return the nth such weekday (Friday unless said) of a month, the last for n below 0."""
    weekday = _FRIDAY if said.weekday is None else said.weekday
    n = said.day or said.n
    if n < 0:
        end = month_end(first.year, first.month)
        return end - timedelta(days=(end.weekday() - weekday) % 7)
    on = first + timedelta(days=(weekday - first.weekday()) % 7, weeks=n - 1)
    return on if on.month == first.month else None


def _nth_working_day(first: date, said: Said) -> date | None:
    """Return the nth weekday Monday to Friday of a month, the last for n below 0."""
    n = said.day or said.n
    if n < 0:
        end = month_end(first.year, first.month)
        return end - timedelta(days=max(0, end.weekday() - _FRIDAY))
    return add_business_days(first - timedelta(days=1), n)


def _end_of_quarter(_: Said, anchor: date) -> Resolved | None:
    return Resolved(on=month_end(anchor.year, (anchor.month + 2) // 3 * 3))


def _fixed_day(said: Said, anchor: date) -> Resolved | None:
    """Resolve the days that have names: n = 1225 is Christmas."""
    return day_month(Said(day=said.n % 100, month=said.n // 100, year=said.year), anchor)


def _of_named_month(day: int) -> Resolver:
    def resolve(said: Said, anchor: date) -> Resolved | None:
        for year in (anchor.year, anchor.year + 1):
            on = date(year, said.month or 1, said.n or day) if day else month_end(year, said.month or 1)
            if on >= anchor:
                return Resolved(on=on)
        return None

    return resolve


def _end_of_year(_: Said, anchor: date) -> Resolved | None:
    return Resolved(on=date(anchor.year, _LAST_MONTH, 31))


#: What a date rule of a phrase file may name, of months and longer.
RESOLVERS: Mapping[str, Resolver] = {
    "end_of_month": _end_of_month,
    "end_of_next_month": _end_of_next_month,
    "day_of_next_month": _day_of_next_month,
    "day_of_this_month": _day_of_this_month,
    "day_of_last_month": _day_of_last_month,
    "nth_weekday": _coming_month(_nth_weekday),
    "nth_weekday_of_next_month": _coming_month(_nth_weekday, is_next=True),
    "nth_working_day": _coming_month(_nth_working_day),
    "nth_working_day_of_next_month": _coming_month(_nth_working_day, is_next=True),
    "end_of_quarter": _end_of_quarter,
    "fixed_day": _fixed_day,
    "end_of_named_month": _of_named_month(0),
    "mid_month": _of_named_month(15),
    "early_month": _of_named_month(5),
    "end_of_year": _end_of_year,
}
