"""What a format is: its columns, how a row is built from them, and how a header row is recognised."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from mailer.imports.cells import Cells

Row_co = TypeVar("Row_co", covariant=True)
_NOISE = re.compile(r"[\s_\-*.]+")


class Kind(StrEnum):
    """What a file lists."""

    INVOICES = "invoices"
    PAYMENTS = "payments"
    CUSTOMERS = "customers"


class Content(StrEnum):
    """What a column holds, as far as the whole file has to be looked at before one cell can be read."""

    TEXT = "text"
    DATE = "date"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: `required` means that the header must have it; `meaning` and `examples` document it."""

    name: str
    meaning: str
    required: bool = False
    content: Content = Content.TEXT
    examples: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Format(Generic[Row_co]):
    """One import format.

    `build` turns the cells of one row into a value, or returns None when it left a problem or skips the row.
    `key` are the columns that make a row what it is: a second row with the same key is a repetition or a
    contradiction. `customer` are columns that describe a customer, its reference first: rows of one customer must
    agree. `address` is the column with the address reminders go to. `one_of`: at least one of these columns must be
    in the header. `folds`: a record is one line of an invoice and consecutive ones belong together. `open_ended`: its
    files have other columns too, and that is not worth a note.
    """

    name: str
    kind: Kind
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    build: Callable[[Cells], Row_co | None]
    customer: tuple[str, ...] = ()
    address: str = ""
    one_of: tuple[str, ...] = ()
    folds: bool = False
    open_ended: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        """The columns a header must have."""
        return tuple(column.name for column in self.columns if column.required)

    def places(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the positions of columns among this format's columns."""
        order = [column.name for column in self.columns]
        return tuple(order.index(name) for name in names)

    def places_of(self, content: Content) -> tuple[int, ...]:
        """Return the positions of all columns with that content."""
        return tuple(place for place, column in enumerate(self.columns) if column.content is content)


def plain_name(name: str) -> str:
    """Return a header cell as it is compared: "*Invoice Number", "invoice_number" and "InvoiceNumber" are one."""
    return _NOISE.sub("", name).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a format's columns stand in one file: `positions` in the order of the format's columns, None if absent."""

    width: int
    positions: tuple[int | None, ...]
    #: Positions that a short record must still reach, with their columns' names.
    needed: tuple[tuple[int, str], ...]
    #: Header cells that the format does not know.
    ignored: tuple[str, ...]

    def misfit(self, cells: Sequence[str]) -> str:
        """Return why a record does not fit its header, or "". Missing cells at the end are blank if not required."""
        if len(cells) > self.width and any(cell.strip() for cell in cells[self.width :]):
            return (
                f"The row has {len(cells)} values but the header has {self.width} columns; "
                "put values that contain the delimiter in double quotes."
            )
        if len(cells) < self.width:
            lost = next((name for position, name in self.needed if position >= len(cells)), None)
            if lost is not None:
                return f"The row ends before the column {lost}; it may be cut off: complete it."
        return ""

    def values(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Return a record's cells in the order of the format's columns, stripped, "" where absent."""
        count = len(cells)
        return tuple([cells[p].strip() if p is not None and p < count else "" for p in self.positions])


def missing_columns(form: Format[object], header: Sequence[str]) -> tuple[str, ...]:
    """Return what a header lacks for a format; alternatives stand as "InvoiceAmountDue or InvoiceAmountPaid"."""
    found = {plain_name(cell) for cell in header}
    lacking = [name for name in form.required if plain_name(name) not in found]
    if form.one_of and not any(plain_name(name) in found for name in form.one_of):
        lacking.append(" or ".join(form.one_of))
    return tuple(lacking)


def repeated_columns(form: Format[object], header: Sequence[str]) -> tuple[str, ...]:
    """Return the format's columns that stand more than once in a header."""
    found = [plain_name(cell) for cell in header]
    return tuple(column.name for column in form.columns if found.count(plain_name(column.name)) > 1)


def layout_of(form: Format[object], header: Sequence[str]) -> Layout:
    """Return where the format's columns stand in a header that lacks none of them."""
    found = [plain_name(cell) for cell in header]
    names = {plain_name(column.name) for column in form.columns}
    positions = tuple(
        found.index(plain_name(column.name)) if plain_name(column.name) in found else None for column in form.columns
    )
    needed = tuple(
        (position, column.name)
        for column, position in zip(form.columns, positions, strict=True)
        if position is not None and column.required
    )
    ignored = tuple(cell.strip() for cell, plain in zip(header, found, strict=True) if plain and plain not in names)
    return Layout(width=len(header), positions=positions, needed=needed, ignored=ignored)
