"""The first letters of what a pattern may match, read from the pattern.

They may be too many, never too few: what `mailer.replies.lookouts` finds does not depend on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailer.replies.needles import ATOM, PERHAPS_NEVER, REPEAT
from mailer.replies.patterns import BLOCK

#: So many letters are read from a pattern.
LETTERS = 5
#: "n't", "'ll" behind any word: they begin only where an apostrophe follows, and this stands for their first letters.
TIED = "\x01"
_TIED_WORD = re.compile(r"\\w(?:\+|\{1,40\})n?\['\u2019\]")
_AT_MOST_ONCE = re.compile(r"\?.?|\{[01]?(?:,1)?\}.?")
#: A repeat of which once and twice are written out: "\\d{1,2}" begins no year, and most gaps are one space.
_FEW_TIMES = re.compile(r"\{1,(\d{1,2})\}.?|\+.?")
#: Letters that stand at the beginning as they are.
_PLAIN = re.compile(r"(?:[^\W\d_](?![*+?]|\{[\d,])){1,5}")
#: What cuts a pattern into alternatives, and what only looks like that.
_STRUCTURE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]", re.DOTALL)

#: Beginnings of what is matched, each with whether anything may follow it.
_Begun = frozenset[tuple[str, bool]]
_NOTHING: _Begun = frozenset({("", False)})
_ANYTHING: _Begun = frozenset({("", True)})


def alternatives(pattern: str) -> list[str]:
    """Return the alternatives of a pattern: what its outermost strokes part."""
    if "|" not in pattern:
        return [pattern]
    found: list[str] = []
    depth = start = 0
    for hit in _STRUCTURE.finditer(pattern):
        sign = hit[0]
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
        elif sign == "|" and not depth:
            found.append(pattern[start : hit.start()])
            start = hit.end()
    return [*found, pattern[start:]]


class Beginnings:
    """The beginnings of patterns that may name `blocks`, other patterns, as "{name}"; what was read is remembered."""

    def __init__(self, blocks: Mapping[str, str]) -> None:
        self._blocks = blocks
        self._known: dict[str, _Begun] = {}
        self._steps: dict[tuple[_Begun, str, str], tuple[_Begun, bool]] = {}

    def of(self, alternative: str) -> frozenset[str] | None:
        """Return the first letters (five at most) of what one alternative matches; None when any will do."""
        found = frozenset(letters for letters, _ in self._of_one(alternative))
        return None if any(not letters or letters[0].isspace() for letters in found) else found

    def _of_alternatives(self, pattern: str) -> _Begun:
        if pattern not in self._known:
            self._known[pattern] = frozenset(each for one in alternatives(pattern) for each in self._of_one(one))
        return self._known[pattern]

    def _of_one(self, pattern: str) -> _Begun:
        begun, at, is_open = _NOTHING, 0, False
        if plain := _PLAIN.match(pattern):
            at, is_open = plain.end(), plain.end() >= LETTERS
            begun = frozenset({(plain[0].lower(), is_open)})
        while at < len(pattern) and not is_open:
            piece, repeat, at = _piece(pattern, at)
            key = begun, piece, repeat
            if key not in self._steps:
                one = _repeated(self._of_piece(piece), repeat)
                after = frozenset(each for first in begun for each in _followed(first, one))
                self._steps[key] = after, all(each for _, each in after)
            begun, is_open = self._steps[key]
        return begun

    def _of_piece(self, piece: str) -> _Begun:
        if piece[0] == "(":
            opening = _atom(piece, 0)
            return _NOTHING if opening[-1] in "=!" else self._of_alternatives(piece[len(opening) : -1])
        if block := BLOCK.fullmatch(piece):
            return self._of_alternatives(self._blocks[block[1]])
        if piece in {"^", "$", r"\b", r"\B", r"\A", r"\Z"}:
            return _NOTHING
        if piece == "[":
            raise re.error("a set is not closed", piece)
        if piece[0] == "[":
            return _of_set(piece[1:-1])
        if piece == r"\d":
            return frozenset({("0", False)})
        if _TIED_WORD.fullmatch(piece):
            return frozenset({(TIED, True)})
        if piece == "." or (piece[0] == "\\" and piece[1].isalnum()):
            return _ANYTHING
        return frozenset({("0" if piece[-1].isdecimal() else piece[-1].lower(), False)})


def _piece(pattern: str, at: int) -> tuple[str, str, int]:
    """Return what stands at a place (a sign, a set, a block, a bracket as a whole), its repeat, and the place behind.

    A space stands for a few.
    """
    if tied := _TIED_WORD.match(pattern, at):
        return tied[0], "", tied.end()
    end = _end_of(pattern, at) if pattern[at] == "(" else at + len(_atom(pattern, at))
    repeat = REPEAT.match(pattern, end)
    found = repeat[0] if repeat else ""
    if pattern[at] == " " and found in ("", "?"):
        return " ", "{1,4}" if not found else "{0,4}", end + len(found)
    return pattern[at:end], found, end + len(found)


def _atom(pattern: str, at: int) -> str:
    found = ATOM.match(pattern, at)
    return found[0] if found else ""


def _end_of(pattern: str, at: int) -> int:
    """Return the place behind the bracket that closes the one at a place."""
    depth = 0
    for hit in _STRUCTURE.finditer(pattern, at):
        depth += (hit[0] == "(") - (hit[0] == ")")
        if not depth:
            return hit.end()
    raise re.error("a bracket is not closed", pattern, at)


def _followed(first: tuple[str, bool], begun: _Begun) -> Iterator[tuple[str, bool]]:
    if first[1]:
        yield first
        return
    for letters, is_open in begun:
        if letters == TIED and first[0]:
            yield first[0], True
            continue
        joined = first[0] + letters
        yield joined[:LETTERS], is_open or len(joined) >= LETTERS


def _repeated(begun: _Begun, repeat: str) -> _Begun:
    if not repeat:
        return begun
    if few := _FEW_TIMES.fullmatch(repeat):
        twice = frozenset(each for first in begun for each in _followed(first, begun))
        return begun | (twice if few[1] == "2" else frozenset((letters, True) for letters, _ in twice))
    if not _AT_MOST_ONCE.fullmatch(repeat):
        begun = frozenset((letters, True) for letters, _ in begun)
    return begun | _NOTHING if PERHAPS_NEVER.fullmatch(repeat) else begun


def _of_set(chars: str) -> _Begun:
    chars = chars.replace(r"\d", "0").lower()
    is_plain = chars[0] != "^" and "\\" not in chars and "-" not in chars[1:-1]
    return frozenset(("0" if char.isdecimal() else char, False) for char in chars) if is_plain else _ANYTHING
