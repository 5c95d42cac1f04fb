"""Outgoing messages and the rungs they claim. The state machine is `mailer.domain.delivery.TRANSITIONS`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from mailer.domain.case import StepHow
from mailer.domain.delivery import TRANSITIONS, OutboxState
from mailer.domain.ids import CustomerId, InvoiceId, OutboxId, StepId, step_claim_key
from mailer.domain.message import ListedInvoice, OutboxMessage
from mailer.domain.money import Money
from mailer.store.mail_tables import attempts, outbox, step_claims
from mailer.store.session import Tx

WAITING = (OutboxState.QUEUED, OutboxState.DEFERRED)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to hand a message over: when, what came of it, the server's words."""

    at: datetime
    fence: int
    outcome: str
    text: str
    peer: str
    tls: str


async def enqueue(tx: Tx, entry: OutboxEntry) -> None:
    """Insert a message and claim its rungs. Raises Taken when another message has one of them."""
    m = entry.message
    row = {
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
    await tx.run(insert(outbox), [row])
    await claim_steps(tx, m.customer_id, m.listed, StepHow.QUEUED, m.created_at, outbox_id=m.id)


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
    rows = [
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
    await tx.run(insert(step_claims), rows)


async def mark_steps(tx: Tx, how: StepHow, now: datetime, *, outbox_id: str = "", task_id: str = "") -> None:
    """Say what became of the rungs of a message or a task."""
    mine = step_claims.c.outbox_id == outbox_id if outbox_id else step_claims.c.task_id == task_id
    await tx.run(update(step_claims).where(mine).values(how=how.value, at=now))


async def free_steps(tx: Tx, outbox_id: OutboxId) -> None:
    """Give the rungs of a message back; they may be claimed again."""
    await tx.run(delete(step_claims).where(step_claims.c.outbox_id == outbox_id))


async def free_failed_steps(tx: Tx, customer_id: CustomerId) -> None:
    """Give back the rungs whose message failed: a person has mended the address."""
    statement = delete(step_claims).where(
        step_claims.c.customer_id == customer_id, step_claims.c.how == StepHow.FAILED.value
    )
    await tx.run(statement)


async def lease_next(
    tx: Tx, *, owner: str, now: datetime, until_at: datetime, skip: Iterable[str]
) -> OutboxEntry | None:
    """Take the message that is due longest and raise its fence; None when nothing is due.

    Two workers never get the same one: SQLite has one writer, PostgreSQL skips locked rows.
    """
    waiting = select(outbox.c.id).where(
        outbox.c.state.in_([s.value for s in WAITING]), outbox.c.due_at <= now, outbox.c.id.not_in(list(skip))
    )
    waiting = waiting.order_by(outbox.c.due_at, outbox.c.id).limit(1)
    if tx.dialect != "sqlite":
        waiting = waiting.with_for_update(skip_locked=True)
    row = await tx.first(waiting)
    if row is None:
        return None
    taken = {"state": OutboxState.LEASED.value, "lease_owner": owner, "lease_until_at": until_at}
    await tx.run(update(outbox).where(outbox.c.id == row.id).values(fence=outbox.c.fence + 1, **taken))
    return await load(tx, OutboxId(row.id))


async def move(
    tx: Tx,
    outbox_id: OutboxId,
    to: OutboxState,
    *,
    fence: int,
    now: datetime,
    text: str = "",
    due_at: datetime | None = None,
    lease_until_at: datetime | None = None,
) -> bool:
    """Change a message's state if the state machine allows it and the fence is still ours; returns whether it did."""
    allowed = [state.value for state, targets in TRANSITIONS.items() if to in targets]
    values: dict[str, Any] = {"state": to.value, "result_text": text}
    if to in (OutboxState.IN_DATA, OutboxState.LEASED):
        values["lease_until_at"] = lease_until_at
    else:
        values.update(lease_owner=None, lease_until_at=None)
    if not TRANSITIONS[to] or to is OutboxState.UNKNOWN:
        values["finished_at"] = now
    if to is OutboxState.DEFERRED:
        values["attempts"] = outbox.c.attempts + 1
    if due_at is not None:
        values["due_at"] = due_at
    mine = (outbox.c.id == outbox_id) & (outbox.c.fence == fence) & outbox.c.state.in_(allowed)
    return await tx.run(update(outbox).where(mine).values(values)) == 1


async def overdue_leases(tx: Tx, now: datetime) -> list[OutboxEntry]:
    """Return messages whose worker has gone: leased or in DATA past their lease."""
    held = outbox.c.state.in_([OutboxState.LEASED.value, OutboxState.IN_DATA.value])
    rows = await tx.all(select(outbox.c.id).where(held, outbox.c.lease_until_at < now).order_by(outbox.c.id))
    return [entry for row in rows if (entry := await load(tx, OutboxId(row.id)))]


async def keep_attempt(tx: Tx, outbox_id: OutboxId, attempt: Attempt) -> None:
    """Append one attempt."""
    row = {
        "outbox_id": outbox_id,
        "fence": attempt.fence,
        "at": attempt.at,
        "outcome": attempt.outcome,
        "text": attempt.text,
        "peer": attempt.peer,
        "tls": attempt.tls,
    }
    await tx.run(insert(attempts), [row])


async def attempts_of(tx: Tx, outbox_id: OutboxId) -> list[Attempt]:
    """Return the attempts of a message, oldest first."""
    rows = await tx.all(select(attempts).where(attempts.c.outbox_id == outbox_id).order_by(attempts.c.seq))
    return [Attempt(at=r.at, fence=r.fence, outcome=r.outcome, text=r.text, peer=r.peer, tls=r.tls) for r in rows]


async def load(tx: Tx, outbox_id: OutboxId) -> OutboxEntry | None:
    """Return one message with its rungs, None when unknown."""
    row = await tx.first(select(outbox).where(outbox.c.id == outbox_id))
    return None if row is None else _entry(row, await _listed(tx, outbox_id))


async def listing(
    tx: Tx,
    *,
    states: Iterable[OutboxState] = (),
    customer_id: CustomerId | None = None,
    limit: int | None = None,
) -> list[OutboxEntry]:
    """Return messages, newest first (without their rungs)."""
    statement = select(outbox).order_by(outbox.c.created_at.desc(), outbox.c.id).limit(limit)
    if wanted := [s.value for s in states]:
        statement = statement.where(outbox.c.state.in_(wanted))
    if customer_id is not None:
        statement = statement.where(outbox.c.customer_id == customer_id)
    return [_entry(row, ()) for row in await tx.all(statement)]


async def by_message_ids(tx: Tx, message_ids: Sequence[str]) -> list[OutboxEntry]:
    """Return our messages with these Message-IDs (no angle brackets)."""
    if not message_ids:
        return []
    rows = await tx.all(select(outbox).where(outbox.c.message_id.in_(message_ids)))
    return [_entry(row, await _listed(tx, OutboxId(row.id))) for row in rows]


async def thread_of(tx: Tx, customer_id: CustomerId, case_id: str | None) -> tuple[str, ...]:
    """Return the Message-IDs we have sent in a case, oldest first, for References (RFC 5322 §3.6.4)."""
    said = outbox.c.state.in_([OutboxState.SENT.value, OutboxState.UNKNOWN.value])
    statement = select(outbox.c.message_id).where(outbox.c.customer_id == customer_id, said)
    if case_id is not None:
        statement = statement.where(outbox.c.case_id == case_id)
    rows = await tx.all(statement.order_by(outbox.c.created_at))
    return tuple(row.message_id for row in rows)


async def counts(tx: Tx) -> dict[str, int]:
    """Return how many messages are in each state."""
    rows = await tx.all(select(outbox.c.state, func.count().label("many")).group_by(outbox.c.state))
    return {row.state: int(row.many) for row in rows}


async def _listed(tx: Tx, outbox_id: OutboxId) -> tuple[ListedInvoice, ...]:
    rows = await tx.all(select(step_claims).where(step_claims.c.outbox_id == outbox_id).order_by(step_claims.c.place))
    return tuple(
        ListedInvoice(
            invoice_id=InvoiceId(r.invoice_id),
            step_id=StepId(r.step_id),
            cycle=r.cycle,
            open=Money(minor=r.open_minor, currency=r.currency),
        )
        for r in rows
    )


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
