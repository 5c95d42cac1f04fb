"""Nothing to do with what is owed: invitations, newsletters, offers of goods."""

from __future__ import annotations

from mailer.domain.reading import Finding, Intent
from mailer.replies.intents.found import by_cues
from mailer.replies.passage import Passage


def find(passage: Passage) -> tuple[Finding, ...]:
    """Return one finding when any clause shows it."""
    return by_cues(passage, Intent.UNRELATED)
