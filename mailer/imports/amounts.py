"""Amounts as people write them: plain decimal text out, never a float, and no guess between 1.234 and 1,234."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailer.imports.rows import shown

#: More digits than any amount has; guards the arithmetic against absurd cells.
_MAX_DIGITS = 30
#: The two commonest forms, which have one reading only: a short cut for long files.
_COMMON = re.compile(r"(?:\d{1,20}|[1-9]\d{0,2}(?:,\d{3}){1,5}(?=\.))(?:\.(?:\d{1,2}|\d{4,8}))?", re.ASCII)
_BODY = re.compile(r"\d(?:[\d.,' ]*\d)?", re.ASCII)
_GROUP_MARKS = str.maketrans("", "", ".,' ")
_SIGNS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2212": "-", "\u2013": "-"})


class DecimalMark(StrEnum):
    """The character before the cents."""

    DOT = "."
    COMMA = ","


def _shape(mark: str, groups: str) -> re.Pattern[str]:
    """Build the pattern of a whole number, plain or in groups (by 1000, or 2-2-3 as in India), then the decimals."""
    grouped = (
        rf"[1-9]\d{{0,2}}(?:([{groups}])\d{{3}})(?:\2\d{{3}})*|[1-9]\d?(?:([{groups}])\d{{2}})(?:\3\d{{2}})*\3\d{{3}}"
    )
    return re.compile(rf"(\d+|{grouped})(?:{re.escape(mark)}(\d+))?", re.ASCII)


_SHAPES: Mapping[DecimalMark, re.Pattern[str]] = {
    DecimalMark.DOT: _shape(".", ",' "),
    DecimalMark.COMMA: _shape(",", ".' "),
}

_DOLLARS = frozenset(
    (
        "USD AUD CAD NZD SGD HKD TWD MXN ARS CLP COP UYU BBD BMD BND BSD BZD DOP FJD GYD JMD KYD LRD NAD SBD SRD "
        "TTD XCD"
    ).split()
)
#: Which currencies a symbol may stand for; a code such as "EUR" stands for itself.
_SYMBOLS: Mapping[str, frozenset[str]] = {
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP", "FKP", "GIP", "SHP", "SDG", "SSP", "SYP", "LBP"}),
    "$": _DOLLARS,
    "US$": frozenset({"USD"}),
    "A$": frozenset({"AUD"}),
    "AU$": frozenset({"AUD"}),
    "C$": frozenset({"CAD"}),
    "CA$": frozenset({"CAD"}),
    "NZ$": frozenset({"NZD"}),
    "HK$": frozenset({"HKD"}),
    "S$": frozenset({"SGD"}),
    "R$": frozenset({"BRL"}),
    "R": frozenset({"ZAR"}),
    "¥": frozenset({"JPY", "CNY"}),
    "₹": frozenset({"INR"}),
    "Rs": frozenset({"INR", "PKR", "LKR", "NPR", "MUR", "SCR"}),
    "Rs.": frozenset({"INR", "PKR", "LKR", "NPR", "MUR", "SCR"}),
    "₺": frozenset({"TRY"}),
    "₪": frozenset({"ILS"}),
    "₩": frozenset({"KRW", "KPW"}),
    "₴": frozenset({"UAH"}),
    "zł": frozenset({"PLN"}),
    "Kč": frozenset({"CZK"}),
    "Ft": frozenset({"HUF"}),
    "lei": frozenset({"RON", "MDL"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "kr.": frozenset({"DKK", "ISK"}),
    "Fr.": frozenset({"CHF"}),
    "SFr.": frozenset({"CHF"}),
}


def symbol_fits(symbol: str, currency: str) -> bool:
    """Whether a symbol or code written beside an amount agrees with an ISO 4217 currency ("" always does)."""
    return not symbol or symbol.upper() == currency or currency in _SYMBOLS.get(symbol, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """One amount: `plain` is what Money.of takes ("-1234.50"), `symbol` the currency written beside it ("" if none)."""

    plain: str
    symbol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAmount:
    """The text is not an amount, or is one of two; `reason` says what to write instead."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    negative: bool
    symbol: str
    readings: Mapping[DecimalMark, str]


