"""What checking the log reads: every leaf beside its event and its words, and the bytes that events name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from sqlalchemy import func, select

from mailer.record.reign import RESTARTED, ROTATED
from mailer.record.tampering import Entry, EventFacts
from mailer.store.log_tables import log_leaves
from mailer.store.mail_tables import authentications, mails, outbox
from mailer.store.session import Tx
from mailer.store.tables import events, payloads

#: The events that name bytes by their SHA-256: where these are kept, and the word in `refs` that says whose they are.
_NAMING = (
    (mails, mails.c.payload_id, "mail", ("mail.fetched", "mail.own_copy", "mail.sent_by_hand")),
    (outbox, outbox.c.payload_id, "message", ("reminder.queued",)),
    (authentications, authentications.c.id, "authentication", ("mail.authenticated",)),
)
#: What is read of an event, in this order.
_EVENT = (
    events.c.id,
    events.c.at,
    events.c.type,
    events.c.actor,
    events.c.customer_id,
    events.c.case_id,
    events.c.policy_version,
    events.c.refs,
    events.c.commitment,
)
#: Gives the tag that the leaf of an index and of these bytes should have, for a case, else for a customer.
Tag = Callable[[int, bytes, str | None, str | None], str]
#: How many bytes of mail are read at a time, and of how many mails.
_MOST_BYTES, _MOST_ROWS = 4_000_000, 200


async def leaves(tx: Tx, *, start: int, tag: Tag) -> AsyncIterator[Entry]:
    """Yield the leaves from an index on, in order, each beside its event and the words of that."""
    statement = (
        select(log_leaves.c.seq, log_leaves.c.hash, log_leaves.c.body, *_EVENT, payloads.c.salt, payloads.c.body)
        .select_from(log_leaves)
        .join(events, events.c.seq == log_leaves.c.event_seq, isouter=True)
        .join(payloads, payloads.c.id == events.c.payload_id, isouter=True)
        .where(log_leaves.c.seq >= start)
        .order_by(log_leaves.c.seq)
    )
    found: Any
    async for found in tx.stream(statement):
        seq, hash_, body, *row = found
        leaf = _raw(body)
        event = None if row[0] is None else _event(row, tag(seq, leaf, row[5], row[4]))
        yield Entry(index=seq, hash=_raw(hash_), body=leaf, event=event)


async def strays(tx: Tx, *, last_event: int) -> list[str]:
    """Return the ids of events up to the log's last one that have no leaf."""
    statement = (
        select(events.c.id)
        .join(log_leaves, log_leaves.c.event_seq == events.c.seq, isouter=True)
        .where(events.c.seq <= last_event, log_leaves.c.seq.is_(None))
        .order_by(events.c.seq)
    )
    return [row.id for row in await tx.all(statement)]


async def handovers(tx: Tx) -> list[dict[str, Any]]:
    """Return what the events say by which one key of the log followed another, oldest first."""
    statement = (
        select(payloads.c.body)
        .join(events, events.c.payload_id == payloads.c.id)
        .where(events.c.type.in_((RESTARTED, ROTATED)))
        .order_by(events.c.seq)
    )
    return [said for row in await tx.all(statement) if (said := _json(row.body))]


async def waiting(tx: Tx, *, last_event: int) -> int:
    """Return how many events the log has yet to take up."""
    row = await tx.first(select(func.count()).select_from(events).where(events.c.seq > last_event))
    return int(row[0]) if row else 0


async def named_bytes(tx: Tx) -> AsyncIterator[tuple[str, str, str]]:
    """Yield (id, SHA-256 as the record names it, SHA-256 of what is kept) of every mail and message still kept.

    However much is kept, only a few megabytes of it are held at a time.
    """
    for table, place, word, types in _NAMING:
        of = events.c.refs[word].as_string()
        words, kept = payloads.alias("words"), payloads.alias("kept")
        statement = (
            select(of, words.c.body, kept.c.id, func.length(kept.c.body))
            .select_from(events)
            .join(words, words.c.id == events.c.payload_id)
            .join(table, table.c.id == of)
            .join(kept, kept.c.id == place)
            .where(events.c.type.in_(types))
        )
        part: list[tuple[str, str, str]] = []
        size = 0
        row: Any
        async for row in tx.stream(statement):
            about, said, payload_id, length = row
            if named := _named(said):
                part.append((about, named, payload_id))
                size += length
            if size >= _MOST_BYTES or len(part) >= _MOST_ROWS:
                for one in await _sums(tx, part):
                    yield one
                part, size = [], 0
        for one in await _sums(tx, part):
            yield one


async def _sums(tx: Tx, part: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return the hashes of what is kept in the places of (id, named hash, payload id)."""
    wanted = sorted({payload_id for _, _, payload_id in part})
    rows = await tx.all(select(payloads.c.id, payloads.c.body).where(payloads.c.id.in_(wanted)))
    sums = {id_: hashlib.sha256(_raw(body)).hexdigest() for id_, body in map(tuple, rows)}
    return [(of, named, sums[payload_id]) for of, named, payload_id in part]


def _named(body: Any) -> str:
    """Return the SHA-256 that a payload names; one that is no JSON any more names none, and is found by its event."""
    return str(_json(body).get("sha256") or "")


def _json(body: Any) -> dict[str, Any]:
    try:
        said = json.loads(_raw(body))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _raw(value: bytes | str | float) -> bytes:
    """Return a value's bytes; who changes a database of SQLite by hand may leave text where bytes belong."""
    return bytes(value) if isinstance(value, bytes) else str(value).encode()


def _event(row: Sequence[Any], tag: str) -> EventFacts:
    event_id, at, type_, actor, customer_id, case_id, policy_version, refs, commit, salt, body = row
    payload = b"" if body is None else _raw(body)
    return EventFacts(
        id=event_id,
        at=at,
        type=type_,
        actor=actor,
        case_tag=tag,
        commit=commit,
        customer_id=customer_id,
        case_id=case_id,
        policy_version=policy_version,
        refs=refs,
        salt=None if salt is None else _raw(salt),
        payload_sha256=b"" if salt is None else hashlib.sha256(payload).digest(),
        payload=payload,
    )
