"""Everything the store knows about one customer, as the plain values a case file is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mailer.domain.case import Case
from mailer.domain.customer import Customer
from mailer.domain.ids import InvoiceId
from mailer.domain.invoice import Invoice
from mailer.domain.status import invoice_status
from mailer.dossier.model import (
    CaseContact,
    CaseCustomer,
    CaseDispute,
    CaseEvent,
    CaseFile,
    CaseHold,
    CaseInvoice,
    CasePayment,
    CasePromise,
    ContactKind,
)
from mailer.flows.case_scope import CaseScope
from mailer.flows.event_words import event_words
from mailer.flows.gather_messages import GatheredMessages, Keep, gather_messages
from mailer.store import agreements, case_facts, case_history, contacts, customers, events, invoices
from mailer.store.events import RecordedEvent
from mailer.store.session import Tx


class NoSuchInvoice(LookupError):
    """The case file was to be limited to an invoice that this customer does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who makes the case file, when, with what: it is told in the file. `language` is the printable report's."""

    exported_at: datetime
    exported_by: str
    tool: str
    seller_name: str
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The case file's values, its mails, and whose it is; `case` None when the customer never had one."""

    file: CaseFile
    customer: Customer
    mails: GatheredMessages
    case: Case | None


async def gather(
    tx: Tx, customer: Customer, said: str, *, invoice_number: str | None, origin: Origin, keep: Keep
) -> Gathered:
    """Return a customer's whole account, or what concerns one invoice of it and the account as a whole.

    `said` picks the case when it is a case's id, else the running or the latest one. `keep` is given every mail with
    its bytes, one at a time. Raises NoSuchInvoice, and what `keep` raises.
    """
    owed = await invoices.of_customers(tx, [customer.id])
    scope = CaseScope(invoice_id=_scope_id(customer, owed, invoice_number), names={i.id: i.number for i in owed})
    happened = [event async for event in events.stream(tx, customer_id=customer.id)]
    for event in happened:
        scope.learn(event)
    mails = await gather_messages(tx, customer, scope, keep)
    parts = _Parts(tx=tx, customer=customer, scope=scope, happened=happened)
    case = await _case(tx, customer, said)
    first = happened[0].at if happened else origin.exported_at
    file = CaseFile(
        case_id=case.id if case else customer.id,
        exported_at=origin.exported_at,
        exported_by=origin.exported_by,
        tool=origin.tool,
        seller_name=origin.seller_name,
        language=origin.language,
        customer=_customer(customer),
        opened_at=case.opened_at if case else first,
        closed_at=case.closed_at if case else None,
        outcome=case.outcome if case else "",
        scope=invoice_number or "",
        invoices=await parts.invoices(owed, origin.exported_at),
        payments=await parts.payments(),
        messages=mails.messages,
        promises=await parts.promises(),
        disputes=await parts.disputes(),
        holds=await parts.holds(),
        contacts=await parts.contacts(),
        events=parts.events(),
    )
    return Gathered(file=file, customer=customer, mails=mails, case=case)


def _scope_id(customer: Customer, owed: Sequence[Invoice], number: str | None) -> InvoiceId | None:
    if number is None:
        return None
    for invoice in owed:
        if invoice.number == number:
            return invoice.id
    known = ", ".join(invoice.number for invoice in owed[:20]) or "none"
    raise NoSuchInvoice(f"{customer.name} ({customer.ref}) has no invoice {number!r}; there are: {known}")


async def _case(tx: Tx, customer: Customer, said: str) -> Case | None:
    found = await customers.cases_of(tx, customer.id)
    named = [case for case in found if case.id == said]
    running = [case for case in found if case.closed_at is None]
    return next(iter([*named, *running, *found]), None)


