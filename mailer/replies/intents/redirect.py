"""Somebody else should be written to. The address is a proposal: only a person changes who gets our mail."""

from __future__ import annotations

import re
from dataclasses import replace

from mailer.domain.reading import Finding, Intent
from mailer.replies.intents.found import by_cues, evidence
from mailer.replies.passage import Passage

ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}(?![\w-])")


_BY_ADDRESS = 0.8


def find(passage: Passage) -> tuple[Finding, ...]:
    """Return one finding, with the first address named as its contact; an address alone is enough."""
    address = ADDRESS.search(passage.own)
    found = by_cues(passage, Intent.REDIRECT)
    if address and not found:
        clause = next((one for one in passage.clauses if one.start <= address.start() < one.end), None)
        if clause is not None:
            proof = evidence(passage, clause, "redirect.address")
            found = (Finding(intent=Intent.REDIRECT, confidence=_BY_ADDRESS, evidence=(proof,)),)
    return tuple(replace(one, contact=address[0].lower() if address else None) for one in found)
