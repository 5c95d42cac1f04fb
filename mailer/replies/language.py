"""Which language somebody writes in, by the little words; good enough to choose phrases, not to do linguistics."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailer.replies.phrases import Language

_MAX_CHARS = 4_000
_ENOUGH = 2


def language_of(text: str, *, hint: str, known: Mapping[str, Language]) -> tuple[str, bool]:
    """Return the language (BCP 47 primary) of some words, and whether the words themselves decide it.

    `hint` is the customer's language: taken when the words are too few or two languages are equally likely.
    """
    words = re.findall(r"[^\W\d_]+(?:['\u2019][a-z]+)?", text[:_MAX_CHARS].lower())
    tables = {code: language.function_words for code, language in known.items()}
    counts = {code: sum(word in table for word in words) for code, table in tables.items()}
    best = max(counts, key=lambda code: (counts[code], code == hint))
    rival = max((count for code, count in counts.items() if code != best), default=0)
    if counts[best] >= _ENOUGH and counts[best] > rival:
        return best, True
    return (best if counts[best] > rival else hint), False
