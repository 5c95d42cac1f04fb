"""Texts of strangers made visible: nothing in it can reorder, hide or end what we print around it.

A right-to-left override (U+202E) in a mail can make our own line read backwards in a printed report; the original
bytes stay untouched in the .eml.
"""

from __future__ import annotations

import unicodedata

#: Cc controls, Cf formats (bidi controls, zero-width), Cs lone surrogates, Cn unassigned, Zl and Zp separators.
_SHOWN = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
#: Zero-width joiner and non-joiner: needed to write Persian, Indic scripts and emoji; they cannot reorder text.
_JOINERS = frozenset("\u200c\u200d")


def visible(text: str) -> str:
    """Return the text with every control, bidi or invisible character as "[U+202E]"; line feeds and tabs stay.

    CR LF and CR become LF. The result can always be encoded as UTF-8.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(line if line.isprintable() else _visible(line) for line in lines.split("\n"))


def visible_line(text: str) -> str:
    """Return the text as `visible` does, on one line: line feeds and tabs become single spaces."""
    return " ".join(visible(text).replace("\t", " ").split("\n")).strip()


def _visible(line: str) -> str:
    """Return a line as `visible` does; letter by letter, which most lines need not be looked at."""
    return "".join(_shown(letter) if _is_hidden(letter) else letter for letter in line)


def _is_hidden(letter: str) -> bool:
    return letter != "\t" and letter not in _JOINERS and unicodedata.category(letter) in _SHOWN


def _shown(letter: str) -> str:
    return f"[U+{ord(letter):04X}]"
