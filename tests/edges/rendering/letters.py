"""A customer, a seller and invoices, and folders of templates, for the rendering tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, InvoiceId, StepId
from mailer.domain.invoice import Invoice
from mailer.domain.message import ListedInvoice
from mailer.domain.money import Money
from mailer.rendering.renderer import RenderedMail
from mailer.rendering.values import ReminderValues, Seller, reminder_values

TODAY = date(2026, 11, 3)
FIRM = StepId("firm")
SELLER = Seller(
    name="Acme Tools Ltd",
    sender_name="Jane Smith",
    email="accounts@acme.example",
    phone="+44 20 7946 0000",
    payment_details="Acme Tools Ltd\n\n  IBAN GB00 ACME  \n",
    address_lines=("1 High Street", "London"),
    legal_lines=("Registered in England",),
)
CUSTOMER = Customer(
    id=CustomerId("cus_1"),
    ref="C-1",
    name="Northwind Ltd",
    email="maria@northwind.example",
    contact_name="Maria Jones",
)
MAIL = RenderedMail(
    subject="A friendly reminder: invoice INV-1",
    text="Dear Maria Jones,\n\nplease pay.\n",
    html="<!doctype html>\n<html><body style='margin:0'><p>Dear Maria Jones</p></body></html>\n",
    template="friendly",
    language="en",
    template_hash="0" * 64,
)


def invoice(number: str, open_minor: int = 10_000, currency: str = "GBP", **changes: Any) -> Invoice:
    plain = Invoice(
        id=InvoiceId(f"inv_{number}"),
        customer_id=CUSTOMER.id,
        number=number,
        issued_on=date(2026, 9, 1),
        due_on=date(2026, 10, 1),
        total=Money(minor=10_000, currency=currency),
        open=Money(minor=open_minor, currency=currency),
    )
    return replace(plain, **changes)


def listed(one: Invoice, step: StepId = FIRM) -> ListedInvoice:
    return ListedInvoice(invoice_id=one.id, step_id=step, cycle=0, open=one.open)


def values(*invoices: Invoice, also: tuple[Invoice, ...] = (), **changes: Any) -> ReminderValues:
    shown = invoices or (invoice("INV-1"),)
    plain: dict[str, Any] = {
        "customer": CUSTOMER,
        "seller": SELLER,
        "listed": (*(listed(one) for one in shown), *(listed(one, StepId("gentler")) for one in also)),
        "invoices": (*shown, *also),
        "main_step_id": FIRM,
        "today": TODAY,
        "language": "en",
    }
    return reminder_values(**plain | changes)


def write_template(folder: Path, name: str, **parts: str) -> None:
    """Write body and subject files: `subject_txt="…"` becomes subject.txt."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    for part, words in parts.items():
        (place / part.replace("_", ".")).write_text(words, encoding="utf-8")
