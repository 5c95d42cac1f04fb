"""The first letters of what a pattern may match, read from the pattern.

They may be too many, never too few: what `mailer.replies.lookouts` finds does not depend on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from mailer.replies.needles import ATOM, PERHAPS_NEVER, REPEAT

#: So many letters are read from a pattern.
LETTERS = 5
_AT_MOST_ONCE = re.compile(r"\?.?|\{[01]?(?:,1)?\}.?")
#: A repeat of which once and twice are written out: "\\d{1,2}" begins no year, and most gaps are one space.
_FEW_TIMES = re.compile(r"\{1,(\d{1,2})\}.?")
#: "n't", "'ll" behind any word: they begin only where an apostrophe follows, and this stands for their first letters.
TIED = "\x01"
_ANY_WORD, _APOSTROPHE = [r"\w", "{1,40}"], "['\u2019]"
_HEAD, _TAIL = r"(?<!\w)(?:", r")(?!\w)"
#: Five letters that stand in every match.
_PLAIN = re.compile(r"[^\W\d_]{5}(?![*+?{])")
#: What cuts a pattern into alternatives, and what only looks like that.
_STRUCTURE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]", re.DOTALL)

#: Beginnings of what is matched, each with whether anything may follow it.
_Begun = frozenset[tuple[str, bool]]
_NOTHING: _Begun = frozenset({("", False)})
_ANYTHING: _Begun = frozenset({("", True)})


def beginnings(pattern: str) -> Iterator[tuple[str, frozenset[str] | None]]:
    """Yield the alternatives of a pattern, each with the first letters (five at most) of what it may match at a word.

    Alternatives of words, which share one `whole`, come without it. One that may begin anywhere comes with None, as a
    pattern of its own.
    """
    for part in _alternatives(pattern):
        if not (part.startswith(_HEAD) and part.endswith(_TAIL)):
            yield part, None
            continue
        for one in _alternatives(part[len(_HEAD) : -len(_TAIL)]):
            letters = _begun(one)
            yield one if letters else whole(one), letters


def whole(pattern: str) -> str:
    """Return the pattern of whole words."""
    return f"{_HEAD}{pattern}{_TAIL}"


def _begun(pattern: str) -> frozenset[str] | None:
    """Return the first letters of what one alternative matches; None when any will do."""
    found = frozenset(letters for letters, _ in _of_one(pattern))
    return None if any(not letters or letters[0].isspace() for letters in found) else found


def _alternatives(pattern: str) -> list[str]:
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


@lru_cache(maxsize=20_000)  # the same words stand in many patterns
def _of_alternatives(pattern: str) -> _Begun:
    """Return the beginnings of some alternatives."""
    return frozenset(each for one in _alternatives(pattern) for each in _of_one(one))


def _of_one(pattern: str) -> _Begun:
    """Return the beginnings of one alternative."""
    if plain := _PLAIN.match(pattern):
        return frozenset({(plain[0], True)})
    atoms = ATOM.findall(pattern)
    word, at = _letters_at(atoms)
    begun = frozenset({(word[:LETTERS], len(word) >= LETTERS)})
    while at < len(atoms) and not all(is_open for _, is_open in begun):
        one, at = _of_atom(atoms, at)
        if at < len(atoms) and REPEAT.fullmatch(atoms[at]):
            one, at = _repeated(one, atoms[at]), at + 1
        begun = frozenset(each for first in begun for each in _followed(first, one))
    return begun


def _letters_at(atoms: list[str]) -> tuple[str, int]:
    """Return the letters that stand at the beginning, one after the other, and the place behind them."""
    at = 0
    while at < len(atoms) and at <= LETTERS and atoms[at].isalpha():
        at += 1
    if 0 < at < len(atoms) and REPEAT.fullmatch(atoms[at]):
        at -= 1  # the last one is repeated, or left out
    return "".join(atoms[:at]), at


def _end_of(atoms: list[str], at: int) -> int:
    """Return where the bracket that opens at a place is closed."""
    depth = 0
    while True:
        depth += (atoms[at][0] == "(") - (atoms[at] == ")")
        if not depth:
            return at
        at += 1


def _followed(first: tuple[str, bool], begun: _Begun) -> Iterator[tuple[str, bool]]:
    if first[1]:
        yield first
        return
    for letters, is_open in begun:
        if letters == TIED and first[0]:
            yield first[0], True
            continue
        whole = first[0] + letters
        yield whole[:LETTERS], is_open or len(whole) >= LETTERS


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
        end = _end_of(atoms, at)
        return _NOTHING if atom[-1] in "=!" else _of_alternatives("".join(atoms[at + 1 : end])), end + 1
    if atom in {"^", "$", r"\b", r"\B", r"\A", r"\Z"}:
        return _NOTHING, at + 1
    if atom[0] == "[":
        return _of_set(atom[1:-1]), at + 1
    if atom == r"\d":
        return frozenset({("0", False)}), at + 1
    if atom == _ANY_WORD[0] and _is_tied(atoms, at):
        return frozenset({(TIED, True)}), at + 1
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
