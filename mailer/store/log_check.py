"""What checking the log reads: every leaf beside its event and its words, and the bytes that events name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from mailer.store.log_tables import log_leaves
from mailer.store.mail_tables import mails, outbox
from mailer.store.session import Tx
from mailer.store.tables import events, payloads

#: The events that name bytes by their SHA-256, with the word in `refs` that says whose they are.
_NAMING = {"mail.fetched": "mail", "mail.own_copy": "mail", "mail.sent_by_hand": "mail", "reminder.queued": "message"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event's row; `salt` None once its payload is erased."""

    id: str
    at: datetime
    type: str
    actor: str
    customer_id: str | None
    case_id: str | None
    policy_version: str
    refs: dict[str, str]
    commitment: str
    salt: bytes | None
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafRow:
    """A leaf and its event, None when that is gone."""

    seq: int
    hash: bytes
    body: bytes
    event: EventRow | None


async def leaves(tx: Tx, *, start: int) -> AsyncIterator[LeafRow]:
    """Yield the leaves from an index on, in order."""
    statement = (
        select(log_leaves.c.seq.label("leaf_seq"), log_leaves.c.hash, log_leaves.c.body.label("leaf"), events)
        .add_columns(payloads.c.salt, payloads.c.body)
        .select_from(log_leaves)
        .join(events, events.c.seq == log_leaves.c.event_seq, isouter=True)
        .join(payloads, payloads.c.id == events.c.payload_id, isouter=True)
        .where(log_leaves.c.seq >= start)
        .order_by(log_leaves.c.seq)
    )
    async for row in tx.stream(statement):
        event = None if row.id is None else _event(row)
        yield LeafRow(seq=row.leaf_seq, hash=_raw(row.hash), body=_raw(row.leaf), event=event)


async def strays(tx: Tx, *, last_event: int) -> list[str]:
    """Return the ids of events up to the log's last one that have no leaf."""
    statement = (
        select(events.c.id)
        .join(log_leaves, log_leaves.c.event_seq == events.c.seq, isouter=True)
        .where(events.c.seq <= last_event, log_leaves.c.seq.is_(None))
        .order_by(events.c.seq)
    )
    return [row.id for row in await tx.all(statement)]


async def waiting(tx: Tx, *, last_event: int) -> int:
    """Return how many events the log has yet to take up."""
    return len(await tx.all(select(events.c.seq).where(events.c.seq > last_event)))


async def named_bytes(tx: Tx) -> AsyncIterator[tuple[str, str, str]]:
    """Yield (id, SHA-256 as the record names it, SHA-256 of what is kept) of every mail and message still kept."""
    payload_of = {row.id: row.payload_id for table in (mails, outbox) for row in await tx.all(_kept_as(table))}
    statement = (
        select(events.c.refs, events.c.type, payloads.c.body)
        .join(payloads, payloads.c.id == events.c.payload_id)
        .where(events.c.type.in_(_NAMING))
        .order_by(events.c.seq)
    )
    for row in await tx.all(statement):
        of, named = row.refs.get(_NAMING[row.type], ""), _named(row.body)
        present = await tx.first(select(payloads.c.body).where(payloads.c.id == payload_of.get(of, "")))
        if named and present is not None:
            yield of, named, hashlib.sha256(_raw(present.body)).hexdigest()


def _kept_as(table: Any) -> Any:
    return select(table.c.id, table.c.payload_id)


def _named(body: Any) -> str:
    """Return the SHA-256 that a payload names; one that is no JSON any more names none, and is found by its event."""
    try:
        return str(json.loads(_raw(body)).get("sha256") or "")
    except (ValueError, AttributeError, RecursionError):
        return ""


def _raw(value: bytes | str | float) -> bytes:
    """Return a value's bytes; who changes a database of SQLite by hand may leave text where bytes belong."""
    return bytes(value) if isinstance(value, bytes) else str(value).encode()


def _event(row: Any) -> EventRow:
    return EventRow(
        id=row.id,
        at=row.at,
        type=row.type,
        actor=row.actor,
        customer_id=row.customer_id,
        case_id=row.case_id,
        policy_version=row.policy_version,
        refs=row.refs,
        commitment=row.commitment,
        salt=None if row.salt is None else _raw(row.salt),
        payload=b"" if row.body is None else _raw(row.body),
    )
