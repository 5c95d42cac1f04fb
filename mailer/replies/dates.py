"""Dates as debtors write them, found in a text and resolved against the mail's own local date.

Numeric dates follow the order of the sender's country; words follow the rules of the language's phrase file. Every
date keeps its place, and the other days it may mean: a date with two readings is never certain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, cast

from mailer.replies.phrases import DateRule, Language
from mailer.replies.resolvers import RESOLVERS, Resolved, Said

DateKind = Literal["exact", "by", "approx"]
#: Countries that write the month first in numbers.
MONTH_FIRST = frozenset({"US", "PH", "PR", "GU", "FM", "MH", "PW"})

_CENTURY = 100
_MAX_MONTH = 12
_NEAR = timedelta(days=90)
_ISO = re.compile(r"(?<![\d.,/-])(\d{4})-(\d{1,2})-(\d{1,2})(?![\d/-])")
_DOTTED = re.compile(r"(?<![\w.,/:-])(\d{1,2})\. ?(\d{1,2})\.(?: ?(\d{4}|\d{2})(?!\d|\.\d))?(?!\d)")
_DOTTED_YEAR = re.compile(r"(?<![\w.,/:-])(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?!\d|\.\d)")
_SLASHED = re.compile(r"(?<![\w.,/:$€£-])(\d{1,2})([/-])(\d{1,2})(?:\2(\d{4}|\d{2}))?(?![\d/%]|-\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFound:
    """A date in a text: offsets, the words, the day meant when it lies ahead, and when it lies behind (`past_on`).

    `is_mention`: the words before it show that it is the date of something else (an invoice, a letter, a delivery).
    """

    start: int
    end: int
    text: str
    on: date
    kind: DateKind
    rule: str
    alternatives: tuple[date, ...] = ()
    past_on: date | None = None
    is_mention: bool = False


def find_dates(text: str, *, anchor: date, country: str, language: Language) -> tuple[DateFound, ...]:
    """Return the dates of a text in order, without overlaps (the longest wins).

    `anchor` is the local date of the mail; `country` (ISO 3166-1) decides 05/12; `text` has single-line words.
    """
    found = [*_numeric(text, anchor, country)]
    for rule in language.date_rules:
        for hit in rule.pattern.finditer(text):
            resolved = _resolve(rule, hit, anchor, language)
            if resolved is not None:
                found.append(_found(hit.start(), hit.end(), text, resolved, rule.kind, rule.id))
    kept: list[DateFound] = []
    for one in sorted(found, key=lambda each: (each.start - each.end, each.start)):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return tuple(_in_place(one, text, language) for one in sorted(kept, key=lambda each: each.start))


def _found(start: int, end: int, text: str, resolved: Resolved, kind: str, rule: str) -> DateFound:
    return DateFound(
        start=start,
        end=end,
        text=text[start:end],
        on=resolved.on,
        kind=cast("DateKind", kind),
        rule=rule,
        alternatives=tuple(one for one in resolved.alternatives if one != resolved.on),
        past_on=resolved.past_on,
    )


def _in_place(found: DateFound, text: str, language: Language) -> DateFound:
    """Return the date with what the words before it say: "by", or that it belongs to something else."""
    before = text[max(0, found.start - 40) : found.start]
    said = f"{before}{found.text.split(' ')[0]} "  # "bis Freitag": the rule may have taken the word itself
    is_by = language.by.search(before) or language.by.search(said)
    kind: DateKind = "by" if is_by and found.kind == "exact" else found.kind
    return replace(found, kind=kind, is_mention=bool(language.mention.search(before)))


def _resolve(rule: DateRule, hit: re.Match[str], anchor: date, language: Language) -> Resolved | None:
    groups = {name.rstrip("23"): value for name, value in hit.groupdict().items() if value}

    def number(name: str) -> int | None:
        return int(groups[name]) if name in groups else None

    count = groups.get("number", "")
    said = Said(
        day=number("day"),
        month=language.months.get(groups.get("month", "").lower()),
        year=number("year"),
        weekday=language.weekdays.get(groups.get("weekday", "").lower()),
        week=number("week"),
        n=int(count) if count.isdigit() else language.numbers.get(count.lower(), rule.n),
        unit=_unit(groups.get("unit", "d")),
    )
    return RESOLVERS[rule.resolver](said, anchor)


def _unit(word: str) -> str:
    """Return d, w or m: in the languages we read, weeks begin with w or s, months with m, days with anything else."""
    first = word[0].lower()
    return {"w": "w", "s": "w", "m": "m"}.get(first, "d")


def _numeric(text: str, anchor: date, country: str) -> list[DateFound]:
    found: list[DateFound] = []
    for hit in _ISO.finditer(text):
        found += _dated(hit, text, anchor, (int(hit[3]), int(hit[2]), int(hit[1])), "iso")
    for pattern in (_DOTTED, _DOTTED_YEAR):
        for hit in pattern.finditer(text):
            found += _dated(hit, text, anchor, (int(hit[1]), int(hit[2]), _year(hit[3])), "dotted")
    for hit in _SLASHED.finditer(text):
        first, second, year = int(hit[1]), int(hit[3]), _year(hit[4])
        if hit[2] == "-" and year is None:
            continue  # "10-12 days" is a range
        day, month = (second, first) if country in MONTH_FIRST else (first, second)
        if month > _MAX_MONTH:
            day, month = month, day
        dated = _dated(hit, text, anchor, (day, month, year), "slashed")
        other = _dated(hit, text, anchor, (month, day, year), "slashed")
        found += [replace(one, alternatives=_also_near(other, one.on, anchor)) for one in dated]
    return found


def _also_near(other: list[DateFound], on: date, anchor: date) -> tuple[date, ...]:
    """Return the day in the other order when it too might be meant: people abroad write as at home."""
    return tuple(one.on for one in other if one.on != on and one.on - anchor <= _NEAR)


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text) + 2000 if int(text) < _CENTURY else int(text)


def _dated(
    hit: re.Match[str], text: str, anchor: date, parts: tuple[int, int, int | None], rule: str
) -> list[DateFound]:
    day, month, year = parts
    resolved = RESOLVERS["day_month"](Said(day=day, month=month, year=year), anchor)
    return [_found(hit.start(), hit.end(), text, resolved, "exact", rule)] if resolved else []
