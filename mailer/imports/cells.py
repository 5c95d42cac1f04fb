"""The cells of one row, read as what they should be; what cannot be read becomes a problem, not an exception."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mailer.domain.money import Money, MoneyError
from mailer.imports.amounts import DecimalMark, NoAmount, read_amount, symbol_fits
from mailer.imports.dates import DateOrder, date_readings
from mailer.imports.rows import Problem, Severity, shown
from mailer.imports.vocabulary import checked_email, countries, currencies, languages, time_zones

#: Longest name, number or reference kept, in characters.
_MAX_CHARACTERS = 200
_LIST_MARKS = re.compile(r"[|;,]")
_SPACES = re.compile(r"\s+")
#: Joiners that names in some scripts need (U+200C, U+200D); every other invisible character is refused.
_JOINERS = frozenset("\u200c\u200d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How this file writes dates and amounts; None: no value needs it, or one that does is a problem."""

    date_order: DateOrder | None
    decimal_mark: DecimalMark | None


class Cells:
    """One row's cells by column name, and the problems found while reading them."""

    __slots__ = ("_places", "_reading", "_values", "line", "problems")

    def __init__(self, *, line: int, values: Sequence[str], places: Mapping[str, int], reading: Reading) -> None:
        self.line = line
        self._values = values
        self._places = places
        self._reading = reading
        self.problems: list[Problem] = []

    @property
    def blocked(self) -> bool:
        """Whether an error was found."""
        return any(problem.blocks for problem in self.problems)

    def raw(self, column: str) -> str:
        """Return the stripped text of a cell, "" when blank or absent."""
        return self._values[self._places[column]]

    def error(self, column: str, reason: str) -> None:
        """Report what is wrong with the row."""
        self._report(column, reason, Severity.ERROR)

    def notice(self, column: str, reason: str) -> None:
        """Report what a person should know without blocking anything."""
        self._report(column, reason, Severity.NOTICE)

    def _report(self, column: str, reason: str, severity: Severity) -> None:
        value = shown(self.raw(column)) if column else ""
        self.problems.append(
            Problem(line=self.line, column=column, value=value, reason=reason, severity=severity),
        )

    def text(self, column: str) -> str:
        """Return a free text in Unicode NFC on one line: line breaks and runs of spaces become one space."""
        value = self.raw(column)
        if value.isascii() and value.isprintable() and len(value) <= _MAX_CHARACTERS:
            return value
        return self._visible(column, _SPACES.sub(" ", unicodedata.normalize("NFC", value)))

    def key(self, column: str, what: str) -> str:
        """Return a text that names something ("the invoice number"): never blank, no line break inside."""
        value = self.raw(column)
        if not value:
            self.error(column, f"The row has no {what}; write it.")
            return ""
        if value.isascii() and value.isprintable() and len(value) <= _MAX_CHARACTERS:
            return value
        return self._visible(column, unicodedata.normalize("NFC", value))

    def _visible(self, column: str, value: str) -> str:
        if len(value) > _MAX_CHARACTERS:
            self.error(column, f"The text has {len(value)} characters; shorten it to {_MAX_CHARACTERS}.")
            return ""
        for character in value:
            if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} and character not in _JOINERS:
                code = f"U+{ord(character):04X}"
                self.error(column, f"The text contains the invisible control character {code}; delete it.")
                return ""
        return value

    def email(self, column: str) -> str:
        """Return a mail address in ASCII, "" when blank or bad."""
        value = self.raw(column)
        return self._address(column, value) if value else ""

    def emails(self, column: str) -> tuple[str, ...]:
        """Return several mail addresses, separated by "|", ";" or ","."""
        found = (self._address(column, part) for part in _parts(self.raw(column)))
        return tuple(address for address in found if address)

    def _address(self, column: str, value: str) -> str:
        address, fault = checked_email(value)
        if fault:
            self.error(column, f"{shown(value)!r} is not a mail address ({fault}); correct it or leave it blank.")
        return address

    def words(self, column: str) -> tuple[str, ...]:
        """Return a list such as tags, separated by "|", ";" or ",", each once."""
        return tuple(dict.fromkeys(_parts(self.text(column))))

    def date(self, column: str) -> date | None:
        """Return a local date, None when blank or bad."""
        value = self.raw(column)
        if not value:
            self.error(column, "The date is missing; write it like 2026-12-31.")
            return None
        order = self._reading.date_order
        found = date_readings(value).under(order)
        if found is None:
            given = f" in the order {order.words}" if order is not None else ""
            self.error(column, f"This is not a date{given}; write it like 2026-12-31.")
        return found

    def currency(self, column: str) -> str | None:
        """Return an ISO 4217 code, None when blank (without a problem) or bad."""
        return self._listed(column, self.raw(column).upper(), currencies(), "a currency code in use; write it like EUR")

    def money(self, column: str, currency: str | None) -> Money | None:
        """Return an amount in a currency; None when blank, or bad, or when the currency is not known."""
        plain = self._plain(column, currency)
        if plain is None or currency is None:
            return None
        try:
            return Money.of(plain, currency)
        except MoneyError as problem:
            self.error(column, f"The amount cannot be kept: {problem}.")
            return None

    def decimal(self, column: str, currency: str | None) -> Decimal | None:
        """Return an amount in whole units whose currency may be unknown; None when blank or bad."""
        if currency is not None:
            money = self.money(column, currency)
            return None if money is None else money.decimal
        plain = self._plain(column, None)
        return None if plain is None else Decimal(plain)

    def _plain(self, column: str, currency: str | None) -> str | None:
        value = self.raw(column)
        if not value:
            return None
        amount = read_amount(value, self._reading.decimal_mark)
        if isinstance(amount, NoAmount):
            self.error(column, amount.reason)
            return None
        if currency is not None and not symbol_fits(amount.symbol, currency):
            self.error(column, f"{shown(amount.symbol)!r} does not agree with the currency {currency}; correct one.")
            return None
        if currency is None and amount.symbol and not self.blocked:
            self.error(
                column, f"The amount names a currency ({shown(amount.symbol)}); write its code in its own column."
            )
            return None
        return amount.plain

    def language(self, column: str) -> str | None:
        """Return a BCP 47 primary language, None when blank or bad ("de-AT" is read as "de")."""
        primary = self.raw(column).replace("_", "-").partition("-")[0].lower()
        return self._listed(column, primary, languages(), "a language code; write it like en or de")

    def country(self, column: str) -> str | None:
        """Return an ISO 3166-1 alpha-2 country, None when blank or bad."""
        return self._listed(column, self.raw(column).upper(), countries(), "a country code; write two letters like GB")

    def time_zone(self, column: str) -> str | None:
        """Return an IANA time zone, None when blank or bad."""
        return self._listed(column, self.raw(column), time_zones(), "a time zone; write it like Europe/Berlin")

    def _listed(self, column: str, value: str, allowed: Collection[str], what: str) -> str | None:
        if not value:
            return None
        if value not in allowed:
            self.error(column, f"This is not {what}.")
            return None
        return value


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _LIST_MARKS.split(text) if part.strip()]
