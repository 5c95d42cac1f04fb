"""Own words without what names people, accounts and places, for eyes outside; quotes from it find their way back.

Removed: addresses (mail, web, street), IBANs, account and telephone numbers, long runs of digits, and the names given.
It errs towards removing: what is removed may make a text harder to understand, never a quote false.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

_SHORTEST_PART = 3
_DATE = r"\d{1,2}[./-] ?\d{1,2}(?:[./-] ?(?:\d{2,4})?)?(?!\d)"
_ISO_DATE = r"\d{4}-\d\d-\d\d(?!\d)"
#: A word of a street's name, as people write it: small words between, a capital at its head.
_PROPER = r"(?:d[aeiou]s? |l[aeo]s? |del(?:la)? |d'|l'){0,3}[A-ZÀ-Ý][\w'.-]{1,30}"
#: (label, what it takes out: the whole, or its one group).
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("EMAIL", re.compile(r"[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}")),
    ("LINK", re.compile(r"(?:https?://|www\.)[^\s<>\")\]]{1,500}", re.IGNORECASE)),
    (
        "IBAN",
        re.compile(
            r"(?<!\w)[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?(?!\w)"
            r"|(?<!\w)[A-Z]{2}\d{2}[A-Z0-9]{10,30}(?!\w)",
            re.IGNORECASE,
        ),
    ),
    (
        "PHONE",
        re.compile(
            rf"(?<![\w.,/-])(?!{_DATE})(?:\+\d|\([+0]\d|0\d)[\d ()/.\-\u2011]{{5,20}}\d(?![\w/])"
            r"|(?<![\w.,/-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\w)"
        ),
    ),
    ("NUMBER", re.compile(rf"(?<![\w.,/-])(?!{_ISO_DATE})\d(?:[ -]?\d){{9,30}}(?!\w)")),
    (
        "ACCOUNT",
        re.compile(
            r"(?<!\w)(?:account|acct|a/c|sort code|routing|konto|kto|blz|bankleitzahl|compte|cuenta|conto|rekening)"
            r"(?:[ -]?(?:number|nummer|num[ée]ro|n[úu]mero|no|nr|n°))?[.:# \t]{1,4}"
            rf"(?!{_ISO_DATE})(\d[\d -]{{4,24}}\d)(?!\w)",
            re.IGNORECASE,
        ),
    ),
    (
        "STREET",
        re.compile(
            rf"(?<!\w)(?:\d{{1,4}}[a-z]?,? (?:{_PROPER} ){{1,3}}"
            r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Square|Way|House|Court)(?!\w)"
            r"|[\w-]{2,30}(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.|weg|platz|allee|gasse|straat|laan) ?\d{1,4}[a-z]?(?!\w)"
            r"|(?:\d{1,4},? )?(?:[Rr]ue|[Bb]oulevard|[Pp]lace|[Cc]alle|[Aa]ven(?:ue|ida)"
            rf"|[Pp]laza|[Vv]i(?:a|ale)|[Pp]iazza) {_PROPER}(?: {_PROPER}){{0,3}}(?:,? \d{{1,4}}(?!\w))?)"
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """A text with placeholders ("[NAME]"); `pieces`: where each stands, and the stretch of the own words it hides."""

    text: str
    pieces: tuple[tuple[int, int, int, int], ...] = ()

    def own_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the own words that a stretch of the text stands for; a placeholder counts whole."""
        return self._back(start, is_end=False), self._back(end, is_end=True)

    def _back(self, place: int, *, is_end: bool) -> int:
        shift = 0
        for first, last, own_first, own_last in self.pieces:
            if place <= first:
                break
            if place < last:
                return own_last if is_end else own_first
            shift = own_last - last
        return place + shift


#: What each pattern takes out is called.
LABELS = frozenset(label for label, _ in _PATTERNS)


def redacted(
    own: str,
    *,
    names: Iterable[str] = (),
    firms: Iterable[str] = (),
    addresses: Iterable[str] = (),
    words: frozenset[str] = frozenset(),
    labels: Collection[str] = LABELS,
    kept: Collection[str] = (),
) -> Redacted:
    """Return the own words without personal data.

    `names` of people go whole and in parts, `firms` whole, mail `addresses` that are known whole, whatever their form.
    `words` are the little words of the language: a part of a name that is one of them ("Will") is taken out only where
    it is written with a capital. `labels`: which patterns count. `kept`: what stays though it looks like a number.
    """
    hits: list[tuple[int, int, str]] = []
    taken = bytearray(len(own))
    named = (("EMAIL", addresses), ("FIRM", firms), ("NAME", names))
    for start, end, label in (*_patterned(own, labels, kept), *_named(own, named, words)):
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            hits.append((start, end, label))
    pieces: list[tuple[int, int, int, int]] = []
    text, position = list[str](), 0
    length = 0
    for start, end, label in sorted(hits):
        text += (own[position:start], f"[{label}]")
        length += start - position
        pieces.append((length, length + len(label) + 2, start, end))
        length += len(label) + 2
        position = end
    return Redacted(text="".join((*text, own[position:])), pieces=tuple(pieces))


def _patterned(own: str, labels: Collection[str], kept: Collection[str]) -> Iterator[tuple[int, int, str]]:
    for label, pattern in _PATTERNS:
        if label in labels:
            for hit in pattern.finditer(own):
                if hit[hit.lastindex or 0] not in kept:
                    yield *hit.span(hit.lastindex or 0), label


def _named(
    own: str, groups: Iterable[tuple[str, Iterable[str]]], words: frozenset[str]
) -> Iterator[tuple[int, int, str]]:
    people: list[str] = []
    for label, group in groups:
        for name in group:
            yield from _whole(own, name, label)
            people += [name] if label == "NAME" else []
    for name in people:
        for part in re.findall(r"[^\W\d_]{2,40}", name):
            if len(part) >= _SHORTEST_PART:
                exact = part.lower() in words
                yield from _whole(own, part.capitalize() if exact else part, "NAME", any_case=not exact)


def _whole(own: str, name: str, label: str, *, any_case: bool = True) -> Iterator[tuple[int, int, str]]:
    parts = name.split()
    if len("".join(parts)) < _SHORTEST_PART:
        return
    flags = re.IGNORECASE if any_case else re.NOFLAG
    pattern = re.compile(r"(?<!\w)" + r"\s{1,4}".join(map(re.escape, parts)) + r"(?!\w)", flags)
    yield from ((hit.start(), hit.end(), label) for hit in pattern.finditer(own))
