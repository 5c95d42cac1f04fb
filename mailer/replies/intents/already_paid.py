"""The sender says that it is paid. A claim: the ledger decides."""

from __future__ import annotations

from mailer.domain.reading import Finding, Intent
from mailer.replies.intents.found import Hit, amount_in, evidence, hits
from mailer.replies.intents.promise import FUTURE
from mailer.replies.passage import Passage
from mailer.replies.slots import paid_day

_HEDGED = 0.6
_NOT_ABOUT_PAYMENT = 0.45


def find(passage: Passage) -> tuple[Finding, ...]:
    """Return one finding for the clearest clause that says so; denied, asked, supposed and future ones do not count."""
    future = [hit.clause for hit in hits(passage, Intent.PROMISE) if hit.cue.id in FUTURE]
    shown = [hit for hit in hits(passage, Intent.ALREADY_PAID) if hit.clause not in future and _says_paid(passage, hit)]
    if not shown:
        return ()
    best = max(shown, key=_confidence)
    clauses = passage.of_sentence(best.clause.sentence)
    paid = paid_day((best.clause, *clauses))
    return (
        Finding(
            intent=Intent.ALREADY_PAID,
            confidence=_confidence(best),
            evidence=tuple(evidence(passage, hit.clause, hit.cue.id) for hit in shown[:3]),
            on=paid.past_on if paid else None,
            date_kind=paid.kind if paid else None,
            amount=amount_in((best.clause,)) or amount_in(clauses),
        ),
    )


def _says_paid(passage: Passage, hit: Hit) -> bool:
    clause = hit.clause
    is_supposed = clause.is_hypothetical or clause.is_question or clause.sentence.is_conditional
    # "is paid on Friday": present tense and a day ahead only.
    is_ahead = bool(clause.dates) and all(one.past_on is None and one.on > passage.anchor for one in clause.dates)
    return not (clause.is_negated or is_supposed or clause.sentence.is_reported or is_ahead)


def _confidence(hit: Hit) -> float:
    limits = [hit.cue.weight]
    limits += [_HEDGED] if hit.clause.is_hedged else []
    limits += [] if hit.clause.speaks_of_payment or len(hit.clause.text) < 40 else [_NOT_ABOUT_PAYMENT]  # noqa: PLR2004
    return min(limits)
