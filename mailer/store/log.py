"""The log over the record: leaves, kept nodes, signed heads. They are added in order, by one at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from mailer.store.customers import chunks
from mailer.store.log_tables import log_checkpoints, log_leaves, log_nodes
from mailer.store.session import Tx
from mailer.store.tables import events

#: Which advisory lock says "the log is being written" (PostgreSQL); any number that nobody else takes.
_LOCK = 7_014_902_611
#: How long writers of events may be kept waiting by `settled`, in milliseconds.
_PATIENCE_MS = 1000


class EventsBusy(Exception):
    """Somebody writes events for longer than others may be kept waiting; the log follows in the next round."""


class NewLeaf(NamedTuple):
    """A leaf to append, as its row (columns of `log_leaves`); `case_tag` None for an event about no case."""

    seq: int
    event_seq: int
    case_tag: str | None
    case_seq: int
    hash: bytes
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """A head as it was signed: the tree's size, when, and the note."""

    size: int
    signed_at: datetime
    note: str


async def settled(tx: Tx) -> int:
    """Return the seq up to which no event can appear any more (0: none); keeps no lock beyond this transaction.

    PostgreSQL gives numbers before it commits, so that a lower one may show after a higher one. A SHARE lock is granted
    when every transaction that wrote events is over, and keeps new ones from beginning to, for that moment. Raises
    EventsBusy.
    """
    if tx.dialect != "sqlite":
        await tx.connection.execute(text(f"SET LOCAL lock_timeout = {_PATIENCE_MS}"))
        try:
            await tx.connection.execute(text("LOCK TABLE events IN SHARE MODE"))
        except DBAPIError as problem:
            if "LockNotAvailable" in str(problem.orig) or "lock timeout" in str(problem.orig):
                raise EventsBusy("events are being written by a long transaction") from problem
            raise
    row = await tx.first(select(func.max(events.c.seq)))
    return int(row[0] or 0) if row else 0


async def alone(tx: Tx) -> bool:
    """Whether this transaction is the only one that writes the log; SQLite has but one writer."""
    if tx.dialect == "sqlite":
        return True
    row = await tx.first(select(func.pg_try_advisory_xact_lock(_LOCK)))
    return bool(row and row[0])


async def edge(tx: Tx) -> tuple[int, int]:
    """Return the log's size, and the seq of the last event in it (0: none)."""
    row = await tx.first(select(log_leaves.c.seq, log_leaves.c.event_seq).order_by(log_leaves.c.seq.desc()).limit(1))
    return (int(row.seq) + 1, int(row.event_seq)) if row else (0, 0)


async def pending(tx: Tx, *, after: int, upto: int, limit: int) -> Sequence[Any]:
    """Return the rows of the events that come next, oldest first."""
    columns = (events.c.seq, events.c.at, events.c.type, events.c.actor, events.c.customer_id, events.c.case_id)
    statement = select(*columns, events.c.commitment).where(events.c.seq > after, events.c.seq <= upto)
    return await tx.all(statement.order_by(events.c.seq).limit(limit))


async def append(tx: Tx, leaves: Sequence[NewLeaf], nodes: Sequence[tuple[int, int, bytes]]) -> None:
    """Append leaves, and the nodes (level, number, hash) that they completed. Raises Taken when another did."""
    await tx.load(log_leaves, leaves)
    await tx.load(log_nodes, nodes)


