"""Everything that is kept about one customer, and its end: rows and payloads emptied, then the files they lay in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, text, update
from sqlalchemy.exc import DBAPIError

from mailer.domain.ids import CustomerId
from mailer.store.append_only import lifted
from mailer.store.mail_tables import (
    attempts,
    authentications,
    mail_signatures,
    mails,
    outbox,
    suppressions,
    verdicts,
)
from mailer.store.session import Store, StoreUnreachable, Tx
from mailer.store.tables import (
    contacts,
    customer_emails,
    customers,
    disputes,
    events,
    holds,
    invoices,
    payloads,
    payments,
    promises,
    tasks,
)

#: What stands in the place of a name.
ERASED = "(erased)"
#: Words shorter than this say nothing about whom a payload without a subject is about.
_LEAST = 4
#: How long readers are waited for before their being there is told, in milliseconds.
PATIENCE_MS = 10_000
#: The tables in whose rows the customer's id stands.
_OF_CUSTOMER = (
    invoices,
    holds,
    promises,
    disputes,
    tasks,
    contacts,
    outbox,
    mails,
    verdicts,
    suppressions,
    authentications,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many payloads (words, mails, messages, each with its salt) were destroyed, of how many events, and mails."""

    payloads: int
    events: int
    mails: int


def erased_ref(customer_id: CustomerId) -> str:
    """Return what stands in the place of the seller's number."""
    return f"erased-{customer_id}"


async def erase(tx: Tx, customer_id: CustomerId) -> Erased:
    """Destroy what says anything about a customer; ids, amounts, days and invoice numbers stay, and the events' rows.

    `wipe` must follow once this is committed: until then the bytes still lie in the database's files.
    """
    needles = await _needles(tx, customer_id)
    addresses = [one for one in needles if "@" in one]
    theirs = await _mails_of(tx, customer_id, addresses)
    stray = [*await _named_by_mail(tx, theirs), *await _strays(tx, needles)]
    counted = await tx.first(select(func.count()).select_from(events).where(events.c.customer_id == customer_id))
    gone = await tx.run(delete(payloads).where(payloads.c.subject_id == customer_id))
    for payload_id in {*(row.payload_id for row in theirs), *stray} - {None}:
        gone += await tx.run(delete(payloads).where(payloads.c.id == payload_id))
    for row in theirs:
        gone += await tx.run(delete(payloads).where(payloads.c.id == row.id.replace("mail_", "read_", 1)))
        looked = select(authentications.c.id).where(authentications.c.mail_id == row.id)
        gone += await tx.run(delete(payloads).where(payloads.c.id.in_(looked)))
    await _empty_rows(tx, customer_id, addresses, [row.id for row in theirs])
    return Erased(payloads=gone, events=int(counted[0]) if counted else 0, mails=len(theirs))


async def _needles(tx: Tx, customer_id: CustomerId) -> list[str]:
    """Return the words by which a payload is known to be about the customer: names and addresses, lower case."""
    row = await tx.first(select(customers).where(customers.c.id == customer_id))
    if row is None:
        return []
    said = (row.name, row.contact_name, row.email, *row.other_emails)
    return sorted({one.lower() for one in said if len(one) >= _LEAST and one != ERASED})


async def _mails_of(tx: Tx, customer_id: CustomerId, addresses: Sequence[str]) -> Sequence[Any]:
    """Return (id, payload_id) of the customer's mails, and of those from its addresses that are nobody else's."""
    unclaimed = mails.c.customer_id.is_(None) & func.lower(mails.c.from_email).in_(addresses)
    return await tx.all(select(mails.c.id, mails.c.payload_id).where((mails.c.customer_id == customer_id) | unclaimed))


async def _named_by_mail(tx: Tx, theirs: Sequence[Any]) -> list[str]:
    """Return the payloads of events that are about those mails and, because it was too early to know, about nobody."""
    ids = {row.id for row in theirs}
    statement = select(events.c.payload_id, events.c.refs).where(events.c.customer_id.is_(None))
    return [row.payload_id async for row in tx.stream(statement) if row.refs.get("mail") in ids]


async def _strays(tx: Tx, needles: Sequence[str]) -> list[str]:
    """Return the payloads of events about nobody that name the customer: a refused import, a mail in quarantine."""
    if not needles:
        return []
    found = []
    statement = select(payloads.c.id, payloads.c.body).where(payloads.c.subject_id == "", payloads.c.kind == "event")
    async for row in tx.stream(statement):
        words = bytes(row.body).decode(errors="replace").lower()
        if any(needle in words for needle in needles):
            found.append(row.id)
    return found


