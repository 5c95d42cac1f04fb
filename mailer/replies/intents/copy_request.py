"""Asks for a copy of an invoice, statement or other paper."""

from __future__ import annotations

from mailer.domain.reading import Finding, Intent
from mailer.replies.intents.found import by_cues
from mailer.replies.passage import Passage


def find(passage: Passage) -> tuple[Finding, ...]:
    """Return one finding when any clause shows it."""
    return by_cues(passage, Intent.COPY_REQUEST)
