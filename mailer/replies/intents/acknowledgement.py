"""Received, noted, looking into it; `mailer.replies.reading` drops it beside anything else."""

from __future__ import annotations

from mailer.domain.reading import Finding, Intent
from mailer.replies.intents.found import by_cues
from mailer.replies.passage import Passage


def find(passage: Passage) -> tuple[Finding, ...]:
    """Return one finding when any clause shows it."""
    return by_cues(passage, Intent.ACKNOWLEDGEMENT, in_questions=False, in_conditions=False)
