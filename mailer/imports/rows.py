"""What a file says, row by row: values, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from mailer.domain.invoice import InvoiceClosing
from mailer.domain.money import Money

#: Longest piece of a cell that a problem repeats, in characters.
SHOWN_CHARACTERS = 60


class Severity(StrEnum):
    """Whether a problem blocks the import (`error`) or only says what was left out and why (`notice`)."""

    ERROR = "error"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something a person should know about one row.

    `line` is the 1-based line of the file on which the row starts, `column` the header as our format names it ("" for
    the whole row), `value` what stands there (cut, control characters escaped), `reason` one sentence with what to do.
    """

    line: int
    column: str
    value: str
    reason: str
    severity: Severity = Severity.ERROR

    @property
    def blocks(self) -> bool:
        """Whether the row was left out because it is wrong, so that the whole import needs consent."""
        return self.severity is Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRow:
    """One invoice and its customer as the file shows them. "", None and () mean: the file does not say.

    `line` is the 1-based line where the record starts; `open` is what is still owed (never negative, never more than
    `total`), `paid` what the file says was paid; dates are local dates of the customer; `language` is BCP 47 primary
    ("de"), `country` ISO 3166-1 alpha-2, `time_zone` an IANA name.
    """

    line: int
    customer_ref: str
    customer_name: str
    number: str
    issued_on: date
    due_on: date
    total: Money
    open: Money
    email: str = ""
    contact_name: str = ""
    language: str | None = None
    country: str | None = None
    time_zone: str | None = None
    tags: tuple[str, ...] = ()
    policy: str = ""
    reference: str = ""
    paid: Money | None = None
    closing: InvoiceClosing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """One payment. Without a currency column the amount is in the invoice's currency, so it is not Money yet.

    `amount` is in whole units ("12.50"), always positive; `currency` is None when the file does not say.
    """

    line: int
    invoice_number: str
    amount: Decimal
    currency: str | None
    paid_on: date
    reference: str = ""

    def in_currency(self, currency: str) -> Money:
        """Return the payment as money of its invoice's currency.

        Raises MoneyError when the amount has more decimal places than that currency; compare `self.currency` first.
        """
        return Money.of(self.amount, currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRow:
    """One customer. "", None and () mean: the file does not say. Units as in InvoiceRow."""

    line: int
    ref: str
    name: str
    email: str = ""
    other_emails: tuple[str, ...] = ()
    contact_name: str = ""
    language: str | None = None
    country: str | None = None
    time_zone: str | None = None
    policy: str = ""
    tags: tuple[str, ...] = ()


def shown(value: str) -> str:
    """Return a cell fit for a terminal: cut to 60 characters, with control characters escaped."""
    cut = value if len(value) <= SHOWN_CHARACTERS else value[: SHOWN_CHARACTERS - 1] + "…"
    return cut if cut.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)
