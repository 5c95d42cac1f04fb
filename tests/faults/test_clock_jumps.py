"""A clock that is set: nothing is said twice, and a jump of over a day stops all sending until a person has looked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from mailer.channels.channel import BeforeBody, BeforeData, unnoted
from mailer.domain.delivery import Outcome
from mailer.domain.message import Envelope
from mailer.flows.release_held import held_list, release
from mailer.flows.trouble import note_inbox_read
from tests.stories.delivery_peers import Peer
from tests.stories.world import MONDAY, World
from workers.jobs import Service, drain, tick

DUE = date(2026, 9, 4)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Back first: who has been ahead is further behind afterwards.
SMALL = [way * span for way in (-1, 1) for span in (timedelta(seconds=1), HOUR, DAY, timedelta(hours=26))]
BIG = [way * span for span in (timedelta(hours=26, seconds=1), 30 * DAY) for way in (1, -1)] + [
    datetime(year, 1, 1, tzinfo=UTC) - MONDAY for year in (1970, 2038, 2100)
]


@dataclass
class Machine:
    """A running Duly whose machine's clock can be set, while the time that really passes goes on."""

    world: World
    peer: Peer
    service: Service
    passed_seconds: float = 0.0

    def set_clock(self, moved: timedelta) -> None:
        self.world.clock.at += moved

    def pass_time(self, span: timedelta) -> None:
        self.world.clock.at += span
        self.passed_seconds += span.total_seconds()

    async def work(self) -> None:
        """One round with fresh balances and a read inbox: what stops sending is the clock, and nothing else."""
        await self.world.import_ledger()
        await note_inbox_read(self.world.app.store, self.world.clock())
        await tick(self.service)
        while (await drain(self.service)).more:
            pass

    async def go_on(self) -> None:
        """A person says that the clock is right."""
        store, data = self.world.app.store, self.world.app.settings.data
        found = await held_list(store)
        assert found is not None
        assert found.frozen.code == "clock"
        await release(store, found.hash, data=data, actor="person:7", now=self.world.clock())


def started(world: World, peer: Peer) -> Machine:
    """A process that starts now."""
    machine = Machine(world=world, peer=peer, service=Service(app=world.app, channel=peer, steady=lambda: 0.0))
    machine.service = Service(app=world.app, channel=peer, steady=lambda: machine.passed_seconds)
    return machine


@pytest.fixture
async def machine(world: World) -> Machine:
    """It has sent the first reminder of three invoices."""
    await world.owe_many(range(3), due=DUE)
    machine = started(world, Peer())
    await machine.work()
    assert len(machine.peer.taken) == 3
    return machine


async def is_frozen(world: World) -> bool:
    return await held_list(world.app.store) is not None


async def test_small_jumps_either_way_say_nothing_twice_and_stop_nothing(machine: Machine) -> None:
    for moved in SMALL:
        machine.set_clock(moved)
        await machine.work()
        assert not await is_frozen(machine.world), moved
        machine.set_clock(-moved)
        await machine.work()
    assert set(Counter(machine.peer.taken).values()) == {1}
    machine.pass_time(10 * DAY)
    await machine.work()
    assert set(Counter(machine.peer.taken).values()) == {2}, "the ladder goes on"


@pytest.mark.parametrize("moved", BIG, ids=lambda moved: f"{moved.days:+}d")
async def test_a_big_jump_stops_all_sending_before_the_first_message(machine: Machine, moved: timedelta) -> None:
    machine.set_clock(moved)
    await machine.work()
    assert await is_frozen(machine.world)
    await machine.world.owe_many([100], due=DUE)
    machine.pass_time(3 * HOUR)
    await machine.work()
    assert len(machine.peer.taken) == 3, "nothing leaves, neither twice nor for the first time"
    restarted = started(machine.world, machine.peer)
    await restarted.work()
    assert len(machine.peer.taken) == 3, "nor after a restart"
    machine.set_clock(-moved)  # the person puts the clock right, and says so
    await restarted.go_on()
    restarted = started(machine.world, machine.peer)
    restarted.pass_time(10 * DAY)
    await restarted.work()
    assert not await is_frozen(machine.world), "what was recorded under the wrong clock no longer counts"
    assert all(Counter(machine.peer.taken)[f"ap{n}@alder.example"] == 2 for n in range(3))


