"""A case of any size straight in a database, without servers: half of it reminders, half replies as they come."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailer.clock import new_salt
from mailer.domain.customer import Customer
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import CustomerId, InvoiceId, MailId, OutboxId, StepId
from mailer.domain.invoice import Invoice
from mailer.domain.message import OutboxMessage
from mailer.domain.money import Money
from mailer.flows.export_case import Exporter, ExportReport, export_case
from mailer.flows.gather_case import Options, Origin
from mailer.flows.keep_log import LogKeeper
from mailer.flows.log_contact import ContactKind, Said, log_contact
from mailer.flows.recording import Happened, happened
from mailer.rendering.renderer import Renderer
from mailer.store import customers, events, inbox, invoices, outbox
from mailer.store.events import Payload
from mailer.store.inbox import DONE, StoredMail
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Store
from tests.servers.migrated import lay_sqlite

START = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
WHO = Customer(id=CustomerId("cus_1"), ref="K1", name="Alder & Söhne", email="ap@alder.example", contact_name="=Tom")
SENT = b"From: us@acme.example\r\nTo: ap@alder.example\r\nSubject: Invoice INV-1\r\n\r\nPlease pay INV-1. (%d)\r\n"
REPLY = b"From: ap@alder.example\r\nMessage-ID: <%d@alder.example>\r\nSubject: Re\r\n\r\nWe pay on Friday.\r\n"


@dataclass(slots=True, kw_only=True)
class CaseHouse:
    """A data folder with its database; `at` moves on with everything that happens."""

    folder: Path
    store: Store
    at: datetime = START

    def clock(self) -> datetime:
        return self.at

    async def sends(self, *raws: bytes, state: OutboxState = OutboxState.SENT) -> None:
        """Freeze messages of ours, and be through with them."""
        kept, made, entries = [], list[Happened](), []
        for raw in raws:
            self.at += timedelta(minutes=1)
            digest = hashlib.sha256(raw + str(self.at).encode()).hexdigest()[:16]
            own = OutboxId(f"out_{digest}")
            kept.append(Payload(id=f"msg_{digest}", subject_id=WHO.id, kind="message", salt=new_salt(), body=raw))
            entries.append(self._entry(own, f"msg_{digest}", state))
            payload: dict[str, object] = {"to": WHO.email, "sha256": hashlib.sha256(raw).hexdigest()}
            made.append(self._event("reminder.queued", {"message": own}, payload, customer=WHO.id))
        async with self.store.transaction() as tx:
            await events.keep_payloads(tx, kept)
            await outbox.enqueue_all(tx, entries)
            await events.record(tx, made)

    def _entry(self, own: OutboxId, payload_id: str, state: OutboxState) -> OutboxEntry:
        message = OutboxMessage(
            id=own,
            customer_id=WHO.id,
            recipient=WHO.email,
            sender="us@acme.example",
            message_id=f"{own}@acme.example",
            subject="Invoice INV-1",
            template="friendly",
            language="en",
            policy="standard",
            policy_version="1",
            listed=(),
            created_at=self.at,
            useful_until_at=self.at,
        )
        return OutboxEntry(
            message=message,
            state=state,
            main_step_id=StepId("friendly"),
            payload_id=payload_id,
            case_id=None,
            due_at=self.at,
            finished_at=self.at,
            result_text="250 Ok",
        )

    async def gets(self, *raws: bytes) -> None:
        """Fetch mails, and find out whose they are."""
        kept, rows, made = [], [], list[Happened]()
        for raw in raws:
            self.at += timedelta(minutes=1)
            digest = hashlib.sha256(raw).hexdigest()
            own = MailId(f"mail_{digest[:16]}")
            body = Payload(id=f"raw_{digest[:16]}", subject_id=WHO.id, kind="raw_mail", salt=new_salt(), body=raw)
            kept.append(body)
            rows.append(
                StoredMail(
                    id=own,
                    mailbox="us",
                    folder="INBOX",
                    uidvalidity=1,
                    uid=int(digest[:7], 16),
                    sha256=digest,
                    size=len(raw),
                    payload_id=body.id,
                    fetched_at=self.at,
                    internal_at=None,
                    history=False,
                    customer_id=WHO.id,
                    method="sender",
                    state=DONE,
                )
            )
            made += [
                self._event("mail.fetched", {"mail": own}, {"sha256": digest, "folder": "INBOX"}),
                self._event("mail.matched", {"mail": own}, {"method": "sender"}, customer=WHO.id),
            ]
        async with self.store.transaction() as tx:
            await events.keep_payloads(tx, kept)
            await inbox.add(tx, rows)
            await events.record(tx, made)

    def _event(
        self, type_: str, refs: dict[str, str], payload: dict[str, object], customer: CustomerId | None = None
    ) -> Happened:
        return happened(type_, now=self.at, actor="system:test", customer_id=customer, refs=refs, payload=payload)

    async def notes(self, words: str) -> None:
        self.at += timedelta(minutes=1)
        await log_contact(self.store, "K1", Said(kind=ContactKind.NOTE, words=words), actor="person:1", now=self.at)

    def keeper(self) -> LogKeeper:
        return LogKeeper(store=self.store, data=self.folder, address="us@acme.example", clock=self.clock)

    async def export(self, out: str = "out", options: Options | None = None) -> ExportReport:
        self.at += timedelta(minutes=1)
        origin = Origin(exported_by="person:1", tool="Duly 0", seller_name="Acme Tools Ltd")
        exporter = Exporter(keeper=self.keeper(), renderer=Renderer(self.folder / "templates"), origin=origin)
        return await export_case(exporter, "K1", options=options or Options(), out=self.folder / out)


async def a_house(folder: Path) -> CaseHouse:
    """A customer who owes one invoice, and another customer's events around."""
    file = folder / "duly.sqlite3"
    lay_sqlite(file)
    house = CaseHouse(folder=folder, store=Store(f"sqlite+aiosqlite:///{file}"))
    await fill(house)
    return house


async def fill(house: CaseHouse) -> None:
    """Put the customer, the invoice and the other customer's events into an empty database."""
    amount, day = Money(minor=50_000, currency="EUR"), START.date() - timedelta(days=40)
    owed = Invoice(
        id=InvoiceId("inv_1"),
        customer_id=WHO.id,
        number="INV-1",
        issued_on=day,
        due_on=day + timedelta(days=30),
        total=amount,
        open=amount,
    )
    others: Sequence[Happened] = [
        house._event("note.added", {}, {"words": "theirs"}, customer=CustomerId("cus_2")),
        house._event("customer.added", {}, {"name": WHO.name}, customer=WHO.id),
    ]
    async with house.store.transaction() as tx:
        await customers.save(tx, [WHO])
        await invoices.save(tx, [(owed, "INV1")])
        await events.record(tx, others)
