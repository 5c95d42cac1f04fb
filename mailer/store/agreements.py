"""Holds, promises, disputes and suppressed addresses: what makes us quieter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from mailer.domain.agreement import Dispute, DisputeState, Hold, HoldKind, Promise, PromiseState
from mailer.domain.ids import CustomerId, DisputeId, HoldId, InvoiceId, MailId, PromiseId
from mailer.domain.money import ClaimedAmount, Money
from mailer.store.columns import among
from mailer.store.customers import chunks
from mailer.store.mail_tables import suppressions
from mailer.store.session import Tx, upsert
from mailer.store.tables import disputes, holds, promises


async def add_hold(tx: Tx, hold: Hold) -> None:
    """Place a hold."""
    row = {
        "id": hold.id,
        "customer_id": hold.customer_id,
        "invoice_ids": list(hold.invoice_ids),
        "kind": hold.kind.value,
        "reason": hold.reason,
        "placed_at": hold.placed_at,
        "until_on": hold.until_on,
        "deadline_on": hold.deadline_on,
        "mail_id": hold.mail_id,
    }
    await tx.run(insert(holds), [row])


async def holds_of(tx: Tx, ids: Sequence[CustomerId]) -> list[Hold]:
    """Return the holds of some customers that are not released, oldest first."""
    found: list[Hold] = []
    for part in chunks(ids):
        statement = select(holds).where(among(holds.c.customer_id, part), holds.c.released_at.is_(None))
        found.extend(_hold(row) for row in await tx.all(statement.order_by(holds.c.placed_at, holds.c.id)))
    return found


async def hold(tx: Tx, hold_id: str) -> Hold | None:
    """Return one running hold."""
    row = await tx.first(select(holds).where(holds.c.id == hold_id, holds.c.released_at.is_(None)))
    return _hold(row) if row else None


async def holds_of_mail(tx: Tx, mail_id: MailId) -> list[Hold]:
    """Return the running holds that a mail caused."""
    return [
        _hold(r) for r in await tx.all(select(holds).where(holds.c.mail_id == mail_id, holds.c.released_at.is_(None)))
    ]


async def release_hold(tx: Tx, hold_id: HoldId, now: datetime) -> bool:
    """Release a hold; returns False when it was released before."""
    statement = update(holds).where(holds.c.id == hold_id, holds.c.released_at.is_(None)).values(released_at=now)
    return await tx.run(statement) == 1


async def mark_alarmed(tx: Tx, hold_id: HoldId, now: datetime) -> bool:
    """Note that a hold's deadline was announced; returns False when it was before."""
    statement = update(holds).where(holds.c.id == hold_id, holds.c.alarmed_at.is_(None)).values(alarmed_at=now)
    return await tx.run(statement) == 1


async def unknown_sender_held_since(tx: Tx, customer_id: CustomerId, since: datetime, *, but_mail_id: MailId) -> bool:
    """Whether another mail by an unknown sender has placed a hold for this customer since then."""
    statement = select(holds.c.id).where(
        holds.c.customer_id == customer_id,
        holds.c.kind == HoldKind.UNKNOWN_SENDER.value,
        holds.c.placed_at >= since,
        holds.c.mail_id != but_mail_id,
    )
    return await tx.first(statement.limit(1)) is not None


async def save_promise(tx: Tx, promise: Promise) -> None:
    """Insert a promise, or overwrite its state and dates."""
    row = {
        "id": promise.id,
        "customer_id": promise.customer_id,
        "invoice_ids": list(promise.invoice_ids),
        "due_on": promise.due_on,
        "pauses_until_on": promise.pauses_until_on,
        "state": promise.state.value,
        "made_at": promise.made_at,
        "amount": None
        if promise.amount is None
        else {
            "text": promise.amount.text,
            "amount": promise.amount.amount,
            "currency": promise.amount.currency,
        },
        "owed_minor": promise.owed.minor if promise.owed else None,
        "owed_currency": promise.owed.currency if promise.owed else None,
        "mail_id": promise.mail_id,
        "confirmed": promise.confirmed,
    }
    await upsert(tx, promises, row)


