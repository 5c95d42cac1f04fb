"""Which day, of those in the sender's words, belongs to a payment: promised or made. For detectors of any kind.

All functions take clauses of one passage (`mailer.replies.passage`) and return what they choose with its place, so
that whoever found the intent, by phrases or by a model, gets the same slots.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from mailer.domain.reading import Finding
from mailer.replies.dates import DateFound
from mailer.replies.passage import Clause, Passage

#: Without its year, a day further ahead than this lies behind ("to be paid on 15.10.", written on the 20th).
_TOO_FAR = timedelta(days=200)
#: "Check went Thursday the 22nd": with no future tense, a day just gone is likelier than the same day next month.
_JUST_GONE = timedelta(days=20)
#: So near behind a word for paying, a day is the day of paying.
_BESIDE = 25
#: Days that are counted from the moment of writing, or from an event that is named beside them.
COUNTED = frozenset(
    {"in_days", "business_days", "fortnight", "fifteen", "eight", "today", "at_once", "tomorrow", "hours"}
)
#: The day a bank reckons with is not the day of the payment.
_VALUE = re.compile(
    r"\b(?:value(?: date)?|valuta|wertstellung|valeur|valor|fecha valor)(?: am| au| al| del?)? $", re.IGNORECASE
)
#: So many days, each near the one before, are those of instalments.
_MANY = 3
#: Several days of a payment in parts: the first is the one that is promised.
_IN_PARTS = re.compile(
    r"\b(?:instal\w+|(?:two|equal) (?:parts|halves|payments)|raten|tranches?|echeances|(?:en|in) (?:deux|dos|due) "
    r"(?:fois|parties|veces|pagos|plazos|parti|volte|tranche|rate|versements|cuotas)|cuotas|termijnen"
    r"|twee (?:keer|delen)|zwei (?:teilen|raten|halften))\b",
    re.IGNORECASE,
)
#: What stands between two days that are the ends of one stretch of time.
_BETWEEN = re.compile(
    r"[ ,]{0,4}(?:-|\u2013|/|to|till|or|and|bis|oder|und|au|ou|et|al|o|y|e|a|tot|of|en|bzw\.?|respectively)"
    r"(?: (?:on|the|by|am|zum|den|dem|le|el|il|la|op|de|at the latest))? {0,4}",
    re.IGNORECASE,
)


def clauses_of(finding: Finding, passage: Passage) -> tuple[Clause, ...]:
    """Return the clauses that prove a finding, in order."""
    return tuple(
        clause
        for clause in passage.clauses
        if any(proof.start < clause.end and clause.start < proof.end for proof in finding.evidence)
    )


def days_ahead(passage: Passage, clause: Clause) -> tuple[DateFound, ...]:
    """Return the dates of a clause that lie ahead and belong to no other thing."""
    return tuple(
        one
        for one in clause.dates
        if not one.is_mention
        and one.on >= passage.anchor
        and (one.on - passage.anchor <= _TOO_FAR or str(one.on.year) in one.text)
    )


def is_likelier_past(found: DateFound, passage: Passage) -> bool:
    """Whether a day without its year is likelier the one just gone than the one far ahead."""
    behind = passage.anchor - found.past_on if found.past_on else None
    return behind is not None and timedelta(0) < behind <= _JUST_GONE and found.on - passage.anchor > _JUST_GONE


def is_after_event(passage: Passage, clause: Clause, said: DateFound) -> bool:
    """Whether a day counts from something that has no day itself: "once it works we pay within 10 days"."""
    others = [one for one in passage.of_sentence(clause.sentence) if one is not clause]
    has_anchor = any(days_ahead(passage, one) for one in others)
    is_tied = clause.sentence.is_conditional or clause.sentence.is_sequel
    return is_tied and said.rule in COUNTED and not has_anchor


def chosen_day(passage: Passage, clause: Clause, dates: tuple[DateFound, ...]) -> DateFound | None:
    """Return the day of the payment among some dates of a clause (`days_ahead`), None when there are none.

    The ends of one stretch of time give its end, approximately. Several sums on several days, and a list of days, give
    the first. Else the day after the word for paying is chosen, or the last one.
    """
    dates = tuple(one for one in dates if not _VALUE.search(clause.text[: one.start - clause.start])) or dates
    dates = tuple(one for one in dates if not _is_aside(one, clause)) or dates
    if len(dates) <= 1:
        return dates[0] if dates else None
    gaps = [(a.end - clause.start, b.start - clause.start) for a, b in itertools.pairwise(dates)]
    if _IN_PARTS.search(clause.plain):
        return dates[0]
    if all(_BETWEEN.fullmatch(clause.text[start:end]) for start, end in gaps):
        last = max(dates, key=lambda one: one.on)
        earlier = tuple(one.on for one in dates if one.on != last.on)
        return replace(last, kind="approx" if earlier else last.kind, alternatives=(*last.alternatives, *earlier))
    is_list = len(dates) >= _MANY and all(end - start <= _BESIDE for start, end in gaps)
    if len(clause.amounts) > 1 or is_list:
        return dates[0]
    words = [clause.start + hit.end() for hit in passage.language.marks["payment"].finditer(clause.plain)]
    after = [one for one in dates for word in words if 0 <= one.start - word <= _BESIDE]
    return after[-1] if after else dates[-1]


def _is_aside(found: DateFound, clause: Clause) -> bool:
    """Whether a day stands in brackets: "on Tuesday (bank holiday Monday)"."""
    before = clause.text[: found.start - clause.start]
    return before.rfind("(") > before.rfind(")")


def paid_day(clauses: Iterable[Clause]) -> DateFound | None:
    """Return the first day of some clauses that lies behind and belongs to no other thing; `past_on` is the day."""
    past = [one for clause in clauses for one in clause.dates if one.past_on and not one.is_mention]
    return past[0] if past else None
