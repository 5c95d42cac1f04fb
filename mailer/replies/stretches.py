"""The words around one day, where a clause says several things: "the 60 I'll pay on Monday, the other 40 never".

How a clause is meant is found out for all of it. Where the weights are sure of a promise, it is asked again for the
stretch alone that holds the day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.replies.dates import DateFound
from mailer.replies.passage import Clause, Passage
from mailer.replies.slots import COUNTED, days_ahead

#: Days of the moment of writing: a condition before them moves them, one that only follows does not.
_AT_HAND = frozenset({"today", "at_once", "tomorrow"})
#: A stretch of fewer words besides its day says nothing by itself.
_FEWEST_WORDS = 2
_MARKS_BETWEEN = re.compile(r"[,;:()]| [-\u2013\u2014] ")
_JOINTS = re.compile(
    r"(?<=\s)(?=(?:and|but|so|that|because|as|i'll|we'll|(?:i|we) (?:will|can|shall)"
    r"|und|aber|oder|dass|weil|damit|sondern|et|mais|ou|que|car|donc|en|maar|want|dat|zodat|y|pero|porque"
    r"|e|ma|che|perche|quindi)\b)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Part of a clause: offsets into its text."""

    start: int
    end: int


def meant_day(words: Passage, clause: Clause) -> DateFound | None:
    """Return the first day ahead whose stretch denies, asks, supposes and reports nothing, None when there is none."""
    days = days_ahead(words, clause)
    for stretch in _stretches(words, clause) if days else ():
        mine = [day for day in days if stretch.start <= day.start - clause.start < stretch.end]
        if mine and _is_meant(words, clause, stretch) and not _is_moved(words, clause, stretch, mine[0]):
            return mine[0]
    return None


def _stretches(words: Passage, clause: Clause) -> Iterator[Stretch]:
    """Cut at punctuation, joining words and conditions; no cut goes through a day or leaves a day with hardly a word."""
    inside = [(day.start - clause.start, day.end - clause.start) for day in clause.dates]
    cuts = {hit.end() for hit in _MARKS_BETWEEN.finditer(clause.plain)} | {
        hit.start() for pattern in (_JOINTS, words.language.marks["condition"]) for hit in pattern.finditer(clause.plain)
    }
    start = 0
    for cut in [*sorted(cuts), len(clause.plain)]:
        if cut <= start or any(first < cut < last for first, last in inside):
            continue
        text = clause.plain[start:cut]
        for first, last in inside:
            if start <= first < cut:
                text = text.replace(clause.plain[first:last], " ")
        if len(re.findall(r"[^\W\d_]{2,}", text)) < _FEWEST_WORDS and cut < len(clause.plain):
            continue
        yield Stretch(start=start, end=cut)
        start = cut


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
    """Whether the day counts from something that has none: what comes before says when."""
    if day.rule not in COUNTED:
        return False
    before = words.own[clause.sentence.start : clause.start + stretch.start].lower()
    after = clause.plain[stretch.end :]
    condition = words.language.marks["condition"]
    if day.rule in _AT_HAND:
        return bool(condition.search(before))
    return bool(condition.search(before) or condition.search(after) or clause.sentence.is_sequel)
