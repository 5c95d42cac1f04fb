"""What is owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from mailer.domain.ids import CustomerId, InvoiceId
from mailer.domain.money import Money


class InvoiceClosing(StrEnum):
    """Why an invoice is no longer chased although the ledger may show a balance."""

    VOID = "void"
    WRITTEN_OFF = "written_off"
    HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """One invoice as the ledger shows it. `open` = what is still owed; dates are local dates of the customer."""

    id: InvoiceId
    customer_id: CustomerId
    number: str
    issued_on: date
    due_on: date
    total: Money
    open: Money
    #: When the ledger first showed nothing owed (local date), None while something is open.
    paid_on: date | None = None
    closing: InvoiceClosing | None = None
    #: The customer's own reference or purchase order, as imported; "" when none.
    reference: str = ""

    @property
    def is_open(self) -> bool:
        """Whether something is owed and may be asked for."""
        return self.open.minor > 0 and self.closing is None

    def days_overdue(self, today: date) -> int:
        """Return whole days since the due date (0 on the due date, negative before)."""
        return (today - self.due_on).days
