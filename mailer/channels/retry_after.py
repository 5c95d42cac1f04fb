"""How long a server asks us to wait, read from the words of its reply: pure. SMTP has no field for it."""

from __future__ import annotations

import re

#: Longer waits than a day are not believed: the outbox asks again and is told again.
MOST_SECONDS = 86_400

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}
_WAIT = re.compile(
    r"\b(?:in|after|within|for|wait)[ :=]+(?:about |at least |another )?(?P<number>\d{1,9})(?![\d.:])"
    r"(?: ?(?P<unit>s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)\b)?",
    re.IGNORECASE,
)
_WITHOUT_UNIT = re.compile(r"retry.?after[ :=]+\Z", re.IGNORECASE)


def retry_after_seconds(words: str) -> int | None:
    """Return the wait that a passing refusal asks for ("try again in 5 minutes"), None when it asks for none.

    A number without a unit counts only in "retry after 300", as seconds (the manner of RFC 9110 §10.2.3).
    """
    for found in _WAIT.finditer(words):
        number, unit = int(found["number"]), found["unit"]
        if unit is None and not _WITHOUT_UNIT.search(words[: found.start("number")]):
            continue
        if number:
            return min(number * _UNIT_SECONDS[(unit or "s")[0].lower()], MOST_SECONDS)
    return None
