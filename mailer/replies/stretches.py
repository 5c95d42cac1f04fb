"""The words around one day, where a clause says several things: "the 60 I'll pay on Monday, the other 40 never".

How a clause is meant is found out for all of it. Where the weights are sure of a promise, it is asked again for the
stretch alone that holds the day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.replies.dates import DateFound
from mailer.replies.passage import Clause, Passage
from mailer.replies.slots import COUNTED, days_ahead

#: Days of the moment of writing: a condition before them moves them, one that only follows does not.
_AT_HAND = frozenset({"today", "at_once", "tomorrow"})
#: A stretch of fewer words besides its day says nothing by itself.
_FEWEST_WORDS = 2
_MARKS_BETWEEN = re.compile(r"[,;:()]| [-\u2013\u2014] ")
_ENDS = ",;:()-\u2013\u2014"
_AND = re.compile(r"(?:and|but|so|und|aber|sondern|et|mais|donc|en|maar|y|pero|e|ma|quindi)\b")
_JOINTS = re.compile(
    r"(?<=\s)(?=(?:and|but|so|because|as|i'll|we'll|(?:i|we) (?:will|can|shall)"
    r"|und|aber|oder|dass|weil|damit|sondern|et|mais|ou|que|car|donc|en|maar|want|dat|zodat|y|pero|porque"
    r"|e|ma|che|perche|quindi)\b)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Part of a clause: offsets into its text."""

    start: int
    end: int


def meant_day(words: Passage, clause: Clause, cue: re.Pattern[str] | None = None) -> DateFound | None:
    """Return the first day ahead whose stretch denies, asks, supposes and reports nothing, None when there is none.

    `cue`: it must stand in the stretch, too.
    """
    days = days_ahead(words, clause)
    for stretch in _stretches(words, clause) if days else ():
        mine = [day for day in days if stretch.start <= day.start - clause.start < stretch.end]
        if cue and not (cue.search(clause.plain[stretch.start : stretch.end]) and _is_apart(clause, stretch)):
            continue
        if mine and _is_meant(words, clause, stretch) and not _is_moved(words, clause, stretch, mine[0]):
            return mine[0]
    return None


def _is_apart(clause: Clause, stretch: Stretch) -> bool:
    """Whether what stands before a stretch does not govern it: "we don't think we will be paid" is one thing."""
    before = clause.plain[: stretch.start].rstrip()
    return not before or before[-1] in _ENDS or bool(_AND.match(clause.plain[stretch.start :].lstrip()))


def _stretches(words: Passage, clause: Clause) -> list[Stretch]:
    """Cut at punctuation, joining words and conditions; no cut goes through a day or leaves one with hardly a word."""
    conditions = [hit.span() for hit in words.language.marks["condition"].finditer(clause.plain)]
    whole = [*conditions, *((day.start - clause.start, day.end - clause.start) for day in clause.dates)]
    cuts = {
        *(hit.end() for hit in _MARKS_BETWEEN.finditer(clause.plain)),
        *(hit.start() for hit in _JOINTS.finditer(clause.plain)),
        *(start for start, _ in conditions),
    }
    found: list[Stretch] = []
    start = 0
    for cut in [*sorted(cuts), len(clause.plain)]:
        if cut <= start or any(first < cut < last for first, last in whole):
            continue
        if _says_something(clause, start, cut):
            found.append(Stretch(start=start, end=cut))
            start = cut
    if found and start < len(clause.plain):
        found[-1] = Stretch(start=found[-1].start, end=len(clause.plain))
    return found


def _says_something(clause: Clause, start: int, end: int) -> bool:
    """Whether there are words besides the days."""
    text = list(clause.plain)
    for day in clause.dates:
        text[day.start - clause.start : day.end - clause.start] = " " * (day.end - day.start)
    return len(re.findall(r"[^\W\d_]{2,}", "".join(text[start:end]))) >= _FEWEST_WORDS


def _is_meant(words: Passage, clause: Clause, stretch: Stretch) -> bool:
    marks, text = words.language.marks, clause.plain[stretch.start : stretch.end]
    if any(marks[name].search(text) for name in ("negation", "hypothetical", "habit", "reported", "past_pay")):
        return False
    if marks["condition"].match(text.lstrip()):
        return False
    asks = words.own[clause.start + stretch.end - 1 : clause.sentence.end].lstrip(" ,;:)").startswith("?")
    is_asked = marks["question"].search(text.strip()) and "?" in words.own[clause.start : clause.sentence.end + 1]
    is_thing = not clause.amounts and marks["thing"].search(text) and not marks["money"].search(text)
    return not (asks or "?" in text or is_asked or is_thing)


def _is_moved(words: Passage, clause: Clause, stretch: Stretch, day: DateFound) -> bool:
    """Whether the day counts from something that has none; a day at hand is moved by what comes before it only."""
    if day.rule not in COUNTED:
        return False
    whole = words.of_sentence(clause.sentence)
    before = [one.plain for one in whole if one.start < clause.start] + [clause.plain[: stretch.start]]
    after = [clause.plain[stretch.end :]] + [one.plain for one in whole if one.start > clause.start]
    looked_at = before if day.rule in _AT_HAND else [*before, *after]
    is_tied = any(words.language.marks["condition"].search(text) for text in looked_at)
    return is_tied or (day.rule not in _AT_HAND and clause.sentence.is_sequel)
