"""Invoices with their status, its reason, since when, and what comes next: derived anew each time, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mailer.domain.actions import NotNow
from mailer.domain.case import CaseFacts, StepDone
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId
from mailer.domain.invoice import Invoice
from mailer.domain.status import StatusView, invoice_status
from mailer.flows.plan_reminders import CHUNK
from mailer.flows.policies import Policies, PolicyMissing, rules_of
from mailer.reminders.guards import Limits
from mailer.reminders.outlook import NextStep
from mailer.reminders.plan import Plan, plan
from mailer.replies.numbers import normalise_number
from mailer.store import case_facts, customers, invoices, state
from mailer.store.invoices import Payment
from mailer.store.session import Store, Tx


class InvoiceUnknown(LookupError):
    """No invoice has that number, or several numbers look like it; the sentence names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """One invoice as people see it. `next` is None when nothing is ahead; `trouble` says why nothing can be planned."""

    invoice: Invoice
    customer: Customer
    status: StatusView
    next: NextStep | None
    not_now: tuple[NotNow, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceStory:
    """One invoice with everything that was said and paid, oldest first."""

    line: InvoiceLine
    steps: tuple[StepDone, ...]
    payments: tuple[Payment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """What looking needs: the database, the policies, and how old (hours) balances may be."""

    store: Store
    policies: Policies
    max_data_age_hours: int


async def list_invoices(
    eyes: Eyes, *, open_only: bool, limit: int, now: datetime, customer_id: CustomerId | None = None
) -> tuple[InvoiceLine, ...]:
    """Return invoices, oldest due date first, at most `limit`."""
    async with eyes.store.reading() as tx:
        found = await invoices.page(tx, open_only=open_only, limit=limit, customer_id=customer_id)
        return await _lines(eyes, tx, [invoice for invoice, _ in found], now)


async def show_invoice(eyes: Eyes, number: str, *, now: datetime) -> InvoiceStory:
    """Return one invoice; its number may be written without dashes and leading zeros. Raises InvoiceUnknown."""
    async with eyes.store.reading() as tx:
        invoice = await _named(tx, number)
        (line,) = await _lines(eyes, tx, [invoice], now)
        facts = await case_facts.load_one(tx, invoice.customer_id, now=now)
        paid = await invoices.payments_of(tx, invoice.customer_id)
    return InvoiceStory(
        line=line,
        steps=facts.steps_of(invoice.id) if facts is not None else (),
        payments=tuple(payment for payment in paid if payment.invoice_id == invoice.id),
    )


async def _named(tx: Tx, number: str) -> Invoice:
    exact = await invoices.by_numbers(tx, [number])
    found = list(exact.values()) or await invoices.by_number_keys(tx, [normalise_number(number)])
    if not found:
        raise InvoiceUnknown(f"there is no invoice {number!r}: `duly invoices list --all` shows them")
    if len(found) > 1:
        raise InvoiceUnknown(f"{number!r} fits {', '.join(one.number for one in found)}: write it exactly")
    return found[0]


async def _lines(eyes: Eyes, tx: Tx, found: Sequence[Invoice], now: datetime) -> tuple[InvoiceLine, ...]:
    limits = Limits(live=await state.is_live(tx), max_data_age_hours=eyes.max_data_age_hours)
    by_customer: dict[CustomerId, list[Invoice]] = {}
    for invoice in found:
        by_customer.setdefault(invoice.customer_id, []).append(invoice)
    lines: dict[str, InvoiceLine] = {}
    for part in customers.chunks(list(by_customer), CHUNK):
        for who, facts in (await case_facts.load(tx, part, now=now)).items():
            lines |= {line.invoice.id: line for line in _of_customer(eyes, facts, by_customer[who], now, limits)}
    return tuple(lines[invoice.id] for invoice in found)


def _of_customer(
    eyes: Eyes, facts: CaseFacts, found: Iterable[Invoice], now: datetime, limits: Limits
) -> Iterable[InvoiceLine]:
    """Yield the lines of one customer; a customer without a policy still has statuses."""
    planned, trouble = Plan(actions=(), not_now=(), next_on=()), ""
    try:
        policy, calendar = rules_of(eyes.policies, facts, now)
        planned = plan(facts, policy, calendar, now=now, limits=limits)
    except PolicyMissing as problem:
        trouble = str(problem)
    today = now.astimezone(ZoneInfo(facts.customer.time_zone)).date()
    for invoice in found:
        yield InvoiceLine(
            invoice=invoice,
            customer=facts.customer,
            status=invoice_status(invoice, facts, today=today),
            next=next((step for step in planned.next_on if step.invoice_id == invoice.id), None),
            not_now=tuple(note for note in planned.not_now if note.invoice_id == invoice.id),
            trouble=trouble,
        )
