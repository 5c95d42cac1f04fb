"""Xero's export of sales invoices: a record per line item, its own words for states, day before month."""

from __future__ import annotations

import csv
from datetime import date
from io import BytesIO, StringIO

import pytest

from mailer.domain.invoice import InvoiceClosing
from mailer.domain.money import Money
from mailer.imports.columns import Kind
from mailer.imports.inspection import inspect_file
from mailer.imports.reading import read_invoices
from mailer.imports.rows import InvoiceRow, Problem

#: The whole header of the export, most of which we do not read.
HEADER = (
    "ContactName,EmailAddress,POAddressLine1,POAddressLine2,POAddressLine3,POAddressLine4,POCity,PORegion,POPostalCode,"
    "POCountry,SAAddressLine1,SAAddressLine2,SAAddressLine3,SAAddressLine4,SACity,SARegion,SAPostalCode,SACountry,"
    "InvoiceNumber,Reference,InvoiceDate,DueDate,PlannedDate,Total,TaxTotal,InvoiceAmountPaid,InvoiceAmountDue,"
    "InventoryItemCode,Description,Quantity,UnitAmount,Discount,LineAmount,AccountCode,TaxType,TaxAmount,"
    "TrackingName1,TrackingOption1,TrackingName2,TrackingOption2,Currency,Type,Sent,Status"
).split(",")
GOOD = {
    "ContactName": "City Limousines",
    "EmailAddress": "accounts@limo.example",
    "POAddressLine1": "1 Quay\r\nDock 2",
    "InvoiceNumber": "INV-0001",
    "Reference": "PO 1",
    "InvoiceDate": "13/06/2026",
    "DueDate": "05/07/2026",
    "Total": "1495.0000",
    "InvoiceAmountPaid": "495.0000",
    "InvoiceAmountDue": "1000.0000",
    "Description": 'Limo, "stretch"',
    "Currency": "NZD",
    "Type": "Sales invoice",
    "Status": "Awaiting Payment",
}


def file_of(*rows: dict[str, str], header: list[str] | None = None) -> BytesIO:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(header or HEADER)
    for row in rows:
        writer.writerow([{**GOOD, **row}.get(name.lstrip("*"), "") for name in header or HEADER])
    return BytesIO(text.getvalue().encode("utf-8-sig"))


def read(*rows: dict[str, str]) -> list[InvoiceRow | Problem]:
    return list(read_invoices(file_of(*rows)))


def test_an_exported_invoice_becomes_one_value() -> None:
    assert read({}) == [
        InvoiceRow(
            line=2,
            customer_ref="City Limousines",
            customer_name="City Limousines",
            email="accounts@limo.example",
            number="INV-0001",
            reference="PO 1",
            issued_on=date(2026, 6, 13),
            due_on=date(2026, 7, 5),
            total=Money(minor=149500, currency="NZD"),
            open=Money(minor=100000, currency="NZD"),
            paid=Money(minor=49500, currency="NZD"),
        )
    ]


def test_the_preset_is_recognised_and_says_how_it_read_the_dates() -> None:
    found = inspect_file(file_of({}), kind=Kind.INVOICES)
    assert (found.preset, found.rows) == ("xero", 1)
    assert found.notes == ("Dates are read as day/month/year, because of '13/06/2026' on line 2.",)


def test_the_stars_of_xeros_own_template_are_accepted() -> None:
    header = ["*ContactName", "EmailAddress", "*InvoiceNumber", "*InvoiceDate", "*DueDate", "Total", "Currency"]
    (row,) = read_invoices(file_of({}, header=[*header, "InvoiceAmountPaid"]))
    assert isinstance(row, InvoiceRow)
    assert row.open == Money(minor=100000, currency="NZD")


def test_the_lines_of_one_invoice_are_one_row() -> None:
    found = read({}, {"Description": "Driver"}, {"Description": "Fuel"}, {"InvoiceNumber": "INV-0002"})
    assert [(row.line, row.number) for row in found if isinstance(row, InvoiceRow)] == [
        (2, "INV-0001"),
        (8, "INV-0002"),
    ]
    assert len(found) == 2


