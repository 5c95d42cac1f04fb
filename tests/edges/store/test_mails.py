"""A mail is found by its Message-ID, however long a stranger made it, without reading all others."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from mailer.domain.ids import CustomerId, MailId
from mailer.store import inbox
from mailer.store.inbox import DONE, StoredMail
from mailer.store.session import Store

NOW = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
#: Four octets each: too many for an entry of a tree in PostgreSQL.
LONG = "\U0001f4b6" * 998


def _mail(number: int, message_id: str) -> StoredMail:
    return StoredMail(
        id=MailId(f"mail_{number}"),
        mailbox="us",
        folder="INBOX",
        uidvalidity=1,
        uid=number,
        sha256=f"{number:064}",
        size=1,
        payload_id="",
        fetched_at=NOW,
        internal_at=None,
        history=False,
        customer_id=CustomerId("cus_1"),
        state=DONE,
        message_id=message_id,
    )


async def test_a_mail_is_found_by_a_message_id_of_any_length(store: Store) -> None:
    async with store.transaction() as tx:
        await inbox.add(tx, [_mail(1, LONG), _mail(2, "a@b.example")])
    async with store.reading() as tx:
        found = await inbox.by_message_ids(tx, [LONG, "a@b.example", "other@b.example"])
    assert {one.id for one in found} == {"mail_1", "mail_2"}


async def test_looking_a_message_id_up_does_not_read_all_mails(store: Store) -> None:
    plan = "EXPLAIN QUERY PLAN" if store.engine.dialect.name == "sqlite" else "EXPLAIN"
    async with store.engine.connect() as connection:
        if store.engine.dialect.name == "postgresql":
            await connection.execute(text("SET enable_seqscan = off"))  # the table is empty: reading it all is quickest
        rows = await connection.execute(text(plan + " SELECT id FROM mails WHERE message_id IN ('a@b', 'c@d')"))  # noqa: S608 - ours
        assert "ix_mails_message_id" in " ".join(map(str, rows.all()))
