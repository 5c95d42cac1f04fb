"""Dates as people write them: the order of day and month is decided by the whole file or by a person, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import combinations

from mailer.imports.rows import shown

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PARTS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})", re.ASCII)
#: Digits of a full year, of a short year or a day.
_LONG, _SHORT = 4, 2
#: Years outside are typing errors, not dates of invoices.
_FIRST_YEAR, _LAST_YEAR = 1980, 2100


class DateOrder(StrEnum):
    """In which order a file writes day, month and year; the values are those of `--date-order`."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"

    @property
    def words(self) -> str:
        """The order for people ("day/month/year")."""
        return "/".join({"d": "day", "m": "month", "y": "year"}[letter] for letter in self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class DateReadings:
    """Every reading one text allows. `contested`: the text alone does not tell which; an order has to be known."""

    by_order: Mapping[DateOrder, date]
    contested: bool

    def under(self, order: DateOrder | None) -> date | None:
        """Return the date under an order; without one only if all readings agree. None when there is none."""
        if order is not None and self.contested:
            return self.by_order.get(order)
        days = set(self.by_order.values())
        return days.pop() if len(days) == 1 else None


@lru_cache(maxsize=8192)
def date_readings(text: str) -> DateReadings:
    """Return what a date may mean. ISO 8601 (2026-12-25), any date with the year first, and 25.12.2026 mean one day.

    Two-digit years are of this century and may stand first or last; with dots the month never comes first.
    """
    if _ISO.fullmatch(text):
        return _settled(DateOrder.YMD, text[:4], text[5:7], text[8:])
    match = _PARTS.fullmatch(text)
    if match is None:
        return DateReadings(by_order={}, contested=False)
    first, separator, middle, last = match.groups()
    if len(first) == _LONG and len(last) <= _SHORT:
        return _settled(DateOrder.YMD, first, middle, last)
    if len(first) > _SHORT or len(last) not in {1, _SHORT, _LONG}:
        return DateReadings(by_order={}, contested=False)
    if separator == "." and len(last) == _LONG:
        return _settled(DateOrder.DMY, last, middle, first)
    readings = {DateOrder.DMY: _day(last, middle, first)}
    if separator != ".":
        readings[DateOrder.MDY] = _day(last, first, middle)
    if len(first) == len(last) == _SHORT:
        readings[DateOrder.YMD] = _day(first, middle, last)
    return DateReadings(by_order={order: day for order, day in readings.items() if day is not None}, contested=True)


def _settled(order: DateOrder, year: str, month: str, day: str) -> DateReadings:
    found = _day(year, month, day)
    return DateReadings(by_order={} if found is None else {order: found}, contested=False)


def _day(year: str, month: str, day: str) -> date | None:
    if len(year) not in {_SHORT, _LONG}:
        return None
    number = int(year) + (2000 if len(year) == _SHORT else 0)
    if not _FIRST_YEAR <= number <= _LAST_YEAR:
        return None
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFinding:
    """What the dates of a whole file say.

    `order` is None when no date needs one or when it cannot be told; then `doubt` is the sentence that says why.
    `because` is the sentence that says what decided, "" when nothing had to be decided.
    """

    order: DateOrder | None
    because: str = ""
    doubt: str = ""


class DateEvidence:
    """Gathers, over all dates of a file, which orders remain possible."""

    def __init__(self) -> None:
        self._seen = False
        self._excluded: dict[DateOrder, tuple[int, str]] = {}
        self._differ: dict[tuple[DateOrder, DateOrder], tuple[int, str]] = {}

    def add(self, line: int, text: str) -> None:
        """Take one date into account; texts that are no date under any order say nothing."""
        readings = date_readings(text)
        if not readings.contested or not readings.by_order:
            return
        self._seen = True
        for order in DateOrder:
            if order not in readings.by_order:
                self._excluded.setdefault(order, (line, text))
        for pair in combinations(readings.by_order, 2):
            if readings.by_order[pair[0]] != readings.by_order[pair[1]]:
                self._differ.setdefault(pair, (line, text))

    def finding(self) -> DateFinding:
        """Return what the file says by itself."""
        left = [order for order in DateOrder if order not in self._excluded]
        if not self._seen:
            return DateFinding(order=None)
        if not left:
            return DateFinding(order=None, doubt=self._contradiction())
        for pair in combinations(left, 2):
            if pair in self._differ:
                return DateFinding(order=None, doubt=_ambiguity(*self._differ[pair], left))
        return DateFinding(order=left[0], because=self._because(left[0]))

    def _contradiction(self) -> str:
        said = [(order, *self._excluded[order]) for order in (DateOrder.DMY, DateOrder.MDY)]
        reasons = [f"{shown(text)!r} on line {line} cannot be {order}" for order, line, text in said]
        return (
            f"The dates contradict each other: {' and '.join(reasons)}; "
            "give --date-order dmy, mdy or ymd to have the dates that do not fit reported as problems."
        )

    def _because(self, order: DateOrder) -> str:
        witness = next((found for other, found in self._excluded.items() if other != DateOrder.YMD), None)
        if witness is None:
            return f"Dates are read as {order.words}; every date that could be read otherwise means the same day."
        return f"Dates are read as {order.words}, because of {shown(witness[1])!r} on line {witness[0]}."


def _ambiguity(line: int, text: str, orders: list[DateOrder]) -> str:
    readings = date_readings(text).by_order
    choices = [f"--date-order {order} reads it as {readings[order].isoformat()}" for order in orders]
    return f"{shown(text)!r} on line {line} can mean different days and no other date decides: {', '.join(choices)}."
