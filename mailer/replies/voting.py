"""Phrases and weights vote on what a mail says: both see every sentence, one probability per intent decides.

Phrases find the words, the day and the sum; the weights say how likely the intent is, also where no phrase is found.
A promise without a day is a delay; one that only the weights see is never certain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mailer.domain.reading import Finding, Intent
from mailer.replies.dates import DateFound
from mailer.replies.intents import INTENTS
from mailer.replies.intents.found import amount_in, evidence
from mailer.replies.intents.promise import FRAGMENT
from mailer.replies.judging import Scored, probabilities, scored, signs
from mailer.replies.passage import Clause, Passage
from mailer.replies.reasons import likeliest_reason, reason_signs
from mailer.replies.slots import chosen_day, days_ahead, is_after_event
from mailer.replies.stretches import meant_day
from mailer.replies.sureness import certainty, shown, signs_of_doubt
from mailer.replies.thresholds import NOT_CERTAIN, THRESHOLDS, Consequence, by_weights_alone
from mailer.replies.weighing import weighed, without_proposals
from mailer.replies.weights import Weights

#: Below these log-odds of its best sentence an intent is not looked for: phrases that match there are wrong too often.
_WORTH_A_LOOK = -3.0
#: Below these log-odds of its own sentence what a phrase found is chance.
_WORTH_A_FINDING = -3.0
#: The same for a day and money without a verb.
_WORTH_A_FRAGMENT = -1.0
#: From these log-odds on a sentence may hold the promise too, if a likelier one does not.
_ALSO = 0.0
#: "We dispute this invoice": who says so in plain words is believed, however unlikely the rest of the mail makes it.
_PLAIN_WORDS, _OPEN = 0.9, THRESHOLDS[Consequence.DISPUTE].by_rule
_SEVERAL = 2
_MUCH_WEAKER = 0.2
#: What is promised for a second day is the other part of the money, or another invoice.
_OTHER_PART = re.compile(
    r"(?i)\b(?:others?|rest\w*|remain\w*|balance|ander\w*|übrig\w*|autres?|solde|otr[ao]s?|queda\w*|saldo|altr[aeio]"
    r"|rimane\w*)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """The findings, and how likely they are all that is said and nothing else (0-1)."""

    findings: tuple[Finding, ...]
    certainty: float


def by_phrases(words: Passage, seen: Scored) -> tuple[Finding, ...]:
    """Return what the phrases find of the intents that are not out of the question."""
    tops = seen.tops()
    looked = (find(words) for intent, find in INTENTS.items() if tops[intent] > _WORTH_A_LOOK)
    shown = (one for found in looked for one in found if _is_likely(one, seen))
    return weighed(tuple(shown), words)


def _is_likely(found: Finding, seen: Scored) -> bool:
    """Whether the weights do not rule out what a phrase found, in the sentences where it did."""
    limit = _WORTH_A_FRAGMENT if found.evidence[0].rule == FRAGMENT else _WORTH_A_FINDING
    return max(seen.at(found.intent, proof.start) for proof in found.evidence) > limit


def voted(words: Passage, weights: Weights) -> Vote:
    """Return what phrases and weights together find in a mail."""
    if not words.clauses:
        return Vote(findings=(), certainty=0.0)
    seen = scored(words, weights)
    phrased = by_phrases(words, seen)
    confident = confidences(phrased)
    likely = probabilities(weights.mail, signs(seen, confident))
    said = shown(likely)
    findings = [one for intent in Intent if intent in said for one in _findings(intent, likely, phrased, seen)]
    return Vote(
        findings=without_proposals(_once(findings), words),
        certainty=certainty(weights.sure, signs_of_doubt(seen, likely, said, confident)),
    )


def confidences(found: tuple[Finding, ...]) -> dict[str, float]:
    """Return the highest confidence per intent."""
    best: dict[str, float] = {}
    for one in found:
        best[one.intent.value] = max(best.get(one.intent.value, 0.0), one.confidence)
    return best


def _findings(intent: Intent, likely: Mapping[str, float], phrased: tuple[Finding, ...], seen: Scored) -> list[Finding]:
    chance = likely[intent]
    mine = [one for one in phrased if one.intent is intent]
    if intent is Intent.DISPUTE:
        reason = likeliest_reason(seen.weights.reason, reason_signs(seen, mine[0].reason if mine else None))
        mine = [replace(one, reason=reason) for one in mine or [_new(intent, seen)]]
        return [replace(one, confidence=max(chance, _OPEN if one.confidence >= _PLAIN_WORDS else 0.0)) for one in mine]
    if intent is Intent.PROMISE:
        found = _main_first(mine, seen.words) or _promise(seen)
        return [replace(one, confidence=min(one.confidence, chance)) for one in found]
    if intent is Intent.DELAY and not mine:
        return [replace(one, confidence=min(one.confidence, chance)) for one in _delay(seen)]
    return [replace(one, confidence=chance) for one in mine or [_new(intent, seen)]]


def _new(intent: Intent, seen: Scored) -> Finding:
    return _at(intent, seen, seen.best_clause(intent.value) or seen.words.clauses[0])


def _at(intent: Intent, seen: Scored, clause: Clause, rule: str = "") -> Finding:
    proof = (evidence(seen.words, clause, f"weights.{rule or intent.value}"),)
    around = seen.words.of_sentence(clause.sentence)
    return Finding(intent=intent, confidence=0.0, evidence=proof, amount=amount_in((clause,)) or amount_in(around))


def _main_first(found: list[Finding], words: Passage) -> list[Finding]:
    """Put the last day named first, where no part of the money is promised for each: people come to the point late.

    "The grain cheque is promised for Monday. You'll get yours the day after."
    """
    if len(found) < _SEVERAL:
        return found
    first, last = found[0], found[-1]
    is_other = any(_OTHER_PART.search(words.own[proof.start : proof.end]) for proof in last.evidence)
    are_parts = is_other or (first.amount is not None and last.amount is not None)
    is_weak = last.confidence < first.confidence - _MUCH_WEAKER
    return found if are_parts or is_weak else [last, *found[:-1]]


def _promise(seen: Scored) -> list[Finding]:
    """Return a promise with the day nearest to the words that show it, a delay when there is none.

    What is denied, asked or supposed promises nothing, however it sounds.
    """
    undertakings = _undertakings(seen)
    meant = [clause for clause in undertakings if _is_meant(clause)]
    for clause in undertakings:
        day = _day_near(seen.words, clause) if clause in meant else None
        if day is None or is_after_event(seen.words, clause, day):
            day = meant_day(seen.words, clause)
        if day is not None:
            return [replace(_at(Intent.PROMISE, seen, clause), confidence=NOT_CERTAIN, on=day.on, date_kind=day.kind)]
    undated = [clause for clause in meant[:1] if not clause.is_past]
    return [replace(_at(Intent.DELAY, seen, one, "promise_undated"), confidence=1.0) for one in undated]


def _delay(seen: Scored) -> list[Finding]:
    """Return the delay, or the promise that it is when its sentence says a day: a delay is one that has none."""
    found = _new(Intent.DELAY, seen)
    clause = seen.best_clause(Intent.DELAY.value)
    if clause is None or not _is_meant(clause) or clause.is_past or clause.sentence.is_conditional:
        return [replace(found, confidence=1.0)]
    days = [day for one in seen.words.of_sentence(clause.sentence) for day in days_ahead(seen.words, one)]
    if not days:
        return [replace(found, confidence=1.0)]
    dated = _at(Intent.PROMISE, seen, clause)
    return [replace(dated, confidence=NOT_CERTAIN, on=days[-1].on, date_kind=days[-1].kind)]


def _undertakings(seen: Scored) -> list[Clause]:
    """Return of each sentence that sounds like a promise, most first, the clause that does most."""
    at = seen.weights.names.index(Intent.PROMISE.value)
    ranked = sorted(seen.sentences, key=lambda one: -one[1][at])
    return [seen.clause_of(one, at) for one, row in ranked if row[at] >= min(ranked[0][1][at], _ALSO)]


def _is_meant(clause: Clause) -> bool:
    is_open = not (clause.is_negated or clause.is_hypothetical or clause.is_question or clause.sentence.is_reported)
    return is_open and not (clause.is_about_thing or clause.is_habit)


def _day_near(words: Passage, clause: Clause) -> DateFound | None:
    at = words.clauses.index(clause)
    around = (*words.of_sentence(clause.sentence), *words.clauses[at + 1 : at + 2], *words.clauses[max(0, at - 1) : at])
    return next((day for one in (clause, *around) if (day := chosen_day(words, one, days_ahead(words, one)))), None)


def _once(findings: list[Finding]) -> tuple[Finding, ...]:
    """Drop what one sentence says twice: a second delay, and what only the weights take for one beside a promise.

    Or beside a payment made.
    """
    delays = [one for one in findings if one.intent is Intent.DELAY]
    promises = [one for one in findings if one.intent is Intent.PROMISE]
    rules = [one for one in promises if not by_weights_alone(one)]
    kept = rules or promises[:1]
    paid = [one for one in findings if one.intent is Intent.ALREADY_PAID]
    said = {(proof.start, proof.end) for one in (*kept, *paid) for proof in one.evidence}

    def stands(one: Finding) -> bool:
        if one.intent is Intent.PROMISE:
            return any(one is each for each in kept)
        if one.intent is not Intent.DELAY:
            return True
        is_twice = by_weights_alone(one) and any((proof.start, proof.end) in said for proof in one.evidence)
        return one is delays[-1] and not is_twice

    return tuple(one for one in findings if stands(one))
