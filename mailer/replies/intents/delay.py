"""Payment will come, but no day is said that can be resolved: "soon", "in the next run", "when our client pays"."""

from __future__ import annotations

from mailer.domain.reading import Finding, Intent
from mailer.replies.intents.found import evidence, hits
from mailer.replies.intents.promise import commits
from mailer.replies.passage import Clause, Passage
from mailer.replies.slots import days_ahead, is_after_event

#: A promise whose day is not seen is rarely meant as a delay: a hint, no more.
_UNDATED = 0.5
_TIED_TO_EVENT = 0.45


def find(passage: Passage) -> tuple[Finding, ...]:
    """Return one finding when the sender speaks of paying without a day."""
    shown = [
        (hit.cue.weight, hit.clause, hit.cue.id)
        for hit in hits(passage, Intent.DELAY)
        if not hit.clause.sentence.is_question and not _has_day(passage, hit.clause)
    ]
    for hit in hits(passage, Intent.PROMISE):
        if commits(hit) and hit.clause.speaks_of_payment and not _has_day(passage, hit.clause):
            weight = _TIED_TO_EVENT if hit.clause.sentence.is_conditional else _UNDATED
            shown.append((weight, hit.clause, "delay.undated"))
    if not shown:
        return ()
    weight, clause, rule = max(shown, key=lambda one: one[0])
    return (Finding(intent=Intent.DELAY, confidence=weight, evidence=(evidence(passage, clause, rule),)),)


def _has_day(passage: Passage, clause: Clause) -> bool:
    return any(
        not is_after_event(passage, one, day)
        for one in passage.of_sentence(clause.sentence)
        for day in days_ahead(passage, one)
    )
