"""Cosignatures of witnesses over signed heads: kept as they came, each with the event that tells of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from mailer.record.cosignature import COSIGNED
from mailer.store.log_tables import log_checkpoints, log_cosignatures, log_leaves
from mailer.store.session import Tx
from mailer.store.stamps import said_in
from mailer.store.tables import events, payloads


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCosignature:
    """A witness's cosignature over the head of that size; `witness`: its public key (vkey), `line`: of the note."""

    id: str
    size: int
    witness: str
    asked_at: datetime
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldCosignature:
    """What the record says of a cosignature, and what is kept of it (None when it is gone).

    `index`: of the event's leaf, None while it has none.
    """

    id: str
    index: int | None
    said: dict[str, Any]
    size: int | None
    line: str | None
    note: str | None


async def put(tx: Tx, one: KeptCosignature) -> None:
    """Keep a cosignature."""
    row = {"id": one.id, "size": one.size, "witness": one.witness, "asked_at": one.asked_at, "line": one.line}
    await tx.run(insert(log_cosignatures), [row])


async def last(tx: Tx, witness: str) -> tuple[int, datetime] | None:
    """Return the size that this witness cosigned last, and when it was asked; None for none."""
    statement = (
        select(log_cosignatures.c.size, log_cosignatures.c.asked_at)
        .where(log_cosignatures.c.witness == witness)
        .order_by(log_cosignatures.c.asked_at.desc(), log_cosignatures.c.size.desc())
    )
    row = await tx.first(statement.limit(1))
    return (int(row.size), row.asked_at) if row else None


async def over(tx: Tx, size: int) -> Sequence[str]:
    """Return the lines over the head of that size, one of each witness, in the order they came."""
    statement = select(log_cosignatures.c.witness, log_cosignatures.c.line).where(log_cosignatures.c.size == size)
    rows = await tx.all(statement.order_by(log_cosignatures.c.asked_at, log_cosignatures.c.id))
    return tuple({row.witness: row.line for row in rows}.values())


async def told(tx: Tx) -> AsyncIterator[ToldCosignature]:
    """Yield every cosignature that the record tells of, oldest first."""
    of = events.c.refs["cosignature"].as_string()
    statement = (
        select(
            of.label("of"), log_leaves.c.seq, payloads.c.body,
            log_cosignatures.c.size, log_cosignatures.c.line, log_checkpoints.c.note,
        )
        .select_from(events)
        .join(payloads, payloads.c.id == events.c.payload_id, isouter=True)
        .join(log_leaves, log_leaves.c.event_seq == events.c.seq, isouter=True)
        .join(log_cosignatures, log_cosignatures.c.id == of, isouter=True)
        .join(log_checkpoints, log_checkpoints.c.size == log_cosignatures.c.size, isouter=True)
        .where(events.c.type == COSIGNED)
        .order_by(events.c.seq)
    )  # fmt: skip
    row: Any
    async for row in tx.stream(statement):
        id_, index, body, size, line, note = row
        yield ToldCosignature(id=str(id_), index=index, said=said_in(body), size=size, line=line, note=note)


async def ids(tx: Tx) -> Sequence[str]:
    """Return the ids of all cosignatures that are kept."""
    return [row.id for row in await tx.all(select(log_cosignatures.c.id).order_by(log_cosignatures.c.asked_at))]
