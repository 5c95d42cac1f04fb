"""What must stay right about sending when workers, people and the database get in each other's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta

import pytest

from mailer.channels.channel import BeforeBody, BeforeData, unnoted
from mailer.domain.case import StepHow
from mailer.domain.delivery import OutboxState, Outcome, Unknown
from mailer.domain.ids import OutboxId
from mailer.domain.invoice import InvoiceClosing
from mailer.domain.message import Envelope
from mailer.flows.close_case import close_case
from mailer.flows.plan_reminders import tick
from mailer.flows.policies import Policies
from mailer.flows.resolve_unknown import NotUnknown, resolve
from mailer.flows.send_message import DrainReport, drain, recover
from mailer.flows.trouble import note_inbox_read
from mailer.reminders.policy import policy_from_values
from mailer.store import customers, deliveries, invoices, outbox
from mailer.store.outbox import OutboxEntry
from tests.stories.delivery_peers import AddressedPeer, Peer, UnhurriedStore, flaky
from tests.stories.world import World

DUE = date(2026, 9, 4)
CALL_FIRST = policy_from_values(
    {
        "steps": [
            {"id": "friendly", "when": "1 day after due"},
            {"id": "call", "kind": "call", "when": "6 days after due", "instructions": "Ask."},
            {"id": "second", "when": "12 days after due"},
        ]
    },
    name="calls",
    version="0123456789ab",
)


async def in_outbox(world: World) -> list[OutboxEntry]:
    async with world.app.store.reading() as tx:
        return await outbox.listing(tx)


async def states(world: World) -> list[OutboxState]:
    return [entry.state for entry in await in_outbox(world)]


async def owe_many(world: World, many: int) -> None:
    for place in range(1, many + 1):
        await world.owe(f"INV-{place}", due=DUE, customer=f"K{place}", email=f"ap{place}@alder.example")


def with_policies(world: World, policies: Policies) -> None:
    world.app = replace(world.app, policies=policies)


# --- a message in doubt


@pytest.fixture
async def in_doubt(world: World) -> OutboxId:
    await world.owe("INV-1", due=DUE)
    await tick(world.app.planner())
    await drain(world.app.sender(Peer(outcome=Unknown(text="the link was lost"))))
    (entry,) = await in_outbox(world)
    assert entry.state is OutboxState.UNKNOWN
    return entry.message.id


@asynccontextmanager
async def settled_by_another(world: World, outbox_id: OutboxId) -> AsyncIterator[None]:
    """Say that a message was sent, in a transaction that is not yet committed meanwhile."""
    (entry,) = await in_outbox(world)
    async with world.app.store.transaction() as tx:
        await deliveries.move(tx, outbox_id, OutboxState.SENT, fence=entry.message.fence, now=world.clock())
        await outbox.mark_steps(tx, StepHow.SENT, world.clock(), outbox_id=outbox_id)
        yield


async def test_two_people_who_settle_one_message_at_once_do_not_say_it_twice(world: World, in_doubt: OutboxId) -> None:
    resend = resolve(world.app.store, in_doubt, was_sent=False, reason="r", actor="person:a", now=world.clock())
    async with settled_by_another(world, in_doubt):
        waiting = asyncio.create_task(resend)
        await asyncio.sleep(0.5)  # on PostgreSQL it has read that the message is in doubt, and waits for the row
    with pytest.raises(NotUnknown):
        await waiting
    assert await states(world) == [OutboxState.SENT]
    assert await world.said("INV-1") == ["friendly"]
    assert await world.events("reminder.resolved") == []


async def test_a_message_that_was_answered_while_it_was_taken_back_stays_sent(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await tick(world.app.planner())
    later = world.clock() + timedelta(minutes=5)

    class Slow(Peer):
        async def deliver(
            self, envelope: Envelope, *, before_data: BeforeData, before_body: BeforeBody = unnoted
        ) -> Outcome:
            outcome = await super().deliver(envelope, before_data=before_data, before_body=before_body)
            async with settled_by_another(world, envelope.outbox_id):
                taking = asyncio.create_task(recover(world.app.store, later))
                await asyncio.sleep(0.5)  # on PostgreSQL it has found the lease overdue, and waits for the row
            assert await taking == 0
            return outcome

    await drain(world.app.sender(Slow()))
    assert await states(world) == [OutboxState.SENT]
    assert await world.said("INV-1") == ["friendly"]
    assert await world.events("reminder.unknown") == []


# --- one customer's trouble is not the others'


async def test_a_policy_that_is_gone_stops_its_customer_alone(world: World) -> None:
    await owe_many(world, 2)
    await tick(world.app.planner())
    whole = world.app.policies
    first = (await in_outbox(world))[-1].message.customer_id
    async with world.app.store.transaction() as tx:
        customer = (await customers.by_ids(tx, [first]))[first]
        await customers.save(tx, [], [replace(customer, policy="gone")])
    report = await drain(world.app.sender(peer := Peer()))
    assert (report.sent, report.cancelled, len(peer.taken)) == (1, 1, 1)
    assert [e.payload["code"] for e in await world.events("reminder.cancelled")] == ["no_policy"]
    await tick(world.app.planner())
    assert len(await world.events("reminder.not_written")) == 1
    named = {**whole.by_name, "gone": replace(whole.by_name["standard"], name="gone")}
    with_policies(world, replace(whole, by_name=named))
    await tick(world.app.planner())
    assert (await drain(world.app.sender(peer))).sent == 1
    assert len(set(peer.taken)) == 2


async def test_a_policy_with_a_long_name_fits_into_the_record(world: World) -> None:
    name = "the_policy_of_the_branch_office_in_the_far_north"
    standard = world.app.policies.by_name["standard"]
    long = replace(standard, name=name, version="0123456789ab")
    with_policies(world, Policies(by_name={name: long}, assignments={}, default=name))
    await owe_many(world, 1)
    assert (await tick(world.app.planner())).queued == 1
    (queued,) = await world.events("reminder.queued")
    assert queued.policy_version == f"{name}@0123456789ab"


async def test_a_fault_in_one_customers_plan_leaves_the_others_theirs_and_is_told_again_after_it_was_mended(
    world: World,
) -> None:
    await owe_many(world, 3)
    good = world.app.policies
    broken = replace(good.by_name["standard"], steps=())  # a fault of ours: a ladder without rungs
    victim = (await world.facts("INV-2")).customer
    async with world.app.store.transaction() as tx:
        await customers.save(tx, [], [replace(victim, policy="broken")])
    with_policies(world, replace(good, by_name={**good.by_name, "broken": broken}))
    for _ in range(2):
        await tick(world.app.planner())
    assert await states(world) == [OutboxState.QUEUED] * 2
    (told,) = await world.events("reminder.not_written")
    assert (told.customer_id, str(told.payload["why"]).partition(":")[0]) == (victim.id, "IndexError")
    mended = replace(good, by_name={**good.by_name, "broken": good.by_name["standard"]})
    with_policies(world, mended)
    assert (await tick(world.app.planner())).queued == 1
    await drain(world.app.sender(Peer()))
    with_policies(world, replace(good, by_name={**good.by_name, "broken": broken}))
    await tick(world.app.planner())
    assert len(await world.events("reminder.not_written")) == 2


# --- a task whose invoice was paid, or handed over, and is open again


@pytest.mark.parametrize("ends_by", ["ledger", "person"])
async def test_the_ladder_goes_on_after_a_task_was_closed_unsaid(world: World, ends_by: str) -> None:
    with_policies(world, Policies(by_name={"calls": CALL_FIRST}, assignments={}, default="calls"))
    await world.owe("INV-1", due=DUE)
    await world.round()
    await world.pass_days(8)
    facts = await world.facts("INV-1")
    assert [task.step_id for task in facts.tasks] == ["call"]
    if ends_by == "ledger":
        await world.pay("INV-1")
        await world.round()
        await world.pay("INV-1", left="500.00")
    else:
        gone, why = InvoiceClosing.HANDED_OVER, "to the agency"
        await close_case(world.app.store, "INV-1", gone, reason=why, actor="person:a", now=world.clock())
        async with world.app.store.transaction() as tx:
            found = (await invoices.by_numbers(tx, ["INV-1"]))["INV-1"]
            await invoices.save(tx, [], [(replace(found, closing=None), "inv1")])
    assert (await world.facts("INV-1")).tasks == ()
    await world.pass_days(8)
    steps = {step.step_id: step.how for step in (await world.facts("INV-1")).steps}
    assert steps == {"friendly": StepHow.SENT, "call": StepHow.SKIPPED, "second": StepHow.SENT}


# --- a drain has an end, and what was delivered is written down


async def test_a_drain_sends_so_many_and_says_that_there_are_more(world: World) -> None:
    await owe_many(world, 3)
    await tick(world.app.planner())
    sender = world.app.sender(Peer())
    assert await drain(sender, most=2) == DrainReport(sent=2, more=True)
    assert await drain(sender, most=2) == DrainReport(sent=1)


async def test_a_drain_ends_between_two_messages_when_it_may_not_go_on(world: World) -> None:
    await owe_many(world, 2)
    await tick(world.app.planner())
    peer = Peer()
    sender = replace(world.app.sender(peer), may_go_on=lambda: not peer.taken)
    assert await drain(sender) == DrainReport(sent=1, more=True)
    assert sorted(await states(world)) == [OutboxState.QUEUED, OutboxState.SENT]


@pytest.mark.parametrize("lost_after_commit", [False, True])
async def test_an_answer_outlives_a_moment_without_database(world: World, *, lost_after_commit: bool) -> None:
    await world.owe("INV-1", due=DUE)
    await tick(world.app.planner())
    async with flaky(world, Peer(), away=2, lost_after_commit=lost_after_commit) as sender:
        assert (await drain(sender)).sent == 1
    assert await states(world) == [OutboxState.SENT]
    assert len(await world.events("reminder.sent")) == 1
    assert await world.events("reminder.outcome_late") == []


async def test_an_answer_that_came_is_written_down_even_when_the_job_is_cancelled(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await tick(world.app.planner())
    peer = Peer()
    async with flaky(world, peer, away=1) as sender:
        running = asyncio.create_task(drain(sender))
        await peer.answering.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert await states(world) == [OutboxState.SENT]
    assert await world.said("INV-1") == ["friendly"]


async def test_a_lane_goes_on_while_its_answer_is_written_but_not_into_data(world: World) -> None:
    await owe_many(world, 2)
    await tick(world.app.planner())
    peer, store = AddressedPeer(world=world), UnhurriedStore(world.app.store.url)
    store.peer = peer
    try:
        assert await drain(replace(world.app.sender(peer), store=store)) == DrainReport(sent=2)
    finally:
        await store.close()
    assert peer.before_second == ["sent"]


# --- nothing is sent on an unread inbox


async def test_nothing_is_sent_while_the_inbox_is_unread_and_that_is_told_once(world: World) -> None:
    await owe_many(world, 2)
    await tick(world.app.planner())
    sender = replace(world.app.sender(peer := Peer()), max_inbox_age_minutes=30)
    await note_inbox_read(world.app.store, world.clock() - timedelta(minutes=31))
    for _ in range(2):
        assert await drain(sender) == DrainReport(blocked="inbox_unread")
    await asyncio.gather(drain(sender), drain(sender))
    assert (peer.taken, await states(world)) == ([], [OutboxState.QUEUED] * 2)
    await note_inbox_read(world.app.store, world.clock())
    assert await drain(sender) == DrainReport(sent=2)
    told = await world.events("sending.blocked", "sending.unblocked")
    assert sorted(event.type for event in told) == ["sending.blocked", "sending.unblocked"]
