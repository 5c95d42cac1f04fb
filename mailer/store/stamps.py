"""Time stamps over signed heads: kept as they came, each with the event that tells of it, never changed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from mailer.record.cosignature import COSIGNED
from mailer.record.stamp import OBTAINED, UNVERIFIED
from mailer.store.log_tables import log_checkpoints, log_leaves, log_stamps
from mailer.store.session import Tx
from mailer.store.tables import events, payloads


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStamp:
    """An answer of a time-stamp server over the head of that size; `token`: its bytes."""

    id: str
    size: int
    asked_at: datetime
    token: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldStamp:
    """What the record says of a stamp, and what is kept of it.

    `index`: of the event's leaf, None while it has none. `token`, `note`: None when they are gone.
    """

    id: str
    index: int | None
    type: str
    said: dict[str, Any]
    size: int | None
    token: bytes | None
    note: str | None


async def put(tx: Tx, stamp: KeptStamp) -> None:
    """Keep a stamp."""
    row = {"id": stamp.id, "size": stamp.size, "asked_at": stamp.asked_at, "token": stamp.token}
    await tx.run(insert(log_stamps), [row])


async def last(tx: Tx) -> tuple[int, datetime] | None:
    """Return the size of the largest head with a stamp, and when the newest of its stamps was asked for."""
    order = (log_stamps.c.size.desc(), log_stamps.c.asked_at.desc())
    row = await tx.first(select(log_stamps.c.size, log_stamps.c.asked_at).order_by(*order).limit(1))
    return (int(row.size), row.asked_at) if row else None


async def has_news(tx: Tx, size: int) -> bool:
    """Whether anything but stamps and cosignatures, which would ask for each other, came after `size` leaves."""
    statement = (
        select(log_leaves.c.seq)
        .join(events, events.c.seq == log_leaves.c.event_seq)
        .where(log_leaves.c.seq >= size, events.c.type.not_in((OBTAINED, UNVERIFIED, COSIGNED)))
    )
    return await tx.first(statement.limit(1)) is not None


async def told(tx: Tx) -> AsyncIterator[ToldStamp]:
    """Yield every stamp that the record tells of, oldest first."""
    of = events.c.refs["stamp"].as_string()
    statement = (
        select(
            of.label("of"), log_leaves.c.seq, events.c.type, payloads.c.body,
            log_stamps.c.size, log_stamps.c.token, log_checkpoints.c.note,
        )
        .select_from(events)
        .join(payloads, payloads.c.id == events.c.payload_id, isouter=True)
        .join(log_leaves, log_leaves.c.event_seq == events.c.seq, isouter=True)
        .join(log_stamps, log_stamps.c.id == of, isouter=True)
        .join(log_checkpoints, log_checkpoints.c.size == log_stamps.c.size, isouter=True)
        .where(events.c.type.in_((OBTAINED, UNVERIFIED)))
        .order_by(events.c.seq)
    )  # fmt: skip
    row: Any
    async for row in tx.stream(statement):
        id_, index, type_, body, size, token, note = row
        yield ToldStamp(
            id=str(id_),
            index=index,
            type=type_,
            said=said_in(body),
            size=size,
            token=None if token is None else _raw(token),
            note=note,
        )


async def ids(tx: Tx) -> Sequence[str]:
    """Return the ids of all stamps that are kept."""
    return [row.id for row in await tx.all(select(log_stamps.c.id).order_by(log_stamps.c.asked_at))]


def said_in(body: Any) -> dict[str, Any]:
    """Return what a payload says, nothing when it is gone or none."""
    try:
        said = json.loads(b"" if body is None else _raw(body))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _raw(value: bytes | str | float) -> bytes:
    """Return a value's bytes; who changes a database of SQLite by hand may leave text where bytes belong."""
    return bytes(value) if isinstance(value, bytes) else str(value).encode()
