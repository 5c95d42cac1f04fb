"""Money is whole minor units of one currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.money import MAX_MINOR, Money, MoneyError, exponent


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1234.50", "EUR", 123_450),
        ("0.1", "EUR", 10),
        ("-3", "GBP", -300),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("1.500", "EUR", 150),
        (Decimal("19.99"), "USD", 1999),
        ("92233720368547758.07", "EUR", MAX_MINOR),
    ],
)
def test_an_amount_is_read_exactly(amount: str | Decimal, currency: str, minor: int) -> None:
    assert Money.of(amount, currency) == Money(minor=minor, currency=currency)


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("1,234.50", "EUR", "write it like 1234.50"),
        ("", "EUR", "write it like 1234.50"),
        ("NaN", "EUR", "write it like 1234.50"),
        ("sNaN", "EUR", "write it like 1234.50"),
        ("Infinity", "EUR", "write it like 1234.50"),
        ("1.005", "EUR", r"more decimal places than EUR \(2\)"),
        ("0.5", "JPY", r"more decimal places than JPY \(0\)"),
        ("92233720368547758.08", "EUR", "larger than can be kept"),
    ],
)
def test_what_is_no_amount_is_refused_with_the_reason(amount: str, currency: str, words: str) -> None:
    with pytest.raises(MoneyError, match=words):
        Money.of(amount, currency)


@given(minor=st.integers(-MAX_MINOR, MAX_MINOR), currency=st.sampled_from(["EUR", "JPY", "BHD", "XXX"]))
def test_decimal_and_back_loses_nothing(minor: int, currency: str) -> None:
    money = Money(minor=minor, currency=currency)
    assert Money.of(money.decimal, currency) == money


def test_reckoning_stays_in_one_currency() -> None:
    ten, three = Money.of("10", "EUR"), Money.of("3", "EUR")
    assert (ten + three, ten - three) == (Money.of("13", "EUR"), Money.of("7", "EUR"))
    assert ten - ten == Money.zero("EUR")
    for reckon in (Money.__add__, Money.__sub__):
        with pytest.raises(MoneyError, match="EUR with USD"):
            reckon(ten, Money.of("3", "USD"))


def test_logs_show_currency_and_amount() -> None:
    assert [str(Money(minor=1250, currency=c)) for c in ("EUR", "JPY", "KWD")] == ["EUR 12.50", "JPY 1250", "KWD 1.250"]


@pytest.mark.parametrize(("currency", "places"), [("EUR", 2), ("JPY", 0), ("TND", 3), ("XXX", 2)])
def test_currencies_have_their_own_decimal_places(currency: str, places: int) -> None:
    assert exponent(currency) == places
