"""The parts of a case file that are not mails, as plain values: account, agreements, contacts, and the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mailer.domain.customer import Customer
from mailer.domain.ids import InvoiceId
from mailer.domain.invoice import Invoice
from mailer.domain.status import invoice_status
from mailer.dossier.model import (
    CaseContact,
    CaseDispute,
    CaseEvent,
    CaseFetched,
    CaseHold,
    CaseInvoice,
    CasePayment,
    CasePromise,
    CaseWithheld,
    ContactKind,
)
from mailer.dossier.privilege import marked_without_prejudice
from mailer.dossier.profiles import PROFILES
from mailer.dossier.redaction import Redaction
from mailer.flows.case_scope import CaseScope
from mailer.flows.event_words import event_words
from mailer.flows.gather_messages import Numbered
from mailer.flows.package_log import LogView
from mailer.store import agreements, case_facts, case_history, contacts, events, invoices
from mailer.store.events import RecordedEvent
from mailer.store.session import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a case file that are not mails. What they are about is learnt before the events are told."""

    tx: Tx
    customer: Customer
    scope: CaseScope
    happened: Sequence[RecordedEvent]
    view: LogView
    redaction: Redaction | None = None

    async def invoices(self, owed: Sequence[Invoice], now: datetime) -> tuple[CaseInvoice, ...]:
        """Return the invoices as the ledger shows them."""
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
        """Return the payments that are known in detail."""
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
        """Return the promises; what they are about is learnt."""
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
            if self._learns(one.id, one.invoice_ids, one.mail_id)
        )

    async def disputes(self) -> tuple[CaseDispute, ...]:
        """Return the disputes; what they are about is learnt."""
        found = []
        for one in await agreements.disputes_of(self.tx, [self.customer.id]):
            if self._learns(one.id, one.invoice_ids, one.mail_id):
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
        """Return the pauses; what they are about is learnt."""
        found = []
        for past in await case_history.holds_ever(self.tx, self.customer.id):
            one = past.hold
            if self._learns(one.id, one.invoice_ids, one.mail_id):
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
        """Return calls, letters, meetings and notes, but what is withheld."""
        found = []
        for one in await contacts.of_customers(self.tx, [self.customer.id]):
            is_note = one.kind == ContactKind.NOTE and not PROFILES[self.scope.purpose].notes
            words = await events.payload(self.tx, one.payload_id)
            if not PROFILES[self.scope.purpose].privileged and words is not None:
                self._check_marks(one.id, words.decode("utf-8", "replace"))
            if self._learns(one.id, one.invoice_ids) and not is_note and not self.scope.is_early(one.at):
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

    def withheld(self, numbered: Sequence[Numbered]) -> tuple[CaseWithheld, ...]:
        """Return what is left out: of the customer's events, and of those that brought a mail."""
        found = {}
        for one in numbered:
            ids = self.scope.invoice_ids[one.naming.id]
            if why := self.scope.why_withheld(one.naming.type, one.naming.at, ids, [one.naming.id]):
                index, leaf = one.naming.index, one.naming.leaf.hex()
                found[index] = CaseWithheld(
                    log_index=index, at=one.naming.at, type=one.naming.type, why=why, leaf_sha256=leaf
                )
        for event in self.happened:
            index, hash_ = self.view.case[event.seq]
            if why := self.scope.why_withheld(event.type, event.at, self.scope.of_event(event), event.refs.values()):
                found[index] = CaseWithheld(
                    log_index=index, at=event.at, type=event.type, why=why, leaf_sha256=hash_.hex()
                )
        return tuple(found[index] for index in sorted(found))

    def fetched(self, left_out: Mapping[int, str]) -> tuple[CaseFetched, ...]:
        """Return the entries that brought mails before it was known whose they are."""
        mine = {index for index, _ in self.view.case.values()}
        return tuple(
            CaseFetched(log_index=one.index, at=one.at, leaf_sha256=one.leaf.hex())
            for one in self.view.naming
            if one.index not in mine and one.index not in left_out
        )

    def events(self, left_out: Mapping[int, str]) -> tuple[CaseEvent, ...]:
        """Return the customer's events but those left out; one that is withheld for its words is told without them."""
        found = []
        for one in self.happened:
            index, leaf = self.view.case[one.seq]
            if index in left_out:
                continue
            found.append(
                CaseEvent(
                    seq=one.seq,
                    at=one.at,
                    type=one.type,
                    actor=one.actor,
                    words=event_words(one.type, self._shown(one), one.refs, self.scope.names),
                    invoice_numbers=self.scope.numbers(self.scope.of_event(one)),
                    log_index=index,
                    leaf_sha256=leaf.hex(),
                )
            )
        return tuple(found)

    def _shown(self, event: RecordedEvent) -> Mapping[str, Any]:
        return self.redaction.shown(event.payload) if self.redaction else event.payload

    def _check_marks(self, key: str, words: str) -> None:
        if marked_without_prejudice(words):
            self.scope.privileged.add(key)

    def _learns(self, key: str, ids: Sequence[InvoiceId], mail_id: str | None = None) -> bool:
        """Note what something is about, and whether it follows from a withheld mail; returns whether it belongs in."""
        self.scope.invoice_ids[key] = frozenset(ids)
        if mail_id in self.scope.privileged:
            self.scope.privileged.add(key)
        return self.scope.wants(ids) and key not in self.scope.privileged

    def _mail(self, mail_id: str | None) -> str:
        return self.scope.names.get(mail_id, "") if mail_id else ""

    def _last(self, word: str, ref: str, types: Sequence[str]) -> RecordedEvent | None:
        found = (one for one in reversed(self.happened) if one.type in types and one.refs.get(word) == ref)
        return next(found, None)
