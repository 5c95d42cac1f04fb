"""A rung is said once, a message is leased once, and an old fence may not act."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Select

from mailer.domain.case import StepHow
from mailer.domain.customer import Customer
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import CustomerId, InvoiceId, OutboxId, StepId
from mailer.domain.invoice import Invoice
from mailer.domain.message import ListedInvoice, OutboxMessage
from mailer.domain.money import Money
from mailer.store import case_facts, customers, deliveries, invoices, outbox, state
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Store, Taken

NOW = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)
EURO = Money(minor=5000, currency="EUR")
ME = CustomerId("cus_1")


async def _ledger(store: Store) -> None:
    customer = Customer(id=ME, ref="K1", name="Alder", email="Ap@alder.example", other_emails=("x@alder.example",))
    invoice = Invoice(
        id=InvoiceId("inv_1"),
        customer_id=ME,
        number="INV-1",
        issued_on=date(2026, 8, 1),
        due_on=date(2026, 9, 1),
        total=EURO,
        open=EURO,
    )
    async with store.transaction() as tx:
        await customers.save(tx, [customer])
        await invoices.save(tx, [(invoice, "INV1")])


def _entry(number: int, step: str = "friendly") -> OutboxEntry:
    listed = ListedInvoice(invoice_id=InvoiceId("inv_1"), step_id=StepId(step), cycle=0, open=EURO)
    message = OutboxMessage(
        id=OutboxId(f"out_{number}"),
        customer_id=ME,
        recipient="ap@alder.example",
        sender="a@b.example",
        message_id=f"{number}@b.example",
        subject="Hello",
        template="friendly",
        language="en",
        policy="standard",
        policy_version="1",
        listed=(listed,),
        created_at=NOW,
        useful_until_at=LATER,
    )
    return OutboxEntry(
        message=message,
        state=OutboxState.QUEUED,
        main_step_id=StepId(step),
        payload_id="p",
        case_id=None,
        due_at=NOW,
        finished_at=None,
        result_text="",
    )


async def _enqueue(store: Store, entry: OutboxEntry) -> None:
    async with store.transaction() as tx:
        await outbox.enqueue(tx, entry)


def _all(waiting: Sequence[tuple[str, str]]) -> list[str]:
    return [one for one, _ in waiting]


async def _lease(store: Store, owner: str = "w1") -> OutboxEntry | None:
    async with store.transaction() as tx:
        taken = await deliveries.lease(tx, owner=owner, now=NOW, until_at=LATER, skip=(), most=1, choose=_all)
    return next(iter(taken), None)


async def _move(store: Store, to: OutboxState, fence: int) -> bool:
    async with store.transaction() as tx:
        return await deliveries.move(tx, OutboxId("out_1"), to, fence=fence, now=NOW, lease_until_at=LATER)


async def test_a_second_message_for_the_same_rung_is_refused_whole(store: Store) -> None:
    await _ledger(store)
    await _enqueue(store, _entry(1))
    with pytest.raises(Taken):
        await _enqueue(store, _entry(2))
    async with store.reading() as tx:
        assert [e.message.id for e in await outbox.listing(tx)] == ["out_1"]


async def test_freed_rungs_can_be_claimed_again(store: Store) -> None:
    await _ledger(store)
    await _enqueue(store, _entry(1))
    async with store.transaction() as tx:
        await outbox.free_steps(tx, OutboxId("out_1"))
    await _enqueue(store, _entry(2))


async def test_twenty_workers_lease_five_messages_once_each(store: Store) -> None:
    await _ledger(store)
    for number in range(5):
        await _enqueue(store, _entry(number, step=f"s{number}"))
    taken = await asyncio.gather(*(_lease(store, f"w{n}") for n in range(20)))
    ids = [entry.message.id for entry in taken if entry]
    assert len(ids) == len(set(ids))
    assert len(ids) == 5 or store.dialect == "postgresql"  # skipping locked rows may leave some for the next round


async def test_an_old_fence_may_not_act(store: Store) -> None:
    await _ledger(store)
    await _enqueue(store, _entry(1))
    first = await _lease(store)
    assert first is not None
    assert await _move(store, OutboxState.QUEUED, first.message.fence)  # its lease ran out
    second = await _lease(store, "w2")
    assert second is not None
    assert not await _move(store, OutboxState.IN_DATA, first.message.fence)
    assert await _move(store, OutboxState.IN_DATA, second.message.fence)


@pytest.mark.parametrize("to", [OutboxState.SENT, OutboxState.UNKNOWN])
async def test_nothing_is_sent_or_unknown_before_data_was_announced(store: Store, to: OutboxState) -> None:
    await _ledger(store)
    await _enqueue(store, _entry(1))
    leased = await _lease(store)
    assert leased is not None
    assert not await _move(store, to, leased.message.fence)


async def test_sent_is_the_end(store: Store) -> None:
    await _ledger(store)
    await _enqueue(store, _entry(1))
    leased = await _lease(store)
    assert leased is not None
    fence = leased.message.fence
    assert await _move(store, OutboxState.IN_DATA, fence)
    assert await _move(store, OutboxState.SENT, fence)
    for to in OutboxState:
        assert not await _move(store, to, fence)


async def test_the_facts_know_rungs_contacts_and_freshness(store: Store) -> None:
    await _ledger(store)
    await _enqueue(store, _entry(1))
    async with store.transaction() as tx:
        await state.confirm_ledger(tx, NOW)
        await outbox.mark_steps(tx, StepHow.SENT, NOW, outbox_id="out_1")
        facts = await case_facts.load_one(tx, ME, now=NOW)
        without = await case_facts.load_one(tx, ME, now=NOW, without_outbox=["out_1"])
    assert facts is not None
    assert without is not None
    assert [(s.step_id, s.how) for s in facts.steps] == [("friendly", StepHow.SENT)]
    assert (facts.last_contact_at, facts.data_as_of, without.last_contact_at) == (NOW, NOW, None)


@pytest.mark.parametrize("said", ["cus_1", "K1", "INV-1", "AP@alder.example", "x@ALDER.example", "alde"])
async def test_a_customer_is_found_by_whatever_a_person_would_type(store: Store, said: str) -> None:
    await _ledger(store)
    async with store.reading() as tx:
        assert [c.id for c in await customers.find(tx, said)] == [ME]


async def test_a_number_that_means_two_customers_gives_both(store: Store) -> None:
    await _ledger(store)
    other = Customer(id=CustomerId("cus_2"), ref="INV-1", name="Cobalt", email="")
    async with store.transaction() as tx:
        await customers.save(tx, [other])
        assert {c.id for c in await customers.find(tx, "INV-1")} == {ME, "cus_2"}


async def test_only_one_worker_holds_a_lease_until_it_runs_out(store: Store) -> None:
    async with store.transaction() as tx:
        assert await state.lease(tx, "poll", "a", now=NOW, until_at=LATER)
        assert not await state.lease(tx, "poll", "b", now=NOW, until_at=LATER)
        assert await state.lease(tx, "poll", "b", now=LATER, until_at=LATER + timedelta(minutes=1))


@pytest.mark.parametrize("statement", [deliveries._HELD, deliveries._LAST_EVENTS, deliveries._CONTENTS, outbox._LISTED])
async def test_what_every_commit_asks_is_found_by_keys_however_much_there_is(
    store: Store, statement: Select[Any]
) -> None:
    spoken = str(statement.compile(store.engine, compile_kwargs={"render_postcompile": True}))
    async with store.reading() as tx:
        if tx.dialect == "sqlite":
            rows = await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {spoken}", ('["x"]',))
            steps = [str(row.detail) for row in rows]
            scanned = [step for step in steps if step.startswith("SCAN") and "json_each" not in step]
        else:
            await tx.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # else an empty table is read whole
            rows = await tx.connection.exec_driver_sql(f"EXPLAIN {spoken}", (["x"],))
            scanned = [row[0] for row in rows if "Seq Scan" in row[0]]
    assert scanned == []
