"""The sales invoices that Xero exports: one record per line item, the invoice's own values repeated on each."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.domain.invoice import InvoiceClosing
from mailer.domain.money import Money
from mailer.imports.cells import Cells
from mailer.imports.columns import Column, Content, Format, Kind
from mailer.imports.invoice_rules import CREDIT_NOTE, NOT_ISSUED, OwedColumns, check_owed, read_currency
from mailer.imports.rows import InvoiceRow

#: The words of the export and, where they differ, the codes of the API; both are met in files.
_STATUSES: Mapping[str, str] = {
    "": "AUTHORISED",
    "awaiting payment": "AUTHORISED",
    "authorised": "AUTHORISED",
    "authorized": "AUTHORISED",
    "approved": "AUTHORISED",
    "overdue": "AUTHORISED",
    "paid": "PAID",
    "voided": "VOIDED",
    "deleted": "VOIDED",
    "draft": "DRAFT",
    "submitted": "DRAFT",
    "awaiting approval": "DRAFT",
}
_INVOICE_TYPES = frozenset({"", "sales invoice", "invoice", "accrec"})
_OWED = OwedColumns(issued_on="InvoiceDate", due_on="DueDate", total="Total", open="InvoiceAmountDue")


def _is_wanted(cells: Cells, status: str | None) -> bool:
    """Whether the record is an issued sales invoice; if not, the reason is reported."""
    kind = cells.raw("Type").casefold()
    if "credit" in kind or "overpayment" in kind or "prepayment" in kind:
        cells.notice("Type", CREDIT_NOTE)
    elif kind not in _INVOICE_TYPES:
        cells.error("Type", "This is no sales invoice (a bill is what you owe); export sales invoices only.")
    elif status is None:
        cells.error("Status", "This is not a status of Xero; write Draft, Awaiting Payment, Paid or Voided.")
    elif status == "DRAFT":
        cells.notice("Status", NOT_ISSUED)
    else:
        return True
    return False


def _open(cells: Cells, *, total: Money | None, paid: Money | None, currency: str | None, status: str) -> Money | None:
    """Return what is owed: InvoiceAmountDue, else Total less InvoiceAmountPaid, else nothing when it is settled."""
    owed = cells.money("InvoiceAmountDue", currency)
    if not cells.raw("InvoiceAmountDue"):
        if cells.raw("InvoiceAmountPaid"):
            owed = None if total is None or paid is None else total - paid
        elif status == "AUTHORISED":
            cells.error("InvoiceAmountDue", "The row does not say what is still owed; write it, or 0 when it is paid.")
        elif currency is not None:
            owed = Money.zero(currency)
    if status == "PAID" and owed is not None and owed.minor > 0:
        cells.error("Status", f"The status says paid but {owed} is open; correct one of them.")
    return owed


def _build(cells: Cells) -> InvoiceRow | None:
    status = _STATUSES.get(cells.raw("Status").casefold())
    if not _is_wanted(cells, status) or status is None:
        return None
    contact, number = cells.key("ContactName", "contact name"), cells.key("InvoiceNumber", "invoice number")
    email, reference = cells.email("EmailAddress"), cells.text("Reference")
    currency = read_currency(cells, "Currency")
    total, paid = cells.money("Total", currency), cells.money("InvoiceAmountPaid", currency)
    opened = _open(cells, total=total, paid=paid, currency=currency, status=status)
    owed = check_owed(cells, _OWED, total=total, owed=opened)
    if owed is None:
        return None
    return InvoiceRow(
        line=cells.line,
        customer_ref=contact,
        customer_name=contact,
        email=email,
        number=number,
        reference=reference,
        issued_on=owed.issued_on,
        due_on=owed.due_on,
        total=owed.total,
        open=owed.open,
        paid=paid,
        closing=InvoiceClosing.VOID if status == "VOIDED" else None,
    )


_COLUMNS = (
    Column(name="ContactName", meaning="the customer, also its number here", required=True),
    Column(name="EmailAddress", meaning="the address reminders go to"),
    Column(name="InvoiceNumber", meaning="the invoice number", required=True),
    Column(name="Reference", meaning="the customer's own reference"),
    Column(name="InvoiceDate", meaning="date of the invoice", required=True, content=Content.DATE),
    Column(name="DueDate", meaning="day by which it is to be paid", required=True, content=Content.DATE),
    Column(name="Total", meaning="the invoice's total with tax", required=True, content=Content.AMOUNT),
    Column(name="InvoiceAmountPaid", meaning="what was paid", content=Content.AMOUNT),
    Column(name="InvoiceAmountDue", meaning="what is still owed", content=Content.AMOUNT),
    Column(name="Currency", meaning="ISO 4217 code", required=True),
    Column(name="Type", meaning="Sales invoice; credit notes and payments on account are left out"),
    Column(name="Status", meaning="Draft (left out), Awaiting Payment, Paid or Voided"),
)

XERO: Format[InvoiceRow] = Format(
    name="xero",
    kind=Kind.INVOICES,
    columns=_COLUMNS,
    key=("InvoiceNumber",),
    customer=("ContactName", "EmailAddress"),
    address="EmailAddress",
    one_of=("InvoiceAmountDue", "InvoiceAmountPaid"),
    folds=True,
    open_ended=True,
    build=_build,
)
