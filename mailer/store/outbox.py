"""Outgoing messages and the rungs they claim; how they are handed over is in `mailer.store.deliveries`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from mailer.domain.case import StepHow
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import CustomerId, InvoiceId, OutboxId, StepId, step_claim_key
from mailer.domain.message import ListedInvoice, OutboxMessage
from mailer.domain.money import Money
from mailer.store.columns import among
from mailer.store.customers import chunks
from mailer.store.mail_tables import outbox, step_claims
from mailer.store.session import Tx

_LOAD = select(outbox).where(among(outbox.c.id)).order_by(outbox.c.due_at, outbox.c.id)
_LISTED = select(step_claims).where(among(step_claims.c.outbox_id)).order_by(step_claims.c.place)
_MARK = update(step_claims).where(among(step_claims.c.outbox_id)).values(how=bindparam("what"), at=bindparam("when"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """A message with what the database knows about its way."""

    message: OutboxMessage
    state: OutboxState
    main_step_id: StepId
    payload_id: str
    case_id: str | None
    due_at: datetime
    finished_at: datetime | None
    result_text: str


async def enqueue(tx: Tx, entry: OutboxEntry) -> None:
    """Insert a message and claim its rungs. Raises Taken when another message has one of them."""
    await enqueue_all(tx, [entry])


async def enqueue_all(tx: Tx, entries: Sequence[OutboxEntry]) -> None:
    """Insert messages and claim their rungs. Raises Taken when another message has one of these; none is kept then."""
    await tx.run(insert(outbox), [_row(entry) for entry in entries])
    claims = [
        row
        for entry in entries
        for row in _claims(
            entry.message.customer_id,
            entry.message.listed,
            StepHow.QUEUED,
            entry.message.created_at,
            outbox_id=entry.message.id,
        )
    ]
    await tx.run(insert(step_claims), claims)


def _row(entry: OutboxEntry) -> dict[str, Any]:
    m = entry.message
    return {
        "id": m.id,
        "customer_id": m.customer_id,
        "case_id": entry.case_id,
        "state": entry.state.value,
        "recipient": m.recipient,
        "sender": m.sender,
        "message_id": m.message_id,
        "subject": m.subject,
        "template": m.template,
        "language": m.language,
        "policy": m.policy,
        "policy_version": m.policy_version,
        "main_step_id": entry.main_step_id,
        "payload_id": entry.payload_id,
        "created_at": m.created_at,
        "due_at": entry.due_at,
        "useful_until_at": m.useful_until_at,
        "fence": m.fence,
        "attempts": m.attempts,
        "result_text": entry.result_text,
    }


async def claim_steps(
    tx: Tx,
    customer_id: CustomerId,
    listed: Sequence[ListedInvoice],
    how: StepHow,
    now: datetime,
    *,
    outbox_id: OutboxId | None = None,
    task_id: str | None = None,
) -> None:
    """Take rungs, for a message, a task, or to pass them over. Raises Taken when one is taken already."""
    await tx.run(insert(step_claims), _claims(customer_id, listed, how, now, outbox_id=outbox_id, task_id=task_id))


async def pass_over(tx: Tx, passed: Sequence[tuple[CustomerId, ListedInvoice]], now: datetime) -> None:
    """Take rungs of several customers that are never to be said. Raises Taken as `claim_steps`."""
    rows = [row for customer_id, item in passed for row in _claims(customer_id, [item], StepHow.SKIPPED, now)]
    await tx.run(insert(step_claims), rows)


def _claims(
    customer_id: CustomerId,
    listed: Sequence[ListedInvoice],
    how: StepHow,
    now: datetime,
    *,
    outbox_id: OutboxId | None = None,
    task_id: str | None = None,
) -> list[dict[str, Any]]:
    return [
        {
            "key": step_claim_key(item.invoice_id, item.step_id, item.cycle),
            "customer_id": customer_id,
            "invoice_id": item.invoice_id,
            "step_id": item.step_id,
            "cycle": item.cycle,
            "how": how.value,
            "at": now,
            "outbox_id": outbox_id,
            "task_id": task_id,
            "open_minor": item.open.minor,
            "currency": item.open.currency,
            "place": place,
        }
        for place, item in enumerate(listed)
    ]


async def mark_steps(tx: Tx, how: StepHow, now: datetime, *, outbox_id: str = "", task_id: str = "") -> None:
    """Say what became of the rungs of a message or a task."""
    mine = step_claims.c.outbox_id == outbox_id if outbox_id else step_claims.c.task_id == task_id
    await tx.run(update(step_claims).where(mine).values(how=how.value, at=now))


async def mark_steps_of(tx: Tx, outbox_ids: Sequence[OutboxId], how: StepHow, now: datetime) -> None:
    """Say what became of the rungs of several messages."""
    if outbox_ids:
        await tx.run(_MARK, {"ids": outbox_ids, "what": how.value, "when": now})


async def free_steps(tx: Tx, outbox_id: OutboxId) -> None:
    """Give the rungs of a message back; they may be claimed again."""
    await tx.run(delete(step_claims).where(step_claims.c.outbox_id == outbox_id))


async def free_failed_steps(tx: Tx, customer_id: CustomerId) -> None:
    """Give back the rungs whose message failed: a person has mended the address."""
    statement = delete(step_claims).where(
        step_claims.c.customer_id == customer_id, step_claims.c.how == StepHow.FAILED.value
    )
    await tx.run(statement)


async def load(tx: Tx, outbox_id: OutboxId) -> OutboxEntry | None:
    """Return one message with its rungs, None when unknown."""
    return next(iter(await load_all(tx, [outbox_id])), None)


async def load_all(tx: Tx, ids: Sequence[OutboxId]) -> list[OutboxEntry]:
    """Return messages with their rungs, those due longest first; unknown ones are left out."""
    if not ids:
        return []
    rows = await tx.all(_LOAD, {"ids": ids})
    listed = await _listed(tx, ids)
    return [_entry(row, tuple(listed[row.id])) for row in rows]


async def listing(
    tx: Tx,
    *,
    states: Iterable[OutboxState] = (),
    customer_id: CustomerId | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> list[OutboxEntry]:
    """Return messages (those written by `until`), newest first (without their rungs)."""
    statement = select(outbox).order_by(outbox.c.created_at.desc(), outbox.c.id).limit(limit)
    if until is not None:
        statement = statement.where(outbox.c.created_at <= until)
    if wanted := [s.value for s in states]:
        statement = statement.where(outbox.c.state.in_(wanted))
    if customer_id is not None:
        statement = statement.where(outbox.c.customer_id == customer_id)
    return [_entry(row, ()) for row in await tx.all(statement)]


async def by_message_ids(tx: Tx, message_ids: Sequence[str]) -> list[OutboxEntry]:
    """Return our messages with these Message-IDs (no angle brackets)."""
    if not message_ids:
        return []
    rows = await tx.all(select(outbox.c.id).where(outbox.c.message_id.in_(message_ids)))
    return await load_all(tx, [OutboxId(row.id) for row in rows])


async def threads_of(tx: Tx, ids: Sequence[CustomerId]) -> dict[CustomerId, dict[str | None, list[str]]]:
    """Return the Message-IDs we have sent to some customers by case, oldest first, for References (RFC 5322 §3.6.4)."""
    found: dict[CustomerId, dict[str | None, list[str]]] = {one: {} for one in ids}
    said = outbox.c.state.in_([OutboxState.SENT.value, OutboxState.UNKNOWN.value])
    for part in chunks(ids):
        statement = select(outbox.c.customer_id, outbox.c.case_id, outbox.c.message_id)
        statement = statement.where(among(outbox.c.customer_id, part), said).order_by(outbox.c.created_at)
        for row in await tx.all(statement):
            found[CustomerId(row.customer_id)].setdefault(row.case_id, []).append(row.message_id)
    return found


def thread(by_case: Mapping[str | None, Sequence[str]], case_id: str | None) -> tuple[str, ...]:
    """Return the Message-IDs of one case, all of them without one, from what `threads_of` gave for a customer."""
    if case_id is not None:
        return tuple(by_case.get(case_id, ()))
    return tuple(one for ids in by_case.values() for one in ids)


async def counts(tx: Tx) -> dict[str, int]:
    """Return how many messages are in each state."""
    rows = await tx.all(select(outbox.c.state, func.count().label("many")).group_by(outbox.c.state))
    return {row.state: int(row.many) for row in rows}


async def _listed(tx: Tx, ids: Sequence[OutboxId]) -> dict[str, list[ListedInvoice]]:
    found: dict[str, list[ListedInvoice]] = {one: [] for one in ids}
    for r in await tx.all(_LISTED, {"ids": ids}):
        item = ListedInvoice(
            invoice_id=InvoiceId(r.invoice_id),
            step_id=StepId(r.step_id),
            cycle=r.cycle,
            open=Money(minor=r.open_minor, currency=r.currency),
        )
        found[r.outbox_id].append(item)
    return found


def _entry(row: Any, listed: tuple[ListedInvoice, ...]) -> OutboxEntry:
    message = OutboxMessage(
        id=OutboxId(row.id),
        customer_id=CustomerId(row.customer_id),
        recipient=row.recipient,
        sender=row.sender,
        message_id=row.message_id,
        subject=row.subject,
        template=row.template,
        language=row.language,
        policy=row.policy,
        policy_version=row.policy_version,
        listed=listed,
        created_at=row.created_at,
        useful_until_at=row.useful_until_at,
        fence=row.fence,
        attempts=row.attempts,
    )
    return OutboxEntry(
        message=message,
        state=OutboxState(row.state),
        main_step_id=StepId(row.main_step_id),
        payload_id=row.payload_id,
        case_id=row.case_id,
        due_at=row.due_at,
        finished_at=row.finished_at,
        result_text=row.result_text,
    )
