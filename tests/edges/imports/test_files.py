"""Files as spreadsheet programs and ledgers leave them: bytes, delimiters, quotes, headers, damage."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from mailer.imports.columns import Kind
from mailer.imports.inspection import inspect_file
from mailer.imports.reading import read_customers, read_invoices, read_payments
from mailer.imports.refusals import FileChanged, ImportRefused, UnknownHeader, UnreadableFile
from mailer.imports.rows import CustomerRow, PaymentRow, Problem

CUSTOMERS = "customer,name,email,tags\r\nC-1,Müller & Søn,post@mueller.example,vip|a\r\nC-2,Ünïcode,,\r\n"


def customers(data: bytes) -> list[CustomerRow | Problem]:
    return list(read_customers(io.BytesIO(data)))


def reasons(data: bytes) -> list[tuple[int, str, str]]:
    return [(row.line, row.column, row.reason) for row in customers(data) if isinstance(row, Problem)]


@pytest.mark.parametrize(
    ("codec", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1252", "cp1252")],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_a_file_reads_the_same_whatever_program_wrote_it(codec: str, found: str, delimiter: str, line_end: str) -> None:
    text = CUSTOMERS.replace("vip|a", '"vip|a"').replace(",", delimiter).replace("\r\n", line_end)
    data = text.encode(codec)
    inspection = inspect_file(io.BytesIO(data), kind=Kind.CUSTOMERS)
    assert (inspection.encoding, inspection.delimiter, inspection.rows) == (found, delimiter, 2)
    assert inspection.sha256 == hashlib.sha256(data).hexdigest()
    first, second = customers(data)
    assert isinstance(first, CustomerRow)
    assert isinstance(second, CustomerRow)
    assert (first.line, first.ref, first.name, first.tags) == (2, "C-1", "Müller & Søn", ("vip", "a"))
    assert (second.line, second.name, second.email) == (3, "Ünïcode", "")


def test_big_endian_utf16_is_read_and_a_guess_at_windows_1252_is_said() -> None:
    assert isinstance(customers(b"\xfe\xff" + CUSTOMERS.encode("utf-16-be"))[0], CustomerRow)
    found = inspect_file(io.BytesIO(CUSTOMERS.encode("cp1252")), kind=Kind.CUSTOMERS)
    assert found.notes == ("The text is not UTF-8 and is read as Windows-1252; check names with accents.",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "no header row"),
        (b"\r\n  \r\n", "no header row"),
        (b"PK\x03\x04rest of a workbook", "spreadsheet"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel workbook"),
        (b"%PDF-1.7", "PDF"),
        (CUSTOMERS.encode("utf-16-le"), "zero bytes"),
        (CUSTOMERS.encode("utf-32"), "UTF-32"),
        (b"\xef\xbb\xbfcustomer,name\r\nC-1,M\xfcller\r\n", "not utf-8-sig"),
        (CUSTOMERS.encode("utf-16") + b"\x00", "not utf-16"),
        (b"customer,name\r\nC-1,\x81\x8d\r\n", "neither UTF-8 nor Windows-1252"),
        (b'customer,name\r\nC-1,A\r\nC-2,"never closed\r\nC-3,B\r\n', "opened on line 3 is never closed"),
        (b'customer,name\r\nC-1,"' + b"x" * 140_000 + b'"\r\n', "line 2"),
        (b'customer,name\r\nC-1,"' + b"line\r\n" * 30_000, "line 2"),
        (b"customer,name\r\n" + b"x" * (1 << 21), "Line 2 is longer"),
        (b'"customer,name\r\nC-1,A\r\n', "header row cannot be read"),
    ],
)
def test_a_file_that_is_no_csv_text_is_refused_with_what_to_do(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        customers(data)


def test_a_pipe_is_refused_because_the_file_is_read_twice() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(UnreadableFile, match="save it to disk"):
        read_customers(Pipe(CUSTOMERS.encode()))


def test_a_path_and_a_stream_say_the_same_and_the_stream_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(CUSTOMERS.encode())
    with io.BytesIO(CUSTOMERS.encode()) as stream:
        assert list(read_customers(path)) == list(read_customers(stream))
        assert not stream.closed


def test_a_file_that_changes_between_inspection_and_reading_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(CUSTOMERS.encode())
    inspection = inspect_file(path, kind=Kind.CUSTOMERS)
    path.write_bytes(CUSTOMERS.replace("C-2", "C-3").encode())
    with pytest.raises(FileChanged):
        list(read_customers(path, inspection=inspection))


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    data = b'sep=;\r\n\r\ncustomer;name;note\r\nC-1;A;"two\r\nlines"\r\n\r\n;;\r\nC-2;;x\r\nC-3; "B; Co";x\r\n'
    first, second, third = customers(data)
    assert (first.line, second.line, third.line) == (4, 8, 9)
    assert isinstance(third, CustomerRow)
    assert third.name == "B; Co"


def test_a_line_break_inside_a_name_becomes_a_space_but_not_inside_a_number() -> None:
    found = customers(b'customer,name\r\nC-1,A\r\n"C-\n2",B\r\n')
    assert isinstance(found[0], CustomerRow)
    assert reasons(b'customer,name\r\n"C-\n2",B\r\n') == [
        (2, "customer", "The text contains the invisible control character U+000A; delete it.")
    ]
    (row,) = read_payments(
        io.BytesIO(b'invoice,paid_on,amount,currency,reference\n1,2026-05-06,5.00,EUR,"PO 1\r\nline  2"\n')
    )
    assert isinstance(row, PaymentRow)
    assert row.reference == "PO 1 line 2"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (b"C-1,A,,,,,surplus", "has 7 values but the header has 4 columns"),
        (b"C-1", "ends before the column name"),
        (b'C-1,"A"B,,', "quotes of this row do not match"),
        (b'C-1,"A\nB"C,,', "quotes of this row (lines 2 to 3) do not match"),
    ],
)
def test_a_row_that_does_not_fit_its_header_is_one_problem_and_the_next_row_is_read(row: bytes, said: str) -> None:
    found = customers(b"customer,name,email,tags\n" + row + b"\nC-2,B,,\n")
    assert isinstance(found[0], Problem)
    assert found[0].line == 2
    assert said in found[0].reason
    assert isinstance(found[1], CustomerRow)


def test_blank_cells_at_the_end_may_be_missing_or_too_many_as_excel_writes_them() -> None:
    found = customers(b"customer,name,email,tags\nC-1,A\nC-2,B,,,,,\n")
    assert [row.ref for row in found if isinstance(row, CustomerRow)] == ["C-1", "C-2"]


def test_a_header_alone_is_no_error_and_is_said() -> None:
    assert customers(b"customer,name") == []
    assert "no rows" in inspect_file(io.BytesIO(b"customer,name\n"), kind=Kind.CUSTOMERS).notes[0]


def test_header_names_are_matched_as_people_write_them_and_the_rest_is_named() -> None:
    data = b"\xef\xbb\xbf*Customer , NAME,E-Mail,Contact Name,Shoe size\nC-1,A,a@b.example,Jo,42\n"
    inspection = inspect_file(io.BytesIO(data), kind=Kind.CUSTOMERS)
    assert inspection.ignored == ("Shoe size",)
    assert inspection.notes == ("Columns that are not read: Shoe size.",)
    (row,) = customers(data)
    assert isinstance(row, CustomerRow)
    assert (row.email, row.contact_name) == ("a@b.example", "Jo")


@pytest.mark.parametrize(
    ("header", "preset", "said"),
    [
        ("foo,bar", None, ["found: foo, bar", "expected: customer, number,", "--preset duly or xero"]),
        ("customer,number,issued_on,due_on,currency,total", None, ["lacks open for the preset duly"]),
        (
            "ContactName,InvoiceNumber,InvoiceDate,DueDate,Total,Currency",
            None,
            ["lacks InvoiceAmountDue or InvoiceAmountPaid for the preset xero"],
        ),
        ("customer,number", "xero", ["lacks ContactName, InvoiceNumber", "preset xero"]),
        ("invoice,paid_on,amount", None, ["looks like a file of payments: use duly payments import"]),
        ("customer,number,issued_on,due_on,currency,total,open,Total", None, ["more than one column total"]),
        ("a\x1b[31m,b", None, ["a\\x1b[31m"]),
    ],
)
def test_an_unknown_header_is_refused_with_what_was_found_expected_and_the_flag(
    header: str, preset: str | None, said: list[str]
) -> None:
    with pytest.raises(UnknownHeader) as refused:
        read_invoices(io.BytesIO(header.encode()), preset=preset)
    assert all(piece in str(refused.value) for piece in said), str(refused.value)
    assert refused.value.found == tuple(header.split(","))
    assert "\x1b" not in str(refused.value)


def test_a_payments_file_without_amounts_is_told_how_to_get_a_template() -> None:
    with pytest.raises(UnknownHeader, match=r"lacks amount for the preset payments.*duly payments template prints"):
        read_payments(io.BytesIO(b"invoice,paid_on\n"))


def test_a_preset_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ImportRefused, match="--preset duly, xero") as refused:
        read_invoices(io.BytesIO(b"a,b"), preset="sage")
    assert refused.value.flag == "--preset"
