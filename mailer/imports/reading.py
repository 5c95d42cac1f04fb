"""The second pass: rows as values, one at a time, and what is wrong with those that are none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from mailer.imports.cells import Cells, Reading
from mailer.imports.columns import Format, Kind, Layout, layout_of
from mailer.imports.dates import DateOrder
from mailer.imports.encoding import Source, as_text, digest, opened
from mailer.imports.formats import CUSTOMER_FORMATS, INVOICE_FORMATS, KNOWN_NAMES, PAYMENT_FORMATS
from mailer.imports.inspection import FileInspection, inspect_file
from mailer.imports.records import Record, Table
from mailer.imports.refusals import AmbiguousDates, FileChanged
from mailer.imports.repeats import Difference, KeyReader
from mailer.imports.rows import CustomerRow, InvoiceRow, PaymentRow, Problem, shown

Row = TypeVar("Row")


def read_invoices(
    source: Source,
    *,
    preset: str | None = None,
    date_order: DateOrder | None = None,
    inspection: FileInspection | None = None,
) -> Iterator[InvoiceRow | Problem]:
    """Return the invoices of a file and its problems, in the file's order, lazily.

    An `inspection` of the same file spares the first pass; without one it is made here, with `preset` and `date_order`.
    Raises ImportRefused at once when the file cannot be read, AmbiguousDates when it does not tell day from month;
    while iterating, FileChanged when it is not the inspected file any more.
    """
    found = inspection or inspect_file(source, kind=Kind.INVOICES, preset=preset, date_order=date_order)
    return _rows(source, INVOICE_FORMATS[_believed(found).preset], found)


def read_payments(
    source: Source, *, date_order: DateOrder | None = None, inspection: FileInspection | None = None
) -> Iterator[PaymentRow | Problem]:
    """Return the payments of a file and its problems; see `read_invoices`."""
    found = inspection or inspect_file(source, kind=Kind.PAYMENTS, date_order=date_order)
    return _rows(source, PAYMENT_FORMATS[_believed(found).preset], found)


def read_customers(source: Source, *, inspection: FileInspection | None = None) -> Iterator[CustomerRow | Problem]:
    """Return the customers of a file and its problems; see `read_invoices`."""
    found = inspection or inspect_file(source, kind=Kind.CUSTOMERS)
    return _rows(source, CUSTOMER_FORMATS[_believed(found).preset], found)


def _believed(inspection: FileInspection) -> FileInspection:
    if inspection.is_ambiguous:
        raise AmbiguousDates(inspection.date_doubt)
    return inspection


def _rows(source: Source, form: Format[Row], inspection: FileInspection) -> Iterator[Row | Problem]:
    with opened(source) as stream:
        if digest(stream) != inspection.sha256:
            raise FileChanged("The file changed after it was inspected; import it again.")
        with as_text(stream, inspection.encoding) as text:
            table = Table(text, known=KNOWN_NAMES)
            reader = _RowReader(form, layout_of(form, table.header), inspection)
            for record in table.records():
                yield from reader.read(record)


class _RowReader(Generic[Row]):
    """Turns the records of one file into rows and problems, one at a time."""

    def __init__(self, form: Format[Row], layout: Layout, inspection: FileInspection) -> None:
        self._form = form
        self._layout = layout
        self._repeats = inspection.repeats
        self._keys = KeyReader(form)
        self._places = {column.name: place for place, column in enumerate(form.columns)}
        self._reading = Reading(date_order=inspection.date_order, decimal_mark=inspection.decimal_mark)

    def read(self, record: Record) -> Iterator[Row | Problem]:
        """Yield the problems of a record, then its row if nothing is wrong with it."""
        if record.cells is None:
            lines = "" if record.line == record.last_line else f" (lines {record.line} to {record.last_line})"
            reason = f"The quotes of this row{lines} do not match; double the quotes inside a quoted value."
            yield Problem(line=record.line, column="", value="", reason=reason)
            return
        misfit = self._layout.misfit(record.cells)
        if misfit:
            yield Problem(line=record.line, column="", value=shown(record.cells[0]), reason=misfit)
            return
        values = list(self._layout.values(record.cells))
        cells = Cells(line=record.line, values=values, places=self._places, reading=self._reading)
        row = None if self._repeated(cells, values) else self._build(cells, values)
        yield from cells.problems
        if row is not None and not cells.blocked:
            yield row

    def _repeated(self, cells: Cells, values: list[str]) -> bool:
        """Whether the row is left out because another one says the same, or the contrary."""
        key, continues = self._keys.next(values)
        differ = self._repeats.contradictions.get(key)
        if differ is not None:
            if cells.line in {differ.first_line, differ.other_line}:
                cells.error(self._form.key[0], _contrary(differ))
            return True
        first_line = self._repeats.again.get(cells.line)
        if first_line is not None:
            cells.notice(self._form.key[0], f"The row says the same as line {first_line} and was left out.")
        return continues or first_line is not None

    def _build(self, cells: Cells, values: list[str]) -> Row | None:
        differ = self._repeats.customers.get(cells.line)
        for column in differ.columns if differ is not None else ():
            other = f"an earlier row of this customer (first on line {differ.first_line})" if differ is not None else ""
            if column == self._form.address:
                cells.error(column, f"The address differs from {other}; make them agree.")
            else:
                cells.notice(column, f"This differs from {other}, which counts; make them agree.")
                values[self._places[column]] = ""
        return self._form.build(cells)


def _contrary(differ: Difference) -> str:
    columns = ", ".join(differ.columns)
    return f"Lines {differ.first_line} and {differ.other_line} differ in {columns}; keep the right one."
