"""Amounts in the styles of many countries, and no guess between a thousand and one."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.imports.amounts import Amount, DecimalMark, NoAmount, read_amount, symbol_fits
from mailer.imports.columns import Kind
from mailer.imports.inspection import inspect_file
from mailer.imports.reading import read_payments
from mailer.imports.rows import PaymentRow, Problem


def payments(*amounts: str, currency: str = "EUR") -> BytesIO:
    rows = [f"INV-{number};2026-05-06;{text};{currency}" for number, text in enumerate(amounts)]
    return BytesIO("\n".join(["invoice;paid_on;amount;currency", *rows]).encode())


def read(*amounts: str, currency: str = "EUR") -> list[str]:
    return [
        str(row.amount) if isinstance(row, PaymentRow) else row.reason
        for row in read_payments(payments(*amounts, currency=currency))
    ]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1234.50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1\u202f234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1\u2019234.50", "1234.50"),
        ("1,23,456.00", "123456.00"),
        ("12,5", "12.5"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("0,125", "0.125"),
        ("12345,678", "12345.678"),
        ("1495.0000", "1495.0000"),
        ("(1,234.50)", "-1234.50"),
        ("-12.00", "-12.00"),
        ("12.00-", "-12.00"),
        ("\u2212 12.00", "-12.00"),
        ("+12.00", "12.00"),
        ("0", "0"),
    ],
)
def test_an_amount_with_one_reading_is_read_as_it_was_meant(text: str, plain: str) -> None:
    assert read_amount(text, None) == Amount(plain=plain)


@pytest.mark.parametrize(
    "text",
    ["abc", "1.2.3", "12,34,5", "1,2345.00", "1..5", "1.234,-", "--5", "(5", "5)", ")5(", "(-5)", "12 34", ".50", "50.",
     "1e5", "NaN", "5 EUR net", "1,234 5", "0,123,456", "9" * 31, "12.5%5", "+-5", "1/2"],
)  # fmt: skip
def test_what_is_no_amount_is_never_read_as_one(text: str) -> None:
    assert isinstance(read_amount(text, None), NoAmount)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        (["1,234", "12.50"], ["1234.00", "12.50"]),
        (["1.234", "12,50"], ["1234.00", "12.50"]),
        (["12,50", "1,230"], ["12.50", "1.23"]),
        (["1.234", "1.234.567"], ["1234.00", "1234567.00"]),
        (["12", "1234"], ["12.00", "1234.00"]),
    ],
)
def test_the_other_amounts_of_a_file_decide_its_decimal_mark(amounts: list[str], expected: list[str]) -> None:
    assert read(*amounts) == expected


def test_a_thousand_or_one_is_a_problem_when_no_other_amount_decides() -> None:
    reason = "This can be 1234 or 1.234 and no other amount in the file decides; write it with two decimals."
    assert read("1,234", "12") == [reason, "12.00"]


def test_a_file_in_two_styles_is_said_and_only_its_ambiguous_amounts_are_problems() -> None:
    found = inspect_file(payments("12.50", "1,50", "1,234"), kind=Kind.PAYMENTS)
    assert found.decimal_mark is None
    assert "'12.50' on line 2 and '1,50' on line 3" in found.notes[0]
    assert read("12.50", "1,50", "1,234")[:2] == ["12.50", "1.50"]
    assert read("12.50", "1,50", "1,234")[2].startswith("This can be 1234 or 1.234")


@pytest.mark.parametrize(
    ("text", "currency", "fine"),
    [
        ("€ 12,50", "EUR", True),
        ("12,50 €", "EUR", True),
        ("EUR 12,50", "EUR", True),
        ("12,50 eur", "EUR", True),
        ("Fr. 12,50", "CHF", True),
        ("$12,50", "AUD", True),
        ("(£12,50)", "GBP", False),  # taken back: a payment is more than nothing
        ("€12,50", "GBP", False),
        ("USD 12,50", "EUR", False),
        ("12,50 bananas", "EUR", False),
        ("12,505", "EUR", False),
        ("12,5", "JPY", False),
        ("9999999999999999999", "EUR", False),
    ],
)
def test_a_currency_written_beside_an_amount_must_agree(text: str, currency: str, *, fine: bool) -> None:
    (row,) = read_payments(payments(text, currency=currency))
    assert isinstance(row, PaymentRow) is fine
    if isinstance(row, Problem):
        assert (row.column, row.value) == ("amount", text)
    else:
        assert row.amount == Decimal("12.50")
        assert row.in_currency(currency).minor == 1250


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5,00 €", "names a currency (€)"),
        ("", "no amount"),
        ("0", "more than 0"),
        ("-5", "more than 0"),
        ("five", "not"),
    ],
)
def test_a_payment_without_a_currency_column_is_a_plain_positive_amount(text: str, said: str) -> None:
    data = f"invoice;paid_on;amount\nN-1;2026-05-06;{text}\nN-2;2026-05-06;5,00\n"
    bad, good = read_payments(BytesIO(data.encode()))
    assert isinstance(bad, Problem)
    assert (bad.column, bad.blocks) == ("amount", True)
    assert said in bad.reason
    assert isinstance(good, PaymentRow)
    assert (good.currency, good.in_currency("EUR").minor) == (None, 500)


def test_a_dollar_is_no_euro_and_nothing_agrees_with_everything() -> None:
    assert symbol_fits("", "EUR")
    assert symbol_fits("$", "USD")
    assert not symbol_fits("$", "EUR")


@given(st.decimals(0, 10**9, places=2), st.sampled_from(["{:,.2f}", "{:.2f}"]), st.sampled_from(DecimalMark))
def test_every_amount_with_cents_is_read_back_in_either_style(amount: Decimal, pattern: str, mark: DecimalMark) -> None:
    text = pattern.format(amount)
    if mark is DecimalMark.COMMA:
        text = text.translate(str.maketrans(",.", ".,"))
    for given_mark in (mark, None):
        found = read_amount(text, given_mark)
        assert isinstance(found, Amount)
        assert Decimal(found.plain) == amount
