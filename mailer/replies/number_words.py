"""Whole numbers in the words of six languages: "two thousand five hundred", "zweitausend", "duemila"."""

from __future__ import annotations

import re

_UNITS = {
    1: "one a ein eine un une uno una een", 2: "two zwei zwo deux dos twee due", 3: "three drei trois tres drie tre",
    4: "four vier quatre cuatro quattro", 5: "five fünf fuenf cinq cinco vijf cinque", 6: "six sechs seis zes sei",
    7: "seven sieben sept siete zeven sette", 8: "eight acht huit ocho otto", 9: "nine neun neuf nueve negen nove",
    10: "ten zehn dix diez tien dieci", 11: "eleven elf onze once undici",
    12: "twelve zwölf douze doce twaalf dodici", 15: "fifteen fünfzehn quinze quince vijftien quindici",
    20: "twenty zwanzig vingt veinte twintig venti", 30: "thirty dreißig dreissig trente treinta dertig trenta",
    40: "forty vierzig quarante cuarenta veertig quaranta", 50: "fifty fünfzig cinquante cincuenta vijftig cinquanta",
}  # fmt: skip
_WORDS = {word: value for value, words in _UNITS.items() for word in words.split()}
_SCALES = {
    "thousand": 1000, "grand": 1000, "tausend": 1000, "mille": 1000, "mil": 1000, "mila": 1000, "duizend": 1000,
    "hundred": 100, "hundert": 100, "honderd": 100, "cents": 100, "cent": 100, "cento": 100, "cientos": 100,
    "cientas": 100, "ciento": 100,
}  # fmt: skip
_IRREGULAR = {"quinientos": 500, "quinientas": 500, "setecientos": 700, "novecientos": 900}
_PIECE = re.compile(
    "|".join(sorted([*_WORDS, *_SCALES, *_IRREGULAR, "and", "und", "et", "y", "e", "en"], key=len, reverse=True))
)


def spoken(text: str) -> int | None:
    """Return the number that some words name, None when they name none; spaces and dashes do not matter."""
    rest = re.sub(r"[\s-]", "", text.lower())
    total = group = 0
    while rest:
        hit = _PIECE.match(rest)
        if hit is None:
            return None
        word, rest = hit[0], rest[hit.end() :]
        if word in _SCALES:
            scale = _SCALES[word]
            total, group = (total, (group or 1) * scale) if scale < 1000 else (total + (group or 1) * scale, 0)  # noqa: PLR2004
        else:
            group += _IRREGULAR.get(word) or _WORDS.get(word, 0)
    return total + group or None
