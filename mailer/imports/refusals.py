"""Why a whole file is refused: nothing of it is read, and each sentence names what helps."""

from __future__ import annotations

from collections.abc import Sequence


class ImportRefused(Exception):
    """The file cannot be read as it is; the message says where, why and what to do. `flag` helps, "" when none does."""

    def __init__(self, message: str, *, flag: str = "") -> None:
        super().__init__(message)
        self.flag = flag


class UnreadableFile(ImportRefused):
    """The bytes are no CSV text that can be read safely: empty, a spreadsheet, of no known encoding, or damaged."""


class UnknownHeader(ImportRefused):
    """The header row belongs to no known format, or a column that the format needs is missing or stands twice."""

    def __init__(self, message: str, *, found: Sequence[str], expected: Sequence[str], flag: str = "") -> None:
        super().__init__(message, flag=flag)
        self.found = tuple(found)
        self.expected = tuple(expected)


class AmbiguousDates(ImportRefused):
    """Day and month cannot be told apart in this file, or its dates contradict each other; never guessed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, flag="--date-order")


class FileChanged(ImportRefused):
    """The file is not the one that was inspected."""