def _customer(customer: Customer) -> CaseCustomer:
    return CaseCustomer(
        ref=customer.ref,
        name=customer.name,
        emails=customer.emails,
        contact_name=customer.contact_name,
        country=customer.country,
        time_zone=customer.time_zone,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The parts of a case file that are not mails. What they are about is learnt before the events are told."""

    tx: Tx
    customer: Customer
    scope: CaseScope
    happened: Sequence[RecordedEvent]

    async def invoices(self, owed: Sequence[Invoice], now: datetime) -> tuple[CaseInvoice, ...]:
        facts = await case_facts.load_one(self.tx, self.customer.id, now=now)
        today = now.astimezone(ZoneInfo(self.customer.time_zone)).date()
        if facts is None:
            return ()
        found = []
        for one in (invoice for invoice in owed if self.scope.wants([invoice.id])):
            view = invoice_status(one, facts, today=today)
            found.append(
                CaseInvoice(
                    number=one.number,
                    issued_on=one.issued_on,
                    due_on=one.due_on,
                    total=one.total,
                    open=one.open,
                    status=view.status.value,
                    status_reason=view.reason,
                    reference=one.reference,
                    paid_on=one.paid_on,
                    closing=one.closing.value if one.closing else "",
                )
            )
        return tuple(found)

    async def payments(self) -> tuple[CasePayment, ...]:
        return tuple(
            CasePayment(
                invoice_number=self.scope.names[one.invoice_id],
                paid_on=one.paid_on,
                amount=one.amount,
                reference=one.reference,
                source=f"recorded {one.recorded_at:%Y-%m-%d}",
            )
            for one in await invoices.payments_of(self.tx, self.customer.id)
            if self.scope.wants([one.invoice_id])
        )

    async def promises(self) -> tuple[CasePromise, ...]:
        return tuple(
            CasePromise(
                invoice_numbers=self.scope.numbers(one.invoice_ids),
                due_on=one.due_on,
                pauses_until_on=one.pauses_until_on,
                state=one.state.value,
                confirmed=one.confirmed,
                made_at=one.made_at,
                amount_text=one.amount.text if one.amount else "",
                message_number=self._mail(one.mail_id),
            )
            for one in await agreements.promises_of(self.tx, [self.customer.id])
            if self._learns(one.id, one.invoice_ids)
        )

    async def disputes(self) -> tuple[CaseDispute, ...]:
        found = []
        for one in await agreements.disputes_of(self.tx, [self.customer.id]):
            if self._learns(one.id, one.invoice_ids):
                closed = self._last("dispute", one.id, ("dispute.closed",))
                found.append(
                    CaseDispute(
                        invoice_numbers=self.scope.numbers(one.invoice_ids),
                        reason=one.reason,
                        state=one.state.value,
                        opened_at=one.opened_at,
                        closed_at=closed.at if closed else None,
                        outcome=one.outcome,
                        message_number=self._mail(one.mail_id),
                    )
                )
        return tuple(found)

    async def holds(self) -> tuple[CaseHold, ...]:
        found = []
        for past in await case_history.holds_ever(self.tx, self.customer.id):
            one = past.hold
            if self._learns(one.id, one.invoice_ids):
                ended = self._last("hold", one.id, ("hold.ended", "hold.released"))
                found.append(
                    CaseHold(
                        invoice_numbers=self.scope.numbers(one.invoice_ids),
                        kind=one.kind.value,
                        reason=one.reason,
                        placed_at=one.placed_at,
                        until_on=one.until_on,
                        deadline_on=one.deadline_on,
                        released_at=past.released_at,
                        released_why=str(ended.payload.get("why") or "") if ended else "",
                        message_number=self._mail(one.mail_id),
                    )
                )
        return tuple(found)

    async def contacts(self) -> tuple[CaseContact, ...]:
        found = []
        for one in await contacts.of_customers(self.tx, [self.customer.id]):
            if self._learns(one.id, one.invoice_ids):
                words = await events.payload(self.tx, one.payload_id)
                found.append(
                    CaseContact(
                        kind=ContactKind(one.kind),
                        at=one.at,
                        actor=one.actor,
                        words="(no longer kept)" if words is None else words.decode("utf-8", "replace"),
                        invoice_numbers=self.scope.numbers(one.invoice_ids),
                    )
                )
        return tuple(found)

    def events(self) -> tuple[CaseEvent, ...]:
        found = []
        for one in self.happened:
            about = self.scope.of_event(one)
            if self.scope.wants(about):
                words = event_words(one.type, one.payload, one.refs, self.scope.names)
                numbers = self.scope.numbers(about)
                found.append(
                    CaseEvent(
                        seq=one.seq, at=one.at, type=one.type, actor=one.actor, words=words, invoice_numbers=numbers
                    )
                )
        return tuple(found)

    def _learns(self, key: str, ids: Sequence[InvoiceId]) -> bool:
        """Note what something is about; returns whether it belongs into the file."""
        self.scope.invoice_ids[key] = frozenset(ids)
        return self.scope.wants(ids)

    def _mail(self, mail_id: str | None) -> str:
        return self.scope.names.get(mail_id, "") if mail_id else ""

    def _last(self, word: str, ref: str, types: Sequence[str]) -> RecordedEvent | None:
        found = (one for one in reversed(self.happened) if one.type in types and one.refs.get(word) == ref)
        return next(found, None)
