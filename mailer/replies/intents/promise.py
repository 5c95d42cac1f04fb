"""A commitment to pay on a day that can be resolved."""

from __future__ import annotations

import re
from datetime import timedelta

from mailer.domain.reading import Finding, Intent
from mailer.replies.intents.found import Hit, amount_in, evidence, hits
from mailer.replies.passage import Clause, Passage
from mailer.replies.slots import chosen_day, days_ahead, is_after_event, is_likelier_past
from mailer.replies.stretches import meant_day

#: What confidence is at most, for what makes a promise less than clear.
_HEDGED = 0.7
_CONDITIONAL = 0.6
_APPROXIMATE = 0.8
_AMBIGUOUS = 0.6
_DATE_ELSEWHERE = 0.8
_NOT_ABOUT_PAYMENT = 0.72
_IN_PART = 0.6
_FRAGMENT = 0.75
#: The rule of a day and money without a verb.
FRAGMENT = "promise.fragment"
_FAR = timedelta(days=120)
_FRAGMENT_CHARS = 60
_DATE_ALONE = 0.8
#: So many words around a day say no more than it does ("by …", "…, promise").
_FEW_WORDS = 1
#: Cues with their own future tense: a past participle beside them is passive, not past.
FUTURE = frozenset(
    f"promise.{rule}"
    for rule in (
        "firm_we_will_pay",
        "firm_will_be_paid",
        "firm_planned",
        "will_pay",
        "will_be_paid",
        "commit",
        "undertaken",
    )
)


def find(passage: Passage) -> tuple[Finding, ...]:
    """Return one finding per day promised. Denied, asked, supposed, reported and past clauses promise nothing."""
    found = [
        finding
        for hit in hits(passage, Intent.PROMISE)
        if commits(hit) and (finding := _finding(passage, hit.clause, hit.cue.weight, hit.cue.id))
    ]
    found += [one for hit in hits(passage, Intent.PROMISE) if (one := _in_part(passage, hit))]
    # "Friday, both invoices": a day and money without a verb, unless the words are those of a payment made.
    seen = {hit.clause for intent in (Intent.PROMISE, Intent.ALREADY_PAID) for hit in hits(passage, intent)}
    for clause in passage.clauses:
        is_short = len(clause.text.strip()) <= _FRAGMENT_CHARS and (clause.amounts or clause.speaks_of_payment)
        if clause not in seen and is_short and _is_open(clause) and not clause.is_past:
            finding = _finding(passage, clause, _FRAGMENT, FRAGMENT)
            found += [finding] if finding else []
    return _one_per_day(found or _dates_alone(passage, seen))


def _in_part(passage: Passage, hit: Hit) -> Finding | None:
    """Return what one part of a clause promises where another denies: "you have it by Friday, award or no award"."""
    clause = hit.clause
    if commits(hit) or clause.is_greeting or clause.sentence.is_question or clause.sentence.is_reported:
        return None
    day = meant_day(passage, clause, passage.language.patterns[hit.cue.id])
    if day is None:
        return None
    proof = (evidence(passage, clause, hit.cue.id),)
    return Finding(
        intent=Intent.PROMISE, confidence=_IN_PART, evidence=proof, on=day.on, date_kind=day.kind,
        amount=amount_in((clause,)),
    )  # fmt: skip


def _dates_alone(passage: Passage, seen: set[Clause]) -> list[Finding]:
    """Return the promise of a sentence that says a day and nothing else: "Monday." answers when it will be paid."""
    found: list[Finding] = []
    for sentence in passage.sentences:
        said = [one for one in passage.of_sentence(sentence) if not one.is_greeting]
        if len(said) != 1 or said[0] in seen or said[0].is_past or not _is_open(said[0]):
            continue
        if len(days_ahead(passage, said[0])) == 1 and _words_besides(said[0]) <= _FEW_WORDS:
            finding = _finding(passage, said[0], _DATE_ALONE, "promise.date_alone")
            found += [finding] if finding else []
    return found


def _words_besides(clause: Clause) -> int:
    """Return how many words a clause has besides its days."""
    text = clause.text
    for day in clause.dates:
        text = text.replace(day.text, " ")
    return len(re.findall(r"[^\W_]{2,}", text))


def commits(hit: Hit) -> bool:
    """Whether the sender says that payment will happen, whatever the day."""
    return _is_open(hit.clause) and (not hit.clause.is_past or hit.cue.id in FUTURE)


def _is_open(clause: Clause) -> bool:
    sentence = clause.sentence
    return not (
        clause.is_greeting
        or clause.is_negated
        or clause.is_hypothetical
        or clause.is_about_thing
        or clause.is_habit
        or sentence.is_question
        or sentence.is_reported
    )


def _finding(passage: Passage, clause: Clause, weight: float, rule: str) -> Finding | None:
    dates = days_ahead(passage, clause)
    if rule not in FUTURE:
        dates = tuple(one for one in dates if not is_likelier_past(one, passage))
    limits = [weight]
    clauses = passage.of_sentence(clause.sentence)
    if not dates:
        dates = tuple(one for other in clauses for one in days_ahead(passage, other) if not other.is_negated)
        limits.append(_DATE_ELSEWHERE)
    chosen = chosen_day(passage, clause, dates)
    if chosen is None or is_after_event(passage, clause, chosen):
        return None
    days = {one.on for one in dates}
    limits += [_HEDGED] if clause.is_hedged else []
    limits += [_CONDITIONAL] if clause.sentence.is_conditional else []
    limits += [_APPROXIMATE] if chosen.kind == "approx" else []
    limits += [_AMBIGUOUS] if len(days) > 1 or chosen.alternatives or chosen.on - passage.anchor > _FAR else []
    limits += [] if clause.speaks_of_payment else [_NOT_ABOUT_PAYMENT]
    condition = next((passage.own[one.start : one.end].strip() for one in clauses if one is not clause), None)
    return Finding(
        intent=Intent.PROMISE,
        confidence=min(limits),
        evidence=(evidence(passage, clause, rule),),
        on=chosen.on,
        date_kind=chosen.kind,
        amount=amount_in((clause,)),
        condition=condition if clause.sentence.is_conditional else None,
    )


def _one_per_day(found: list[Finding]) -> tuple[Finding, ...]:
    best: dict[object, Finding] = {}
    for finding in sorted(found, key=lambda one: -one.confidence):
        best.setdefault(finding.on, finding)
    return tuple(sorted(best.values(), key=lambda one: one.evidence[0].start))
