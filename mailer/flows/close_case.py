"""Ending a case by hand: its overdue invoices are handed over or written off, and nobody asks for them any more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from mailer.domain.case import StepHow
from mailer.domain.customer import Customer
from mailer.domain.ids import CaseId
from mailer.domain.invoice import Invoice, InvoiceClosing
from mailer.flows.by_hand import hand_on
from mailer.replies.numbers import normalise_number
from mailer.store import contacts, customers, events, invoices, outbox
from mailer.store.session import Store

#: How a person may end a case; `paid` comes by itself, from the ledger.
OUTCOMES = (InvoiceClosing.HANDED_OVER, InvoiceClosing.WRITTEN_OFF)


class CaseRefused(ValueError):
    """The case cannot be closed that way; the sentence says why and what is possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A closed case: the invoices it ended for, and those not yet due, which stay with us."""

    customer: Customer
    case_id: CaseId
    invoices: tuple[Invoice, ...]
    left: tuple[Invoice, ...]


async def close_case(
    store: Store, said: str, outcome: InvoiceClosing, *, reason: str, actor: str, now: datetime
) -> Closed:
    """Close a running case; a mail that waits in the outbox is cancelled when it comes to be sent.

    Raises NotOneCustomer, CaseRefused (no running case, an outcome that is not a person's, no reason).
    """
    if outcome not in OUTCOMES:
        raise CaseRefused(f"a person closes a case as {' or '.join(OUTCOMES)}; it closes by itself once all is paid")
    if not reason.strip():
        raise CaseRefused("closing a case needs words for the record: --reason")
    async with hand_on(store, said, actor=actor, now=now) as hand:
        case_id = hand.facts.case_id
        if case_id is None:
            raise CaseRefused(f"{hand.customer.name} has no running case: one opens when an invoice is overdue")
        still_open = [invoice for invoice in hand.facts.invoices if invoice.is_open]
        gone = tuple(replace(i, closing=outcome) for i in still_open if i.days_overdue(hand.today) > 0)
        await invoices.save(hand.tx, [], [(invoice, normalise_number(invoice.number)) for invoice in gone])
        done = [hand.event("invoice.closed", {"invoice": invoice.id}, {"closing": outcome.value}) for invoice in gone]
        for task in hand.facts.tasks:
            if set(task.invoice_ids) <= {invoice.id for invoice in gone}:
                await contacts.close_task(hand.tx, task.id, now)
                await outbox.mark_steps(hand.tx, StepHow.SKIPPED, now, task_id=task.id)
                done.append(hand.event("task.closed", {"task": task.id}, {"why": f"the case was {outcome.value}"}))
        await customers.close_case(hand.tx, case_id, outcome.value, now)
        payload: dict[str, object] = {"outcome": outcome.value, "reason": reason, "invoices": [i.id for i in gone]}
        done.append(hand.event("case.closed", {}, payload))
        await events.record(hand.tx, done)
        left = tuple(invoice for invoice in still_open if invoice.days_overdue(hand.today) <= 0)
        return Closed(customer=hand.customer, case_id=case_id, invoices=gone, left=left)
