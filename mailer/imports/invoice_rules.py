"""What every invoice must satisfy, whatever format it came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mailer.domain.money import Money
from mailer.imports.cells import Cells

CREDIT_NOTE = "Credit notes are not chased and were left out; lower the open amount of the invoice they settle."
NOT_ISSUED = "The invoice is not issued yet and was left out; import it again when it is."


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """The dates and amounts of one invoice, checked against each other."""

    issued_on: date
    due_on: date
    total: Money
    open: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedColumns:
    """How a format names these columns; `open` is where a wrong open amount is reported."""

    issued_on: str
    due_on: str
    total: str
    open: str


def read_currency(cells: Cells, column: str) -> str | None:
    """Return the row's currency; a blank one is a problem."""
    if not cells.raw(column):
        cells.error(column, "The row has no currency; write it like EUR.")
        return None
    return cells.currency(column)


def check_owed(cells: Cells, columns: OwedColumns, *, total: Money | None, owed: Money | None) -> Owed | None:
    """Return dates and amounts that agree, or None with the reasons reported. `owed` is None when unreadable.

    A negative total is a credit note (a notice, left out); a negative open amount of an invoice means that it was
    overpaid: nothing is owed.
    """
    if total is not None and total.minor < 0:
        cells.problems.clear()
        cells.notice(columns.total, CREDIT_NOTE)
        return None
    issued_on, due_on = cells.date(columns.issued_on), cells.date(columns.due_on)
    if issued_on is not None and due_on is not None and due_on < issued_on:
        cells.error(columns.due_on, f"The invoice is due before it was issued ({issued_on}); correct one of the dates.")
    if total is None and not cells.raw(columns.total):
        cells.error(columns.total, "The row has no total; write it like 1234.50.")
    if total is not None and owed is not None and owed.minor > total.minor:
        cells.error(columns.open, f"More is open ({owed}) than the invoice's total ({total}); correct one of them.")
    if cells.blocked or issued_on is None or due_on is None or total is None or owed is None:
        return None
    if owed.minor < 0:
        cells.notice(columns.open, "More was paid than was owed; the invoice is read as paid.")
        owed = Money.zero(owed.currency)
    return Owed(issued_on=issued_on, due_on=due_on, total=total, open=owed)
