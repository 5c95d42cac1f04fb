"""How findings in one mail weigh on each other: what another finding says better, or shows to be meant otherwise.

A detector sees its own words only. "Can we pay in three parts?" is one request and no question besides; the court of
an insolvency threatens nobody; dates in a remittance promise nothing. Nothing here adds a promise.
"""

from __future__ import annotations

import re
from dataclasses import replace

from mailer.domain.reading import Finding, Intent
from mailer.replies.intents.promise import FRAGMENT
from mailer.replies.passage import Clause, Passage, Sentence
from mailer.replies.thresholds import by_weights_alone

_LEAST_CONFIDENCE = 0.5
#: What a question often is: then it is no question besides.
_REQUESTS = frozenset(
    {
        Intent.COPY_REQUEST,
        Intent.PLAN_REQUEST,
        Intent.OFFER,
        Intent.BANK_DETAILS,
        Intent.VENDOR_SETUP,
        Intent.UNRELATED,
        Intent.WRONG_PARTY,
        Intent.REFUSAL,
        Intent.REDIRECT,
        Intent.STOP_CONTACT,
    }
)
#: Beside these, words that could be a reason for a dispute are part of what they say.
_EXPLAINED = frozenset(
    {
        Intent.VENDOR_SETUP,
        Intent.WRONG_PARTY,
        Intent.INSOLVENCY,
        Intent.BANK_DETAILS,
        Intent.UNRELATED,
        Intent.OFFER,
        Intent.HARDSHIP,
        Intent.REMITTANCE,
        Intent.TERMS,
        Intent.STOP_CONTACT,
        Intent.PLAN_REQUEST,
    }
)
#: Beside these, money without a day is no delay besides.
_NO_DELAY = frozenset(
    {
        Intent.PROMISE,
        Intent.APPROVAL_PENDING,
        Intent.OFFER,
        Intent.HARDSHIP,
        Intent.INSOLVENCY,
        Intent.REMITTANCE,
        Intent.ALREADY_PAID,
        Intent.UNRELATED,
        Intent.WRONG_PARTY,
        Intent.REFUSAL,
        Intent.COPY_REQUEST,
        Intent.BANK_DETAILS,
        Intent.LEGAL,
    }
)
#: Rules that see a day and money, or the word for it ("Value date: 20 November"), and no verb.
_WITHOUT_VERB = frozenset({FRAGMENT, "promise.payment_on"})
#: In one sentence with these, a day is that of an advice or of a proposal.
_NO_PROMISE = frozenset({Intent.REMITTANCE, Intent.OFFER})
_INVOICE = re.compile(r"(?i)\b[A-Z]{2,5}-?\d{4}-\d{3,}|\binv-\d|\d[.,]\d{2}\b")
#: Dated parts that make a plan.
_PLAN_PARTS = 2
_FROM_A_PLAN = 0.75


def weighed(found: tuple[Finding, ...], words: Passage) -> tuple[Finding, ...]:
    """Return the findings that stand when all are looked at together."""
    kept = _as_a_plan([one for one in found if one.confidence >= _LEAST_CONFIDENCE])
    kept = _about_other_things(kept, words)
    said = {one.intent for one in kept}
    places = {id(one): _sentences(one, words) for one in kept}

    def beside(finding: Finding, intents: frozenset[Intent]) -> bool:
        mine = places[id(finding)]
        return any(mine & places[id(one)] for one in kept if one.intent in intents)

    def stands(finding: Finding) -> bool:
        others = said - {finding.intent}
        rule = finding.evidence[0].rule
        match finding.intent:
            case Intent.ACKNOWLEDGEMENT:
                return not others
            case Intent.QUESTION:
                return not (others & _REQUESTS) and not beside(finding, frozenset(others - {Intent.ACKNOWLEDGEMENT}))
            case Intent.DELAY:
                return not (rule == "delay.undated" and others & _NO_DELAY) and not beside(finding, _NO_DELAY)
            case Intent.LEGAL:
                return not (others & {Intent.INSOLVENCY, Intent.OFFER})
            case Intent.DISPUTE:
                return not (all(one.rule == "dispute.reason" for one in finding.evidence) and others & _EXPLAINED)
            case Intent.PROMISE:
                is_value_date = rule in _WITHOUT_VERB and Intent.REMITTANCE in others
                return not (is_value_date or beside(finding, _NO_PROMISE))
            case Intent.HARDSHIP:
                return not (others & {Intent.INSOLVENCY, Intent.REFUSAL})
            case _:
                return True

    return tuple(one for one in kept if stands(one))


def without_proposals(found: tuple[Finding, ...], words: Passage) -> tuple[Finding, ...]:
    """Drop the promise that stands beside what makes it none: parts that are asked for, an advice of a payment made.

    The days of a plan bind nobody before it is accepted, and a person is asked about it anyway. Only a promise that a
    rule saw in a sentence of its own, with a verb, stays beside a plan or an advice.
    """
    others = [one for one in found if one.intent in (Intent.PLAN_REQUEST, Intent.REMITTANCE)]
    theirs = frozenset(sentence for one in others for sentence in _sentences(one, words))

    def stands(one: Finding) -> bool:
        if one.intent is not Intent.PROMISE or not others:
            return True
        has_verb = not by_weights_alone(one) and one.evidence[0].rule not in _WITHOUT_VERB
        return has_verb and not _sentences(one, words) & theirs

    return tuple(one for one in found if stands(one))


def _as_a_plan(kept: list[Finding]) -> list[Finding]:
    """Turn a list of dated amounts without a verb into what it is: the parts of a plan."""
    parts = [one for one in kept if one.intent is Intent.PROMISE and one.evidence[0].rule == FRAGMENT]
    dated = {one.on for one in parts if one.amount is not None}
    plans = [one for one in kept if one.intent is Intent.PLAN_REQUEST]
    if len(dated) < _PLAN_PARTS and not (plans and parts):
        return kept
    rest = [one for one in kept if one not in parts]
    if plans:
        return rest
    proof = tuple(one.evidence[0] for one in parts)
    return [*rest, replace(parts[0], intent=Intent.PLAN_REQUEST, confidence=_FROM_A_PLAN, evidence=proof, on=None)]


def _about_other_things(kept: list[Finding], words: Passage) -> list[Finding]:
    """Keep "unrelated" alone when the mail names no invoice and no amount, else drop it."""
    unrelated = [one for one in kept if one.intent is Intent.UNRELATED]
    if not unrelated:
        return kept
    if _INVOICE.search(words.own) or any(one.intent in _WEIGHTY for one in kept):
        return [one for one in kept if one.intent is not Intent.UNRELATED]
    return unrelated


_WEIGHTY = frozenset({Intent.LEGAL, Intent.INSOLVENCY, Intent.BANK_DETAILS, Intent.ALREADY_PAID, Intent.HARDSHIP})


def _sentences(finding: Finding, words: Passage) -> frozenset[Sentence]:
    starts = [proof.start for proof in finding.evidence]
    holding: list[Clause] = [one for one in words.clauses if any(one.start <= start < one.end for start in starts)]
    return frozenset(clause.sentence for clause in holding)
