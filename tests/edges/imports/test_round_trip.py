"""What is written into a file of any format is what is read from it, and reading it keeps nothing."""

from __future__ import annotations

import csv
import tracemalloc
from collections.abc import Iterator
from datetime import date
from io import BytesIO, StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.imports.columns import Content, Format, Kind
from mailer.imports.encoding import Source
from mailer.imports.formats import FORMATS
from mailer.imports.inspection import inspect_file
from mailer.imports.reading import read_customers, read_invoices, read_payments
from mailer.imports.rows import CustomerRow, InvoiceRow, PaymentRow, Problem
from mailer.imports.template import template_columns, write_template

Rows = list[InvoiceRow | PaymentRow | CustomerRow | Problem]


def read(source: Source, kind: Kind) -> Rows:
    match kind:
        case Kind.INVOICES:
            return list(read_invoices(source))
        case Kind.PAYMENTS:
            return list(read_payments(source))
        case Kind.CUSTOMERS:
            return list(read_customers(source))


@pytest.mark.parametrize("kind", Kind)
def test_the_template_is_read_back_without_a_problem_and_explains_each_column(kind: Kind) -> None:
    rows = read(BytesIO(write_template(kind).encode()), kind)
    assert [row.line for row in rows] == [2, 3]
    assert not [row for row in rows if isinstance(row, Problem)]
    assert all(column.meaning for column in template_columns(kind))


def test_every_format_is_registered_under_its_name_and_needs_what_tells_it_from_the_others() -> None:
    assert set(FORMATS) == {"duly", "xero", "payments", "customers"}
    assert all(name == form.name and form.required for name, form in FORMATS.items())
    assert len({form.required for form in FORMATS.values()}) == len(FORMATS)


words = st.text(st.characters(codec="cp1252", categories=("L", "N", "P", "S", "Zs")), max_size=30).map(
    lambda text: " ".join(text.split())
)


@st.composite
def cells(draw: st.DrawFn, form: Format[object], number: int) -> list[str]:
    """One good row of a format; whatever is free text is any text."""
    days = sorted(draw(st.tuples(*[st.dates(date(1999, 1, 1), date(2099, 1, 1))] * 2)))
    owed = sorted(draw(st.tuples(*[st.integers(1, 10**12)] * 2)), reverse=True)
    row = []
    for column in form.columns:
        name = column.name.lower()
        if name in {"number", "customer", "invoice", "invoicenumber", "contactname"}:
            row.append(f"K-{number} {draw(words)}".strip())
        elif column.content is Content.DATE:
            row.append(days.pop(0).isoformat())
        elif column.content is Content.AMOUNT:
            row.append(f"{(owed.pop(0) if owed else 0) / 100:.2f}" if name != "invoiceamountpaid" else "")
        elif name == "currency":
            row.append(draw(st.sampled_from(["EUR", "USD"])))
        elif name in {"email", "emailaddress", "other_emails"}:
            row.append(f"post@firm-{number}.example")
        elif name in {"language", "country", "time_zone", "status", "type"}:
            row.append("")
        else:
            row.append(draw(words) or ("x" if column.required else ""))
    return row


def values(row: object) -> list[str]:
    """A row's fields as the text a file has for them."""
    if isinstance(row, InvoiceRow):
        return [row.customer_ref, row.number, row.reference, row.email, str(row.issued_on), str(row.due_on),
                f"{row.total.decimal:.2f}", f"{row.open.decimal:.2f}", row.total.currency]  # fmt: skip
    if isinstance(row, PaymentRow):
        return [row.invoice_number, str(row.paid_on), f"{row.amount:.2f}", row.currency or "", row.reference]
    assert isinstance(row, CustomerRow), row
    return [row.ref, row.name, row.email, *row.other_emails, row.contact_name, row.policy]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40, deadline=None)
@given(data=st.data(), codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), delimiter=st.sampled_from(",;\t|"))
def test_whatever_a_row_says_comes_back_unchanged(name: str, data: st.DataObject, codec: str, delimiter: str) -> None:
    form = FORMATS[name]
    written = [data.draw(cells(form, number)) for number in range(data.draw(st.integers(1, 4)))]
    text = StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow([column.name for column in form.columns])
    writer.writerows(written)
    rows = read(BytesIO(text.getvalue().encode(codec)), form.kind)
    assert len(rows) == len(written)
    for row, given_cells in zip(rows, written, strict=True):
        assert set(values(row)) <= {*given_cells, ""}


def _ledger(rows: int) -> Iterator[str]:
    yield "customer,email,number,issued_on,due_on,currency,total,open\n"
    for number in range(rows):
        yield f"C-{number % 50},a{number % 50}@firm.example,N-{number},05/01/2026,28/02/2026,EUR,1200.00,1200.00\n"


def _peak_kibibytes(rows: int) -> float:
    source = BytesIO("".join(_ledger(rows)).encode())
    found = inspect_file(source, kind=Kind.INVOICES)
    tracemalloc.start()
    try:
        assert sum(isinstance(row, InvoiceRow) for row in read_invoices(source, inspection=found)) == rows
        return tracemalloc.get_traced_memory()[1] / 1024
    finally:
        tracemalloc.stop()


def test_reading_ten_times_the_rows_takes_no_more_memory() -> None:
    _peak_kibibytes(10)  # fills the caches
    assert _peak_kibibytes(2_000) < _peak_kibibytes(200) + 100