def _parts(text: str) -> _Parts | None:
    """Split "(€ 1.234,50)" into sign, symbol and the readings of its digits; None when it is no amount at all."""
    cleaned = text.translate(_SIGNS)
    body = _BODY.search(cleaned)
    if body is None or len(body.group()) > _MAX_DIGITS:
        return None
    before, after = cleaned[: body.start()], cleaned[body.end() :]
    if after[:1] in {".", ","}:  # "1.234,-" writes no cents, not a negative amount: better asked than guessed
        return None
    around = before + " " + after
    bracketed = around.count("(") == around.count(")") == 1 and before.count("(") == 1
    marks = ("(", ")") if bracketed else ("-",) if around.count("-") == 1 else ("+",) if before.count("+") == 1 else ()
    for mark in marks:
        around = around.replace(mark, " ", 1)
    words = around.split()
    if len(words) > 1 or any(c in "()+-'" or c.isdigit() for c in around):
        return None
    if words and not any(c.isalpha() or unicodedata.category(c) == "Sc" for c in words[0]):
        return None
    readings = {mark: _plain(match) for mark, s in _SHAPES.items() if (match := s.fullmatch(body.group()))}
    return _Parts(negative=marks not in {(), ("+",)}, symbol=words[0] if words else "", readings=readings)


def _plain(match: re.Match[str]) -> str:
    whole, decimals = match.group(1).translate(_GROUP_MARKS), match.group(4)
    return whole if decimals is None else f"{whole}.{decimals}"


def read_amount(text: str, mark: DecimalMark | None) -> Amount | NoAmount:
    """Return the amount in a cell, given the file's decimal mark (None when the file does not tell)."""
    if mark is not DecimalMark.COMMA and _COMMON.fullmatch(text):
        return Amount(plain=text.replace(",", ""))
    parts = _parts(text)
    if parts is None or not parts.readings:
        return NoAmount(reason="This is not an amount; write it like 1234.50.")
    values = set(parts.readings.values())
    if len(values) > 1 and mark is None:
        low, high = parts.readings[DecimalMark.DOT], parts.readings[DecimalMark.COMMA]
        return NoAmount(
            reason=f"This can be {low} or {high} and no other amount in the file decides; write it with two decimals."
        )
    plain = parts.readings.get(mark) if mark is not None and len(values) > 1 else values.pop()
    return Amount(plain=f"-{plain}" if parts.negative else f"{plain}", symbol=parts.symbol)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountFinding:
    """The file's decimal mark, None when no amount tells or when they contradict; `note` says so, else ""."""

    mark: DecimalMark | None
    note: str = ""


class AmountEvidence:
    """Gathers, over all amounts of a file, which decimal mark it uses."""

    def __init__(self) -> None:
        self._seen: dict[DecimalMark, tuple[int, str]] = {}

    def add(self, line: int, text: str) -> None:
        """Take one amount into account; one that reads the same, or has a sense, under both marks says nothing."""
        if DecimalMark.DOT in self._seen and _COMMON.fullmatch(text):
            return
        parts = _parts(text)
        if parts is not None and len(parts.readings) == 1:
            self._seen.setdefault(next(iter(parts.readings)), (line, text))

    def finding(self) -> AmountFinding:
        """Return what the file says by itself."""
        if len(self._seen) > 1:
            said = " and ".join(f"{shown(text)!r} on line {line}" for line, text in self._seen.values())
            note = f"Amounts are written in two styles ({said}); those that could be read in two ways are problems."
            return AmountFinding(mark=None, note=note)
        return AmountFinding(mark=next(iter(self._seen), None))
