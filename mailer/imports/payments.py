"""Duly's own template for payments."""

from __future__ import annotations

from mailer.imports.cells import Cells
from mailer.imports.columns import Column, Content, Format, Kind
from mailer.imports.rows import PaymentRow


def _build(cells: Cells) -> PaymentRow | None:
    number, reference = cells.key("invoice", "invoice number"), cells.text("reference")
    paid_on, currency = cells.date("paid_on"), cells.currency("currency")
    amount = cells.decimal("amount", currency)
    if not cells.raw("amount"):
        cells.error("amount", "The row has no amount; write it like 1234.50.")
    elif amount is not None and amount <= 0:
        cells.error(
            "amount", "A payment is more than 0; for money taken back, import the invoice with its open amount."
        )
    if amount is None or paid_on is None:
        return None
    return PaymentRow(
        line=cells.line,
        invoice_number=number,
        amount=amount,
        currency=currency,
        paid_on=paid_on,
        reference=reference,
    )


_COLUMNS = (
    Column(name="invoice", meaning="the invoice number", required=True, examples=("2026-0001", "2026-0002")),
    Column(
        name="paid_on",
        meaning="day the money arrived, YYYY-MM-DD",
        required=True,
        content=Content.DATE,
        examples=("2026-02-20", "2026-02-21"),
    ),
    Column(
        name="amount",
        meaning="what was paid, such as 1234.50",
        required=True,
        content=Content.AMOUNT,
        examples=("1200.00", "100.50"),
    ),
    Column(name="currency", meaning="ISO 4217 code; blank: the invoice's", examples=("GBP", "")),
    Column(
        name="reference",
        meaning="what tells two payments of one day apart, such as the bank's number",
        examples=("bank 88123", "bank 88127"),
    ),
)

PAYMENTS: Format[PaymentRow] = Format(
    name="payments",
    kind=Kind.PAYMENTS,
    columns=_COLUMNS,
    key=("invoice", "paid_on", "amount", "currency", "reference"),
    build=_build,
)
