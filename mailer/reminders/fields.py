"""Reading one table of a policy file: every problem is gathered with its place and its cure, none stops the reading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time

from mailer.reminders.calendar import DAY_WORDS, OFFICE_HOURS, SendWindow
from mailer.reminders.steps import Anchor, Timing

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_MISSING = object()


class Fields:
    """The keys of one table. `where` names it in problems ("step 'friendly'"); `problems` are one sentence each.

    A field that cannot be read gives a placeholder and a problem; use the values only when there are no problems.
    """

    def __init__(self, table: Mapping[str, object], *, where: str) -> None:
        self._unread = dict(table)
        self._where = where
        self.problems: list[str] = []

    def problem(self, key: str, cure: str) -> None:
        """Note what is wrong with a key and what to write instead."""
        self.problems.append(f"{self._where}: {key} {cure}")

    def has(self, key: str) -> bool:
        """Whether the key is there and has not been read."""
        return key in self._unread

    def text(self, key: str, *, default: str | None = None) -> str:
        """Return a text that is not empty."""
        value = self._take(key, default)
        if isinstance(value, str) and value.strip():
            return value
        if value is not _MISSING:
            self.problem(key, f"is {value!r}: write a text in quotes")
        return ""

    def name(self, key: str, *, default: str | None = None) -> str:
        """Return a name of small letters, digits and underscores, at most 40."""
        value = self.text(key, default=default)
        if value and not _NAME.fullmatch(value):
            self.problem(key, f"is {value!r}: use small letters, digits and _ only, at most 40, a letter first")
        return value

    def number(self, key: str, *, default: int | None = None, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`."""
        value = self._take(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        if value is not _MISSING:
            self.problem(key, f"is {value!r}: write a whole number from {least} to {most}")
        return least

    def timing(self, key: str) -> Timing:
        """Return when a rung's time comes."""
        words = self.text(key)
        timing = Timing.from_words(words)
        if words and timing is None:
            examples = '"3 days before due", "on due date", "1 day after due" or "1 day after payment"'
            self.problem(key, f"is {words!r}: write {examples} (words, no signs)")
        return timing or Timing(anchor=Anchor.AFTER_DUE, days=0)

    def window(self) -> SendWindow:
        """Return the send window from `send_days` and `send_window`; both may be missing."""
        hours = self._hours("send_window") if self.has("send_window") else (OFFICE_HOURS.opens, OFFICE_HOURS.closes)
        days = self._days("send_days") if self.has("send_days") else OFFICE_HOURS.days
        return SendWindow(days=days, opens=hours[0], closes=hours[1])

    def finish(self) -> None:
        """Note every key that nobody asked for: a misspelt key must not be passed over in silence."""
        for key in self._unread:
            self.problem(key, "is not known here: correct its spelling or remove it")

    def _take(self, key: str, default: object) -> object:
        value = self._unread.pop(key, default)
        if value is None:
            self.problem(key, "is missing: add it")
            return _MISSING
        return value

    def _hours(self, key: str) -> tuple[time, time]:
        words = self.text(key)
        found = _HOURS.fullmatch(words)
        if found:
            hours, minutes, to_hours, to_minutes = (int(part) for part in found.groups())
            if (hours, minutes) < (to_hours, to_minutes) <= (23, 59) and max(minutes, to_minutes) <= 59:  # noqa: PLR2004
                return time(hours, minutes), time(to_hours, to_minutes)
        if words:
            self.problem(key, f'is {words!r}: write opening and closing hour of one day, such as "09:00-17:00"')
        return time(0), time(1)

    def _days(self, key: str) -> frozenset[int]:
        value = self._take(key, None)
        words = value if isinstance(value, list) else []
        if not words or any(word not in DAY_WORDS for word in words):
            self.problem(key, f"is {value!r}: write a list such as {list(DAY_WORDS[:5])!r}")
            return frozenset()
        return frozenset(DAY_WORDS.index(word) for word in words)
