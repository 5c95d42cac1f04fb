"""Duly's own invoice template."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.domain.invoice import InvoiceClosing
from mailer.domain.money import Money
from mailer.imports.cells import Cells
from mailer.imports.columns import Column, Content, Format, Kind
from mailer.imports.invoice_rules import NOT_ISSUED, OwedColumns, check_owed, read_currency
from mailer.imports.rows import InvoiceRow

_CLOSINGS: Mapping[str, InvoiceClosing | None] = {
    "": None,
    "open": None,
    "paid": None,
    "void": InvoiceClosing.VOID,
    "written_off": InvoiceClosing.WRITTEN_OFF,
}
_OWED = OwedColumns(issued_on="issued_on", due_on="due_on", total="total", open="open")


def _open(cells: Cells, currency: str | None, status: str) -> Money | None:
    """Return what is owed; a blank cell means nothing only when the status says that it is paid or void."""
    owed = cells.money("open", currency)
    if not cells.raw("open"):
        if status in {"paid", "void"}:
            return Money.zero(currency) if currency else None
        cells.error("open", "The row does not say what is still owed; write it, or 0 when it is paid.")
    elif status == "paid" and owed is not None and owed.minor > 0:
        cells.error("status", f"The status says paid but {owed} is open; correct one of them.")
    return owed


def _build(cells: Cells) -> InvoiceRow | None:
    status = cells.raw("status").casefold().replace(" ", "_").replace("-", "_")
    if status == "draft":
        cells.notice("status", NOT_ISSUED)
        return None
    if status not in _CLOSINGS:
        cells.error("status", "This is not a status; write open, paid, void, written_off or draft.")
    customer, number = cells.key("customer", "customer number"), cells.key("number", "invoice number")
    name, contact, email = cells.text("customer_name"), cells.text("contact_name"), cells.email("email")
    language, country, zone = cells.language("language"), cells.country("country"), cells.time_zone("time_zone")
    tags, policy, reference = cells.words("tags"), cells.text("policy"), cells.text("reference")
    currency = read_currency(cells, "currency")
    total, opened = cells.money("total", currency), _open(cells, currency, status)
    owed = check_owed(cells, _OWED, total=total, owed=opened)
    if owed is None:
        return None
    return InvoiceRow(
        line=cells.line,
        customer_ref=customer,
        customer_name=name,
        email=email,
        contact_name=contact,
        language=language,
        country=country,
        time_zone=zone,
        tags=tags,
        policy=policy,
        number=number,
        reference=reference,
        issued_on=owed.issued_on,
        due_on=owed.due_on,
        total=owed.total,
        open=owed.open,
        closing=_CLOSINGS[status],
    )


_COLUMNS = (
    Column(name="customer", meaning="your own customer number", required=True, examples=("C-1001", "C-1002")),
    Column(
        name="customer_name", meaning="the customer's name", examples=("Example Trading Ltd", "Muster & Söhne GmbH")
    ),
    Column(
        name="email",
        meaning="the address reminders go to; blank: no mail can be sent",
        examples=("accounts@trading.example", "buchhaltung@muster.example"),
    ),
    Column(name="contact_name", meaning="the person to greet", examples=("Jane Roe", "Erika Muster")),
    Column(name="language", meaning="language code, such as en or de", examples=("en", "de")),
    Column(name="country", meaning="two-letter country code (ISO 3166), such as GB", examples=("GB", "DE")),
    Column(name="time_zone", meaning="IANA name, such as Europe/London", examples=("Europe/London", "Europe/Berlin")),
    Column(name="tags", meaning="words that may choose a policy, separated by |", examples=("", "vip|wholesale")),
    Column(name="policy", meaning="the customer's own policy; blank: by tag or the default"),
    Column(name="number", meaning="the invoice number, unique", required=True, examples=("2026-0001", "2026-0002")),
    Column(name="reference", meaning="the customer's own reference or order number", examples=("PO 4711", "")),
    Column(
        name="issued_on",
        meaning="date of the invoice, YYYY-MM-DD",
        required=True,
        content=Content.DATE,
        examples=("2026-01-05", "2026-01-12"),
    ),
    Column(
        name="due_on",
        meaning="day by which it is to be paid, YYYY-MM-DD",
        required=True,
        content=Content.DATE,
        examples=("2026-02-04", "2026-02-11"),
    ),
    Column(name="currency", meaning="ISO 4217 code, such as EUR", required=True, examples=("GBP", "EUR")),
    Column(
        name="total",
        meaning="the invoice's total with tax, such as 1234.50",
        required=True,
        content=Content.AMOUNT,
        examples=("1200.00", "1234.50"),
    ),
    Column(
        name="open",
        meaning="what is still owed; 0 when it is paid",
        required=True,
        content=Content.AMOUNT,
        examples=("1200.00", "234.50"),
    ),
    Column(
        name="status",
        meaning="open (or blank), paid, void, written_off, or draft (left out)",
        examples=("open", "open"),
    ),
)

DULY: Format[InvoiceRow] = Format(
    name="duly",
    kind=Kind.INVOICES,
    columns=_COLUMNS,
    key=("number",),
    customer=(
        "customer",
        "customer_name",
        "email",
        "contact_name",
        "language",
        "country",
        "time_zone",
        "tags",
        "policy",
    ),
    address="email",
    build=_build,
)
