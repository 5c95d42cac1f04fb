"""What phrase files write as regular expressions: of whole words, bounded, made when they are first needed.

Making one takes as long as reading a mail, and there are thousands: most are never needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

#: What phrase files may write without an end, and the end it gets.
_BOUNDS = (
    (r"\w*", r"\w{0,40}"),
    (r"\w+", r"\w{1,40}"),
    (r"\S*", r"\S{0,60}"),
    (r"\S+", r"\S{1,60}"),
    ("]*", "]{0,60}"),
    ("]+", "]{1,60}"),
    (")*", "){0,8}"),
)
#: The same for what is to stand so many times at least.
_AT_LEAST = re.compile(r"\{(\d+),\}")
_MOST = 60
#: Patterns that begin with one of these hold punctuation, not words.
_NO_WORD = (" ", ",", ";", "-", "\u2013", "\u2014", "\\?")
_WHOLE = r"(?<!\w)(?:{})(?!\w)"
#: Escapes, names of groups, and letters: only the last may become small.
_ESCAPES_AND_LETTERS = re.compile(r"\\.|\(\?P<\w+>|[^\W\d_]+", re.DOTALL)
#: Sets, and spaces outside of them with the repeat that follows.
_SETS_AND_SPACES = re.compile(r"\\[^ ]|\[(?:\\.|[^\]\\])*\]?| [*+]| \??", re.DOTALL)
_A_FEW_SPACES = {" ": " {1,4}", " ?": " {0,4}"}
#: The name of another pattern.
BLOCK = re.compile(r"\{([a-z]+\d?)\}")
_DEEPEST_BLOCK = 4


class PhraseError(ValueError):
    """A phrase file has a missing table, an unknown block or a pattern that is no regular expression."""


class Patterns(Mapping[str, re.Pattern[str]]):
    """Patterns by name, each made of its `rows` when it is first asked for; `blocks` are what these may name."""

    def __init__(self, rows: Mapping[str, Sequence[str]], blocks: Mapping[str, str]) -> None:
        self.rows, self.blocks = rows, blocks
        self._made: dict[str, re.Pattern[str]] = {}

    def __getitem__(self, name: str) -> re.Pattern[str]:
        if name not in self._made:
            self._made[name] = compiled(name, *parted(self.rows[name]), self.blocks)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def compiled(name: str, words: Sequence[str], marks: Sequence[str], blocks: Mapping[str, str]) -> re.Pattern[str]:
    """Return the pattern for any of some (`either`), made; raises PhraseError that says `name` and the words."""
    try:
        return re.compile(either(words, marks, blocks))
    except KeyError as problem:
        raise PhraseError(f"{name}: there is no block {problem}, which {[*words, *marks]} names") from problem
    except re.error as problem:
        raise PhraseError(f"{name}: {[*words, *marks]} is no pattern: {problem}") from problem


def any_of(rows: Sequence[str], blocks: Mapping[str, str]) -> str:
    """Return one pattern for any of several rows.

    Raises KeyError for a block that is not among `blocks`.
    """
    words, marks = parted(rows)
    return either(words, marks, blocks)


def parted(rows: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the rows of words, and those that begin with a mark."""
    return [row for row in rows if not row.startswith(_NO_WORD)], [row for row in rows if row.startswith(_NO_WORD)]


def either(words: Sequence[str], marks: Sequence[str], blocks: Mapping[str, str]) -> str:
    """Return one pattern for any of some; those of words share one pair of word ends, which is much faster."""
    filled = [_bounded(_any_spaces(_filled("|".join(each), blocks))) for each in (marks, words) if each]
    if words:
        filled[-1] = _WHOLE.format(filled[-1])
    return _in_small_letters("|".join(filled))


def _in_small_letters(pattern: str) -> str:
    return _ESCAPES_AND_LETTERS.sub(lambda hit: hit[0] if hit[0][0] in "\\(" else hit[0].lower(), pattern)


def _filled(text: str, blocks: Mapping[str, str]) -> str:
    for _ in range(_DEEPEST_BLOCK):
        if "{" not in text:
            break
        text = BLOCK.sub(lambda found: blocks[found[1]], text)
    return text


def _bounded(text: str) -> str:
    """Give every run of letters or words an end, far beyond what people write: else it costs the square of it."""
    for endless, bounded in _BOUNDS:
        text = text.replace(endless, bounded)
    return _AT_LEAST.sub(lambda hit: f"{{{hit[1]},{max(_MOST, int(hit[1]))}}}", text) if ",}" in text else text


def _any_spaces(text: str) -> str:
    """Let every space outside of a character class stand for one to four, an optional one for none to four."""
    return _SETS_AND_SPACES.sub(lambda hit: _A_FEW_SPACES.get(hit[0], hit[0]), text)
