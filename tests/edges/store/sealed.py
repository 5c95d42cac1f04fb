"""Making events and looking at the log they went into."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from mailer.domain.ids import CustomerId, MailId
from mailer.flows.keep_log import LogKeeper
from mailer.flows.recording import happened
from mailer.flows.verify_record import verify_record
from mailer.store import events, log, log_check
from mailer.store.inbox import StoredMail
from mailer.store.session import Store

NOW = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)


async def happen(store: Store, many: int, customer: str = "cus_1") -> None:
    async with store.transaction() as tx:
        made = [
            happened(
                "note.added", now=NOW, actor="person:1", customer_id=CustomerId(customer), payload={"text": f"é{n}"}
            )
            for n in range(many)
        ]
        await events.record(tx, made)


def kept_mail(number: int, raw: bytes) -> StoredMail:
    """The row of a mail whose bytes are kept as raw_<number>."""
    return StoredMail(
        id=MailId(f"mail_{number}"),
        mailbox="m",
        folder="INBOX",
        uidvalidity=1,
        uid=number,
        sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
        payload_id=f"raw_{number}",
        fetched_at=NOW,
        internal_at=None,
        history=False,
    )


async def size_of(store: Store) -> int:
    async with store.reading() as tx:
        return (await log.edge(tx))[0]


def no_tag(_index: int, _body: bytes, _case_id: str | None, _customer_id: str | None) -> str:
    return ""


async def is_whole(keeper: LogKeeper, size: int) -> None:
    """The log holds every event once, in their order, and verifies."""
    async with keeper.store.reading() as tx:
        rows = [row async for row in log_check.leaves(tx, start=0, tag=no_tag)]
        listed = await events.listing(tx)
    assert [row.event.id if row.event else "" for row in rows] == [event.id for event in listed]
    assert len(rows) == size
    found = await verify_record(keeper.store, keeper.data)
    assert (found.findings, found.leaves, found.waiting) == ((), size, 0)
