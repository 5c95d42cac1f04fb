"""Texts of strangers for the PDF report: only what its typewriter face can show, in lines of a known width.

PDF/A refuses a character that no font can show, and the fonts are those that typst carries, never the machine's: so
Chinese, Hebrew or an emoji stand there as "[U+4E2D]", as controls do in every report. Every character has the same
width, so that lines are wrapped and pages counted here, and nothing can run over the edge of a page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from mailer.dossier.typewriter import RANGES

#: Ends a line that was wrapped; it is in no text of a stranger, where it is shown as "[U+21A9]".
WRAPPED = "\u21a9"
#: More marks than this on one letter (Vietnamese has two) would be printed over the lines above.
MAX_MARKS = 2
TAB_COLUMNS = 8
#: A run of characters that are not shown is told up to here.
MAX_RUN = 64
_CODES = [tuple(int(code, 16) for code in one.split("-")) for one in RANGES.split()]
_CLASS = "".join(f"\\U{run[0]:08X}-\\U{run[-1]:08X}" for run in _CODES)
_UNSHOWN = re.compile(f"[^\n{_CLASS}]+")
_MARKS = "".join(chr(code) for run in _CODES for code in range(run[0], run[-1] + 1) if unicodedata.combining(chr(code)))
_TOO_MANY = re.compile(f"(?<=[{_MARKS}]{{{MAX_MARKS}}})[{_MARKS}]+")
#: Hebrew, Arabic, Syriac, Thaana, N'Ko and what else is written from the right, as far as the face has it.
_FROM_RIGHT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe]+")


def legible(text: str) -> str:
    """Return the text with every character that cannot be shown as "[U+202E]"; line feeds stay, tabs are blanks."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    shown = _UNSHOWN.sub(_codes, lines.expandtabs(TAB_COLUMNS))
    return shown if shown.isascii() else _TOO_MANY.sub(_codes, shown)


def legible_line(text: str) -> str:
    """Return the text as `legible` does, on one line."""
    return " ".join(legible(text).split("\n")).strip()


def composed_line(text: str) -> str:
    """Return a sentence in which our words and a stranger's stand together: nothing in it is written from the right.

    Else two words of a stranger in Arabic could change places with a date of ours between them.
    """
    return _FROM_RIGHT.sub(_codes, legible_line(text))


def wrapped(text: str, columns: int, *, mark: str = WRAPPED) -> list[str]:
    """Return the lines of a legible text, each of at most so many characters; one that goes on ends in the mark."""
    return [piece for line in text.split("\n") for piece in _pieces(line, columns, mark)]


def _pieces(line: str, columns: int, mark: str) -> Iterator[str]:
    while len(line) > columns:
        room = columns - len(mark)
        cut = line.rfind(" ", room // 2, room) + 1 or room
        yield line[:cut] + mark
        line = line[cut:]
    yield line


def _codes(found: re.Match[str]) -> str:
    """Return "[U+4E2D U+6587]", and how many more where it is a long run."""
    run = found[0]
    more = f" and {len(run) - MAX_RUN} more" if len(run) > MAX_RUN else ""
    return f"[{' '.join(f'U+{ord(letter):04X}' for letter in run[:MAX_RUN])}{more}]"
