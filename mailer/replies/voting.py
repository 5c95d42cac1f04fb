"""Phrases and weights vote on what a mail says: both see every sentence, one probability per intent decides.

Phrases find the words, the day and the sum; the weights say how likely the intent is, also where no phrase is found.
A promise without a day is a delay; one that only the weights see is never certain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

from mailer.domain.reading import DISPUTE_REASONS, Finding, Intent
from mailer.replies.intents import INTENTS
from mailer.replies.intents.found import amount_in, evidence
from mailer.replies.judging import Scored, probabilities, scored, signs
from mailer.replies.passage import Clause, Passage
from mailer.replies.slots import days_ahead
from mailer.replies.thresholds import NOT_CERTAIN, SHOWN_ALONE, shown_from
from mailer.replies.weighing import weighed
from mailer.replies.weights import Weights

#: Below these log-odds of its best sentence an intent is not looked for: phrases that match there are wrong too often.
_WORTH_A_LOOK = -3.0
#: How much a reason that the phrases give is worth, in log-odds.
_PHRASED = 1.5
_OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """The findings, and how near they come to all that is said and nothing else (0-1)."""

    findings: tuple[Finding, ...]
    certainty: float


def by_phrases(words: Passage, seen: Scored) -> tuple[Finding, ...]:
    """Return what the phrases find of the intents that are not out of the question."""
    looked = (find(words) for intent, find in INTENTS.items() if seen.top(intent) > _WORTH_A_LOOK)
    return weighed(tuple(one for found in looked for one in found), words)


def voted(words: Passage, weights: Weights) -> Vote:
    """Return what phrases and weights together find in a mail."""
    if not words.clauses:
        return Vote(findings=(), certainty=0.0)
    seen = scored(words, weights)
    phrased = by_phrases(words, seen)
    likely = probabilities(weights.mail, signs(seen, confidences(phrased)))
    said = {intent for intent in Intent if likely[intent.value] >= shown_from(intent)}
    best = max(Intent, key=lambda intent: likely[intent.value])
    if not said and likely[best.value] >= SHOWN_ALONE:
        said = {best}
    findings = [one for intent in Intent if intent in said for one in _findings(intent, likely, phrased, seen)]
    certainty = prod(one if Intent(name) in said else 1 - one for name, one in likely.items())
    return Vote(findings=_once(findings), certainty=certainty)


def confidences(found: tuple[Finding, ...]) -> dict[str, float]:
    """Return the highest confidence per intent."""
    best: dict[str, float] = {}
    for one in found:
        best[one.intent.value] = max(best.get(one.intent.value, 0.0), one.confidence)
    return best


def _findings(intent: Intent, likely: Mapping[str, float], phrased: tuple[Finding, ...], seen: Scored) -> list[Finding]:
    chance = likely[intent.value]
    mine = [one for one in phrased if one.intent is intent]
    if intent is Intent.DISPUTE:
        reason = _reason(seen, mine[0].reason if mine else None)
        mine = [replace(one, reason=reason) for one in mine or [_new(intent, seen)]]
    elif intent is Intent.PROMISE:
        found = mine or _promise(seen)
        return [replace(one, confidence=min(one.confidence, chance)) for one in found]
    return [replace(one, confidence=chance) for one in mine or [_new(intent, seen)]]


def _new(intent: Intent, seen: Scored) -> Finding:
    clause = _shown_in(intent, seen)
    proof = (evidence(seen.words, clause, f"weights.{intent.value}"),)
    around = seen.words.of_sentence(clause.sentence)
    return Finding(intent=intent, confidence=0.0, evidence=proof, amount=amount_in((clause,)) or amount_in(around))


def _shown_in(intent: Intent, seen: Scored) -> Clause:
    return seen.best_clause(intent.value) or seen.words.clauses[0]


def _promise(seen: Scored) -> list[Finding]:
    """Return a promise with the day nearest to the words that show it, a delay when there is none.

    What is denied, asked or supposed promises nothing, however it sounds.
    """
    words, clause = seen.words, _shown_in(Intent.PROMISE, seen)
    is_meant = not (clause.is_negated or clause.is_hypothetical or clause.is_question or clause.sentence.is_reported)
    if not is_meant or clause.is_about_thing or clause.is_habit:
        return []
    at = words.clauses.index(clause)
    near = [
        clause,
        *words.of_sentence(clause.sentence),
        *words.clauses[at + 1 : at + 2],
        *words.clauses[max(0, at - 1) : at],
    ]
    day = next((days[-1] for one in near if (days := days_ahead(words, one))), None)
    if day is None:
        proof = (evidence(words, clause, "weights.promise_undated"),)
        return [replace(_new(Intent.DELAY, seen), evidence=proof, confidence=1.0)]
    return [replace(_new(Intent.PROMISE, seen), confidence=NOT_CERTAIN, on=day.on, date_kind=day.kind)]


def _reason(seen: Scored, phrased: str | None) -> str:
    """Return the reason that the disputing sentences show, the one the phrases give counting as well."""
    names = seen.weights.names
    at = names.index(Intent.DISPUTE.value)
    top = max(row[at] for _, row in seen.sentences)
    rows = [row for _, row in seen.sentences if row[at] >= min(top, 0.0)]

    def shown(reason: str) -> float:
        bonus = _PHRASED if reason == phrased and reason != _OTHER else 0.0
        return bonus + max(row[names.index(f"reason.{reason}")] for row in rows)

    return max(DISPUTE_REASONS, key=shown)


def _once(findings: list[Finding]) -> tuple[Finding, ...]:
    """Drop the delay that a promise without a day became when there is a delay already."""
    delays = [one for one in findings if one.intent is Intent.DELAY]
    return tuple(one for one in findings if one.intent is not Intent.DELAY or one is delays[-1])
