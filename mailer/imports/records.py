"""From text to records: the delimiter, the header and then each record with the line on which it starts."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TextIO

from mailer.imports.columns import plain_name
from mailer.imports.refusals import UnreadableFile

DELIMITERS = (",", ";", "\t", "|")
#: Longest physical line read, in characters; a longer one is no table.
_MAX_LINE_CHARACTERS = 1 << 20
#: Excel's own first line, such as "sep=;".
_SEPARATOR_LINE = re.compile(r"sep=(.)[\r\n]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record: the lines of the file it spans and its cells; None when its quotes cannot be understood."""

    line: int
    last_line: int
    cells: tuple[str, ...] | None


class _Lines:
    """The physical lines of a file, counted and capped."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_MAX_LINE_CHARACTERS)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == _MAX_LINE_CHARACTERS:
            raise UnreadableFile(f"Line {self.number} is longer than any table's; check that the file is a CSV export.")
        return line


class Table:
    """A CSV text with its header read: `delimiter`, `header`, and the records that follow, once.

    `known` are plain column names: the delimiter that finds most of them in the header line is the file's.
    Raises UnreadableFile when there is no header line.
    """

    def __init__(self, text: TextIO, *, known: Collection[str]) -> None:
        self._lines = _Lines(text)
        first = self._first_line()
        told = _SEPARATOR_LINE.fullmatch(first)
        if told is not None:
            first = self._first_line()
        self.delimiter = told.group(1) if told is not None else _delimiter(first, known)
        try:
            self._reader = csv.reader(
                chain([first], self._lines), delimiter=self.delimiter, strict=True, skipinitialspace=True
            )
            self.header = tuple(next(self._reader))
        except (csv.Error, ValueError, TypeError) as problem:
            raise UnreadableFile(f"The header row cannot be read ({problem}); check its quotes.") from problem

    def _first_line(self) -> str:
        for line in self._lines:
            if line.strip():
                return line
        raise UnreadableFile("The file has no header row; export it again.")

    def records(self) -> Iterator[Record]:
        """Yield every record that is not blank.

        Raises UnreadableFile where a quote is never closed, because nothing after it can be trusted.
        """
        while True:
            line = self._lines.number + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as problem:
                if "expected after" not in str(problem):
                    raise UnreadableFile(
                        f"A quote opened on line {line} is never closed, or a cell there is huge ({problem}); "
                        "nothing after it can be trusted: correct that line."
                    ) from problem
                yield Record(line=line, last_line=self._lines.number, cells=None)
                continue
            if any(cell and not cell.isspace() for cell in cells):
                yield Record(line=line, last_line=self._lines.number, cells=tuple(cells))


def _delimiter(line: str, known: Collection[str]) -> str:
    def worth(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
        return sum(plain_name(cell) in known for cell in cells), len(cells)

    return max(DELIMITERS, key=worth)
