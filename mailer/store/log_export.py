"""What a case file takes from the log: every leaf up to a size, with what its event's row says and no words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from mailer.store.log_tables import log_leaves
from mailer.store.session import Tx
from mailer.store.tables import events


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """A leaf (`body` verbatim) and its event's row; `event_seq` None when the event is gone."""

    index: int
    hash: bytes
    body: bytes
    event_seq: int | None
    type: str
    at: datetime | None
    customer_id: str | None
    refs: dict[str, str]


async def logged(tx: Tx, size: int) -> AsyncIterator[LoggedEvent]:
    """Yield the first `size` leaves in order, without holding them all."""
    statement = (
        select(log_leaves.c.seq.label("leaf_seq"), log_leaves.c.hash, log_leaves.c.body)
        .add_columns(events.c.seq, events.c.type, events.c.at, events.c.customer_id, events.c.refs)
        .select_from(log_leaves)
        .join(events, events.c.seq == log_leaves.c.event_seq, isouter=True)
        .where(log_leaves.c.seq < size)
        .order_by(log_leaves.c.seq)
    )
    async for row in tx.stream(statement):
        yield LoggedEvent(
            index=int(row.leaf_seq),
            hash=bytes(row.hash),
            body=bytes(row.body),
            event_seq=row.seq,
            type=row.type or "",
            at=row.at,
            customer_id=row.customer_id,
            refs=row.refs or {},
        )


async def leaf_at(tx: Tx, index: int) -> bytes:
    """Return a leaf, verbatim, b"" when it is not there."""
    row = await tx.first(select(log_leaves.c.body).where(log_leaves.c.seq == index))
    return bytes(row.body) if row else b""