async def _empty_rows(tx: Tx, customer_id: CustomerId, addresses: Sequence[str], mail_ids: Sequence[str]) -> None:
    theirs = invoices.c.customer_id == customer_id
    sent = select(outbox.c.id).where(outbox.c.customer_id == customer_id)
    others = select(customer_emails.c.email).where(customer_emails.c.customer_id != customer_id)
    silenced = (suppressions.c.customer_id == customer_id) | suppressions.c.address.in_(addresses)
    await tx.run(delete(suppressions).where(silenced, suppressions.c.address.not_in(others)))
    await tx.run(delete(customer_emails).where(customer_emails.c.customer_id == customer_id))
    await tx.run(delete(verdicts).where(verdicts.c.customer_id == customer_id))
    nobody = {"name": ERASED, "ref": erased_ref(customer_id), "email": "", "contact_name": ""}
    await _set(tx, customers, customers.c.id == customer_id, **nobody, other_emails=[], tags=[])
    await _set(tx, invoices, theirs, reference="")
    await _set(tx, payments, payments.c.invoice_id.in_(select(invoices.c.id).where(theirs)), reference="")
    await _set(tx, holds, holds.c.customer_id == customer_id, reason="")
    await _set(tx, disputes, disputes.c.customer_id == customer_id, outcome="")
    await _set(tx, tasks, tasks.c.customer_id == customer_id, instructions="")
    await _set(tx, outbox, outbox.c.customer_id == customer_id, recipient="", subject="", result_text="")
    async with lifted(tx.connection, attempts.name):
        await _set(tx, attempts, attempts.c.outbox_id.in_(sent), text="")
    looked = (authentications.c.customer_id == customer_id) | authentications.c.mail_id.in_(mail_ids)
    async with lifted(tx.connection, mail_signatures.name):
        told = mail_signatures.c.authentication_id.in_(select(authentications.c.id).where(looked))
        await _set(tx, mail_signatures, told, domain="", selector="", name="", record=b"", reason="", resolver="")
    async with lifted(tx.connection, authentications.name):
        await _set(tx, authentications, looked, from_domain="", reason="", results=[])
    bare = {"from_email": "", "subject": "", "message_id": "", "why": ERASED, "payload_id": None}
    await _set(tx, mails, mails.c.id.in_(mail_ids), **bare, needs_person=False)


async def _set(tx: Tx, table: Table, where: ColumnElement[bool], **values: Any) -> None:
    await tx.run(update(table).where(where).values(**values))


async def wipe(store: Store) -> None:
    """Rewrite the database's files so that nothing erased is left in them. Raises StoreUnreachable when others read.

    SQLite: every page is written anew and the write-ahead log emptied. PostgreSQL: the tables are; its own WAL and
    whatever archives that are the server's.
    """
    try:
        async with store.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            if store.dialect != "sqlite":
                for table in (
                    payloads,
                    customers,
                    customer_emails,
                    attempts,
                    suppressions,
                    verdicts,
                    authentications,
                    mail_signatures,
                    *_OF_CUSTOMER[:8],
                ):
                    await connection.execute(text(f"VACUUM (FULL) {table.name}"))
                return
            await connection.execute(text(f"PRAGMA busy_timeout={PATIENCE_MS}"))
            await connection.execute(text("VACUUM"))
            busy = (await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))).one()[0]
            await connection.invalidate()  # others of the pool wait longer than this one
    except DBAPIError as problem:
        words = str(problem.orig).splitlines()[0][:200]
        raise StoreUnreachable(f"the erased bytes could not be overwritten yet ({words})") from problem
    if busy:
        raise StoreUnreachable("the erased bytes still lie in the write-ahead log: somebody was reading")


async def rows_about(tx: Tx, customer_id: CustomerId) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Yield (table, row) of everything in the tables about a customer, payloads apart."""
    sent = select(outbox.c.id).where(outbox.c.customer_id == customer_id)
    billed = select(invoices.c.id).where(invoices.c.customer_id == customer_id)
    looked = select(authentications.c.id).where(authentications.c.customer_id == customer_id)
    asked: list[tuple[Table, Any]] = [
        (customers, customers.c.id == customer_id),
        *((table, table.c.customer_id == customer_id) for table in _OF_CUSTOMER),
        (payments, payments.c.invoice_id.in_(billed)),
        (attempts, attempts.c.outbox_id.in_(sent)),
        (mail_signatures, mail_signatures.c.authentication_id.in_(looked)),
    ]
    for table, where in asked:
        for row in await tx.all(select(table).where(where)):
            yield table.name, dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's way of giving a row by name


async def payloads_about(tx: Tx, customer_id: CustomerId) -> AsyncIterator[tuple[str, str, bytes]]:
    """Yield (id, kind, bytes) of every payload but those of events (`events.stream` gives these)."""
    ids = await tx.all(
        select(payloads.c.id, payloads.c.kind)
        .where(payloads.c.subject_id == customer_id, payloads.c.kind != "event")
        .order_by(payloads.c.id)
    )
    for row in ids:
        body = await tx.first(select(payloads.c.body).where(payloads.c.id == row.id))
        if body is not None:
            yield row.id, row.kind, bytes(body.body)


async def quiet_since(tx: Tx, before: datetime) -> list[CustomerId]:
    """Return the customers, not erased yet, about whom nothing was recorded since then."""
    last = select(events.c.customer_id, func.max(events.c.at).label("at")).group_by(events.c.customer_id).subquery()
    statement = (
        select(customers.c.id)
        .join(last, last.c.customer_id == customers.c.id)
        .where(last.c.at < before, or_(customers.c.name != ERASED, customers.c.email != ""))
        .order_by(customers.c.id)
    )
    return [CustomerId(row.id) for row in await tx.all(statement)]
