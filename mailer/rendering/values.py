"""What a reminder or a letter may say: plain values, made from domain values in this one place.

Every name here is a name that a template may use; `TemplateProblem` lists them when a template uses another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from babel import Locale

from mailer.domain.customer import Customer
from mailer.domain.ids import StepId
from mailer.domain.invoice import Invoice
from mailer.domain.message import ListedInvoice
from mailer.domain.money import Money
from mailer.rendering.formats import locale_of, long_date, money_text, one_line, totals_text

#: Days a customer is given to act when no date is passed in; then moved on to a weekday.
PAY_WITHIN_DAYS = 7
_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who writes, as set in the configuration. `payment_details` is free text of several lines (bank, IBAN, …).

    `legal_lines` is what the law of the seller's country wants below business mail (in Germany: HGB § 37a,
    GmbHG § 35a); `sender_name` is the person who signs, "" when the company does.
    """

    name: str
    email: str
    payment_details: str
    sender_name: str = ""
    phone: str = ""
    address_lines: tuple[str, ...] = ()
    legal_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerValues:
    """The seller as a template sees it; every text is one line, and no line breaks inside the phone number."""

    name: str
    sender_name: str
    email: str
    phone: str
    address_lines: tuple[str, ...]
    legal_lines: tuple[str, ...]
    payment_lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """One invoice as a template sees it.

    Amounts and dates are formatted; `paid` is "" when nothing was paid yet. `reference` is the customer's own, ""
    when none. `days_overdue` is 0 on the due date and negative before; `is_overdue` says which.
    """

    number: str
    reference: str
    issued: str
    due: str
    total: str
    paid: str
    open: str
    days_overdue: int
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderValues:
    """Everything a reminder or a letter may say. Amounts and dates are formatted in `language`.

    `items` are the invoices of the firmest rung, `also_open` those of gentler rungs; `item_totals`, `also_totals` and
    `totals` (of both) hold one sum per currency. `days_overdue` is the largest among `items`. `broken_promise` is the
    day for which payment had been promised, None when no confirmed promise was broken. `pay_by` is the date to act by.
    """

    language: str
    today: str
    seller: SellerValues
    customer_name: str
    contact_name: str
    items: tuple[InvoiceLine, ...]
    also_open: tuple[InvoiceLine, ...]
    item_totals: tuple[str, ...]
    also_totals: tuple[str, ...]
    totals: tuple[str, ...]
    days_overdue: int
    pay_by: str
    broken_promise: str | None


def reminder_values(
    *,
    customer: Customer,
    seller: Seller,
    listed: Iterable[ListedInvoice],
    invoices: Iterable[Invoice],
    main_step_id: StepId,
    today: date,
    language: str,
    broken_promise_on: date | None = None,
    pay_by_on: date | None = None,
) -> ReminderValues:
    """Return what a mail to this customer says about the listed invoices, with the balances that are asked for.

    `language` is the one the template is in (`Renderer.language_for`), so that words, amounts and dates agree; numbers
    are written the way of the customer's country. `today` is the customer's local date. Raises KeyError when a listed
    invoice is not among `invoices`, ValueError when nothing is listed under `main_step_id`.
    """
    locale = locale_of(language, customer.country)
    known = {invoice.id: invoice for invoice in invoices}
    entries = [(item, known[item.invoice_id]) for item in listed]
    main = [entry for entry in entries if entry[0].step_id == main_step_id]
    also = [entry for entry in entries if entry[0].step_id != main_step_id]
    if not main:
        raise ValueError(f"no invoice is listed under the step {main_step_id!r}: nothing to write about")
    return ReminderValues(
        language=language,
        today=long_date(today, locale),
        seller=_seller_values(seller),
        customer_name=one_line(customer.name),
        contact_name=one_line(customer.contact_name),
        items=_lines(main, today, locale),
        also_open=_lines(also, today, locale),
        item_totals=totals_text((item.open for item, _ in main), locale),
        also_totals=totals_text((item.open for item, _ in also), locale),
        totals=totals_text((item.open for item, _ in entries), locale),
        days_overdue=max(invoice.days_overdue(today) for _, invoice in main),
        pay_by=long_date(pay_by_on or default_pay_by(today), locale),
        broken_promise=None if broken_promise_on is None else long_date(broken_promise_on, locale),
    )


def default_pay_by(today: date) -> date:
    """Return the day a week from `today`, or the Monday after it when that is a weekend."""
    day = today + timedelta(days=PAY_WITHIN_DAYS)
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= _SATURDAY else 0)


@lru_cache(maxsize=8)
def _seller_values(seller: Seller) -> SellerValues:
    return SellerValues(
        name=one_line(seller.name),
        sender_name=one_line(seller.sender_name),
        email=one_line(seller.email),
        phone=one_line(seller.phone).replace(" ", "\N{NO-BREAK SPACE}"),
        address_lines=_text_lines(seller.address_lines),
        legal_lines=_text_lines(seller.legal_lines),
        payment_lines=_text_lines(seller.payment_details.splitlines()),
    )


def _text_lines(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for line in lines if (text := one_line(line)))


def _lines(entries: list[tuple[ListedInvoice, Invoice]], today: date, locale: Locale) -> tuple[InvoiceLine, ...]:
    """Return the lines, longest overdue first."""
    ordered = sorted(entries, key=lambda entry: (entry[1].due_on, entry[1].number))
    return tuple(_line(item.open, invoice, today, locale) for item, invoice in ordered)


def _line(asked: Money, invoice: Invoice, today: date, locale: Locale) -> InvoiceLine:
    late = invoice.days_overdue(today)
    paid = invoice.total - asked
    return InvoiceLine(
        number=one_line(invoice.number),
        reference=one_line(invoice.reference),
        issued=long_date(invoice.issued_on, locale),
        due=long_date(invoice.due_on, locale),
        total=money_text(invoice.total, locale),
        paid=money_text(paid, locale) if paid.minor > 0 else "",
        open=money_text(asked, locale),
        days_overdue=late,
        is_overdue=late > 0,
    )
