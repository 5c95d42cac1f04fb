"""Which amount, of those in the sender's words, belongs to which finding: what is promised, paid, disputed, offered.

Money is seldom said in the very clause that shows the intent, and a mail about two things names two sums. So this is
settled when all findings are known, whoever found them. Amounts stay claims.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from mailer.domain.money import ClaimedAmount
from mailer.domain.reading import Finding, Intent
from mailer.replies.amounts import AmountFound
from mailer.replies.passage import Clause, Passage, Sentence
from mailer.replies.slots import clauses_of

_WITH_AMOUNT = frozenset(
    {Intent.PROMISE, Intent.ALREADY_PAID, Intent.PLAN_REQUEST, Intent.OFFER, Intent.DISPUTE, Intent.REMITTANCE}
)
_PAID = frozenset({Intent.ALREADY_PAID, Intent.REMITTANCE})
#: Sentences around the one that shows it, in the order in which their sums are looked at.
_NEARBY = {Intent.DISPUTE: (1, -1, 2), Intent.OFFER: (-1, 1), Intent.ALREADY_PAID: (1, 2), Intent.REMITTANCE: (1, 2, 3)}
#: Before a sum that is taken off another one, or is what is wrong with it.
_DIFFERENCE_BEFORE = re.compile(
    r"\b(?:differen\w+|varian\w+|deduct\w*|withh\w+|short(?:fall)?|credit(?: note)?(?: (?:of|for))?|overcharged?|"
    r"overbilled|excess|discount|rebate|refund|too (?:much|high)|take|knock|minus|less|differenz|abz[uü]g\w*|skonto|"
    r"gutschrift|einbehalt\w*|k[uü]rz\w*|zuviel|minder\w+|remise|avoir|[ée]cart|diff[ée]rence|escompte|d[ée]du\w+|moins|"
    r"retenue?|diferencia|descuento|abono|menos|deduc\w+|verschil|korting|creditnota|inhoud\w*|ingehouden|aftrek|"
    r"differenza|sconto|abbuono|nota di credito|detra\w+|trattenu\w+|nolo|for the)(?:\W+\w+){0,4}\W*$",
    re.IGNORECASE,
)
#: Behind such a sum.
_DIFFERENCE_AFTER = re.compile(
    r"^\W*(?:\w+ ){0,2}?(?:too (?:much|high)|over(?:charged)?|off|short|extra|more than|zu ?viel|zu hoch|mehr als|"
    r"skonto\w*|abzug|de trop|en trop|de m[áa]s|te ?veel|in pi[ùu]|tax|vat|freight|sales tax|discount|deduct\w*|"
    r"credit|bucks of|variance|difference|delivery charge|surcharge|shipping|outside)\b",
    re.IGNORECASE,
)
#: A sum of which another one is a part: "£500 of the £1,200".
_WHOLE_BEFORE = re.compile(
    r"\b(?:of|out of|from|instead of|not|von|statt|nicht|des|sur les?|au lieu de|de los|en vez de|van de|i\.?p\.?v\.?|"
    r"in plaats van|su|anziche|invece di|invece dei)(?: (?:the|den|die|total|your|ihren|vos|our))*\W*$",
    re.IGNORECASE,
)


def with_sums(found: tuple[Finding, ...], passage: Passage) -> tuple[Finding, ...]:
    """Return the findings with the amounts that the mail says for each; nothing else is changed."""
    money = [one for one in found if one.intent in _WITH_AMOUNT]
    places = {id(one): clauses_of(one, passage) for one in money}
    return tuple(
        replace(one, amount=_sum_of(one, places[id(one)], _others(one, money, places, passage), passage))
        if id(one) in places
        else one
        for one in found
    )


def _others(
    finding: Finding, money: list[Finding], places: dict[int, tuple[Clause, ...]], passage: Passage
) -> set[Clause]:
    """Return the clauses that prove another finding, and not this one; and the sentences where they stand alone."""
    mine = set(places[id(finding)])
    rivals = [one for one in money if one is not finding and not {one.intent, finding.intent} <= _PAID]
    theirs = {clause for one in rivals for clause in places[id(one)]} - mine
    sentences = {clause.sentence for clause in theirs} - {clause.sentence for clause in mine}
    return theirs | {clause for sentence in sentences for clause in passage.of_sentence(sentence)}


def _sum_of(finding: Finding, mine: tuple[Clause, ...], others: set[Clause], passage: Passage) -> ClaimedAmount | None:
    around = [clause for clause in _around(mine, passage) if clause not in others and clause not in mine]
    near = [clause for clause in _nearby(finding, mine, passage) if clause not in others]
    if finding.intent is Intent.DISPUTE:
        told = _difference((*mine, *around, *near)) or _reckoned(passage)
        if told:
            return told
    for clauses in (mine, around, near):
        said = _best(clauses, finding)
        if said:
            return said
    shares = [amount.claim for clause in (*mine, *around) for amount in clause.amounts]
    return shares[0] if shares else None


def _around(mine: Sequence[Clause], passage: Passage) -> list[Clause]:
    sentences = dict.fromkeys(clause.sentence for clause in mine)
    return [clause for sentence in sentences for clause in passage.of_sentence(sentence)]


def _nearby(finding: Finding, mine: Sequence[Clause], passage: Passage) -> Iterator[Clause]:
    sentences: tuple[Sentence, ...] = passage.sentences
    numbers = [number for number, one in enumerate(sentences) if any(clause.sentence is one for clause in mine)]
    for step in _NEARBY.get(finding.intent, ()) if numbers else ():
        number = (numbers[-1] if step > 0 else numbers[0]) + step
        if 0 <= number < len(sentences):
            yield from passage.of_sentence(sentences[number])


def _numbers(clauses: Iterable[Clause]) -> Iterator[tuple[Clause, AmountFound]]:
    for clause in clauses:
        for one in clause.amounts:
            if one.claim.amount is not None:
                yield clause, one


def _difference(clauses: Iterable[Clause]) -> ClaimedAmount | None:
    """Return the first sum that is said to be taken off, or too much."""
    said = list(_numbers(clauses))
    before = [one for clause, one in said if _DIFFERENCE_BEFORE.search(clause.text[: one.start - clause.start])]
    after = [one for clause, one in said if _DIFFERENCE_AFTER.search(clause.text[one.end - clause.start :])]
    return next((one.claim for one in (*before, *after)), None)


def _reckoned(passage: Passage) -> ClaimedAmount | None:
    """Return the sum by which two others in the mail differ: 6,389.00 billed, 6,000.00 ordered, 389.00."""
    claims = {Decimal(one.claim.amount or 0): one.claim for _, one in _numbers(passage.clauses)}
    values = sorted(claims, reverse=True)[:12]
    for whole, part in itertools.combinations(values, 2):
        rest = whole - part
        if rest in claims and rest not in (whole, part):
            return claims[min(part, rest)]
    return None


def _best(clauses: Iterable[Clause], finding: Finding) -> ClaimedAmount | None:
    """Return the sum that some clauses say: what is left when wholes and deductions beside a part are left out."""
    said = list(_numbers(clauses))
    if len(said) > 1 and finding.intent is not Intent.DISPUTE:
        said = [(clause, one) for clause, one in said if not _is_of_another(clause, one)] or said
    ranked = sorted((one for _, one in said), key=lambda one: one.claim.currency is None and "." not in one.claim.text)
    return ranked[0].claim if ranked else None


def _is_of_another(clause: Clause, one: AmountFound) -> bool:
    before = clause.text[: one.start - clause.start]
    after = clause.text[one.end - clause.start :]
    return bool(_WHOLE_BEFORE.search(before) or _DIFFERENCE_BEFORE.search(before) or _DIFFERENCE_AFTER.search(after))