async def kept(tx: Tx, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Return kept hashes by (level, number); those that are not there are missing."""
    found: dict[tuple[int, int], bytes] = {}
    for level, first, last in _runs(sorted(wanted)):
        if level == 0:
            numbers, hashes = log_leaves.c.seq, log_leaves.c.hash
            statement = select(numbers.label("number"), hashes.label("hash")).where(numbers.between(first, last))
        else:
            statement = select(log_nodes.c.number, log_nodes.c.hash).where(
                log_nodes.c.level == level, log_nodes.c.number.between(first, last)
            )
        found.update({(level, row.number): bytes(row.hash) for row in await tx.all(statement)})
    return found


async def nodes(tx: Tx) -> dict[tuple[int, int], bytes]:
    """Return every kept hash above the leaves."""
    return {(row.level, row.number): bytes(row.hash) for row in await tx.all(select(log_nodes))}


async def last_of_tags(tx: Tx, tags: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    """Return the last place and leaf hash of each of these case tags."""
    found: dict[str, tuple[int, bytes]] = {}
    for part in chunks(tags):
        found.update(await _last(tx, log_leaves.c.case_tag.in_(part)))
    return found


async def last_about(tx: Tx, case_id: str | None, customer_id: str | None) -> bytes:
    """Return the hash of the last leaf about a case, else about a customer and no case, whatever its tag; b"": none."""
    about = (
        events.c.case_id == case_id if case_id else events.c.case_id.is_(None) & (events.c.customer_id == customer_id)
    )
    statement = select(log_leaves.c.hash).join(events, events.c.seq == log_leaves.c.event_seq).where(about)
    row = await tx.first(statement.order_by(log_leaves.c.seq.desc()).limit(1))
    return bytes(row.hash) if row else b""


async def tags_before(tx: Tx, size: int) -> dict[str, tuple[int, bytes]]:
    """Return the last place and leaf hash of every case tag in the log's first `size` leaves."""
    return await _last(tx, (log_leaves.c.seq < size) & log_leaves.c.case_tag.is_not(None))


async def _last(tx: Tx, where: Any) -> dict[str, tuple[int, bytes]]:
    tag, place = log_leaves.c.case_tag, func.max(log_leaves.c.case_seq).label("place")
    last = select(tag.label("tag"), place).where(where).group_by(tag).subquery()
    joined = select(last.c.tag, last.c.place, log_leaves.c.hash).join(
        log_leaves, (tag == last.c.tag) & (log_leaves.c.case_seq == last.c.place)
    )
    return {row.tag: (int(row.place), bytes(row.hash)) for row in await tx.all(joined)}


async def last_head(tx: Tx) -> SignedHead | None:
    """Return the newest signed head."""
    row = await tx.first(select(log_checkpoints).order_by(log_checkpoints.c.size.desc()).limit(1))
    return _head(row) if row else None


async def head_of(tx: Tx, size: int) -> SignedHead | None:
    """Return the signed head of a tree of that size, None when it was not signed."""
    row = await tx.first(select(log_checkpoints).where(log_checkpoints.c.size == size))
    return _head(row) if row else None


async def heads(tx: Tx) -> AsyncIterator[SignedHead]:
    """Yield every signed head, the smallest tree first."""
    async for row in tx.stream(select(log_checkpoints).order_by(log_checkpoints.c.size)):
        yield _head(row)


async def put_head(tx: Tx, head: SignedHead) -> None:
    """Keep a signed head. Raises Taken when there is one of that size."""
    await tx.run(insert(log_checkpoints), [{"size": head.size, "signed_at": head.signed_at, "note": head.note}])


async def leaf_of_event(tx: Tx, said: str) -> tuple[int, bytes] | None:
    """Return index and body of the leaf of an event, by its id or its number in the record; None for no leaf (yet)."""
    wanted = events.c.seq == int(said) if said.isdecimal() and len(said) < 19 else events.c.id == said  # noqa: PLR2004 - 64 bits
    statement = select(log_leaves.c.seq, log_leaves.c.body).join(events, events.c.seq == log_leaves.c.event_seq)
    row = await tx.first(statement.where(wanted))
    return (int(row.seq), bytes(row.body)) if row else None


def _runs(wanted: Sequence[tuple[int, int]]) -> Iterable[tuple[int, int, int]]:
    """Give sorted (level, number) as runs (level, first, last) of numbers without a gap."""
    start = 0
    for place in range(1, len(wanted) + 1):
        if place == len(wanted) or wanted[place] != (wanted[place - 1][0], wanted[place - 1][1] + 1):
            yield wanted[start][0], wanted[start][1], wanted[place - 1][1]
            start = place


def _head(row: Any) -> SignedHead:
    return SignedHead(size=int(row.size), signed_at=row.signed_at, note=row.note)
