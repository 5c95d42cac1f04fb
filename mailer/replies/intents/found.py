"""Finding cues in clauses, and turning them into findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailer.domain.money import ClaimedAmount
from mailer.domain.reading import Evidence, Finding, Intent
from mailer.replies.passage import Clause, Passage
from mailer.replies.phrases import Cue

_MOST_EVIDENCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A cue in a clause."""

    clause: Clause
    cue: Cue


def hits(passage: Passage, intent: Intent) -> tuple[Hit, ...]:
    """Return the strongest cue of an intent in each clause that has one; greetings never count."""
    name = intent.value
    if name not in passage.cues:
        passage.cues[name] = tuple(_with_cues(passage, name))
    return tuple(Hit(clause=clause, cue=cue) for clause, cue in passage.cues[name])


def _with_cues(passage: Passage, intent: str) -> Iterator[tuple[Clause, Cue]]:
    cues, lookout = passage.language.cues.get(intent, ()), passage.language.cue_lookouts.get(intent)
    for clause in passage.clauses:
        if lookout and not clause.is_greeting and (shown := lookout.all_in(clause.plain, clause.words)):
            ids = {name.partition(" ")[0] for name in shown}  # a reason has its name behind it
            yield clause, max((cue for cue in cues if cue.id in ids), key=lambda cue: cue.weight)


def evidence(passage: Passage, clause: Clause, rule: str) -> Evidence:
    """Return a whole clause as evidence, verbatim, without the spaces and marks at its ends."""
    words = passage.own[clause.start : clause.end]
    start = clause.start + len(words) - len(words.lstrip(" \n\t,;:-"))
    end = clause.start + len(words.rstrip(" \n\t,;:-"))
    return Evidence(start=start, end=end, text=passage.own[start:end], rule=rule)


def amount_in(clauses: Iterable[Clause]) -> ClaimedAmount | None:
    """Return the amount said in some clauses: a number with currency before one without, before a share."""
    claims = [amount.claim for clause in clauses for amount in clause.amounts]
    ranked = sorted(claims, key=lambda claim: (claim.amount is None, claim.currency is None))
    return ranked[0] if ranked else None


def by_cues(
    passage: Passage, intent: Intent, *, in_questions: bool = True, in_conditions: bool = True, denied: bool = True
) -> tuple[Finding, ...]:
    """Return one finding when any clause shows the intent, with all clauses that do; for cues that need no slots.

    `denied`: whether a clause with a negation counts ("we cannot pay" does, for most of these intents).
    """
    shown = [
        hit
        for hit in hits(passage, intent)
        if (in_questions or not hit.clause.is_question)
        and (in_conditions or not hit.clause.sentence.is_conditional)
        and (denied or not hit.clause.is_negated)
    ]
    if not shown:
        return ()
    best = max(hit.cue.weight for hit in shown)
    proof = tuple(evidence(passage, hit.clause, hit.cue.id) for hit in shown[:_MOST_EVIDENCE])
    clauses = [hit.clause for hit in shown]
    sentences = dict.fromkeys(clause.sentence for clause in clauses)
    amount = amount_in(clauses) or amount_in(one for sentence in sentences for one in passage.of_sentence(sentence))
    return (Finding(intent=intent, confidence=best, evidence=proof, amount=amount),)
