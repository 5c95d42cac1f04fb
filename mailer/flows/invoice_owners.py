"""Whether an invoice may become another customer's: only as long as nothing was said, agreed or held about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from mailer.domain.case import CaseFacts
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, InvoiceId
from mailer.domain.invoice import Invoice
from mailer.imports.rows import InvoiceRow, Problem, shown
from mailer.store import case_facts
from mailer.store.session import Tx


async def not_theirs(
    tx: Tx,
    rows: Iterable[InvoiceRow],
    kept: Mapping[str, Invoice],
    known: Mapping[str, Customer],
    *,
    column: str,
    now: datetime,
) -> tuple[Problem, ...]:
    """Return a problem for each row whose invoice is another customer's here and has a history with that one.

    `kept` are invoices by number, `known` customers by their own number, `column` is where the file says the customer.
    """
    moved = [
        (row, kept[row.number])
        for row in rows
        if row.number in kept and kept[row.number].customer_id != _id(known.get(row.customer_ref))
    ]
    if not moved:
        return ()
    facts = await case_facts.load(tx, sorted({invoice.customer_id for _, invoice in moved}), now=now)
    return tuple(
        _problem(row, facts[invoice.customer_id].customer.ref, column)
        for row, invoice in moved
        if _has_history(invoice.id, facts[invoice.customer_id])
    )


def _id(customer: Customer | None) -> CustomerId | None:
    return customer.id if customer is not None else None


def _has_history(invoice_id: InvoiceId, facts: CaseFacts) -> bool:
    named = {
        *(one for promise in facts.promises for one in promise.invoice_ids),
        *(one for dispute in facts.disputes for one in dispute.invoice_ids),
        *(one for hold in facts.holds for one in hold.invoice_ids),
        *(step.invoice_id for step in facts.steps),  # open tasks stand there too
    }
    return invoice_id in named


def _problem(row: InvoiceRow, owner: str, column: str) -> Problem:
    old, new = shown(owner), shown(row.customer_ref)
    reason = (
        f"The invoice belongs to customer {old!r} and has a history there (reminders, promises, holds); correct the "
        f"file, or if {new!r} is that customer's new number, first run: duly customers renumber '{old}' '{new}'"
    )
    return Problem(line=row.line, column=column, value=new, reason=reason)
