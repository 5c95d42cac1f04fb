"""Lists of days and sums: a payment in parts, as a mail proposes it. It binds nobody until a person agrees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from mailer.domain.money import ClaimedAmount
from mailer.domain.reading import Instalment
from mailer.replies.passage import Clause, Passage, Sentence
from mailer.replies.said import month_end
from mailer.replies.slots import days_ahead

_MOST = 60
_MONTHLY = re.compile(
    r"\b(?:(?:a|per|each|every|the same) month|monthly|of (?:each|every) month|im monat|pro monat|monatlich\w*|"
    r"jeden monat|"
    r"monatsrate\w*|par mois|chaque mois|mensu\w+|al mes|por mes|cada mes|per maand|elke maand|maandelijks\w*|"
    r"al mese|ogni mese|mensil\w*|rate mensili)\b",
    re.IGNORECASE,
)
_WEEKLY = re.compile(
    r"\b(?:(?:a|per|each|every) week|weekly|pro woche|w\u00f6chentlich\w*|jede woche|par semaine|chaque semaine|"
    r"por semana|"
    r"a la semana|cada semana|semanal\w*|per week|wekelijks\w*|elke week|a(?:lla)? settimana|ogni settimana|"
    r"settimanal\w*)\b",
    re.IGNORECASE,
)
_NUMBERS = {
    word: value
    for value, words in {
        2: "two zwei deux dos twee due", 3: "three drei trois tres drie tre", 4: "four vier quatre cuatro quattro",
        5: "five f\u00fcnf cinq cinco vijf cinque",
        6: "six sechs seis zes sei", 7: "seven sieben sept siete zeven sette",
        8: "eight acht huit ocho otto", 9: "nine neun neuf nueve negen nove", 10: "ten zehn dix diez tien dieci",
        12: "twelve zw\u00f6lf douze doce twaalf dodici",
    }.items()
    for word in words.split()
}  # fmt: skip
#: "in three instalments", "sechs Monate", "in drie termijnen".
_COUNT = re.compile(
    rf"\b(\d{{1,2}}|{'|'.join(_NUMBERS)})\s+(?:\w+\s+)?(?:instal\w+|payments|parts|months|weeks|raten|monats\w*|"
    rf"teil\w*|"
    r"monate\w*|wochen|fois|mensualit\w+|versements|\u00e9ch\u00e9ances|mois|semaines|plazos|cuotas|pagos|meses|"
    r"semanas|"
    r"termijnen|maanden|weken|delen|rate|mesi|settimane|versamenti)\b",
    re.IGNORECASE,
)
_STARTING = (
    r"\b(?:start\w*|begin\w*|from|first|ab|beginnend|erste\w*|d[\u00e8e]s|partir de|d[\u00e9e]but\w*|desde|vanaf|dal?)"
    r"(?: in| im| en| on)? "
)
#: Sentences behind the proposal that may still list its parts.
_REACH = 12


def instalments(passage: Passage, clauses: tuple[Clause, ...]) -> tuple[Instalment, ...]:
    """Return the parts of a payment that are listed in some clauses' sentences and behind them, in order of days.

    A regular sum ("£116 a month, eight months, from 1 November") is written out when its number is said, else its
    first part stands for all. One day alone is no list.
    """
    reach = _reach(passage, clauses)
    listed = _listed(passage, reach)
    regular = _regular(passage, reach, listed)
    if regular:
        return regular
    return listed if len(listed) > 1 else ()


def _reach(passage: Passage, clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    if not clauses:
        return ()
    sentences = passage.sentences
    first = next(number for number, one in enumerate(sentences) if one is clauses[0].sentence)
    wanted = sentences[max(0, first - 1) : first + _REACH]
    return tuple(clause for clause in passage.clauses if clause.sentence in wanted)


def _listed(passage: Passage, clauses: tuple[Clause, ...]) -> tuple[Instalment, ...]:
    parts: dict[date, ClaimedAmount | None] = {}
    with_sum: set[Sentence] = {clause.sentence for clause in clauses if clause.amounts}
    for clause in clauses:
        # Days in sentences without a sum, among sentences with one, are of something else.
        for on, amount in _pairs(passage, clause) if not with_sum or clause.sentence in with_sum else ():
            if amount is not None or on not in parts:
                parts[on] = amount
    return tuple(Instalment(on=on, amount=parts[on]) for on in sorted(parts))


def _pairs(passage: Passage, clause: Clause) -> Iterator[tuple[date, ClaimedAmount | None]]:
    """Yield each day of a clause with the sum nearest to it; sums of one clause go to one day each."""
    free = list(clause.amounts)
    for day in days_ahead(passage, clause):
        nearest = min(free, key=lambda one: min(abs(one.end - day.start), abs(day.end - one.start)), default=None)
        if nearest is not None:
            free.remove(nearest)
        yield day.on, nearest.claim if nearest else None


def _regular(passage: Passage, clauses: tuple[Clause, ...], listed: tuple[Instalment, ...]) -> tuple[Instalment, ...]:
    for clause in clauses:
        sums = [one.claim for one in clause.amounts if one.claim.amount is not None]
        is_monthly = bool(_MONTHLY.search(clause.text))
        if not sums or not (is_monthly or _WEEKLY.search(clause.text)):
            continue
        start = _start(passage, clauses, listed)
        if start is None:
            return ()
        count = _count(clauses)
        return tuple(
            Instalment(on=_shifted(start, number, is_monthly=is_monthly), amount=sums[0]) for number in range(count)
        )
    return ()


def _start(passage: Passage, clauses: tuple[Clause, ...], listed: tuple[Instalment, ...]) -> date | None:
    """Return the first day of a regular payment: "on the 1st of each month, starting in December"."""
    days = sorted(
        {one.on for one in listed} | {one.on for near in clauses for one in near.dates if one.on > passage.anchor}
    )
    months = sorted(passage.language.months, key=len, reverse=True)
    named = re.compile(rf"{_STARTING}({'|'.join(months)})\b", re.IGNORECASE)
    hit = next((found for clause in clauses if (found := named.search(clause.text))), None)
    if hit is None or not days:
        return days[0] if days else None
    month = passage.language.months[hit[1].lower()]
    return next((later for n in range(12) if (later := _shifted(days[0], n, is_monthly=True)).month == month), days[0])


def _count(clauses: tuple[Clause, ...]) -> int:
    for clause in clauses:
        hit = _COUNT.search(clause.text)
        if hit:
            said = hit[1].lower()
            return max(1, min(_MOST, int(said) if said.isdecimal() else _NUMBERS[said]))
    return 1


def _shifted(start: date, number: int, *, is_monthly: bool) -> date:
    if not is_monthly:
        return start + timedelta(weeks=number)
    end = month_end(start.year, start.month + number)
    is_end = start == month_end(start.year, start.month)
    return end if is_end else end.replace(day=min(start.day, end.day))
