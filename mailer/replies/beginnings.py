"""Where patterns may be found: each looks only at the words that begin as one of its matches can.

A search tries a hundred alternatives at every place of a text. Nearly all are refused by the first letters, so these
are read from the pattern once. They may be too many, never too few: what is found does not depend on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

#: So many letters of a word are looked at.
_LETTERS = 3
#: Beginnings of words of which it is remembered what may begin there; people use some hundreds.
_MOST_KNOWN = 5_000
_ATOM = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:P<\w+>|<?[=!]|:))?|[*+?][?+]?|\{\d*,?\d*\}[?+]?|.", re.DOTALL
)
_REPEAT = re.compile(r"[*+?].?|\{.*\}.?")
_AT_MOST_ONCE = re.compile(r"\?.?|\{[01]?(?:,1)?\}.?")
_PERHAPS_NEVER = re.compile(r"[*?].?|\{(?:0|,).*")
_WORD = re.compile(r"(?<!\w)\S")
_DIGIT = re.compile(r"\d")
_HEAD, _TAIL = r"(?<!\w)(?:", r")(?!\w)"

#: Beginnings of what is matched, each with whether anything may follow it.
_Begun = frozenset[tuple[str, bool]]
_NOTHING: _Begun = frozenset({("", False)})
_ANYTHING: _Begun = frozenset({("", True)})

#: The places of a text that begin a word, or a mark that stands behind none, each with its first letters.
Words = list[tuple[int, str]]


def words_in(text: str) -> Words:
    """Return where words and marks begin, and their first letters, with "0" for every digit."""
    shape = _DIGIT.sub("0", text)
    places = [hit.start() for hit in _WORD.finditer(shape)]
    return [(at, shape[at : at + _LETTERS]) for at in places]


class Lookout:
    """Patterns by name, found where their `search` would find them, but tried only where they may begin.

    The beginnings are read when they are first needed: most languages and many patterns never are.
    """

    def __init__(self, patterns: Mapping[str, re.Pattern[str]]) -> None:
        self._patterns = patterns
        #: Of each pattern what may begin anywhere: it is searched for.
        self._anywhere: dict[str, re.Pattern[str]] = {}
        self._by_letters: dict[str, set[str]] = {}
        self._known: dict[str, tuple[str, ...]] = {}
        self._is_read = False

    def all_in(self, text: str, words: Words) -> set[str]:
        """Return the names of the patterns that find anything in a text, `words` being its own."""
        if not self._is_read:
            self._read()
        found = {name for name, pattern in self._anywhere.items() if pattern.search(text)}
        known, patterns = self._known, self._patterns
        for at, letters in words:
            names = known.get(letters)
            for name in self._names(letters) if names is None else names:
                if name not in found and patterns[name].match(text, at):
                    found.add(name)
        return found

    def places(self, words: Words) -> dict[str, list[int]]:
        """Return the words at which each pattern may begin, none for those that may not."""
        if not self._is_read:
            self._read()
        found: dict[str, list[int]] = {}
        for at, letters in words:
            names = self._known.get(letters)
            for name in self._names(letters) if names is None else names:
                found.setdefault(name, []).append(at)
        return found

    def is_anywhere(self, name: str) -> bool:
        """Whether `places` does not know where a pattern may begin."""
        if not self._is_read:
            self._read()
        return name in self._anywhere

    def _read(self) -> None:
        for name, pattern in self._patterns.items():
            free: list[str] = []
            for part in _parts(pattern.pattern):
                begun = beginnings(part) if part.startswith(_HEAD) else None
                if begun is None:
                    free.append(part)
                for letters in begun or ():
                    self._by_letters.setdefault(letters, set()).add(name)
            if free:
                self._anywhere[name] = re.compile("|".join(free))
        self._is_read = True

    def _names(self, letters: str) -> tuple[str, ...]:
        """Return the names of the patterns that may begin where a word begins with these letters."""
        shorter = [letters[:size] for size in range(1, len(letters) + 1)]
        names = tuple(dict.fromkeys(name for one in shorter for name in sorted(self._by_letters.get(one, ()))))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[letters] = names
        return names


def beginnings(pattern: str) -> frozenset[str] | None:
    """Return the first letters (three at most) of what a pattern may match at a word; None when any will do."""
    bare = pattern.removeprefix(_HEAD).removesuffix(_TAIL) if pattern.startswith(_HEAD) else pattern
    found = frozenset(letters for letters, _ in _of_alternatives(_ATOM.findall(bare), 0, is_whole=True)[0])
    return None if any(not letters or letters[0].isspace() for letters in found) else found


def _parts(pattern: str) -> Iterator[str]:
    """Yield the alternatives of a pattern, those that share their word ends each with its own."""
    for one in _alternatives(pattern):
        if one.startswith(_HEAD) and one.endswith(_TAIL):
            inner = one.removeprefix(_HEAD).removesuffix(_TAIL)
            yield from (f"{_HEAD}{each}{_TAIL}" for each in _alternatives(inner))
        else:
            yield one


def _alternatives(pattern: str) -> list[str]:
    found, depth = [""], 0
    for atom in _ATOM.findall(pattern):
        depth += (atom[0] == "(") - (atom == ")")
        if atom == "|" and not depth:
            found.append("")
        else:
            found[-1] += atom
    return found


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
    begun = _NOTHING
    while at < len(atoms) and atoms[at] not in ("|", ")"):
        one, at = _of_atom(atoms, at)
        if at < len(atoms) and _REPEAT.fullmatch(atoms[at]):
            one, at = _repeated(one, atoms[at]), at + 1
        if any(not is_open for _, is_open in begun):
            begun = frozenset(each for first in begun for each in _followed(first, one))
        if is_all and all(is_open for _, is_open in begun):
            return begun, len(atoms)
    return begun, at


def _followed(first: tuple[str, bool], begun: _Begun) -> Iterator[tuple[str, bool]]:
    if first[1]:
        yield first
        return
    for letters, is_open in begun:
        whole = first[0] + letters
        yield whole[:_LETTERS], is_open or len(whole) >= _LETTERS


def _repeated(begun: _Begun, repeat: str) -> _Begun:
    if not _AT_MOST_ONCE.fullmatch(repeat):
        begun = frozenset((letters, True) for letters, _ in begun)
    return begun | _NOTHING if _PERHAPS_NEVER.fullmatch(repeat) else begun


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
    if atom == "." or (atom[0] == "\\" and atom[1].isalnum()):
        return _ANYTHING, at + 1
    return frozenset({("0" if atom[-1].isdecimal() else atom[-1], False)}), at + 1


def _of_set(chars: str) -> _Begun:
    is_plain = chars[0] != "^" and "\\" not in chars and "-" not in chars[1:-1]
    return frozenset(("0" if char.isdecimal() else char, False) for char in chars) if is_plain else _ANYTHING
