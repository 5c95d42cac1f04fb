"""Made-up values that every reminder and letter must render: few, many, several currencies, hostile names."""

from __future__ import annotations

from datetime import date, timedelta

from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, InvoiceId, StepId
from mailer.domain.invoice import Invoice
from mailer.domain.message import ListedInvoice
from mailer.domain.money import Money
from mailer.rendering.values import ReminderValues, Seller, reminder_values

_TODAY = date(2026, 11, 3)
_MAIN = StepId("main")
_GENTLER = StepId("gentler")
_COUNTRY = {"de": "DE"}
#: Markup, quotes, letters beyond ASCII, and a right-to-left override.
HOSTILE_NAME = 'O\'Brien & <b>S\u00f6hne</b> "Ltd" \u202egpj.exe'
_PART_PAID = 1

_SELLER = Seller(
    name="Acme Tools Ltd",
    sender_name="Jane Smith",
    email="accounts@acme.example",
    phone="+44 20 7946 0000",
    payment_details="Acme Tools Ltd\nIBAN GB00 ACME 0000 0000 00\nBIC ACMEGB2L",
    address_lines=("1 High Street", "London N1 1AA"),
    legal_lines=("Registered in England no. 01234567",),
)
_BARE_SELLER = Seller(name="Acme", email="a@acme.example", payment_details="")


def reminder_samples(language: str) -> dict[str, ReminderValues]:
    """Return values for reminders and letters in that language, by what is special about them."""
    return {
        "one invoice": _values(language, ["GBP"]),
        "one invoice that is not due yet": _values(language, ["GBP"], late_days=-5),
        "two invoices": _values(language, ["EUR", "EUR"], broken=True),
        "several invoices and others also open": _values(language, ["GBP"] * 5, also=["GBP", "GBP"], broken=True),
        "several currencies": _values(language, ["EUR", "GBP", "JPY"], also=["KWD"]),
        "nothing open any more": _values(language, ["EUR", "EUR"], settled=True),
        "hostile and long names": _values(language, ["EUR"] * 3, hostile=True),
        "a seller with few details": _values(language, ["EUR"], bare=True),
    }


def _values(
    language: str,
    currencies: list[str],
    *,
    also: list[str] | None = None,
    late_days: int = 12,
    settled: bool = False,
    broken: bool = False,
    hostile: bool = False,
    bare: bool = False,
) -> ReminderValues:
    customer = Customer(
        id=CustomerId("cus_sample"),
        ref="C-1",
        name=HOSTILE_NAME if hostile else "Northwind Ltd",
        email="maria@northwind.example",
        contact_name="" if bare else HOSTILE_NAME if hostile else "Maria Jones",
        language=language,
        country=_COUNTRY.get(language, "GB"),
    )
    prefix = "RE/" + "9" * 80 if hostile else "INV-"
    invoices = [
        _invoice(n, code, prefix, late_days, settled=settled) for n, code in enumerate(currencies + (also or []))
    ]
    return reminder_values(
        customer=customer,
        seller=_BARE_SELLER if bare else _SELLER,
        listed=tuple(
            ListedInvoice(invoice_id=one.id, step_id=_MAIN if n < len(currencies) else _GENTLER, cycle=0, open=one.open)
            for n, one in enumerate(invoices)
        ),
        invoices=invoices,
        main_step_id=_MAIN,
        today=_TODAY,
        language=language,
        broken_promise_on=_TODAY - timedelta(days=6) if broken else None,
    )


def _invoice(place: int, currency: str, prefix: str, late_days: int, *, settled: bool) -> Invoice:
    minor = 123_450 + place
    return Invoice(
        id=InvoiceId(f"inv_{place}"),
        customer_id=CustomerId("cus_sample"),
        number=f"{prefix}{1001 + place}",
        issued_on=_TODAY - timedelta(days=late_days + 30),
        due_on=_TODAY - timedelta(days=late_days - place),
        total=Money(minor=minor, currency=currency),
        open=Money(minor=0 if settled else minor - 50_000 if place == _PART_PAID else minor, currency=currency),
        reference="PO-77" if place == 0 else "",
    )
