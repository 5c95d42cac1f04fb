"""Tasks for people, and what people did by hand: calls, letters, meetings, notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from mailer.domain.case import Task, TaskKind
from mailer.domain.ids import ContactId, CustomerId, InvoiceId, StepId, TaskId
from mailer.store.columns import among
from mailer.store.customers import chunks
from mailer.store.session import Tx
from mailer.store.tables import contacts, tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A call, letter, meeting or note logged by a person; its words are in the payload."""

    id: ContactId
    customer_id: CustomerId
    invoice_ids: tuple[InvoiceId, ...]
    kind: str
    at: datetime
    actor: str
    payload_id: str


async def add_task(tx: Tx, task: Task) -> None:
    """Put a task on the list of a person."""
    row = {
        "id": task.id,
        "customer_id": task.customer_id,
        "kind": task.kind.value,
        "invoice_ids": list(task.invoice_ids),
        "step_id": task.step_id,
        "instructions": task.instructions,
        "created_at": task.created_at,
    }
    await tx.run(insert(tasks), [row])


async def open_tasks(tx: Tx, ids: Sequence[CustomerId] | None = None) -> list[Task]:
    """Return the tasks not done yet, of some customers or of all, oldest first."""
    running = select(tasks).where(tasks.c.closed_at.is_(None)).order_by(tasks.c.created_at, tasks.c.id)
    if ids is None:
        return [_task(row) for row in await tx.all(running)]
    found: list[Task] = []
    for part in chunks(ids):
        found.extend(_task(row) for row in await tx.all(running.where(among(tasks.c.customer_id, part))))
    return found


async def close_task(tx: Tx, task_id: TaskId, now: datetime) -> None:
    """Take a task off the list."""
    await tx.run(update(tasks).where(tasks.c.id == task_id).values(closed_at=now))


async def add(tx: Tx, contact: Contact) -> None:
    """Log what a person did."""
    row = {
        "id": contact.id,
        "customer_id": contact.customer_id,
        "invoice_ids": list(contact.invoice_ids),
        "kind": contact.kind,
        "at": contact.at,
        "actor": contact.actor,
        "payload_id": contact.payload_id,
    }
    await tx.run(insert(contacts), [row])


async def of_customers(tx: Tx, ids: Sequence[CustomerId]) -> list[Contact]:
    """Return what was logged by hand for some customers, oldest first."""
    found: list[Contact] = []
    for part in chunks(ids):
        statement = select(contacts).where(among(contacts.c.customer_id, part)).order_by(contacts.c.at, contacts.c.id)
        found.extend(_contact(row) for row in await tx.all(statement))
    return found


def _task(row: Any) -> Task:
    return Task(
        id=TaskId(row.id),
        customer_id=CustomerId(row.customer_id),
        kind=TaskKind(row.kind),
        invoice_ids=tuple(InvoiceId(i) for i in row.invoice_ids),
        step_id=StepId(row.step_id),
        instructions=row.instructions,
        created_at=row.created_at,
    )


def _contact(row: Any) -> Contact:
    return Contact(
        id=ContactId(row.id),
        customer_id=CustomerId(row.customer_id),
        invoice_ids=tuple(InvoiceId(i) for i in row.invoice_ids),
        kind=row.kind,
        at=row.at,
        actor=row.actor,
        payload_id=row.payload_id,
    )
