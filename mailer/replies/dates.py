"""Dates as debtors write them, found in a text and resolved against the mail's own local date.

Numeric dates follow the order of the sender's country; words follow the rules of the language's phrase file. Every
date keeps its place, and the other days it may mean: a date with two readings is never certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, cast

from mailer.replies.lookouts import words_in
from mailer.replies.phrases import DateRule, Language, searchable, word_key
from mailer.replies.resolvers import FROM_THAT_DAY, RESOLVERS
from mailer.replies.said import Resolved, Said, make_date

DateKind = Literal["exact", "by", "approx"]
#: Countries that write the month first in numbers.
MONTH_FIRST = frozenset({"US", "PH", "PR", "GU", "FM", "MH", "PW"})

#: Passed as the anchor of a mail that nobody can date: no day can be counted from it.
UNKNOWN_DAY = date.min
_FIRST_YEAR, _LAST_YEAR = 1971, 2200

_CENTURY = 100
_MAX_MONTH = 12
_NEAR = timedelta(days=90)
#: What every date in figures has: no search for any of them without it.
_FIGURES = re.compile(r"\d[./-] ?\d")
_ISO = re.compile(r"(?<![\d.,/-])(\d{4})-(\d{1,2})-(\d{1,2})(?![\d/-])")
_DOTTED = re.compile(r"(?<![\w.,:-])(?<!\d/)(\d{1,2})\. ?(\d{1,2})\.(?: ?(\d{4}|\d{2})(?!\d|\.\d))?(?!\d)")
_DOTTED_YEAR = re.compile(r"(?<![\w.,/:-])(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?!\d|\.\d)")
#: "am 30.11", "op 4-12": without its last dot or its year, only behind a word that stands before days.
_BARE = re.compile(
    r"(?<!\w)(?:am|bis|zum|vom|spätestens|le|du|au|el|del|op|per|uiterlijk|voor|il|entro il|on|by)(?: zum| op)? "
    r"(\d{1,2})[.-](0?[1-9]|1[0-2])(?![\w%/-]|[.,]\d)"
    r"(?! ?(?:[€$£]|eur|chf|usd|gbp|uhr|uur|h\b|dag|day|jour|dia|giorn|we[ek]))",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"(?<![\w.,/:$€£-])(\d{1,2})([/-])(\d{1,2})(?:\2(\d{4}|\d{2}))?(?![\d/%]|-\d)")
#: Counted from the day that is written in front of them, where one is.
_COUNTED = frozenset({"in_days", "week_today", "fortnight", "fifteen", "eight"})
_NUMERIC_RULES = frozenset({"iso", "dotted", "bare", "slashed"})
#: Between a weekday and its date.
_NEAR_GAP = re.compile(r"[ ,.(]{0,3}(?:the |den |dem |der |le |el |il |de |am |on |dia )?", re.IGNORECASE)
_SHORT_WEEKDAY = 5
#: Between a day and the same day said in another way.
_AGAIN = re.compile(
    r"[^.!?;]{0,24}[,(\u2013-] ?(?:that's|that is|i\.e\.|which is|das ist|d\.h\.|also|c'est-a-dire|soit|qui est|dat is"
    r"|dus|oftewel|que es|o sea|es decir|che e'?|cioe|ossia)(?: (?:a|the|on|ein|am|den|der|un|une|le|de|el|il|op))? ",
    re.IGNORECASE,
)
#: A day without its month before another one: "the 25th or", "20.-", "entre el 25 y el".
_FIRST_OF_TWO = re.compile(
    r"(?<![\w.,/])(\d{1,2})(?:st|nd|rd|th|\.|er|[\u00ba\u00b0]|ste|e)? ?"
    r"(?:[-\u2013/]|to|bis|or|oder|und|and|au|ou|et|al|o|y|e|en|of|tot)"
    r" ?(?:the |dem |den |zum |am |le |el |il |de |op )?$",
    re.IGNORECASE,
)


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
    A mail of another age (`UNKNOWN_DAY`, a wrong clock) has no dates.
    """
    if not _FIRST_YEAR <= anchor.year <= _LAST_YEAR:
        return ()
    found = [*_numeric(text, anchor, country)]
    small = searchable(text)
    places = language.date_lookout.places(words_in(small))
    anywhere = language.date_lookout.anywhere_in(small)
    likely = [one for one in language.date_rules if one.id in places or one.id in anywhere]
    for rule in sorted(likely, key=lambda one: one.resolver in FROM_THAT_DAY):
        pattern = language.patterns[rule.id]
        for hit in pattern.finditer(small) if rule.id in anywhere else _hits(pattern, small, places[rule.id]):
            start = _that_day(found, hit.start(), anchor) if rule.resolver in FROM_THAT_DAY else anchor
            resolved = _resolve(rule, hit, start, language) if start else None
            if resolved is not None:
                found.append(_found(hit.start(), hit.end(), text, resolved, rule.kind, rule.id))
    kept: list[DateFound] = []
    for one in sorted(found, key=lambda each: (each.start - each.end, each.start)):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return tuple(_in_place(one, text, language) for one in _joined(sorted(kept, key=lambda each: each.start), text))


def _hits(pattern: re.Pattern[str], text: str, places: Sequence[int]) -> Iterator[re.Match[str]]:
    """Yield what `finditer` would, looking only where something may begin."""
    match, end = pattern.match, 0
    for place in places:
        if place >= end and (hit := match(text, place)):
            end = hit.end()
            yield hit


