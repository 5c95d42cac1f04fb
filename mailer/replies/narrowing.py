"""Of several days that one sentence gives to a payment, the one that counts.

A payment in parts is promised for the day of its first part ("500 on the 3rd, the rest on the 17th"); a week that is
named with a day of it is that day ("in the week of the 14th, on the Thursday").
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from datetime import date, timedelta

from mailer.domain.reading import Finding
from mailer.replies.dates import DateFound
from mailer.replies.passage import Clause, Passage, folded
from mailer.replies.slots import days_ahead
from mailer.replies.thresholds import NOT_CERTAIN

#: Words for what is left when a part is paid, without accents.
_REST = re.compile(
    r"\b(?:rest\w*|balance|remain\w+|(?:the |l'|la |de |die |das )?(?:other|autre|otra|otro|altra|altro|andere[nrs]?)"
    r"(?: half| one| moitie| mitad| meta| helft| halfte)?|second\w*|deuxieme|segund[oa]|zweite\w*|tweede"
    r"|solde|saldo|resto|ubrige\w*|rimanent\w+|same again)\b",
)
#: What says how much the first part is.
_PART = re.compile(
    r"\d{2}|\b(?:half|halfte|halb\w*|moitie|mitad|meta|helft|quarter|viertel|quart|kwart|third|drittel|tiers|tercio"
    r"|terzo|hundred|hundert|thousand|tausend|cent\w*|mille|mil|duizend|honderd|first|erste\w*|premier\w*|primer\w*"
    r"|prim[ao]|eerste)\b",
)
#: Letters between the first part's day and the second one's.
_REACH = 90
#: What stands between a week and its day: "…, on the", "…, e precisamente".
_TO_ITS_DAY = re.compile(r"[ ,;(\u2013-]{0,3}(?:\w{1,15} ){0,2}")
_FRIDAY = 4


def narrowed(finding: Finding, clauses: tuple[Clause, ...], passage: Passage, promised: frozenset[date]) -> Finding:
    """Return a promise with the day that counts among those of its sentences; where that moves it, never certain.

    `promised`: the days of all promises of the mail. A first part that was found itself needs nobody to stand for it.
    """
    around = tuple(dict.fromkeys(one for clause in clauses for one in passage.of_sentence(clause.sentence)))
    days = [day for clause in around if not clause.is_negated for day in days_ahead(passage, clause)]
    chosen = next((day for day in days if day.on == finding.on), None)
    if chosen is None:
        return finding
    other = _first_part(chosen, days, passage) or _day_of_week(chosen, days, passage)
    if other is None or other.on in promised or other.on < passage.anchor:
        return finding
    confidence = min(finding.confidence, NOT_CERTAIN)
    return replace(finding, on=other.on, date_kind=other.kind, confidence=confidence)


def _first_part(chosen: DateFound, days: list[DateFound], passage: Passage) -> DateFound | None:
    """Return the day of the part before, when the words before the chosen day are about what is left."""
    before = [day for day in days if day.end <= chosen.start and day.on < chosen.on]
    first = before[0] if before else None
    if first is None or chosen.start - first.end > _REACH:
        return None
    start = next((one.start for one in passage.sentences if one.start <= first.start < one.end), first.start)
    ahead, between = (
        folded(passage.own[start : first.start].lower()),
        folded(passage.own[first.end : chosen.start].lower()),
    )
    is_second = _PART.search(ahead) and _PART.search(between)  # "300 by Thursday and 300 by Thursday week"
    is_rest = _REST.search(between) and _PART.search(ahead + between)
    return first if is_second or is_rest else None


def _day_of_week(chosen: DateFound, days: list[DateFound], passage: Passage) -> DateFound | None:
    """Return the day within a week that only its end stands for, named right behind it; either may be chosen."""
    for week, day in itertools.pairwise(days):
        is_week = "week" in week.rule and "weekday" not in week.rule and week.on.weekday() == _FRIDAY
        between = passage.own[week.end : max(week.end, day.start)]
        is_near = day.rule.startswith("weekday") and _TO_ITS_DAY.fullmatch(between)
        if chosen in (week, day) and week.kind == "approx" and is_week and is_near:
            return replace(day, on=week.on + timedelta(days=day.on.weekday() - _FRIDAY))
    return None
