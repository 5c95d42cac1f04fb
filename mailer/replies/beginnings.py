"""Where patterns may be found: each looks only at the words that begin as one of its matches can.

A search tries a hundred alternatives at every place of a text. Nearly all are refused by the first letters, so these
are read from the pattern once. They may be too many, never too few: what is found does not depend on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from mailer.replies.needles import ATOM, PERHAPS_NEVER, REPEAT, needles

#: So many letters are read from a pattern: most lookouts need fewer, and with these remember fewer.
_LETTERS = 5
_USUAL = 3
#: Beginnings of words of which it is remembered what may begin there; people use some hundreds.
_MOST_KNOWN = 5_000
_AT_MOST_ONCE = re.compile(r"\?.?|\{[01]?(?:,1)?\}.?")
#: A repeat of which once and twice are written out: "\\d{1,2}" begins no year, and most gaps are one space.
_FEW_TIMES = re.compile(r"\{1,(\d{1,2})\}.?")
_WORD = re.compile(r"(?<!\w)\S")
_DIGIT = re.compile(r"\d")
_APOSTROPHES = ("'", "\u2019")
_BEFORE_APOSTROPHE = re.compile(r"(?<!\w)\w(?=\w*+['\u2019])")
#: "n't", "'ll" behind any word: they begin only where an apostrophe follows, and this stands for their first letters.
_TIED = "\x01"
_ANY_WORD, _APOSTROPHE = [r"\w", "{1,40}"], "['\u2019]"
_HEAD, _TAIL = r"(?<!\w)(?:", r")(?!\w)"
_HEAD_ATOMS, _TAIL_ATOMS = ATOM.findall(_HEAD), ATOM.findall(_TAIL)

#: Beginnings of what is matched, each with whether anything may follow it.
_Begun = frozenset[tuple[str, bool]]
_NOTHING: _Begun = frozenset({("", False)})
_ANYTHING: _Begun = frozenset({("", True)})

#: The places of a text that begin a word, or a mark that stands behind none, each with its first letters.
Words = list[tuple[int, str]]
#: A pattern by name, and how it is tried at a place of a text.
_Try = tuple[str, Callable[[str, int], re.Match[str] | None]]


def words_in(text: str, letters: int = _USUAL) -> Words:
    """Return where words and marks begin, and so many of the letters from there on, with "0" for every digit.

    A word before an apostrophe comes twice, the second time with the sign for these.
    """
    shape = _DIGIT.sub("0", text)
    places = [hit.start() for hit in _WORD.finditer(shape)]
    words = [(at, shape[at : at + letters]) for at in places]
    if _APOSTROPHES[0] in text or _APOSTROPHES[1] in text:
        words += [(hit.start(), _TIED) for hit in _BEFORE_APOSTROPHE.finditer(shape)]
        words.sort()
    return words


def words_within(words: Words, text: str, start: int, end: int) -> Words:
    """Return the words of a stretch of a text, from the words of the whole: letters may reach beyond the stretch."""
    within = [(at - start, letters) for at, letters in words if start <= at < end]
    if start < end and (not within or within[0][0]) and not text[start].isspace():
        within.insert(0, (0, _DIGIT.sub("0", text[start : start + _USUAL])))  # cut within a word
    return within


class _Tries(dict[str, tuple[_Try, ...]]):
    """What may begin where a word begins with some letters, remembered for the latest of them."""

    def __init__(self, patterns: Mapping[str, re.Pattern[str]], by_letters: Mapping[str, dict[str, None]]) -> None:
        super().__init__()
        self._patterns, self._by_letters = patterns, by_letters

    def __missing__(self, letters: str) -> tuple[_Try, ...]:
        names: dict[str, None] = {}
        for size in range(1, len(letters) + 1):
            if some := self._by_letters.get(letters[:size]):
                names.update(some)
        tries = tuple([(name, self._patterns[name].match) for name in names])
        if len(self) >= _MOST_KNOWN:
            self.clear()
        self[letters] = tries
        return tries


class Lookout:
    """Patterns by name, found where their `search` would find them, but tried only where they may begin.

    The beginnings are read when they are first needed: most languages and many patterns never are. `letters` is how
    many of them each word in question comes with.
    """

    def __init__(self, patterns: Mapping[str, re.Pattern[str]], *, letters: int = _USUAL) -> None:
        self._patterns = patterns
        self.letters = letters
        #: Of each pattern what may begin anywhere, with the letters without which it is not: it is searched for.
        self._anywhere: list[tuple[str, tuple[str, ...], Callable[[str], re.Match[str] | None]]] = []
        self._tries: _Tries | None = None

    def all_in(self, text: str, words: Words) -> set[str]:
        """Return the names of the patterns that find anything in a text, `words` being its own."""
        tries = self._read() if self._tries is None else self._tries
        found: set[str] = set()
        for name, letters, search in self._anywhere:
            for one in letters:
                if one in text:
                    if search(text):
                        found.add(name)
                    break
        for at, letter in words:
            for name, match in tries[letter]:
                if name not in found and match(text, at):
                    found.add(name)
        return found

    def places(self, words: Words) -> dict[str, list[int]]:
        """Return the words at which each pattern may begin, none for those that may not."""
        tries = self._read() if self._tries is None else self._tries
        found: dict[str, list[int]] = {}
        for at, letters in words:
            for name, _ in tries[letters]:
                if name in found:
                    found[name].append(at)
                else:
                    found[name] = [at]
        return found

    def anywhere_in(self, text: str) -> set[str]:
        """Return the names of which `places` does not know all, those that a text may hold."""
        if self._tries is None:
            self._read()
        return {name for name, letters, _ in self._anywhere if any(one in text for one in letters)}

    def _read(self) -> _Tries:
        by_letters: dict[str, dict[str, None]] = {}
        for name, pattern in self._patterns.items():
            free: list[str] = []
            for part, is_word in _parts(ATOM.findall(pattern.pattern)):
                begun = _begun(part) if is_word else None
                if begun is None:
                    free.append(f"{_HEAD}{''.join(part)}{_TAIL}" if is_word else "".join(part))
                for letters in begun or ():
                    by_letters.setdefault(letters[: self.letters], {})[name] = None
            if free:
                text = "|".join(free)
                self._anywhere.append((name, needles(text), re.compile(text).search))
        self._tries = _Tries(self._patterns, by_letters)
        return self._tries


def beginnings(pattern: str) -> frozenset[str] | None:
    """Return the first letters (five at most) of what a pattern may match at a word; None when any will do."""
    return _begun(ATOM.findall(pattern))


def _begun(atoms: list[str]) -> frozenset[str] | None:
    found = frozenset(letters for letters, _ in _of_alternatives(atoms, 0, is_whole=True)[0])
    return None if any(not letters or letters[0].isspace() for letters in found) else found


def _parts(atoms: list[str]) -> Iterator[tuple[list[str], bool]]:
    """Yield the alternatives of a pattern, those that share their word ends one by one, and whether they do."""
    for one in _alternatives(atoms):
        if one[: len(_HEAD_ATOMS)] == _HEAD_ATOMS and one[-len(_TAIL_ATOMS) :] == _TAIL_ATOMS:
            yield from ((each, True) for each in _alternatives(one[len(_HEAD_ATOMS) : -len(_TAIL_ATOMS)]))
        else:
            yield one, False


def _alternatives(atoms: list[str]) -> list[list[str]]:
    found: list[list[str]] = []
    depth = start = 0
    for at, atom in enumerate(atoms):
        if atom[0] == "(":
            depth += 1
        elif atom == ")":
            depth -= 1
        elif atom == "|" and not depth:
            found.append(atoms[start:at])
            start = at + 1
    return [*found, atoms[start:]]


def _of_alternatives(atoms: list[str], at: int, *, is_whole: bool = False) -> tuple[_Begun, int]:
    """Return the beginnings of some alternatives, and the place of the bracket that closes them."""
    is_one = is_whole and _is_one(atoms)
    begun, at = _of_sequence(atoms, at, is_all=is_one)
    while not is_one and at < len(atoms) and atoms[at] == "|":
        more, at = _of_sequence(atoms, at + 1)
        begun |= more
    return begun, at


def _is_one(atoms: list[str]) -> bool:
    """Whether there are no alternatives outside of brackets."""
    depth = 0
    for atom in atoms:
        depth += (atom[0] == "(") - (atom == ")")
        if atom == "|" and not depth:
            return False
    return True


def _of_sequence(atoms: list[str], at: int, *, is_all: bool = False) -> tuple[_Begun, int]:
    """Return the beginnings of one alternative, and its end; when it `is_all`, what cannot matter is not read."""
    word, at = _letters_at(atoms, at)
    begun = frozenset({(word[:_LETTERS], len(word) >= _LETTERS)})
    while at < len(atoms) and atoms[at] not in ("|", ")"):
        if all(is_open for _, is_open in begun):
            return begun, len(atoms) if is_all else _end_of(atoms, at)
        one, at = _of_atom(atoms, at)
        if at < len(atoms) and REPEAT.fullmatch(atoms[at]):
            one, at = _repeated(one, atoms[at]), at + 1
        if any(not is_open for _, is_open in begun):
            begun = frozenset(each for first in begun for each in _followed(first, one))
    return begun, at


def _letters_at(atoms: list[str], at: int) -> tuple[str, int]:
    """Return the letters that stand at a place, one after the other, and the place behind them."""
    start = at
    while at < len(atoms) and atoms[at].isalpha():
        at += 1
    if at < len(atoms) and at > start and REPEAT.fullmatch(atoms[at]):
        at -= 1  # the last one is repeated, or left out
    return "".join(atoms[start:at]), at


def _end_of(atoms: list[str], at: int) -> int:
    """Return where the alternative that goes on at a place ends."""
    depth = 0
    while at < len(atoms) and (depth or atoms[at] not in ("|", ")")):
        depth += (atoms[at][0] == "(") - (atoms[at] == ")")
        at += 1
    return at


def _followed(first: tuple[str, bool], begun: _Begun) -> Iterator[tuple[str, bool]]:
    if first[1]:
        yield first
        return
    for letters, is_open in begun:
        if letters == _TIED and first[0]:
            yield first[0], True
            continue
        whole = first[0] + letters
        yield whole[:_LETTERS], is_open or len(whole) >= _LETTERS


def _repeated(begun: _Begun, repeat: str) -> _Begun:
    if few := _FEW_TIMES.fullmatch(repeat):
        twice = frozenset(each for first in begun for each in _followed(first, begun))
        return begun | (twice if few[1] == "2" else frozenset((letters, True) for letters, _ in twice))
    if not _AT_MOST_ONCE.fullmatch(repeat):
        begun = frozenset((letters, True) for letters, _ in begun)
    return begun | _NOTHING if PERHAPS_NEVER.fullmatch(repeat) else begun


def _of_atom(atoms: list[str], at: int) -> tuple[_Begun, int]:
    atom = atoms[at]
    if atom[0] == "(":
        begun, at = _of_alternatives(atoms, at + 1)
        return _NOTHING if atom[-1] in "=!" else begun, at + 1
    if atom in {"^", "$", r"\b", r"\B", r"\A", r"\Z"}:
        return _NOTHING, at + 1
    if atom[0] == "[":
        return _of_set(atom[1:-1]), at + 1
    if atom == r"\d":
        return frozenset({("0", False)}), at + 1
    if atom == _ANY_WORD[0] and _is_tied(atoms, at):
        return frozenset({(_TIED, True)}), at + 1
    if atom == "." or (atom[0] == "\\" and atom[1].isalnum()):
        return _ANYTHING, at + 1
    return frozenset({("0" if atom[-1].isdecimal() else atom[-1], False)}), at + 1


def _is_tied(atoms: list[str], at: int) -> bool:
    """Whether any word stands here with an apostrophe behind it."""
    behind = atoms[at + len(_ANY_WORD) :][:2]
    is_next = behind[:1] == [_APOSTROPHE] or behind == ["n", _APOSTROPHE]
    return is_next and atoms[at : at + len(_ANY_WORD)] == _ANY_WORD


def _of_set(chars: str) -> _Begun:
    chars = chars.replace(r"\d", "0")
    is_plain = chars[0] != "^" and "\\" not in chars and "-" not in chars[1:-1]
    return frozenset(("0" if char.isdecimal() else char, False) for char in chars) if is_plain else _ANYTHING