def _joined(kept: list[DateFound], text: str) -> list[DateFound]:
    """Return the dates with a weekday right before a date made one with it: "Monday 11/30"."""
    joined: list[DateFound] = []
    for one in kept:
        day = joined[-1] if joined else None
        if day and day.rule.startswith("weekday") and _is_near(day, one, text) and _is_day(one):
            other = () if day.on.weekday() == one.on.weekday() else (day.on,)
            whole = text[day.start : one.end]
            joined[-1] = replace(one, start=day.start, text=whole, alternatives=(*one.alternatives, *other))
        elif day and one.rule == "today" and _NEAR_GAP.fullmatch(text[day.end : one.start]):
            pass  # "tomorrow, close of play"
        elif day and day.rule == "today" and one.rule in _COUNTED and _NEAR_GAP.fullmatch(text[day.end : one.start]):
            joined[-1] = replace(one, start=day.start, text=text[day.start : one.end])  # "today in a fortnight"
        elif day and _says_again(day, one, text[day.end : one.start]):
            joined[-1] = one if day.rule.startswith("weekday") else day
        else:
            joined.append(one)
    return joined


def _is_near(day: DateFound, one: DateFound, text: str) -> bool:
    """Whether a date stands right behind a weekday; a full stop may only end a short one ("Fr. 30.11.")."""
    gap = text[day.end : one.start]
    return bool(_NEAR_GAP.fullmatch(gap)) and ("." not in gap or len(day.text.split()[-1]) <= _SHORT_WEEKDAY)


def _says_again(one: DateFound, other: DateFound, between: str) -> bool:
    """Whether a weekday and a day with its number are one: "the Friday after Easter, that's the 25th"."""
    is_weekday = one.rule.startswith("weekday") != other.rule.startswith("weekday")
    is_same = one.on.weekday() == other.on.weekday() and (_is_day(one) or _is_day(other))
    return is_weekday and is_same and bool(_AGAIN.fullmatch(between))


def _is_day(found: DateFound) -> bool:
    return found.rule in _NUMERIC_RULES or found.rule.startswith(("day_month", "the_day"))


def _that_day(found: list[DateFound], place: int, anchor: date) -> date | None:
    """Return the last day named before a place, None when there is none, or it has gone by."""
    before = [one for one in found if one.end <= place]
    that = max(before, key=lambda one: (one.end, one.end - one.start)) if before else None
    return that.on if that and that.on >= anchor else None


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
    """Return the date with what the words before it say: "by", "the 25th or", or that it is another thing's."""
    before = searchable(text[max(0, found.start - 40) : found.start])
    words = language.before_dates.all_in(before, words_in(before))
    kind = found.kind
    if kind == "exact":
        said = f"{before}{searchable(found.text).split(' ')[0]} "  # "bis Freitag": the rule may have taken the word
        is_by = "by" in words or "by" in language.before_dates.all_in(said, words_in(said))
        kind = "by" if is_by else kind
    first = _first_of_two(before, found.on)
    if first is not None:
        found, kind = replace(found, alternatives=(*found.alternatives, first)), "approx"
    return replace(found, kind=kind, is_mention="mention" in words)


def _first_of_two(before: str, on: date) -> date | None:
    """Return the day that a bare number before a date names: the 25th in "25-27 November"."""
    hit = _FIRST_OF_TWO.search(before)
    first = make_date(on.year, on.month, int(hit[1])) if hit else None
    return first if first and first < on else None


def _resolve(rule: DateRule, hit: re.Match[str], anchor: date, language: Language) -> Resolved | None:
    groups = {name.rstrip("23"): value for name, value in hit.groupdict().items() if value}

    def number(name: str, words: Mapping[str, int]) -> int | None:
        said = groups.get(name, "")
        return int(said) if said.isdecimal() else words.get(word_key(said))

    count = number("number", language.numbers)
    said = Said(
        day=number("day", language.days),
        month=number("month", language.months) or number("monthnumber", {}),
        year=_year(groups.get("year")),
        weekday=number("weekday", language.weekdays),
        week=number("week", language.numbers),
        n=rule.n if count is None else count,
        unit=_unit(groups.get("unit", "d")),
    )
    return RESOLVERS[rule.resolver](said, anchor)


def _unit(word: str) -> str:
    """Return d, w or m: in the languages we read, weeks begin with w or s, months with m, days with anything else."""
    first = word[0].lower()
    return {"w": "w", "s": "w", "m": "m"}.get(first, "d")


def _numeric(text: str, anchor: date, country: str) -> list[DateFound]:
    found: list[DateFound] = []
    if not _FIGURES.search(text):
        return found
    for hit in _ISO.finditer(text):
        found += _dated(hit, text, anchor, (int(hit[3]), int(hit[2]), int(hit[1])), "iso")
    for pattern in (_DOTTED, _DOTTED_YEAR):
        for hit in pattern.finditer(text):
            found += _dated(hit, text, anchor, (int(hit[1]), int(hit[2]), _year(hit[3])), "dotted")
    for hit in _BARE.finditer(text):
        bare = _dated(hit, text, anchor, (int(hit[1]), int(hit[2]), None), "bare")
        found += [replace(one, start=hit.start(1), text=text[hit.start(1) : hit.end()]) for one in bare]
    for hit in _SLASHED.finditer(text):
        first, second, year = int(hit[1]), int(hit[3]), _year(hit[4])
        if hit[2] == "-" and year is None and not hit[3].startswith("0") and first <= second:
            continue  # "10-12 days" is a range; "14-11" cannot be one
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
    if not text:
        return None
    return int(text) + 2000 if int(text) < _CENTURY else int(text)


def _dated(
    hit: re.Match[str], text: str, anchor: date, parts: tuple[int, int, int | None], rule: str
) -> list[DateFound]:
    day, month, year = parts
    resolved = RESOLVERS["day_month"](Said(day=day, month=month, year=year), anchor)
    return [_found(hit.start(), hit.end(), text, resolved, "exact", rule)] if resolved else []
