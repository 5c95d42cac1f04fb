"""Our own template: what each cell must be, and what a person is told when it is not."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.domain.invoice import InvoiceClosing
from mailer.domain.money import Money
from mailer.imports.reading import read_invoices
from mailer.imports.rows import SHOWN_CHARACTERS, InvoiceRow, Problem
from mailer.imports.vocabulary import checked_email

GOOD = {
    "customer": "C-1",
    "customer_name": "Müller & Co",
    "email": "Post@Mueller.Example",
    "contact_name": "Jo",
    "language": "de-AT",
    "country": "at",
    "time_zone": "Europe/Vienna",
    "tags": "vip | wholesale|vip",
    "policy": "patient",
    "number": "N-1",
    "reference": "PO 7",
    "issued_on": "2026-01-05",
    "due_on": "2026-02-04",
    "currency": "eur",
    "total": "1200.00",
    "open": "200.00",
    "status": "open",
}


def invoice(**changed: str) -> list[InvoiceRow | Problem]:
    cells = {**GOOD, **changed}
    text = ",".join(cells) + "\n" + ",".join(f'"{value}"' for value in cells.values()) + "\n"
    return list(read_invoices(BytesIO(text.encode())))


def problem(**changed: str) -> Problem:
    (found,) = invoice(**changed)
    assert isinstance(found, Problem)
    assert found.line == 2
    return found


def test_a_complete_row_becomes_one_value() -> None:
    assert invoice() == [
        InvoiceRow(
            line=2,
            customer_ref="C-1",
            customer_name="Müller & Co",
            email="Post@mueller.example",
            contact_name="Jo",
            language="de",
            country="AT",
            time_zone="Europe/Vienna",
            tags=("vip", "wholesale"),
            policy="patient",
            number="N-1",
            reference="PO 7",
            issued_on=date(2026, 1, 5),
            due_on=date(2026, 2, 4),
            total=Money(minor=120000, currency="EUR"),
            open=Money(minor=20000, currency="EUR"),
        )
    ]


@pytest.mark.parametrize(
    ("status", "owed", "closing", "minor"),
    [
        ("", "200.00", None, 20000),
        ("Open", "0", None, 0),
        ("paid", "", None, 0),
        ("PAID", "0.00", None, 0),
        ("void", "", InvoiceClosing.VOID, 0),
        ("written off", "200.00", InvoiceClosing.WRITTEN_OFF, 20000),
        ("written-off", "200.00", InvoiceClosing.WRITTEN_OFF, 20000),
    ],
)
def test_the_status_says_whether_an_invoice_is_still_chased(
    status: str, owed: str, closing: InvoiceClosing | None, minor: int
) -> None:
    (row,) = invoice(status=status, open=owed)
    assert isinstance(row, InvoiceRow)
    assert (row.closing, row.open.minor) == (closing, minor)


@pytest.mark.parametrize(
    ("changed", "column", "said"),
    [
        ({"number": ""}, "number", "no invoice number"),
        ({"customer": " "}, "customer", "no customer number"),
        ({"email": "nobody"}, "email", "not a mail address"),
        ({"email": "a@b.example; c@d.example"}, "email", "not a mail address"),
        ({"email": "jo@bücher.example"}, "email", "xn-- form"),
        ({"email": "jo@localhost"}, "email", "not a mail address"),
        ({"currency": "EURO"}, "currency", "write it like EUR"),
        ({"currency": "DEM"}, "currency", "write it like EUR"),
        ({"currency": ""}, "currency", "no currency"),
        ({"due_on": "2026-01-04"}, "due_on", "due before it was issued (2026-01-05)"),
        ({"due_on": ""}, "due_on", "missing"),
        ({"issued_on": "soon"}, "issued_on", "not a date"),
        ({"open": "1200.01"}, "open", "More is open (EUR 1200.01) than the invoice's total (EUR 1200.00)"),
        ({"open": ""}, "open", "still owed"),
        ({"open": "1.2.3"}, "open", "not an amount"),
        ({"total": ""}, "total", "no total"),
        ({"total": "1200.001"}, "total", "more decimal places than EUR"),
        ({"status": "paid"}, "status", "paid but EUR 200.00 is open"),
        ({"status": "closed"}, "status", "not a status"),
        ({"language": "deutsch"}, "language", "language code"),
        ({"country": "UK"}, "country", "two letters like GB"),
        ({"time_zone": "Vienna"}, "time_zone", "Europe/Berlin"),
        ({"customer_name": "A\x07B"}, "customer_name", "U+0007"),
        ({"customer_name": "A\u202eB"}, "customer_name", "U+202E"),
        ({"number": "N\u200b1"}, "number", "U+200B"),
        ({"reference": "x" * 201}, "reference", "201 characters; shorten it to 200"),
        ({"tags": "a|b\x00"}, "tags", "U+0000"),
    ],
)
def test_a_bad_cell_is_one_problem_with_its_column_and_what_to_do(
    changed: dict[str, str], column: str, said: str
) -> None:
    if "\x00" in "".join(changed.values()):
        cells = {**GOOD, **changed}
        text = ",".join(cells) + "\n" + ",".join(cells.values()) + "\n"
        (found,) = read_invoices(BytesIO(text.encode("utf-16")))
        assert isinstance(found, Problem)
    else:
        found = problem(**changed)
    assert (found.column, found.blocks) == (column, True)
    assert said in found.reason, found.reason
    assert found.reason.endswith(".")


@given(st.emails() | st.from_regex(r"\A[a-z0-9._+'-]{1,70}@[a-zA-Z0-9.-]{1,20}\.(com|test|EXAMPLE)\Z"))
@settings(deadline=None)
def test_an_address_is_good_exactly_when_the_library_says_so(address: str) -> None:
    try:
        known = validate_email(address, check_deliverability=False, allow_smtputf8=False, test_environment=True)
        expected = known.ascii_email
    except EmailNotValidError:
        expected = ""
    address, fault = checked_email(address)
    assert address == expected
    assert bool(fault) is not bool(address)


def test_every_bad_cell_of_a_row_is_reported_at_once() -> None:
    found = invoice(email="x", country="UK", due_on="never", open="much")
    assert [item.column for item in found if isinstance(item, Problem)] == ["email", "country", "open", "due_on"]


def test_the_value_is_shown_cut_and_without_terminal_escapes() -> None:
    assert problem(email="\x1b[31m" + "x" * 300).value == "\\x1b[31m" + "x" * 54 + "…"
    assert len(problem(reference="y" * 300).value) == SHOWN_CHARACTERS


@pytest.mark.parametrize("names", ["Zoë", "Zoe\u0308", "نیم‌فاصله", "O’Brien\u00a0Ltd", "株式会社"])  # noqa: RUF001 - names
def test_names_of_the_world_pass_and_are_normalised(names: str) -> None:
    (row,) = invoice(customer_name=names)
    assert isinstance(row, InvoiceRow)
    assert row.customer_name == {"Zoe\u0308": "Zoë", "O’Brien\u00a0Ltd": "O’Brien Ltd"}.get(names, names)  # noqa: RUF001


def test_a_credit_note_is_left_out_with_a_notice_only() -> None:
    found = problem(total="-1200.00", open="-1200.00", due_on="", email="bad")
    assert not found.blocks
    assert (found.column, found.value) == ("total", "-1200.00")
    assert "not chased" in found.reason


def test_an_overpaid_invoice_is_paid_so_that_nobody_is_chased_for_it() -> None:
    notice, row = invoice(open="(50.00)")
    assert isinstance(notice, Problem)
    assert not notice.blocks
    assert isinstance(row, InvoiceRow)
    assert row.open == Money.zero("EUR")


def test_a_draft_is_left_out_with_a_notice_whatever_else_is_wrong() -> None:
    found = problem(status="Draft", number="", email="bad")
    assert not found.blocks
    assert "not issued yet" in found.reason


def test_columns_that_are_absent_say_nothing() -> None:
    text = "customer,number,issued_on,due_on,currency,total,open\nC-1,N-1,2026-01-05,2026-02-04,JPY,1200,1200\n"
    (row,) = read_invoices(BytesIO(text.encode()))
    assert isinstance(row, InvoiceRow)
    assert (row.customer_name, row.email, row.language, row.tags, row.paid) == ("", "", None, (), None)
    assert row.total == Money(minor=1200, currency="JPY")