def test_lines_of_one_invoice_that_disagree_are_a_problem_and_the_invoice_is_not_read() -> None:
    found = read({}, {"Description": "Driver"}, {"InvoiceAmountDue": "0.00"}, {"InvoiceNumber": "INV-0002"})
    reasons = [item.reason for item in found if isinstance(item, Problem)]
    assert reasons == ["Lines 2 and 6 differ in InvoiceAmountDue; keep the right one."] * 2
    assert [item.number for item in found if isinstance(item, InvoiceRow)] == ["INV-0002"]


def test_the_same_invoice_further_down_is_a_notice() -> None:
    found = read({}, {"InvoiceNumber": "INV-0002"}, {})
    assert isinstance(found[-1], Problem)
    assert not found[-1].blocks
    assert found[-1].reason == "The row says the same as line 2 and was left out."


@pytest.mark.parametrize(
    ("cells", "minor", "closing"),
    [
        ({"Status": "AUTHORISED"}, 100000, None),
        ({"Status": ""}, 100000, None),
        ({"Status": "Paid", "InvoiceAmountDue": "0.00"}, 0, None),
        ({"Status": "PAID", "InvoiceAmountDue": "", "InvoiceAmountPaid": "1495.00"}, 0, None),
        ({"Status": "PAID", "InvoiceAmountDue": "", "InvoiceAmountPaid": ""}, 0, None),
        ({"Status": "Awaiting Payment", "InvoiceAmountDue": ""}, 100000, None),
        ({"Status": "VOIDED", "InvoiceAmountDue": "0"}, 0, InvoiceClosing.VOID),
        ({"Status": "Voided"}, 100000, InvoiceClosing.VOID),
        ({"Status": "DELETED"}, 100000, InvoiceClosing.VOID),
    ],
)
def test_xeros_states_say_what_is_owed(cells: dict[str, str], minor: int, closing: InvoiceClosing | None) -> None:
    (row,) = read(cells)
    assert isinstance(row, InvoiceRow)
    assert (row.open.minor, row.closing) == (minor, closing)


@pytest.mark.parametrize(
    ("cells", "column", "blocks", "said"),
    [
        ({"Status": "DRAFT"}, "Status", False, "not issued yet"),
        ({"Status": "Awaiting Approval", "InvoiceNumber": ""}, "Status", False, "not issued yet"),
        ({"Type": "Sales credit note", "Total": "10"}, "Type", False, "not chased"),
        ({"Type": "Sales overpayment", "InvoiceNumber": "", "DueDate": ""}, "Type", False, "not chased"),
        ({"Total": "-10.00", "InvoiceAmountDue": "-10.00"}, "Total", False, "not chased"),
        ({"Type": "Bill"}, "Type", True, "export sales invoices only"),
        ({"Status": "Posted"}, "Status", True, "not a status of Xero"),
        ({"Status": "Paid"}, "Status", True, "paid but NZD 1000.00 is open"),
        ({"InvoiceAmountDue": "", "InvoiceAmountPaid": ""}, "InvoiceAmountDue", True, "still owed"),
        ({"InvoiceAmountDue": "1495.01"}, "InvoiceAmountDue", True, "More is open"),
        ({"InvoiceNumber": ""}, "InvoiceNumber", True, "no invoice number"),
        ({"ContactName": ""}, "ContactName", True, "no contact name"),
        ({"DueDate": ""}, "DueDate", True, "missing"),
        ({"DueDate": "12/06/2026"}, "DueDate", True, "due before it was issued"),
        ({"Currency": ""}, "Currency", True, "no currency"),
        (
            {"Currency": "", "Status": "Paid", "InvoiceAmountDue": "", "InvoiceAmountPaid": ""},
            "Currency",
            True,
            "no currency",
        ),
        ({"EmailAddress": "limo"}, "EmailAddress", True, "not a mail address"),
    ],
)
def test_what_is_no_chasable_invoice_is_left_out_and_said(
    cells: dict[str, str], column: str, *, blocks: bool, said: str
) -> None:
    (found,) = read(cells)
    assert isinstance(found, Problem)
    assert (found.column, found.blocks) == (column, blocks)
    assert said in found.reason
