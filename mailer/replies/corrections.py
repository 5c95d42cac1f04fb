"""A day that is taken back for another one in the same breath: "on Wednesday - no, sorry, Thursday"."""

from __future__ import annotations

from dataclasses import replace

from mailer.domain.reading import Finding
from mailer.replies.dates import DateFound
from mailer.replies.passage import Clause, Passage, folded
from mailer.replies.phrases import searchable
from mailer.replies.slots import days_ahead
from mailer.replies.thresholds import NOT_CERTAIN

#: Letters between the day and the words that take it back, and from these to the other day.
_TO_THE_WORDS, _TO_THE_OTHER = 25, 70
#: No words that take back are longer.
_LONGEST = 30


def corrected(finding: Finding, clauses: tuple[Clause, ...], passage: Passage) -> Finding:
    """Return a finding with the day that stands instead of the one said, as it is when none does.

    Two days were said, so it is never certain. `clauses`: those that prove the finding.
    """
    near = dict.fromkeys(one for clause in clauses for one in passage.of_sentence(clause.sentence))
    for day in (day for one in near for day in one.dates if day.on == finding.on):
        other = _instead(day, passage)
        if other is not None:
            confidence = min(finding.confidence, NOT_CERTAIN)
            return replace(finding, on=other.on, date_kind=other.kind, confidence=confidence)
    return finding


def _instead(day: DateFound, passage: Passage) -> DateFound | None:
    """Return the first other day ahead, right after words that take back."""
    after = searchable(passage.own[day.end : day.end + _TO_THE_WORDS + _LONGEST]).replace("\n", " ")
    after = folded(after) if passage.language.folds_accents else after
    words = passage.language.marks["correction"].search(after)
    if words is None or words.start() > _TO_THE_WORDS:
        return None
    place = day.end + words.end()
    later = (one for clause in passage.clauses for one in days_ahead(passage, clause))
    return next((one for one in later if 0 <= one.start - place <= _TO_THE_OTHER and one.on != day.on), None)
