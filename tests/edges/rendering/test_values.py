from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from babel import Locale
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.ids import StepId
from mailer.domain.money import Money
from mailer.rendering.formats import aligned, html_paragraphs, locale_of, long_date, money_text, wrap
from mailer.rendering.values import default_pay_by
from tests.edges.rendering.letters import CUSTOMER, SELLER, invoice, values

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("language", "country", "minor", "currency", "text"),
    [
        ("en", "GB", 123_450, "GBP", "£1,234.50"),
        ("en", "US", 123_450, "USD", "$1,234.50"),
        ("en", "GB", 123_450, "USD", "US$1,234.50"),
        ("de", "DE", 123_450, "EUR", f"1.234,50{NBSP}€"),
        ("de", "AT", 123_450, "EUR", f"€{NBSP}1.234,50"),
        ("de", "FR", 123_450, "EUR", f"1.234,50{NBSP}€"),
        ("en", "GB", 1_250, "JPY", "JP¥1,250"),
        ("en", "GB", 1_250, "KWD", f"KWD{NBSP}1.250"),
        # CLDR writes these without places; ISO 4217 and the ledger have them.
        ("en", "GB", 1_250, "IQD", f"IQD{NBSP}1.250"),
        ("en", "GB", 1_250, "MGA", f"MGA{NBSP}12.50"),
        ("en", "GB", 9_007_199_254_740_993_01, "EUR", "€9,007,199,254,740,993.01"),
        ("xx", "YY", 100, "EUR", "€1.00"),
        ("", "", 100, "EUR", "€1.00"),
    ],
)
def test_money_is_written_as_people_there_write_it_and_exact(
    language: str, country: str, minor: int, currency: str, text: str
) -> None:
    assert money_text(Money(minor=minor, currency=currency), locale_of(language, country)) == text


@given(
    st.sampled_from(["en_GB", "en_IN", "de_DE", "de_AT", "de_CH", "fr_FR", "es_ES", "nl_NL", "it_IT", "hi_IN"]),
    st.sampled_from(["EUR", "GBP", "USD", "CHF", "JPY", "KWD", "INR"]),
    st.integers(min_value=-(10**12), max_value=10**12),
)
def test_money_is_written_as_babel_writes_it(identifier: str, currency: str, minor: int) -> None:
    locale, money = Locale.parse(identifier), Money(minor=minor, currency=currency)
    babels = format_currency(money.decimal, currency, locale=locale)
    letters = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
    assert money_text(money, locale) == letters.sub(NBSP, babels)


@pytest.mark.parametrize(
    ("language", "country", "text"),
    [("en", "GB", "3 November 2026"), ("en", "US", "November 3, 2026"), ("de", "DE", "3. November 2026")],
)
def test_dates_cannot_be_misread(language: str, country: str, text: str) -> None:
    assert long_date(date(2026, 11, 3), locale_of(language, country)) == text


def test_the_firmest_rung_is_the_subject_and_the_others_are_also_open() -> None:
    late, later = invoice("INV-2", due_on=date(2026, 10, 20)), invoice("INV-1", due_on=date(2026, 10, 1))
    found = values(late, later, also=(invoice("INV-9", due_on=date(2026, 11, 10)),))
    assert [line.number for line in found.items] == ["INV-1", "INV-2"]
    assert [(line.number, line.days_overdue, line.is_overdue) for line in found.also_open] == [("INV-9", -7, False)]
    assert found.days_overdue == 33
    assert (found.item_totals, found.also_totals, found.totals) == (("£200.00",), ("£100.00",), ("£300.00",))


def test_each_currency_has_its_own_total() -> None:
    found = values(invoice("A"), invoice("B", currency="EUR"), invoice("C", currency="EUR", open_minor=50))
    assert found.totals == ("€100.50", "£100.00")


def test_the_balance_asked_for_is_the_one_listed_and_what_was_paid_is_the_difference() -> None:
    (line,) = values(invoice("A", open_minor=2_500)).items
    assert (line.total, line.paid, line.open) == ("£100.00", "£75.00", "£25.00")
    assert values(invoice("A")).items[0].paid == ""
    assert values(invoice("A", open_minor=12_000)).items[0].paid == ""


def test_names_that_would_break_a_line_are_put_on_one() -> None:
    found = values(
        invoice("INV\r\n1", reference="PO\x85 7"),
        customer=replace(CUSTOMER, name="A\nB", contact_name="M\u2028J"),
    )
    assert (found.customer_name, found.contact_name) == ("A B", "M J")
    assert (found.items[0].number, found.items[0].reference) == ("INV 1", "PO 7")
    assert found.seller.payment_lines == ("Acme Tools Ltd", "IBAN GB00 ACME")


def test_nothing_to_write_about_and_an_unknown_invoice_are_bugs_and_said_so() -> None:
    with pytest.raises(ValueError, match="no invoice is listed under the step 'other'"):
        values(main_step_id=StepId("other"))
    with pytest.raises(KeyError, match="inv_INV-1"):
        values(invoices=())


@pytest.mark.parametrize(
    ("today", "pay_by"),
    [
        (date(2026, 11, 3), date(2026, 11, 10)),
        (date(2026, 11, 7), date(2026, 11, 16)),
        (date(2026, 11, 8), date(2026, 11, 16)),
    ],
)
def test_the_date_to_pay_by_is_a_week_on_and_a_weekday(today: date, pay_by: date) -> None:
    assert default_pay_by(today) == pay_by
    assert values(today=today).pay_by == long_date(pay_by, locale_of("en", "GB"))
    assert values(pay_by_on=date(2026, 12, 24)).pay_by == "24 December 2026"


def test_a_broken_promise_is_named_only_when_given() -> None:
    assert values().broken_promise is None
    assert values(broken_promise_on=date(2026, 10, 28)).broken_promise == "28 October 2026"


def test_columns_line_up_and_empty_ones_are_left_out() -> None:
    rows = values(invoice("INV-1", open_minor=123), invoice("請求書-2"), seller=SELLER).items
    assert aligned(rows, ("number", "Invoice", "<"), ("reference", "Ref", "<"), ("open", "Open", ">")) == (
        "Invoice      Open\n--------  -------\nINV-1       £1.23\n請求書-2  £100.00"
    )
    assert aligned((), ("number", "Invoice", "<")) == ""
    accented = values(invoice("e\u0301\u0301")).items
    assert aligned(accented, ("number", "N", "<"), ("open", "O", "<")).splitlines()[2] == "e\u0301\u0301  £100.00"


def test_prose_is_wrapped_by_paragraph_and_no_break_spaces_hold() -> None:
    text = wrap("one\ntwo  three\n\n \nfour 1.234,50\u00a0€", columns=12)
    assert text == "one two\nthree\n\nfour\n1.234,50\u00a0€\n\n"
    assert "x" * 100 in wrap("x" * 100)


def test_html_prose_is_escaped_paragraphs() -> None:
    assert html_paragraphs("a <b>\n\nc") == (
        '<p style="margin:0 0 16px 0;">a &lt;b&gt;</p>\n<p style="margin:0 0 16px 0;">c</p>'
    )
