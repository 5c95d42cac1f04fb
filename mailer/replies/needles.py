"""What a text must hold for a pattern to match it: letters that are looked for first, since that costs next to nothing.

They are read from the pattern once. They may be too few, never too many: what is found does not depend on them.
"""

from __future__ import annotations

import re

#: The pieces of a pattern: escapes, sets, brackets, repeats, names of blocks, single signs.
ATOM = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:P<\w+>|<?[=!]|:))?|[*+?][?+]?|\{\d*,?\d*\}[?+]?|\{[a-z]+\d?\}|.",
    re.DOTALL,
)
REPEAT = re.compile(r"(?:[*+?]|\{\d*,?\d*\})[?+]?")
PERHAPS_NEVER = re.compile(r"[*?].?|\{(?:0|,).*")

#: Of some letters a text must hold one; () when it needs none.
_Needles = frozenset[str]
_NONE: _Needles = frozenset()


def needles(pattern: str) -> tuple[str, ...]:
    """Return letters of which each text that the pattern matches holds one at least; ("",) when none are known."""
    found, _ = _of_alternatives(ATOM.findall(pattern), 0)
    return tuple(sorted(found)) or ("",)


def _of_alternatives(atoms: list[str], at: int) -> tuple[_Needles, int]:
    """Return the needles of some alternatives, and the place of the bracket that closes them."""
    found, at = _of_sequence(atoms, at)
    while at < len(atoms) and atoms[at] == "|":
        more, at = _of_sequence(atoms, at + 1)
        found = found | more if found and more else _NONE
    return found, at


def _of_sequence(atoms: list[str], at: int) -> tuple[_Needles, int]:
    best, run = _NONE, ""
    while at < len(atoms) and atoms[at] not in ("|", ")"):
        one, at = _of_atom(atoms, at)
        repeat = atoms[at] if at < len(atoms) and REPEAT.fullmatch(atoms[at]) else ""
        at += bool(repeat)
        is_there = not (repeat and PERHAPS_NEVER.fullmatch(repeat))
        if isinstance(one, str) and is_there:
            run += one
        if repeat or not isinstance(one, str):  # letters behind it may not be the next ones
            best, run = _rarer(best, frozenset({run} - {""})), ""
        if not isinstance(one, str) and is_there:
            best = _rarer(best, one)
    return _rarer(best, frozenset({run} - {""})), at


def _of_atom(atoms: list[str], at: int) -> tuple[str | _Needles, int]:
    """Return the letter that an atom stands for, or the needles of what it may be, and the place behind it."""
    atom = atoms[at]
    if atom[0] == "(":
        found, at = _of_alternatives(atoms, at + 1)
        return (_NONE if atom[-1] in "=!" else found), at + 1  # what is only looked at may be what must not be there
    is_sign = atom in {"^", "$", "."} or atom[0] == "[" or (atom[0] == "\\" and atom[1].isalnum())
    return (_NONE if is_sign else atom[-1]), at + 1


def _rarer(one: _Needles, other: _Needles) -> _Needles:
    """Return the needles of which the shortest is longer: these stand in fewer texts."""
    return max(one, other, key=lambda each: min(map(len, each), default=0))