async def promises_of(tx: Tx, ids: Sequence[CustomerId]) -> list[Promise]:
    """Return the promises of some customers, oldest first."""
    found: list[Promise] = []
    for part in chunks(ids):
        statement = select(promises).where(among(promises.c.customer_id, part))
        found.extend(_promise(row) for row in await tx.all(statement.order_by(promises.c.made_at, promises.c.id)))
    return found


async def promise(tx: Tx, promise_id: str) -> Promise | None:
    """Return one promise."""
    row = await tx.first(select(promises).where(promises.c.id == promise_id))
    return _promise(row) if row else None


async def save_dispute(tx: Tx, dispute: Dispute) -> None:
    """Insert a dispute, or overwrite its state and outcome."""
    row = {
        "id": dispute.id,
        "customer_id": dispute.customer_id,
        "invoice_ids": list(dispute.invoice_ids),
        "reason": dispute.reason,
        "state": dispute.state.value,
        "opened_at": dispute.opened_at,
        "mail_id": dispute.mail_id,
        "outcome": dispute.outcome,
    }
    await upsert(tx, disputes, row)


async def disputes_of(tx: Tx, ids: Sequence[CustomerId]) -> list[Dispute]:
    """Return the disputes of some customers, oldest first."""
    found: list[Dispute] = []
    for part in chunks(ids):
        statement = select(disputes).where(among(disputes.c.customer_id, part))
        found.extend(_dispute(row) for row in await tx.all(statement.order_by(disputes.c.opened_at, disputes.c.id)))
    return found


async def dispute(tx: Tx, dispute_id: str) -> Dispute | None:
    """Return one dispute."""
    row = await tx.first(select(disputes).where(disputes.c.id == dispute_id))
    return _dispute(row) if row else None


async def suppress(tx: Tx, address: str, customer_id: CustomerId | None, reason: str, now: datetime) -> None:
    """Never write to an address again until it is lifted."""
    row = {"address": address.lower(), "customer_id": customer_id, "reason": reason, "at": now}
    await upsert(tx, suppressions, row)


async def lift_suppression(tx: Tx, address: str) -> bool:
    """Allow an address again; returns False when it was not suppressed."""
    return await tx.run(delete(suppressions).where(suppressions.c.address == address.lower())) == 1


async def suppressed(tx: Tx, addresses: Sequence[str]) -> dict[str, str]:
    """Return which of these addresses are suppressed, with the reason."""
    found: dict[str, str] = {}
    for part in chunks(sorted({a.lower() for a in addresses})):
        for row in await tx.all(select(suppressions).where(among(suppressions.c.address, part))):
            found[row.address] = row.reason
    return found


def _hold(row: Any) -> Hold:
    return Hold(
        id=HoldId(row.id),
        customer_id=CustomerId(row.customer_id),
        invoice_ids=tuple(InvoiceId(i) for i in row.invoice_ids),
        kind=HoldKind(row.kind),
        reason=row.reason,
        placed_at=row.placed_at,
        until_on=row.until_on,
        deadline_on=row.deadline_on,
        mail_id=MailId(row.mail_id) if row.mail_id else None,
        alarmed=row.alarmed_at is not None,
    )


def _promise(row: Any) -> Promise:
    return Promise(
        id=PromiseId(row.id),
        customer_id=CustomerId(row.customer_id),
        invoice_ids=tuple(InvoiceId(i) for i in row.invoice_ids),
        due_on=row.due_on,
        pauses_until_on=row.pauses_until_on,
        state=PromiseState(row.state),
        made_at=row.made_at,
        amount=ClaimedAmount(**row.amount) if row.amount else None,
        owed=Money(minor=row.owed_minor, currency=row.owed_currency) if row.owed_currency else None,
        mail_id=MailId(row.mail_id) if row.mail_id else None,
        confirmed=row.confirmed,
    )


def _dispute(row: Any) -> Dispute:
    return Dispute(
        id=DisputeId(row.id),
        customer_id=CustomerId(row.customer_id),
        invoice_ids=tuple(InvoiceId(i) for i in row.invoice_ids),
        reason=row.reason,
        state=DisputeState(row.state),
        opened_at=row.opened_at,
        mail_id=MailId(row.mail_id) if row.mail_id else None,
        outcome=row.outcome,
    )