async def test_a_jump_in_the_middle_of_a_drain_ends_it(world: World) -> None:
    await world.owe_many(range(3), due=DUE)

    class Jumping(Peer):
        async def deliver(
            self, envelope: Envelope, *, before_data: BeforeData, before_body: BeforeBody = unnoted
        ) -> Outcome:
            outcome = await super().deliver(envelope, before_data=before_data, before_body=before_body)
            world.clock.at += 30 * HOUR
            return outcome

    await started(world, peer := Jumping()).work()
    assert len(peer.taken) == 1
    assert await is_frozen(world)


async def test_a_clock_behind_the_record_stops_a_process_that_just_started(machine: Machine) -> None:
    machine.set_clock(-27 * HOUR)
    again = started(machine.world, machine.peer)
    await again.work()
    assert await is_frozen(machine.world)
    machine.set_clock(27 * HOUR)
    await again.work()
    assert await is_frozen(machine.world), "also when it is right again: a person says so"
    await again.go_on()
    await again.work()
    assert not await is_frozen(machine.world)


async def test_what_a_clock_in_the_future_has_written_is_not_sent_with_its_wrong_dates(world: World) -> None:
    world.clock.at += 3 * DAY  # the machine started so
    await world.owe_many(range(3), due=DUE)
    machine = started(world, Peer())
    await world.import_ledger()
    await tick(machine.service)
    machine.set_clock(-3 * DAY)
    await machine.work()
    assert await is_frozen(world)
    await machine.go_on()
    assert {e.payload["code"] for e in await world.events("reminder.cancelled")} == {"misdated"}
    await machine.work()
    assert len(machine.peer.taken) == 3
    queued = await world.events("reminder.queued")
    assert [event.at for event in queued[3:]] == [world.clock()] * 3


async def test_a_week_off_is_no_jump_and_is_followed_by_one_mail_to_each_at_its_next_rung(world: World) -> None:
    await world.owe_many(range(3), due=DUE)
    for number in range(3):
        await world.owe(f"OLD-{number}", customer=f"K{number}", email=f"ap{number}@alder.example", due=DUE - 5 * DAY)
    await world.round()
    before = len(world.mails)
    for _ in range(2):
        world.clock.at += 7 * DAY
        await world.import_ledger()
        for _ in range(3):
            await world.round()
    assert not await is_frozen(world)
    mails = [(mail["To"].addresses[0].addr_spec, mail["Date"].datetime.date()) for mail in world.mails]
    assert before == 3
    assert set(Counter(mails).values()) == {1}, "at most one a day"
    assert set(Counter(address for address, _ in mails).values()) == {3}
    assert await world.said("INV-1") == ["friendly", "second", "firm"]


async def test_after_a_week_off_a_run_that_is_out_of_the_ordinary_is_held_like_any_other(world: World) -> None:
    world.allow(5)
    await world.owe_many(range(5), due=DUE)
    await world.round()
    world.clock.at += 7 * DAY
    await world.owe_many(range(10), due=DUE)
    await world.round()
    assert (len(world.mails), await is_frozen(world)) == (5, True)


async def test_a_clock_far_ahead_at_the_start_finds_the_balances_too_old(machine: Machine) -> None:
    """Nobody can tell it from an outage; what is sent on balances of that age is nothing."""
    machine.set_clock(4000 * DAY)
    again = started(machine.world, machine.peer)
    await note_inbox_read(machine.world.app.store, machine.world.clock())
    await tick(again.service)
    await drain(again.service)
    assert len(machine.peer.taken) == 3
    assert "stale_data" in await machine.world.codes()
