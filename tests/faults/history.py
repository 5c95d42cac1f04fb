"""What truly happened, as the database keeps it and as both servers saw it: the one thing every fault test checks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from sqlalchemy import select, text

from mailer.domain.delivery import OutboxState
from mailer.record.commitment import commitment
from mailer.store.events import RecordedEvent, listing
from mailer.store.mail_tables import attempts, mails, outbox, step_claims
from mailer.store.session import Store, Tx
from mailer.store.tables import customer_emails, customers, disputes, facts, holds, invoices, leases, payloads
from mailer.store.tables import events as event_rows
from tests.servers.smtp import Received

Row = dict[str, Any]
#: What a rule objects to: an id, and what is wrong with it.
Found = Iterator[tuple[str, str]]
#: States in which nothing more happens by itself, apart from a look for evidence.
RESTING = {OutboxState.SENT, OutboxState.FAILED, OutboxState.UNKNOWN, OutboxState.CANCELLED, OutboxState.EXPIRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message that the receiving server answered with 250; `raw` with CRLF."""

    recipients: tuple[str, ...]
    message_id: str
    raw: bytes

    @classmethod
    def of(cls, received: Received) -> Delivery:
        """Read the Message-ID of what a sink has taken (Postfix's keeps its lines with LF)."""
        raw = received.raw if b"\r\n" in received.raw else received.raw.replace(b"\n", b"\r\n")
        found = message_from_bytes(raw, policy=policy.default)["Message-ID"]
        return cls(recipients=received.recipients, message_id=str(found).strip("<> "), raw=raw)

    @property
    def words(self) -> str:
        """The subject and the plain text, as the customer reads them."""
        mail = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        part = mail.get_body(("plain",))
        return f"{mail['Subject']}\n{mail['To']}\n{part.get_content() if part is not None else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything at one moment of rest, as plain values, so that the checker can be tested by spoiling them.

    `arrived`: SHA-256 of every mail put into the mailbox after the service first saw it. `kills`: processes killed.
    `seals`: what each event's payload, as it is kept now, amounts to; by event id.
    `watched`: what the database itself saw at each commit of `in_data` (see `tests.faults.watch`).
    """

    now: datetime
    deliveries: tuple[Delivery, ...]
    arrived: tuple[str, ...]
    kills: int
    events: tuple[RecordedEvent, ...]
    outbox: tuple[Row, ...]
    attempts: tuple[Row, ...]
    claims: tuple[Row, ...]
    mails: tuple[Row, ...]
    customers: tuple[Row, ...]
    addresses: tuple[Row, ...]
    invoices: tuple[Row, ...]
    holds: tuple[Row, ...]
    disputes: tuple[Row, ...]
    leases: tuple[Row, ...]
    live: bool
    bodies: dict[str, str]
    seals: dict[str, str]
    watched: tuple[Row, ...] = ()

    def one(self, outbox_id: str) -> Row | None:
        """Return a message by id."""
        return next((row for row in self.outbox if row["id"] == outbox_id), None)


async def recall(
    store: Store,
    *,
    deliveries: Sequence[Delivery],
    now: datetime,
    arrived: Sequence[bytes] = (),
    kills: int = 0,
) -> History:
    """Read everything the checker looks at in one snapshot."""
    async with store.reading() as tx:
        found = await tx.all(facts.select())
        return History(
            now=now,
            deliveries=tuple(deliveries),
            arrived=tuple(hashlib.sha256(raw).hexdigest() for raw in arrived),
            kills=kills,
            events=tuple(await listing(tx)),
            outbox=await _rows(tx, outbox),
            attempts=await _rows(tx, attempts),
            claims=await _rows(tx, step_claims),
            mails=await _rows(tx, mails),
            customers=await _rows(tx, customers),
            addresses=await _rows(tx, customer_emails),
            invoices=await _rows(tx, invoices),
            holds=await _rows(tx, holds),
            disputes=await _rows(tx, disputes),
            leases=await _rows(tx, leases),
            live={row.name: row.value for row in found}.get("mode") == "live",
            bodies=await _bodies(tx),
            seals=await _seals(tx),
            watched=await _watched(tx),
        )


async def _rows(tx: Tx, table: Any) -> tuple[Row, ...]:
    return tuple(dict(row._mapping) for row in await tx.all(table.select()))


async def _bodies(tx: Tx) -> dict[str, str]:
    """Return the SHA-256 of every kept message and mail, by payload id."""
    kept = payloads.select().where(payloads.c.kind.in_(["message", "raw_mail"]))
    return {row.id: hashlib.sha256(bytes(row.body)).hexdigest() async for row in tx.stream(kept)}


async def _seals(tx: Tx) -> dict[str, str]:
    """Compute every event's commitment again, from the salt and the payload that are kept."""
    kept = select(event_rows.c.id, payloads.c.salt, payloads.c.body).join(
        payloads, payloads.c.id == event_rows.c.payload_id
    )
    return {row.id: commitment(bytes(row.salt), bytes(row.body)) async for row in tx.stream(kept)}


async def _watched(tx: Tx) -> tuple[Row, ...]:
    there = "SELECT name FROM sqlite_master WHERE name = 'watched'"
    if tx.dialect != "sqlite":
        there = "SELECT tablename FROM pg_tables WHERE tablename = 'watched'"
    if await tx.first(text(there)) is None:
        return ()
    return tuple(dict(row._mapping) for row in await tx.all(text("SELECT * FROM watched")))
