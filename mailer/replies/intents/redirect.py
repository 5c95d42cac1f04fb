"""Somebody else should be written to. The address is a proposal: only a person changes who gets our mail."""

from __future__ import annotations

import re
from dataclasses import replace

from mailer.domain.reading import Finding, Intent
from mailer.replies.intents.found import by_cues
from mailer.replies.passage import Passage

ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}(?![\w-])")


def find(passage: Passage) -> tuple[Finding, ...]:
    """Return one finding, with the first address named as its contact."""
    address = ADDRESS.search(passage.own)
    found = by_cues(passage, Intent.REDIRECT)
    return tuple(replace(one, contact=address[0].lower() if address else None) for one in found)
