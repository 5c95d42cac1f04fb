"""The sender denies the debt or a part of it, and why (reason codes: `DISPUTE_REASONS`)."""

from __future__ import annotations

import re

from mailer.domain.money import ClaimedAmount
from mailer.domain.reading import DISPUTE_REASONS, Finding, Intent
from mailer.replies.intents.found import Hit, amount_in, evidence, hits
from mailer.replies.passage import Passage
from mailer.replies.phrases import REASON

_REASON_ALONE = 0.75
_SUPPOSED = 0.6
#: "We do not dispute it" in the languages we read.
_NO_DISPUTE = re.compile(
    r"(?:\bno|\bnot|n['\u2019]t|without)(?: \w{1,30})? (?:disput\w{0,20}|contest\w{0,20})|"
    r"(?:nicht|ohne|kein\w{0,3})(?: \w{1,30})? "
    r"(?:bestritten|bestreite\w{0,20}|widerspruch|beanstand\w{0,20}|reklam\w{0,20})|"
    r"(?:bestreite\w{0,20}|beanstande\w{0,20}) (?:\w{1,30} ){0,3}nicht",
    re.IGNORECASE,
)


def find(passage: Passage) -> tuple[Finding, ...]:
    """Return one finding with the first reason that the clauses give, "other" when they give none."""
    shown = [hit for hit in hits(passage, Intent.DISPUTE) if not _NO_DISPUTE.search(hit.clause.plain)]
    shown += _over_clauses(passage, {id(hit.clause.sentence) for hit in shown})
    if not shown:
        return ()
    best = max(shown, key=_confidence)
    return (
        Finding(
            intent=Intent.DISPUTE,
            confidence=_confidence(best),
            evidence=tuple(evidence(passage, hit.clause, hit.cue.id) for hit in shown[:4]),
            amount=_amount(passage, best, shown),
            reason=_reason(passage, shown),
        ),
    )


def _amount(passage: Passage, best: Hit, shown: list[Hit]) -> ClaimedAmount | None:
    """Return the amount in the clearest clause, else in the others that show it, else in their sentences."""
    sentences = dict.fromkeys(hit.clause.sentence for hit in shown)
    around = [clause for sentence in sentences for clause in passage.of_sentence(sentence)]
    return amount_in((best.clause,)) or amount_in(hit.clause for hit in shown) or amount_in(around)


def _over_clauses(passage: Passage, seen: set[int]) -> list[Hit]:
    """Return reasons that need two clauses: "we ordered blue, but got red"."""
    cues = [cue for cue in passage.language.cues.get(Intent.DISPUTE.value, ()) if cue.id == REASON]
    found: list[Hit] = []
    for sentence in passage.sentences:
        clauses = passage.of_sentence(sentence)
        text = "".join(clause.plain for clause in clauses)
        if id(sentence) not in seen and len(clauses) > 1 and not _NO_DISPUTE.search(text):
            found += [Hit(clause=clauses[0], cue=cue) for cue in cues if cue.pattern.search(text)]
    return found


def _confidence(hit: Hit) -> float:
    limits = [_REASON_ALONE if hit.cue.id == REASON else hit.cue.weight]
    limits += [_SUPPOSED] if hit.clause.is_hypothetical or hit.clause.is_question else []
    return min(limits)


def _reason(passage: Passage, shown: list[Hit]) -> str:
    clauses = [hit.clause for hit in shown]
    sentences = dict.fromkeys(clause.sentence for clause in clauses)
    nearby = [clause for clause in passage.clauses if clause.sentence in sentences and clause not in clauses]
    texts = [clause.plain for clause in (*clauses, *nearby)]
    texts += ["".join(clause.plain for clause in passage.of_sentence(sentence)) for sentence in sentences]
    for text in texts:
        for reason, pattern in passage.language.reasons:
            if reason in DISPUTE_REASONS and pattern.search(text):
                return reason
    return "other"
