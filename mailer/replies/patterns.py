"""What phrase files write as regular expressions: of whole words, bounded, made when they are first needed.

Making one takes as long as reading a mail, and there are thousands: most are never needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

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
#: Patterns that begin with one of these hold punctuation, not words.
_NO_WORD = (" ", ",", ";", "-", "\u2013", "\u2014", "\\?")
_WHOLE = r"(?<!\w)(?:{})(?!\w)"
#: Escapes, names of groups, and letters: only the last may become small.
_ESCAPES_AND_LETTERS = re.compile(r"\\.|\(\?P<\w+>|[^\W\d_]+", re.DOTALL)
#: Sets, and spaces outside of them with the repeat that follows.
_SETS_AND_SPACES = re.compile(r"\\[^ ]|\[(?:\\.|[^\]\\])*\]?| [*+]| \??", re.DOTALL)
_A_FEW_SPACES = {" ": " {1,4}", " ?": " {0,4}"}
_BLOCK = re.compile(r"\{([a-z]+\d?)\}")
_DEEPEST_BLOCK = 4


class Patterns(Mapping[str, re.Pattern[str]]):
    """Patterns by name, each made when it is first asked for; `texts` has what they are made of."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self._made: dict[str, re.Pattern[str]] = {}

    def __getitem__(self, name: str) -> re.Pattern[str]:
        if name not in self._made:
            self._made[name] = re.compile(self.texts[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)


def any_of(patterns: list[str], blocks: Mapping[str, str]) -> str:
    """Return one pattern for any of several; those of words share one pair of word ends, which is much faster.

    Raises KeyError for a block that is not among `blocks`.
    """
    filled = [_bounded(_any_spaces(_filled(one, blocks))) for one in patterns]
    words = "|".join(one for one, text in zip(filled, patterns, strict=True) if not text.startswith(_NO_WORD))
    marks = [one for one, text in zip(filled, patterns, strict=True) if text.startswith(_NO_WORD)]
    return _in_small_letters("|".join([*marks, *([_WHOLE.format(words)] if words else [])]))


def _in_small_letters(pattern: str) -> str:
    return _ESCAPES_AND_LETTERS.sub(lambda hit: hit[0] if hit[0][0] in "\\(" else hit[0].lower(), pattern)


def _filled(text: str, blocks: Mapping[str, str]) -> str:
    for _ in range(_DEEPEST_BLOCK):
        if "{" not in text:
            break
        text = _BLOCK.sub(lambda found: blocks[found[1]], text)
    return text


def _bounded(text: str) -> str:
    """Give every run of letters or words an end, far beyond what people write: else it costs the square of it."""
    for endless, bounded in _BOUNDS:
        text = text.replace(endless, bounded)
    return text


def _any_spaces(text: str) -> str:
    """Let every space outside of a character class stand for one to four, an optional one for none to four."""
    return _SETS_AND_SPACES.sub(lambda hit: _A_FEW_SPACES.get(hit[0], hit[0]), text)
