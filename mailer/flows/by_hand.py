"""What every act by hand begins with: one transaction, the customer meant, locked, and the facts as they are now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mailer.domain.agreement import Hold
from mailer.domain.case import CaseFacts
from mailer.domain.customer import Customer
from mailer.domain.ids import InvoiceId
from mailer.domain.invoice import Invoice
from mailer.flows.find_customer import NotOneCustomer, the_customer
from mailer.flows.recording import Happened, happened
from mailer.replies.numbers import normalise_number
from mailer.store import agreements, case_facts, customers, invoices
from mailer.store.session import Store, Tx


class NotTheirInvoice(LookupError):
    """An invoice number was given that this customer does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """One person acting on one customer's case, inside one transaction. `said` is how the customer was named."""

    tx: Tx
    facts: CaseFacts
    said: str
    actor: str
    now: datetime

    @property
    def customer(self) -> Customer:
        """The customer."""
        return self.facts.customer

    @property
    def today(self) -> date:
        """The customer's date."""
        return self.now.astimezone(ZoneInfo(self.customer.time_zone)).date()

    async def invoices_named(self, numbers: Sequence[str]) -> tuple[Invoice, ...]:
        """Return the invoices of these numbers, else the one the customer was named by, else ().

        Case, dashes and leading zeros of `numbers` do not matter. Raises NotTheirInvoice.
        """
        if not numbers:
            named = () if self.said in (self.customer.id, self.customer.ref) else (self.said,)
            exact = (await invoices.by_numbers(self.tx, named)).values()
            return tuple(invoice for invoice in exact if invoice.customer_id == self.customer.id)
        known = await invoices.by_number_keys(self.tx, [normalise_number(number) for number in numbers])
        theirs = [invoice for invoice in known if invoice.customer_id == self.customer.id]
        found = [self._one_of(theirs, number) for number in numbers]
        return tuple({invoice.id: invoice for invoice in found}.values())

    def _one_of(self, theirs: Sequence[Invoice], number: str) -> Invoice:
        exact = [invoice for invoice in theirs if invoice.number == number]
        alike = exact or [i for i in theirs if normalise_number(i.number) == normalise_number(number)]
        if len(alike) == 1:
            return alike[0]
        ref = self.customer.ref
        if not alike:
            who = f"{self.customer.name} ({ref})"
            raise NotTheirInvoice(f"{who} has no invoice {number!r}: `duly case show {ref}` lists what there is")
        raise NotTheirInvoice(f"{number!r} fits {', '.join(i.number for i in alike)}: write it in full")

    def owing(self) -> tuple[Invoice, ...]:
        """Return the overdue invoices, or all open ones when none is overdue yet."""
        still_open = tuple(invoice for invoice in self.facts.invoices if invoice.is_open)
        return tuple(i for i in still_open if i.days_overdue(self.today) > 0) or still_open

    def holds_on(self, invoice_ids: Iterable[InvoiceId]) -> tuple[Hold, ...]:
        """Return the holds that pause any of these invoices today."""
        wanted = tuple(invoice_ids)
        return tuple(h for h in self.facts.holds if any(h.covers(one, self.today) for one in wanted))

    def event(self, type_: str, refs: dict[str, str], payload: dict[str, object]) -> Happened:
        """Return an event about this customer, done by this person."""
        return happened(
            type_,
            now=self.now,
            actor=self.actor,
            customer_id=self.customer.id,
            case_id=self.facts.case_id,
            refs=refs,
            payload=payload,
        )


@asynccontextmanager
async def hand_on(store: Store, said: str, *, actor: str, now: datetime) -> AsyncIterator[Hand]:
    """Open the transaction of an act by hand; it commits at the end, any exception takes everything back.

    `said` is whatever `the_customer` understands, or the id of a promise, a dispute or a running hold.
    Raises NotOneCustomer.
    """
    async with store.transaction() as tx:
        customer = await _owner(tx, said) or await the_customer(tx, said)
        await customers.lock(tx, customer.id)
        facts = await case_facts.load_one(tx, customer.id, now=now)
        if facts is None:
            raise NotOneCustomer(f"{customer.ref} is not in the database any more")
        yield Hand(tx=tx, facts=facts, said=said, actor=actor, now=now)


async def _owner(tx: Tx, said: str) -> Customer | None:
    """Return the customer of a promise, dispute or running hold of that id, None when it is no such id."""
    found = await agreements.promise(tx, said) or await agreements.dispute(tx, said) or await agreements.hold(tx, said)
    if found is None:
        if said.startswith("hold_"):
            raise NotOneCustomer(f"no hold {said!r} is running: `duly case show CUSTOMER` lists those that are")
        return None
    return (await customers.by_ids(tx, [found.customer_id])).get(found.customer_id)
