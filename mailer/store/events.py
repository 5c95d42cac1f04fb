"""The record: append, and read joined with payloads. There is no update and no delete."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from mailer.domain.event import Event
from mailer.domain.ids import CustomerId
from mailer.record.commitment import commitment, committed_bytes, payload_bytes
from mailer.store.session import Tx
from mailer.store.tables import events, payloads

_KEEP = insert(payloads)
_RECORD = insert(events)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """An event as the record shows it: its place `seq`, and its payload ({} once erased)."""

    seq: int
    id: str
    type: str
    at: datetime
    actor: str
    customer_id: str | None
    case_id: str | None
    policy_version: str
    refs: dict[str, str]
    commitment: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Bytes that may name people, kept outside the record's rows; see `keep_payload`."""

    id: str
    subject_id: str
    kind: str
    salt: bytes
    body: bytes


async def record(tx: Tx, happened: Sequence[tuple[Event, bytes]]) -> None:
    """Append events, each with its salt, in this transaction: no event, no state change."""
    if not happened:
        return
    kept, rows = [], []
    for one, salt in happened:
        body = payload_bytes(one.payload)
        payload_id = one.id.replace("evt_", "pl_", 1)
        subject = one.customer_id or ""
        kept.append({"id": payload_id, "subject_id": subject, "kind": "event", "salt": salt, "body": body})
        rows.append(
            {
                "id": one.id,
                "type": one.type,
                "at": one.at,
                "actor": one.actor,
                "customer_id": one.customer_id,
                "case_id": one.case_id,
                "policy_version": one.policy_version,
                "refs": dict(one.refs),
                "commitment": commitment(salt, _committed(one, body)),
                "payload_id": payload_id,
            }
        )
    await tx.run(_KEEP, kept)
    await tx.run(_RECORD, rows)


def _committed(event: Event, body: bytes) -> bytes:
    return committed_bytes(
        event_id=event.id,
        customer_id=event.customer_id,
        case_id=event.case_id,
        policy_version=event.policy_version,
        refs=dict(event.refs),
        payload_sha256=hashlib.sha256(body).digest(),
    )


async def keep_payload(tx: Tx, *, payload_id: str, subject_id: str, kind: str, salt: bytes, body: bytes) -> None:
    """Keep bytes that may name people (raw mail, frozen message, words of a call) outside the record's rows."""
    await keep_payloads(tx, [Payload(id=payload_id, subject_id=subject_id, kind=kind, salt=salt, body=body)])


async def keep_payloads(tx: Tx, kept: Sequence[Payload]) -> None:
    """Keep many at once, as `keep_payload` does one."""
    rows = [
        {"id": one.id, "subject_id": one.subject_id, "kind": one.kind, "salt": one.salt, "body": one.body}
        for one in kept
    ]
    await tx.run(_KEEP, rows)


async def payload(tx: Tx, payload_id: str) -> bytes | None:
    """Return kept bytes, None when they are gone."""
    row = await tx.first(select(payloads.c.body).where(payloads.c.id == payload_id))
    return bytes(row.body) if row else None


async def listing(
    tx: Tx,
    *,
    customer_id: CustomerId | None = None,
    types: Iterable[str] = (),
    after_seq: int = 0,
    limit: int | None = None,
    newest_first: bool = False,
) -> list[RecordedEvent]:
    """Return events joined with their payloads, in the order they were recorded (or newest first)."""
    statement = _joined().where(events.c.seq > after_seq)
    if customer_id is not None:
        statement = statement.where(events.c.customer_id == customer_id)
    if wanted := tuple(types):
        statement = statement.where(events.c.type.in_(wanted))
    statement = statement.order_by(events.c.seq.desc() if newest_first else events.c.seq)
    return [_recorded(row) for row in await tx.all(statement.limit(limit) if limit else statement)]


async def stream(tx: Tx, *, customer_id: CustomerId) -> AsyncIterator[RecordedEvent]:
    """Yield one customer's events oldest first, without holding them all."""
    statement = _joined().where(events.c.customer_id == customer_id).order_by(events.c.seq)
    async for row in tx.stream(statement):
        yield _recorded(row)


async def count(tx: Tx) -> int:
    """Return how many events are on record."""
    row = await tx.first(select(func.count()).select_from(events))
    return int(row[0]) if row else 0


def _joined() -> Any:
    return select(events, payloads.c.body).join(payloads, payloads.c.id == events.c.payload_id, isouter=True)


def _recorded(row: Any) -> RecordedEvent:
    return RecordedEvent(
        seq=row.seq,
        id=row.id,
        type=row.type,
        at=row.at,
        actor=row.actor,
        customer_id=row.customer_id,
        case_id=row.case_id,
        policy_version=row.policy_version,
        refs=row.refs,
        commitment=row.commitment,
        payload=json.loads(row.body) if row.body is not None else {},
    )
