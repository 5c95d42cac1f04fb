"""Invoices and payments: the ledger as last imported. Only an import or a person changes it; a mail never does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, update

from mailer.domain.ids import CustomerId, InvoiceId, PaymentId
from mailer.domain.invoice import Invoice, InvoiceClosing
from mailer.domain.money import Money
from mailer.store.columns import among
from mailer.store.customers import chunks
from mailer.store.session import Tx
from mailer.store.tables import customers, invoices, payments


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money received for one invoice, on record. `key` makes the same row imported twice one payment."""

    id: PaymentId
    key: str
    invoice_id: InvoiceId
    amount: Money
    paid_on: date
    reference: str
    recorded_at: datetime


async def by_numbers(tx: Tx, numbers: Iterable[str]) -> dict[str, Invoice]:
    """Return invoices by their exact number."""
    found: dict[str, Invoice] = {}
    for part in chunks(sorted(set(numbers))):
        for row in await tx.all(select(invoices).where(among(invoices.c.number, part))):
            found[row.number] = invoice_of(row)
    return found


async def by_number_keys(tx: Tx, keys: Iterable[str]) -> list[Invoice]:
    """Return invoices by normalised number (the caller normalises; several invoices may share a key)."""
    found: list[Invoice] = []
    for part in chunks(sorted(set(keys))):
        rows = await tx.all(select(invoices).where(among(invoices.c.number_key, part)).order_by(invoices.c.number))
        found.extend(invoice_of(row) for row in rows)
    return found


async def of_customers(tx: Tx, ids: Sequence[CustomerId], *, recent_since: date | None = None) -> list[Invoice]:
    """Return the invoices of some customers, oldest due date first.

    With `recent_since` only open ones and those paid or closed on or after that day.
    """
    found: list[Invoice] = []
    for part in chunks(ids):
        statement = select(invoices).where(among(invoices.c.customer_id, part))
        if recent_since is not None:
            still_open = and_(invoices.c.open_minor > 0, invoices.c.closing.is_(None))
            # A written-off invoice has no day of payment; it is needed to say how its case ended.
            closed = and_(invoices.c.closing.is_not(None), invoices.c.paid_on.is_(None))
            statement = statement.where(or_(still_open, closed, invoices.c.paid_on >= recent_since))
        rows = await tx.all(statement.order_by(invoices.c.due_on, invoices.c.number))
        found.extend(invoice_of(row) for row in rows)
    return found


async def page(
    tx: Tx, *, open_only: bool, limit: int | None, customer_id: CustomerId | None = None
) -> list[tuple[Invoice, str]]:
    """Return invoices with their customer's name, oldest due date first."""
    statement = select(invoices, customers.c.name).join(customers, customers.c.id == invoices.c.customer_id)
    if open_only:
        statement = statement.where(invoices.c.open_minor > 0, invoices.c.closing.is_(None))
    if customer_id is not None:
        statement = statement.where(invoices.c.customer_id == customer_id)
    statement = statement.order_by(invoices.c.due_on, invoices.c.number).limit(limit)
    return [(invoice_of(row), row.name) for row in await tx.all(statement)]


async def save(tx: Tx, new: Sequence[tuple[Invoice, str]], changed: Sequence[tuple[Invoice, str]] = ()) -> None:
    """Insert and overwrite invoices, each given with its normalised number. Raises Taken for a known number."""
    await tx.run(insert(invoices), [_values(i, key) for i, key in new])
    if changed:
        rows = [{"b_" + k: v for k, v in _values(i, key).items()} for i, key in changed]
        names = [k for k in _values(*changed[0]) if k != "id"]
        statement = (
            update(invoices).where(invoices.c.id == bindparam("b_id")).values({n: bindparam("b_" + n) for n in names})
        )
        await tx.run(statement, rows)


async def payment_keys(tx: Tx, keys: Iterable[str]) -> set[str]:
    """Return which of these payments are on record already."""
    found: set[str] = set()
    for part in chunks(sorted(set(keys))):
        found.update(row.key for row in await tx.all(select(payments.c.key).where(among(payments.c.key, part))))
    return found


async def add_payments(tx: Tx, rows: Sequence[Payment]) -> None:
    """Keep payments; raises Taken when one is on record already."""
    values = [
        {
            "id": p.id,
            "key": p.key,
            "invoice_id": p.invoice_id,
            "currency": p.amount.currency,
            "minor": p.amount.minor,
            "paid_on": p.paid_on,
            "reference": p.reference,
            "recorded_at": p.recorded_at,
        }
        for p in rows
    ]
    await tx.run(insert(payments), values)


async def payments_of(tx: Tx, customer_id: CustomerId) -> list[Payment]:
    """Return one customer's payments, oldest first."""
    statement = (
        select(payments)
        .join(invoices, invoices.c.id == payments.c.invoice_id)
        .where(invoices.c.customer_id == customer_id)
        .order_by(payments.c.paid_on, payments.c.recorded_at, payments.c.id)
    )
    return [
        Payment(
            id=PaymentId(r.id),
            key=r.key,
            invoice_id=InvoiceId(r.invoice_id),
            amount=Money(minor=r.minor, currency=r.currency),
            paid_on=r.paid_on,
            reference=r.reference,
            recorded_at=r.recorded_at,
        )
        for r in await tx.all(statement)
    ]


async def counts(tx: Tx) -> tuple[int, int]:
    """Return how many invoices there are, and how many of them are open."""
    every = await tx.first(select(func.count()).select_from(invoices))
    still = await tx.first(
        select(func.count()).select_from(invoices).where(invoices.c.open_minor > 0, invoices.c.closing.is_(None))
    )
    return (int(every[0]) if every else 0, int(still[0]) if still else 0)


def invoice_of(row: Any) -> Invoice:
    """Return the value for a row of `invoices`."""
    return Invoice(
        id=InvoiceId(row.id),
        customer_id=CustomerId(row.customer_id),
        number=row.number,
        issued_on=row.issued_on,
        due_on=row.due_on,
        total=Money(minor=row.total_minor, currency=row.currency),
        open=Money(minor=row.open_minor, currency=row.currency),
        paid_on=row.paid_on,
        closing=InvoiceClosing(row.closing) if row.closing else None,
        reference=row.reference,
    )


def _values(invoice: Invoice, number_key: str) -> dict[str, Any]:
    return {
        "id": invoice.id,
        "customer_id": invoice.customer_id,
        "number": invoice.number,
        "number_key": number_key,
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "currency": invoice.total.currency,
        "total_minor": invoice.total.minor,
        "open_minor": invoice.open.minor,
        "paid_on": invoice.paid_on,
        "closing": invoice.closing.value if invoice.closing else None,
        "reference": invoice.reference,
    }
