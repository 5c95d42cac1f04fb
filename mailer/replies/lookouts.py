"""Where patterns may be found: each looks only at the words that begin as one of its matches can.

A search tries a hundred alternatives at every place of a text. Nearly all are refused by the first letters, so these
are read from the pattern once (`mailer.replies.beginnings`). What is found does not depend on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mailer.replies.beginnings import LETTERS, TIED, Beginnings, alternatives
from mailer.replies.needles import needles
from mailer.replies.patterns import PhraseError, compiled, parted

#: Beginnings of words of which it is remembered what may begin there; people use some thousands.
_MOST_KNOWN = 20_000
_WORD = re.compile(r"(?<!\w)\S")
_DIGIT = re.compile(r"\d")
_APOSTROPHES = ("'", "\u2019")
_BEFORE_APOSTROPHE = re.compile(r"(?<!\w)\w(?=\w*+['\u2019])")

#: The places of a text that begin a word, or a mark that stands behind none, each with its first letters.
Words = list[tuple[int, str]]
#: The name of a pattern, and how one of its alternatives is tried at a place of a text.
Try = list[Any]
_NO_BLOCKS: Mapping[str, str] = MappingProxyType({})


def words_in(text: str) -> Words:
    """Return where words and marks begin, and the first letters from there on, with "0" for every digit.

    A word before an apostrophe comes twice, the second time with the sign for these.
    """
    shape = _DIGIT.sub("0", text)
    places = [hit.start() for hit in _WORD.finditer(shape)]
    words = [(at, shape[at : at + LETTERS]) for at in places]
    if _APOSTROPHES[0] in text or _APOSTROPHES[1] in text:
        words += [(hit.start(), TIED) for hit in _BEFORE_APOSTROPHE.finditer(shape)]
        words.sort()
    return words


def words_within(words: Words, text: str, start: int, end: int) -> Words:
    """Return the words of a stretch of a text, from the words of the whole: letters may reach beyond the stretch."""
    within = [(at - start, letters) for at, letters in words if start <= at < end]
    if start < end and (not within or within[0][0]) and not text[start].isspace():
        within.insert(0, (0, _DIGIT.sub("0", text[start : start + LETTERS])))  # cut within a word
    return within


class Memory(dict[str, tuple[tuple[Try, ...], ...]]):
    """What each of some lookouts tries where a word begins with some letters, remembered for the latest of them.

    Of each pattern only the alternatives that may begin there are tried. `blocks` are what patterns may name.
    """

    def __init__(self, blocks: Mapping[str, str] = _NO_BLOCKS) -> None:
        super().__init__()
        self.blocks = blocks
        self._beginnings = Beginnings(blocks)
        self._lookouts = 0
        self._begun: dict[str, list[tuple[int, Try]]] = {}

    def place_of_one_more(self) -> int:
        """Return the place of a lookout among those that share this memory."""
        self._lookouts += 1
        return self._lookouts - 1

    def add(self, place: int, name: str, alternative: str) -> bool:
        """Add an alternative of a pattern; return whether it was, which is not when it may begin anywhere.

        Raises PhraseError.
        """
        try:
            letters = self._beginnings.of(alternative)
        except (KeyError, re.error) as problem:
            raise PhraseError(f"{name}: {alternative!r} is no pattern: {problem}") from problem
        if letters is None:
            return False
        tried = place, self._try(name, alternative)
        for one in letters:
            self._begun.setdefault(one, []).append(tried)
        return True

    def __missing__(self, letters: str) -> tuple[tuple[Try, ...], ...]:
        found: list[list[Try]] = [[] for _ in range(self._lookouts)]
        for size in range(1, len(letters) + 1):
            for place, one in self._begun.get(letters[:size], ()):
                found[place].append(one)
        if len(self) >= _MOST_KNOWN:
            self.clear()
        self[letters] = tries = tuple(map(tuple, found))
        return tries

    def _try(self, name: str, alternative: str) -> Try:
        """Return how an alternative is tried: its pattern is made when it first is, for most never are."""

        def first(text: str, at: int) -> re.Match[str] | None:
            one[1] = match = compiled(name, [alternative], (), self.blocks).match
            return match(text, at)

        one: Try = [name, first]
        return one


class Lookout:
    """Patterns by name, found where their `search` would find them, but tried only where they may begin.

    The beginnings are read when they are first needed: most languages and many patterns never are. Lookouts that are
    asked about the same words share their `memory`.
    """

    def __init__(self, rows: Mapping[str, Sequence[str]], memory: Memory | None = None) -> None:
        self._rows = rows
        self._memory = Memory() if memory is None else memory
        self._place = self._memory.place_of_one_more()
        self._is_read = False
        #: Of each pattern what may begin anywhere, with the letters without which it is not: it is searched for.
        self._anywhere: list[tuple[str, tuple[str, ...], Callable[[str], re.Match[str] | None]]] = []

    def all_in(self, text: str, words: Words) -> set[str]:
        """Return the names of the patterns that find anything in a text, `words` being its own."""
        if not self._is_read:
            self._read()
        found: set[str] = set()
        for name, letters, search in self._anywhere:
            for one in letters:
                if one in text:
                    if search(text):
                        found.add(name)
                    break
        memory, place = self._memory, self._place
        for at, letter in words:
            for name, match in memory[letter][place]:
                if name not in found and match(text, at):
                    found.add(name)
        return found

    def places(self, words: Words) -> dict[str, list[int]]:
        """Return the words at which each pattern may begin, none for those that may not."""
        if not self._is_read:
            self._read()
        found: dict[str, list[int]] = {}
        for at, letters in words:
            for name, _ in self._memory[letters][self._place]:
                mine = found.setdefault(name, [])
                if not mine or mine[-1] != at:  # two alternatives may begin there
                    mine.append(at)
        return found

    def anywhere_in(self, text: str) -> set[str]:
        """Return the names of which `places` does not know all, those that a text may hold."""
        if not self._is_read:
            self._read()
        return {name for name, letters, _ in self._anywhere if any(one in text for one in letters)}

    def _read(self) -> None:
        memory = self._memory
        for name, rows in self._rows.items():
            words, marks = parted(rows)
            each = [one for row in words for one in alternatives(row)]
            anywhere = [one for one in each if not memory.add(self._place, name, one)]
            if anywhere or marks:
                pattern = compiled(name, anywhere, marks, memory.blocks)
                self._anywhere.append((name, needles(pattern.pattern), pattern.search))
        memory.clear()
        self._is_read = True
