"""What only one may do at a time is done by one, and bytes go only when their row goes with them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mailer.domain.ids import CustomerId, MailId
from mailer.store import events, inbox, state
from mailer.store.inbox import DONE, MATCHED, StoredMail
from mailer.store.session import Store

NOW = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=15)


async def test_of_two_first_takers_one_gets_the_lease(store: Store) -> None:
    async def second() -> bool:
        async with store.transaction() as tx:
            return await state.lease(tx, "poll", "b", now=NOW, until_at=UNTIL)

    async with store.transaction() as tx:
        assert await state.lease(tx, "poll", "a", now=NOW, until_at=UNTIL)
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.3)  # it has looked, and waits for this transaction to end
    assert not await waiting


async def test_a_lease_is_renewed_by_its_owner_and_taken_over_when_it_has_run_out(store: Store) -> None:
    later = UNTIL + timedelta(minutes=15)
    async with store.transaction() as tx:
        assert await state.lease(tx, "poll", "a", now=NOW, until_at=UNTIL)
        assert await state.lease(tx, "poll", "a", now=NOW, until_at=UNTIL)
        assert not await state.lease(tx, "poll", "b", now=UNTIL - timedelta(seconds=1), until_at=later)
        assert await state.lease(tx, "poll", "b", now=UNTIL, until_at=later)
        assert not await state.lease(tx, "poll", "a", now=UNTIL, until_at=later)
        await state.unlease(tx, "poll", "a")
        assert not await state.lease(tx, "poll", "a", now=UNTIL, until_at=later)
        await state.unlease(tx, "poll", "b")
        assert await state.lease(tx, "poll", "a", now=UNTIL, until_at=later)


async def test_bytes_stay_when_the_mail_was_changed_by_somebody_else_meanwhile(store: Store) -> None:
    mail = StoredMail(
        id=MailId("mail_1"),
        mailbox="m",
        folder="INBOX",
        uidvalidity=1,
        uid=1,
        sha256="0" * 64,
        size=3,
        payload_id="raw_1",
        fetched_at=NOW,
        internal_at=None,
        history=False,
        state=DONE,
    )
    async with store.transaction() as tx:
        await events.keep_payload(tx, payload_id="raw_1", subject_id="", kind="raw_mail", salt=b"1", body=b"raw")
        await inbox.add(tx, [mail])
        assert not await inbox.let_go(tx, replace(mail, state=MATCHED), "read again by another worker")
        assert await inbox.save(tx, replace(mail, customer_id=CustomerId("cus_1")), was=DONE)
        assert not await inbox.let_go(tx, mail, "assigned by a person")
        assert await events.payload(tx, "raw_1") == b"raw"
        assert await inbox.let_go(tx, replace(mail, customer_id=CustomerId("cus_1")), "erased")
        assert await events.payload(tx, "raw_1") is None


async def test_a_budget_is_counted_up_to_its_end_and_never_beyond(store: Store) -> None:
    async def count(most: int) -> bool:
        async with store.transaction() as tx:
            return await state.count_up(tx, "calls:2026-09-07", most=most)

    assert sorted(await asyncio.gather(*(count(3) for _ in range(5)))) == [False, False, True, True, True]
    assert not await count(0)
    assert await count(4)
    async with store.reading() as tx:
        assert await state.get(tx, "calls:2026-09-07") == "4"
