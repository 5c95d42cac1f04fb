"""The sender denies the debt or a part of it, and why (reason codes: `DISPUTE_REASONS`)."""

from __future__ import annotations

import itertools
import re

from mailer.domain.money import ClaimedAmount
from mailer.domain.reading import DISPUTE_REASONS, Finding, Intent
from mailer.replies.intents.found import Hit, amount_in, evidence, hits
from mailer.replies.lookouts import Words, words_in
from mailer.replies.passage import Clause, Passage
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
    cue = next((one for one in passage.language.cues.get(Intent.DISPUTE.value, ()) if one.id == REASON), None)
    found: list[Hit] = []
    for sentence in passage.sentences:
        clauses = passage.of_sentence(sentence)
        if cue is None or id(sentence) in seen or len(clauses) == 1:
            continue
        text = _joined(clauses)
        if _reasons_in(passage, text) and not _NO_DISPUTE.search(text):
            found.append(Hit(clause=clauses[0], cue=cue))
    return found


def _confidence(hit: Hit) -> float:
    limits = [_REASON_ALONE if hit.cue.id == REASON else hit.cue.weight]
    limits += [_SUPPOSED] if hit.clause.is_hypothetical or hit.clause.is_question else []
    return min(limits)


def _reason(passage: Passage, shown: list[Hit]) -> str:
    clauses = [hit.clause for hit in shown]
    sentences = dict.fromkeys(clause.sentence for clause in clauses)
    nearby = [clause for clause in passage.clauses if clause.sentence in sentences and clause not in clauses]
    texts = itertools.chain(
        ((clause.plain, clause.words) for clause in (*clauses, *nearby)),
        ((_joined(passage.of_sentence(sentence)), None) for sentence in sentences),
    )
    for text, words in texts:
        if said := _reasons_in(passage, text, words):
            return said[0]
    return "other"


def _joined(clauses: tuple[Clause, ...]) -> str:
    return "".join(clause.plain for clause in clauses)


def _reasons_in(passage: Passage, text: str, words: Words | None = None) -> list[str]:
    """Return the reasons that a text gives, in the order of the file; `words` are its own, if they are known."""
    lookout = passage.language.cue_lookouts[Intent.DISPUTE.value]
    shown = lookout.all_in(text, words_in(text) if words is None else words)
    known = (reason for reason in passage.language.reasons if reason in DISPUTE_REASONS)
    return [reason for reason in known if f"{REASON} {reason}" in shown]
