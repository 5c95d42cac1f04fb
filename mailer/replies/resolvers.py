"""From the words of a date to a day: pure arithmetic, anchored at the mail's own local date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from mailer.replies import months
from mailer.replies.said import Resolved, Resolver, Said, add_business_days, coming, day_month, day_of_month, month_end

_HOURS = 24
_FRIDAY = 4
_SATURDAY = 5
_LAST_WEEK = 53


def _weekday(said: Said, anchor: date) -> Resolved | None:
    weekday = said.n if said.weekday is None else said.weekday
    on = coming(weekday, anchor)
    past = anchor - timedelta(days=(anchor.weekday() - weekday - 1) % 7 + 1)
    # "Friday" written on a Friday: today or in a week.
    return Resolved(on=on, alternatives=(anchor,) if weekday == anchor.weekday() else (), past_on=past)


def _next_weekday(said: Said, anchor: date) -> Resolved | None:
    """Resolve "next Friday": written Monday to Thursday the one of the following week is more likely meant."""
    first = coming(said.weekday or 0, anchor)
    second = first + timedelta(days=7)
    if first.isocalendar()[1] == anchor.isocalendar()[1]:
        return Resolved(on=second, alternatives=(first,))
    return Resolved(on=first, alternatives=(second,))


def _last_weekday(said: Said, anchor: date) -> Resolved | None:
    past = anchor - timedelta(days=(anchor.weekday() - (said.weekday or 0) - 1) % 7 + 1)
    return Resolved(on=past, past_on=past)


def _monday_after(anchor: date, weeks: int) -> date:
    return anchor - timedelta(days=anchor.weekday()) + timedelta(weeks=weeks)


def _weekday_of_next_week(said: Said, anchor: date) -> Resolved | None:
    """Resolve "Tuesday next week", and with n days after its Monday "early next week"."""
    return Resolved(on=_monday_after(anchor, 1) + timedelta(days=said.n if said.weekday is None else said.weekday))


def _weekday_of_week_after_next(said: Said, anchor: date) -> Resolved | None:
    return Resolved(on=_monday_after(anchor, 2) + timedelta(days=said.weekday or 0))


def _weekday_and_day(said: Said, anchor: date) -> Resolved | None:
    """Resolve "Friday 27": no other number stands there when that day is such a weekday."""
    found = day_of_month(said, anchor)
    return None if found is None or found.alternatives else found


def _weekday_after_week(said: Said, anchor: date) -> Resolved | None:
    """Resolve "Monday week", "lundi en huit", and with n = 2 "a fortnight on Monday": weeks after the coming one."""
    first = anchor if anchor.weekday() == said.weekday else coming(said.weekday or 0, anchor)
    return Resolved(on=first + timedelta(weeks=said.n or 1))


def _weekday_after(said: Said, anchor: date) -> Resolved | None:
    return Resolved(on=coming(said.weekday or 0, anchor))


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


def _in_hours(said: Said, anchor: date) -> Resolved | None:
    return Resolved(on=anchor + timedelta(days=-(-said.n // _HOURS)))


def _in_business_days(said: Said, anchor: date) -> Resolved | None:
    return Resolved(on=add_business_days(anchor, said.n))


def _ago(said: Said, anchor: date) -> Resolved | None:
    days = said.n * {"d": 1, "w": 7, "m": 30}[said.unit]
    past = anchor - timedelta(days=days)
    return Resolved(on=past, past_on=past)


def _last_week(said: Said, anchor: date) -> Resolved | None:
    past = _monday_after(anchor, -1) + timedelta(days=_FRIDAY if said.weekday is None else said.weekday)
    return Resolved(on=past, past_on=past)


def _end_of_week(_: Said, anchor: date) -> Resolved | None:
    weeks = 1 if anchor.weekday() >= _SATURDAY else 0  # said on a weekend, the coming week is meant
    return Resolved(on=_monday_after(anchor, weeks) + timedelta(days=_FRIDAY))


def _end_of_next_week(said: Said, anchor: date) -> Resolved | None:
    """Resolve "end of next week", and with n = 2 "the week after next"."""
    return Resolved(on=_monday_after(anchor, said.n or 1) + timedelta(days=_FRIDAY))


def _week_commencing(said: Said, anchor: date) -> Resolved | None:
    resolve = day_month if said.month else day_of_month
    first = resolve(said, anchor - timedelta(days=6))
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
    **months.RESOLVERS,
    "day_month": day_month,
    "day_of_month": day_of_month,
    "weekday": _weekday,
    "weekday_and_day": _weekday_and_day,
    "next_weekday": _next_weekday,
    "last_weekday": _last_weekday,
    "weekday_of_next_week": _weekday_of_next_week,
    "weekday_of_last_week": _last_week,
    "weekday_of_week_after_next": _weekday_of_week_after_next,
    "weekday_after_week": _weekday_after_week,
    "in_days": _in_days,
    "earlier_today": _earlier_today,
    "in_units": _in_units,
    "in_hours": _in_hours,
    "in_business_days": _in_business_days,
    "ago": _ago,
    "end_of_week": _end_of_week,
    "end_of_next_week": _end_of_next_week,
    "week_commencing": _week_commencing,
    "calendar_week": _calendar_week,
    # These count from the day named before them in the text, not from the mail's own.
    "that_day": _in_days,
    "weekday_after_that": _weekday_after,
    "units_after_that": _in_units,
}
#: Resolvers whose anchor is the last day named before them.
FROM_THAT_DAY = frozenset({"that_day", "weekday_after_that", "units_after_that"})
