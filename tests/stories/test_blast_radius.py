"""A fault that would mail everybody stops before its first mail; a person decides about exactly what was to leave."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from mailer.channels.channel import BeforeBody, BeforeData, unnoted
from mailer.cli.tree import app as commands
from mailer.domain.delivery import OutboxState, Outcome, TryLater
from mailer.domain.message import Envelope
from mailer.flows.hold_sending import freeze
from mailer.flows.overview import Overview, overview
from mailer.flows.plan_reminders import tick
from mailer.flows.release_held import HeldList, ListChanged, NotFrozen, drop, held_list, release
from mailer.flows.send_message import DrainReport, drain
from mailer.reminders.breaker import Freeze, FreezeCode
from mailer.store import outbox
from tests.stories.delivery_peers import Peer
from tests.stories.world import World

DUE = date(2026, 9, 4)
#: More than the floor, and more than half of all who owe.
EVERYBODY = range(1, 31)


async def the_list(world: World) -> HeldList:
    found = await held_list(world.app.store)
    assert found is not None
    return found


async def let_go(world: World, seen: str) -> int:
    data = world.app.settings.data
    return (await release(world.app.store, seen, data=data, actor="person:7", now=world.clock())).messages


async def status(world: World) -> Overview:
    hours = world.app.settings.sending.max_data_age_hours
    return await overview(
        world.app.store, world.app.policies, mailbox="m", folders=(), max_data_age_hours=hours, now=world.clock()
    )


async def in_state(world: World, state: OutboxState) -> int:
    async with world.app.store.reading() as tx:
        return len(await outbox.listing(tx, states=[state]))


async def type_in(world: World, *words: str, code: int = 0, answer: str = "") -> str:
    """What a command prints, as typed into a terminal beside the running service."""
    typed = ["--data", str(world.app.settings.data), *words]
    done = await asyncio.to_thread(CliRunner().invoke, commands, typed, input=answer)
    assert done.exit_code == code, (words, done.output, done.exception)
    return done.output


@pytest.fixture
async def frozen(world: World) -> World:
    """An import made everybody overdue at once."""
    await world.owe_many(EVERYBODY, due=DUE)
    await tick(world.app.planner())
    assert await drain(world.app.sender(peer := Peer())) == DrainReport(blocked="frozen")
    assert peer.taken == []
    return world


async def test_nothing_leaves_until_a_person_has_seen_the_list_and_then_exactly_the_list_does(frozen: World) -> None:
    sender = frozen.app.sender(peer := Peer())
    assert await drain(sender) == DrainReport(blocked="frozen")
    (told,) = await frozen.events("sending.frozen")
    assert (told.payload["code"], told.payload["messages"]) == ("run_share", 30)
    page = await status(frozen)
    assert page.needs[0].kind == "frozen"
    assert "30 of 30 customers" in page.needs[0].what
    found = await the_list(frozen)
    assert {one.customer.ref for one in found.messages} == {f"K{n}" for n in EVERYBODY}
    await frozen.owe_many([31], due=DUE)  # comes up only now, and is on no list
    await tick(frozen.app.planner())
    assert (await the_list(frozen)).hash == found.hash
    assert await let_go(frozen, found.hash) == 30
    assert (await drain(sender)).sent == 31  # thirty as released, and one more is an ordinary run
    assert len(set(peer.taken)) == 31
    (released,) = await frozen.events("sending.released")
    assert (released.actor, released.payload["messages"]) == ("person:7", 30)
    assert "frozen" not in (await status(frozen)).need_counts


async def test_what_comes_up_after_a_release_is_judged_anew(frozen: World) -> None:
    await let_go(frozen, (await the_list(frozen)).hash)
    sender = frozen.app.sender(peer := Peer())
    assert (await drain(sender)).sent == 30
    await frozen.owe_many(range(100, 140), due=DUE)
    await tick(frozen.app.planner())
    assert await drain(sender) == DrainReport(blocked="frozen")
    assert {one.customer.ref for one in (await the_list(frozen)).messages} == {f"K{n}" for n in range(100, 140)}
    assert len(peer.taken) == 30


async def test_a_run_is_counted_over_24_hours_however_many_workers_and_drains_share_it(world: World) -> None:
    world.allow(6)
    await world.owe_many(range(6), due=DUE)
    await tick(world.app.planner())
    peer = Peer()
    sender = world.app.sender(peer)
    done = await asyncio.gather(drain(sender, most=3), drain(replace(sender, owner="proc_b")))
    assert sum(report.sent for report in done) == len(peer.taken) == 6
    await world.owe_many([7], due=DUE)
    await tick(world.app.planner())
    world.clock.at += timedelta(hours=2)
    sender = replace(sender, max_inbox_age_minutes=0)
    assert await drain(sender) == DrainReport(blocked="frozen")
    assert len(peer.taken) == 6


async def test_dropped_messages_are_planned_and_judged_anew(frozen: World) -> None:
    found = await the_list(frozen)
    data = frozen.app.settings.data
    await drop(frozen.app.store, found.hash, data=data, actor="person:7", now=frozen.clock())
    assert await in_state(frozen, OutboxState.CANCELLED) == 30
    assert {e.actor for e in await frozen.events("reminder.cancelled", "sending.dropped")} == {"person:7"}
    assert await frozen.said("INV-1") == []
    for number in range(2, 31):
        head = frozen.rows[f"INV-{number}"].rpartition(",")[0]
        frozen.rows[f"INV-{number}"] = f"{head},0.00"  # the import's fault was mended
    await frozen.import_ledger()
    await tick(frozen.app.planner())
    assert (await drain(frozen.app.sender(peer := Peer()))).sent == 1
    assert peer.taken == ["ap1@alder.example"]


async def test_a_released_message_is_still_checked_when_its_turn_comes(frozen: World) -> None:
    found = await the_list(frozen)
    await frozen.pay("INV-3")
    await let_go(frozen, found.hash)
    report = await drain(frozen.app.sender(peer := Peer()))
    assert (report.sent, report.cancelled, "ap3@alder.example" in peer.taken) == (29, 1, False)


async def test_only_the_list_that_was_seen_is_released(frozen: World) -> None:
    with pytest.raises(ListChanged):
        await let_go(frozen, "00000000")
    found = await the_list(frozen)
    assert await let_go(frozen, found.hash) == 30
    with pytest.raises(NotFrozen):
        await let_go(frozen, found.hash)
    assert len(await frozen.events("sending.released")) == 1


async def test_a_message_on_its_way_to_data_is_stopped_too(world: World) -> None:
    await world.owe_many([1], due=DUE)
    await tick(world.app.planner())

    class Slow(Peer):
        async def deliver(
            self, envelope: Envelope, *, before_data: BeforeData, before_body: BeforeBody = unnoted
        ) -> Outcome:
            del envelope, before_body
            async with world.app.store.transaction() as tx:
                await freeze(tx, Freeze(code=FreezeCode.RUN_SIZE, why="another worker saw it"), world.clock())
            assert not await before_data()
            return TryLater(text="not sent")

    await drain(world.app.sender(peer := Slow()))
    assert peer.taken == []
    found = await the_list(world)
    assert [one.customer.ref for one in found.messages] == ["K1"]
    await let_go(world, found.hash)
    world.clock.at += timedelta(minutes=10)
    assert (await drain(world.app.sender(Peer()))).sent == 1


async def test_a_small_house_may_write_to_everybody(world: World) -> None:
    await world.owe_many(range(20), due=DUE)
    await tick(world.app.planner())
    assert (await drain(world.app.sender(Peer()))).sent == 20


async def test_old_balances_stop_what_is_queued_before_its_data_and_are_shown_in_the_same_place(world: World) -> None:
    await world.owe_many(range(3), due=DUE)
    await tick(world.app.planner())
    world.clock.at += timedelta(hours=73)
    report = await drain(replace(world.app.sender(peer := Peer()), max_inbox_age_minutes=0))
    assert (report.sent, peer.taken) == (0, [])
    assert {e.payload["code"] for e in await world.events("reminder.cancelled")} == {"stale_data"}
    assert (await status(world)).needs[0].kind == "ledger"


async def test_at_the_terminal(frozen: World) -> None:
    listed: list[dict[str, Any]] = json.loads(await type_in(frozen, "outbox", "held", "-o", "json"))
    assert len(listed) == 30
    one = next(row for row in listed if row["customer"] == "Customer K7 (K7)")
    assert (one["invoices"], one["amount"], one["to"]) == ("INV-7", "EUR 500.00", "ap7@alder.example")
    words = await type_in(frozen, "outbox", "held")
    assert f"30 messages, list {one['list']}" in words
    assert all(len(line) <= 100 for line in words.splitlines())
    assert "ON HOLD" in (await type_in(frozen, "status")).splitlines()[0]
    assert "--list" in await type_in(frozen, "outbox", "release", "--yes", code=2)
    assert "is not 12345678" in await type_in(frozen, "outbox", "release", "--yes", "--list", "12345678", code=2)
    await type_in(frozen, "outbox", "release", answer="n\n", code=1)
    assert "30 messages released" in await type_in(frozen, "outbox", "release", answer="y\n")
    assert "Nothing is on hold" in await type_in(frozen, "outbox", "held")
    assert await held_list(frozen.app.store) is None
