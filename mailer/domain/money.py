"""Money in minor units; never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal

#: Currencies whose exponent is not 2 (ISO 4217, list one, 2026).
_EXPONENTS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
#: What is read as an amount; signs in front, no exponent, no separators, ASCII digits.
_PLAIN = re.compile(r"[+-]?[0-9]{1,25}(\.[0-9]{1,25})?")
#: Enough places for any such amount: the default context would round it before it is checked.
_EXACT = Context(prec=60)
#: Largest amount accepted, in minor units: what fits a signed 64-bit column.
MAX_MINOR = 2**63 - 1


class MoneyError(ValueError):
    """The text is not an amount of money in that currency, or two currencies were mixed."""


def exponent(currency: str) -> int:
    """Return the number of decimal places of a currency (ISO 4217): 0, 2 or 3."""
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount owed or paid: whole minor units (cents) of one ISO 4217 currency."""

    minor: int
    currency: str

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return nothing, in that currency."""
        return cls(minor=0, currency=currency)

    @classmethod
    def of(cls, amount: str | Decimal, currency: str) -> Money:
        """Return the money for a plain decimal amount ("1234.50"; no thousands separators).

        Raises MoneyError when the text is no plain number, has more places than the currency, or is too large.
        """
        if not _PLAIN.fullmatch(str(amount)):
            message = f"{str(amount)[:60]!r} is not an amount: write it like 1234.50"
            raise MoneyError(message)
        scaled = _EXACT.scaleb(Decimal(amount), exponent(currency))
        minor = int(scaled)
        if minor != scaled:
            message = f"{str(amount)!r} has more decimal places than {currency} ({exponent(currency)})"
            raise MoneyError(message)
        if abs(minor) > MAX_MINOR:
            message = f"{str(amount)!r} is larger than can be kept"
            raise MoneyError(message)
        return cls(minor=minor, currency=currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in whole units, exactly ("12.50" for 1250 minor units of EUR)."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __add__(self, other: Money) -> Money:
        """Return the sum; raises MoneyError for two currencies."""
        self._same_currency(other)
        return Money(minor=self.minor + other.minor, currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        """Return the difference; raises MoneyError for two currencies."""
        self._same_currency(other)
        return Money(minor=self.minor - other.minor, currency=self.currency)

    def __str__(self) -> str:
        """Return a plain form for logs and errors ("EUR 12.50"); people's formats are made in rendering."""
        return f"{self.currency} {self.decimal}"

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            message = f"cannot reckon {self.currency} with {other.currency}"
            raise MoneyError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedAmount:
    """An amount somebody wrote in a mail: a claim, never what is owed or paid.

    `text` is verbatim; `amount` is a plain decimal string ("1200.00") or None; `currency` ISO 4217 or None.
    """

    text: str
    amount: str | None
    currency: str | None
