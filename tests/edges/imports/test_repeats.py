"""Rows that say something twice, or two things of one invoice or customer."""

from __future__ import annotations

from io import BytesIO

import pytest

from mailer.imports.reading import read_customers, read_invoices, read_payments
from mailer.imports.rows import CustomerRow, InvoiceRow, PaymentRow, Problem, Severity

HEADER = "customer,customer_name,email,language,number,issued_on,due_on,currency,total,open"


def invoices(*rows: str) -> list[InvoiceRow | Problem]:
    return list(read_invoices(BytesIO("\n".join([HEADER, *rows]).encode())))


def told(found: object) -> tuple[int, str, str, str] | None:
    return (found.line, found.column, found.severity, found.reason) if isinstance(found, Problem) else None


def test_an_invoice_written_twice_alike_is_read_once_with_a_notice() -> None:
    row = "C-1,A,,,N-1,2026-01-01,2026-02-01,EUR,10.00,10.00"
    found = invoices(row, "C-1,A,,,N-2,2026-01-01,2026-02-01,EUR,10.00,10.00", row)
    assert [item.number for item in found if isinstance(item, InvoiceRow)] == ["N-1", "N-2"]
    assert told(found[-1]) == (4, "number", "notice", "The row says the same as line 2 and was left out.")


def test_an_invoice_written_twice_differently_is_not_read_at_all_and_both_lines_are_named() -> None:
    found = invoices(
        "C-1,A,,,N-1,2026-01-01,2026-02-01,EUR,10.00,10.00",
        "C-1,A,,,N-2,2026-01-01,2026-02-01,EUR,10.00,10.00",
        "C-1,A,,,N-1,2026-01-01,2026-02-01,EUR,10.00,0.00",
        "C-1,A,,,N-1,2026-01-01,2026-02-01,EUR,10.00,5.00",
    )
    assert [item.number for item in found if isinstance(item, InvoiceRow)] == ["N-2"]
    reason = "Lines 2 and 4 differ in open; keep the right one."
    assert [told(item) for item in found if isinstance(item, Problem)] == [
        (2, "number", "error", reason),
        (4, "number", "error", reason),
    ]


def test_a_customer_with_two_addresses_is_an_error_because_mail_would_go_to_one_of_them() -> None:
    found = invoices(
        "C-1,A,,,N-1,2026-01-01,2026-02-01,EUR,10.00,10.00",
        "C-1,A,a@b.example,,N-2,2026-01-01,2026-02-01,EUR,10.00,10.00",
        "C-1,A,A@B.example,,N-3,2026-01-01,2026-02-01,EUR,10.00,10.00",
        "C-1,A,,,N-4,2026-01-01,2026-02-01,EUR,10.00,10.00",
        "C-1,A,other@b.example,,N-5,2026-01-01,2026-02-01,EUR,10.00,10.00",
    )
    assert [item.number for item in found if isinstance(item, InvoiceRow)] == ["N-1", "N-2", "N-3", "N-4"]
    assert isinstance(found[-1], Problem)
    assert (found[-1].line, found[-1].column, found[-1].value) == (6, "email", "other@b.example")
    assert found[-1].blocks
    assert "first on line 2" in found[-1].reason


def test_a_customer_described_otherwise_keeps_its_first_description() -> None:
    found = invoices(
        "C-1,A,,en,N-1,2026-01-01,2026-02-01,EUR,10.00,10.00",
        "C-1,A Ltd,,de,N-2,2026-01-01,2026-02-01,EUR,10.00,10.00",
    )
    notices = [item for item in found if isinstance(item, Problem)]
    assert [(item.column, item.value, item.severity) for item in notices] == [
        ("customer_name", "A Ltd", Severity.NOTICE),
        ("language", "de", Severity.NOTICE),
    ]
    assert isinstance(found[-1], InvoiceRow)
    assert (found[-1].number, found[-1].customer_name, found[-1].language) == ("N-2", "", None)


@pytest.mark.parametrize(("second", "rows"), [("bank 1", 1), ("bank 2", 2)])
def test_two_payments_are_one_unless_something_tells_them_apart(second: str, rows: int) -> None:
    data = f"invoice,paid_on,amount,reference\nN-1,2026-01-05,5.00,bank 1\nN-1,2026-01-05,5.00,{second}\n"
    found = list(read_payments(BytesIO(data.encode())))
    assert sum(isinstance(item, PaymentRow) for item in found) == rows
    assert sum(isinstance(item, Problem) and not item.blocks for item in found) == 2 - rows


def test_rows_without_a_number_are_each_a_problem_and_no_repetition() -> None:
    found = list(read_customers(BytesIO(b"customer,name\n,A\n,A\nC-1,B\n")))
    assert [told(item) for item in found[:2]] == [
        (2, "customer", "error", "The row has no customer number; write it."),
        (3, "customer", "error", "The row has no customer number; write it."),
    ]
    assert isinstance(found[2], CustomerRow)
