"""The pace is reckoned from what the database holds, so that a restart forgets nothing and workers share it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from mailer.domain.delivery import OutboxState
from mailer.reminders.pace import DomainPace, PaceLimits, Window, pick
from mailer.store import freezes
from mailer.store.freezes import InMotion
from mailer.store.mail_tables import attempts, outbox
from mailer.store.pace import sent_lately
from mailer.store.session import Store
from mailer.store.tables import customers, invoices

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
ACCOUNT = "ap@mail.example"
LIMITS = PaceLimits(per_minute=3, per_day=5, spacing=timedelta(minutes=2))


async def message(store: Store, number: int, *, state: str = "sent", domain: str = "a.example") -> str:
    """Put a message of a customer of its own into the outbox."""
    who, out = f"cus_{number}", f"out_{number}"
    async with store.transaction() as tx:
        person = {"id": who, "ref": who, "name": who, "email": f"x@{domain}", "contact_name": "", "other_emails": []}
        rest = {"language": "en", "country": "GB", "time_zone": "UTC", "policy": "", "tags": []}
        await tx.run(insert(customers), [person | rest])
        texts = ("sender", "subject", "template", "language", "policy", "policy_version", "main_step_id", "result_text")
        times = dict.fromkeys(("created_at", "due_at", "useful_until_at"), NOW - timedelta(minutes=1))
        row = {"id": out, "customer_id": who, "state": state, "recipient": f"x@{domain}", "message_id": out}
        numbers = {"payload_id": out, "fence": 1, "attempts": 0}
        await tx.run(insert(outbox), [row | dict.fromkeys(texts, "") | times | numbers])
    return out


async def went_out(
    store: Store, out: str, ago: timedelta, *, outcome: str = "accepted", account: str = ACCOUNT
) -> None:
    async with store.transaction() as tx:
        words = {"text": "", "peer": "", "tls": "", "account": account}
        await tx.run(insert(attempts), [{"outbox_id": out, "fence": 1, "at": NOW - ago, "outcome": outcome} | words])


async def test_what_went_out_or_may_have_counts_by_account_and_time(store: Store) -> None:
    for number, seconds in enumerate((10, 50, 90, 3600, 86_399, 86_401)):
        await went_out(store, await message(store, number), timedelta(seconds=seconds))
    await went_out(store, await message(store, 10), timedelta(seconds=5), outcome="unknown")
    await went_out(store, await message(store, 11), timedelta(seconds=5), outcome="trylater")
    await went_out(store, await message(store, 12), timedelta(seconds=5), account="other@mail.example")
    async with store.reading() as tx:
        found = await sent_lately(tx, ACCOUNT, LIMITS, NOW)
    assert found.minute == Window(many=3, oldest_at=NOW - timedelta(seconds=50))
    assert found.day == Window(many=6, oldest_at=NOW - timedelta(seconds=86_399))
    assert pick(LIMITS, found, [("1", "x@b.example")], NOW).ids == ()


async def test_a_message_whose_worker_died_in_data_counts_though_it_has_no_attempt(store: Store) -> None:
    out = await message(store, 1, state="unknown")
    async with store.transaction() as tx:
        await tx.run(update(outbox).where(outbox.c.id == out).values(finished_at=NOW - timedelta(seconds=30)))
    async with store.reading() as tx:
        assert (await sent_lately(tx, ACCOUNT, LIMITS, NOW)).minute.many == 1
    await went_out(store, out, timedelta(seconds=30), outcome="unknown")
    async with store.reading() as tx:
        assert (await sent_lately(tx, ACCOUNT, LIMITS, NOW)).minute.many == 1, "and never twice"


async def test_messages_in_flight_and_the_last_of_each_domain_are_known(store: Store) -> None:
    await message(store, 1, state="leased", domain="A.example")
    await message(store, 2, state="in_data", domain="b.example")
    await went_out(store, await message(store, 3, domain="a.example"), timedelta(seconds=100))
    await went_out(store, await message(store, 4, domain="a.example"), timedelta(seconds=40))
    await went_out(store, await message(store, 5, domain="c.example"), timedelta(seconds=130))
    async with store.reading() as tx:
        found = await sent_lately(tx, ACCOUNT, LIMITS, NOW)
    assert found.in_flight == 2
    assert found.domains == {
        "a.example": DomainPace(in_flight=1, last_at=NOW - timedelta(seconds=40)),
        "b.example": DomainPace(in_flight=1),
    }
    async with store.reading() as tx:
        unlimited = await sent_lately(tx, ACCOUNT, replace(LIMITS, per_minute=0, per_day=0), NOW)
    assert (unlimited.minute, unlimited.day) == (Window(), Window())


@pytest.mark.parametrize("state", [OutboxState.QUEUED, OutboxState.LEASED, OutboxState.IN_DATA, OutboxState.SENT])
async def test_the_breaker_sees_each_message_once_wherever_it_is(store: Store, state: OutboxState) -> None:
    out = await message(store, 1, state=state.value)
    if state is OutboxState.SENT:
        await went_out(store, out, timedelta(hours=23))
        await went_out(store, out, timedelta(hours=22), outcome="unknown")
    since = NOW - timedelta(hours=24)
    async with store.reading() as tx:
        is_due = state in (OutboxState.QUEUED, OutboxState.LEASED)
        expected = InMotion(due=int(is_due), gone=int(not is_due), customers=1)
        assert await freezes.in_motion(tx, NOW, since) == expected
    async with store.transaction() as tx:
        await tx.run(update(outbox).values(released_at=NOW))
    async with store.reading() as tx:
        nothing = InMotion(due=0, gone=0, customers=0)
        assert await freezes.in_motion(tx, NOW, since) == nothing, "what a person released is judged no more"


async def test_ordinary_days_are_counted_without_today(store: Store) -> None:
    for number, days in enumerate((0, 1, 1, 2, 2, 2, 29, 31, 40)):
        await went_out(store, await message(store, number), timedelta(days=days))
    async with store.reading() as tx:
        assert sorted(await freezes.daily(tx, NOW)) == [1, 2, 3]


async def test_customers_with_open_invoices_are_counted_once(store: Store) -> None:
    for number in (1, 2, 3):
        await message(store, number)
    owed = [
        ("1", "cus_1", 100, None),
        ("2", "cus_1", 100, None),
        ("3", "cus_2", 0, None),
        ("4", "cus_3", 5, "disputed"),
    ]
    async with store.transaction() as tx:
        for name, who, open_minor, closing in owed:
            row = {"id": f"inv_{name}", "customer_id": who, "number": name, "number_key": name, "reference": ""}
            days = {"issued_on": NOW.date(), "due_on": NOW.date()}
            money = {"currency": "EUR", "total_minor": 100, "open_minor": open_minor, "closing": closing}
            await tx.run(insert(invoices), [row | days | money])
    async with store.reading() as tx:
        assert await freezes.owing(tx) == 1
