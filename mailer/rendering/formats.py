"""How money, dates and columns are written for people: Babel for the words, plain padding for the columns."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable
from copy import copy
from datetime import date
from functools import cache, lru_cache
from itertools import groupby

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern
from markupsafe import Markup, escape

from mailer.domain.money import Money, exponent

#: Width of the prose in a plain-text mail: short enough to be quoted and still fit 78 columns (RFC 5322 §2.1.1).
TEXT_COLUMNS = 72
_GAP = "  "
_NOT_ONE_LINE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_SPACES = re.compile(" {2,}")
_LETTER_BY_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


@cache
def locale_of(language: str, country: str) -> Locale:
    """Return the locale of a language in a country, else of the language alone, else English.

    `language` is a BCP 47 primary subtag ("de"), `country` ISO 3166-1 alpha-2 ("AT"). The country's own way of
    writing numbers is used only where CLDR knows that language there ("de" in "AT", not "de" in "FR").
    """
    for identifier in (f"{language}_{country}", language):
        try:
            return Locale.parse(identifier)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


@lru_cache(maxsize=4096)
def money_text(money: Money, locale: Locale) -> str:
    """Return an amount as people there write it ("£1,234.50", "1.234,50 €"), exact to the last minor unit.

    The number of places is ISO 4217's: CLDR has none for some currencies (IQD), and would round what is owed.
    """
    digits = str(abs(money.minor)).rjust(exponent(money.currency) + 1, "0")
    return _mould(money.currency, locale, len(digits), negative=money.minor < 0).format(*digits)


@lru_cache(maxsize=1024)
def _mould(currency: str, locale: Locale, digits: int, *, negative: bool) -> str:
    """Return an amount of so many digits as people there write it, with {} for each digit.

    How an amount is written goes by the number of its digits alone, and Babel takes its time for each.
    """
    places = exponent(currency)
    pattern: NumberPattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (places,) * 2
    ones = Money(minor=int("1" * digits) * (-1 if negative else 1), currency=currency)
    text = str(pattern.apply(ones.decimal, locale, currency=currency, currency_digits=False))
    text = _LETTER_BY_DIGIT.sub("\N{NO-BREAK SPACE}", text)
    return text.replace("{", "{{").replace("}", "}}").replace("1", "{}")


def totals_text(amounts: Iterable[Money], locale: Locale) -> tuple[str, ...]:
    """Return one formatted sum per currency, in the order of the currency codes; amounts are never converted."""
    by_currency = sorted(amounts, key=lambda money: money.currency)
    return tuple(
        money_text(sum(group, Money.zero(currency)), locale)
        for currency, group in groupby(by_currency, key=lambda money: money.currency)
    )


@lru_cache(maxsize=4096)
def long_date(day: date, locale: Locale) -> str:
    """Return a date that cannot be misread ("3 November 2026", "November 3, 2026", "3. November 2026")."""
    return str(format_date(day, format="long", locale=locale))


def one_line(text: str) -> str:
    """Return the text with every run of white space and control characters as one space: fit for a line or a header."""
    return _NOT_ONE_LINE.sub(" ", text).strip()


def shorten(text: str, length: int) -> str:
    """Return the text cut to `length` characters, with an ellipsis when something was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def wrap(text: str, columns: int = TEXT_COLUMNS) -> str:
    """Return prose re-flowed to `columns`, every paragraph followed by an empty line.

    Empty lines part paragraphs. Long words (numbers, addresses) stay whole, and no-break spaces hold.
    """
    return "".join(_filled(part, columns) + "\n\n" for part in _paragraphs(text))


def html_paragraphs(text: str) -> Markup:
    """Return prose as HTML paragraphs with inline style; empty lines part them. What is not markup is escaped."""
    paragraphs = _paragraphs(str(escape(text)))
    return Markup("\n".join(f'<p style="margin:0 0 16px 0;">{part}</p>' for part in paragraphs))  # noqa: S704 - escaped


def aligned(rows: Iterable[object], *columns: tuple[str, str, str]) -> str:
    """Return rows as a plain-text table, a heading over each column.

    A column is (field of the row, heading, "<" or ">" for the side its text keeps to). A column that is empty in
    every row is left out; without rows there is no table. Widths count what a fixed-width font shows: wide East Asian
    letters two, accents none.
    """
    cells = [[str(getattr(row, field)) for field, _, _ in columns] for row in rows]
    kept = [number for number in range(len(columns)) if any(row[number] for row in cells)]
    if not kept:
        return ""
    lines = [[columns[n][1] for n in kept], *([row[n] for n in kept] for row in cells)]
    widths = [max(_width(line[n]) for line in lines) for n in range(len(kept))]
    lines.insert(1, ["-" * width for width in widths])
    sides = [columns[n][2] for n in kept]
    return "\n".join([_GAP.join(map(_padded, line, widths, sides)).rstrip() for line in lines])


@lru_cache(maxsize=1024)
def _filled(paragraph: str, columns: int) -> str:
    """Return a paragraph re-flowed; most are the same in every mail of a template."""
    return textwrap.fill(paragraph, columns, break_long_words=False, break_on_hyphens=False)


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs, with one space wherever there is ASCII white space."""
    return [words for part in _EMPTY_LINE.split(text) if (words := _one_spaced(part))]


def _one_spaced(text: str) -> str:
    words = text.replace("\n", " ").replace("\t", " ").replace("\r", " ")
    return (_SPACES.sub(" ", words) if "  " in words else words).strip(" ")  # asked first: the pattern stops at each


def _padded(text: str, width: int, side: str) -> str:
    if text.isascii():
        return text.rjust(width) if side == ">" else text.ljust(width)
    space = " " * (width - _width(text))
    return space + text if side == ">" else text + space


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
