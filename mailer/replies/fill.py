"""What findings say besides the intent: day, sum, instalments, reference; whoever found them, by phrases or a model."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from mailer.domain.reading import Finding, Instalment, Intent
from mailer.replies.corrections import corrected
from mailer.replies.instalments import instalments
from mailer.replies.narrowing import narrowed
from mailer.replies.passage import Clause, Passage
from mailer.replies.references import reference_in
from mailer.replies.slots import chosen_day, clauses_of, days_ahead, paid_day
from mailer.replies.sums import with_sums

_PAID = frozenset({Intent.ALREADY_PAID, Intent.REMITTANCE})
_IN_PARTS = frozenset({Intent.PLAN_REQUEST, Intent.PROMISE})


def filled(found: tuple[Finding, ...], passage: Passage) -> tuple[Finding, ...]:
    """Return the findings with the slots that their words hold; what a detector has filled stays, but for sums."""
    promised = frozenset(one.on for one in found if one.intent is Intent.PROMISE and one.on)
    return tuple(_filled(one, passage, promised) for one in with_sums(found, passage))


def _filled(finding: Finding, passage: Passage, promised: frozenset[date]) -> Finding:
    clauses = clauses_of(finding, passage)
    around = tuple(one for clause in clauses for one in passage.of_sentence(clause.sentence))
    if finding.intent is Intent.PROMISE and finding.on is None:
        finding = _with_day(finding, clauses, passage)
    if finding.intent is Intent.PROMISE:
        finding = narrowed(corrected(finding, clauses, passage), clauses, passage, promised)
    if finding.intent in _PAID:
        paid = paid_day((*clauses, *around)) if finding.on is None else None
        finding = replace(finding, on=paid.past_on, date_kind=paid.kind) if paid else finding
        if finding.reference is None:
            finding = replace(finding, reference=_reference(clauses, around, passage))
    if finding.intent in _IN_PARTS and not finding.instalments:
        finding = replace(finding, instalments=_parts(finding, clauses, passage))
    return finding


def _with_day(finding: Finding, clauses: tuple[Clause, ...], passage: Passage) -> Finding:
    for clause in clauses:
        day = chosen_day(passage, clause, days_ahead(passage, clause))
        if day is not None:
            return replace(finding, on=day.on, date_kind=day.kind)
    return finding


def _reference(clauses: tuple[Clause, ...], around: tuple[Clause, ...], passage: Passage) -> str | None:
    for some in (clauses, around):
        if some:
            said = reference_in(passage.own[min(one.start for one in some) : max(one.end for one in some)])
            if said:
                return said
    return reference_in(passage.own)


def _parts(finding: Finding, clauses: tuple[Clause, ...], passage: Passage) -> tuple[Instalment, ...]:
    """Return the parts listed; a promise is made in parts only when sums are said."""
    listed = instalments(passage, clauses)
    is_plan = finding.intent is Intent.PLAN_REQUEST
    return listed if is_plan or sum(part.amount is not None for part in listed) > 1 else ()
