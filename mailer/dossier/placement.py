"""data/placement: one row per debtor and one per document, as collection agencies load them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

from mailer.domain.money import Money
from mailer.dossier.entry import FileEntry
from mailer.dossier.model import CaseFile, CaseInvoice, CasePayment, Direction
from mailer.dossier.profiles import PROFILES
from mailer.dossier.table import Cell, csv_bytes

_DEBTOR = (
    "account_ref", "creditor_name", "debtor_ref", "debtor_name", "country", "contact_name", "email", "currency",
    "principal", "payments_credits", "total_due", "first_invoice_date", "oldest_due_date", "last_payment_date",
    "last_payment_amount", "last_contact_date", "last_debtor_reply_date", "dispute_status", "dispute_reason",
    "promise_status", "promise_date", "promise_amount", "do_not_contact_flag", "docs_included",
)  # fmt: skip
_DOCUMENT = ("account_ref", "document_no", "type", "issue_date", "due_date", "amount_incl_tax", "currency",
             "open_amount", "po_ref")  # fmt: skip


def entries(case: CaseFile) -> Iterator[FileEntry]:
    """Yield the two files for an agency, nothing for others.

    Columns that nothing is known of yet (interest, tax, registration numbers) are left out, not left empty.
    """
    if PROFILES[case.purpose].placement:
        yield FileEntry(path="data/placement/placement.csv", content=csv_bytes(_DEBTOR, _debtor(case)))
        content = csv_bytes(_DOCUMENT, _documents(case))
        yield FileEntry(path="data/placement/placement_invoices.csv", content=content)


def _debtor(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    """One row for each currency: amounts in two are two accounts for an agency."""
    owed = sorted(case.invoices, key=lambda one: (one.total.currency, one.due_on, one.number))
    for currency, group in groupby(owed, key=lambda one: one.total.currency):
        yield _row(case, currency, list(group))


def _row(case: CaseFile, currency: str, invoices: Sequence[CaseInvoice]) -> tuple[Cell, ...]:
    zero = Money.zero(currency)
    total, open_ = sum((one.total for one in invoices), zero), sum((one.open for one in invoices), zero)
    paid = max((one for one in case.payments if one.amount.currency == currency), key=_by_day, default=None)
    dispute = max(case.disputes, key=lambda one: (one.opened_at, one.reason), default=None)
    promise = max(case.promises, key=lambda one: (one.made_at, one.due_on), default=None)
    customer = case.customer
    return (
        f"{customer.ref}-{currency}",
        case.seller_name,
        customer.ref,
        customer.name,
        customer.country,
        customer.contact_name,
        " ".join(customer.emails),
        currency,
        total.decimal,
        (total - open_).decimal,
        open_.decimal,
        min(one.issued_on for one in invoices),
        min(one.due_on for one in invoices),
        paid.paid_on if paid else None,
        paid.amount.decimal if paid else None,
        _last(case, Direction.OUT),
        _last(case, Direction.IN),
        dispute.state if dispute else "",
        dispute.reason if dispute else "",
        promise.state if promise else "",
        promise.due_on if promise else None,
        promise.amount_text if promise else "",
        "yes" if any(one.released_at is None and not one.invoice_numbers for one in case.holds) else "no",
        "mails, account, record",
    )


def _by_day(payment: CasePayment) -> tuple[date, str, int]:
    return payment.paid_on, payment.invoice_number, payment.amount.minor


def _last(case: CaseFile, direction: Direction) -> date | None:
    return max((one.at.date() for one in case.messages if one.direction == direction), default=None)


def _documents(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    refs = f"{case.customer.ref}-"
    for one in sorted(case.invoices, key=lambda one: (one.due_on, one.number)):
        money = (one.total.decimal, one.total.currency, one.open.decimal)
        yield refs + one.total.currency, one.number, "IN", one.issued_on, one.due_on, *money, one.reference
    for pay in sorted(case.payments, key=_by_day):
        amount = (Money.zero(pay.amount.currency) - pay.amount).decimal
        number = pay.reference or pay.invoice_number
        yield refs + pay.amount.currency, number, "PAY", pay.paid_on, None, amount, pay.amount.currency, None, ""
