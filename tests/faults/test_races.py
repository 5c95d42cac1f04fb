"""C2-C4: whoever else acts at the same time, a reminder is sent once, and never after it was settled."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from mailer.domain.delivery import OutboxState
from mailer.flows.agree import add_dispute
from mailer.flows.import_payments import add_payment
from mailer.flows.place_hold import place_hold
from mailer.flows.send_message import drain
from mailer.flows.switch_mode import switch_mode
from mailer.imports.rows import PaymentRow
from mailer.wiring import App
from tests.faults.deaths import sleepwalk
from tests.faults.house import address, check_world, fault_house, history_of, jobs, owe_many
from tests.faults.interfering import InterruptedChannel, InterruptedStore, Moment, nothing
from tests.faults.invariants import i3_nothing_goes_out_after_it_was_settled, violations
from tests.faults.table import note
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import RecordingSmtp
from tests.stories.world import World
from workers.jobs import Service, attempt

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(params=["sqlite", "postgresql"])
async def house(
    request: pytest.FixtureRequest, tmp_path: Path, recording_smtp: RecordingSmtp, dovecot: Dovecot
) -> AsyncIterator[World]:
    url = request.getfixturevalue("migrated_postgres_url") if request.param == "postgresql" else ""
    world = await fault_house(tmp_path, recording_smtp, dovecot, database_url=url)
    yield world
    await world.app.close()


async def _settle(world: World, how: str, number: int) -> None:
    """Somebody settles an invoice, in a transaction of their own."""
    store, now, actor = world.app.store, world.clock(), "person:test"
    match how:
        case "payment":
            row = PaymentRow(
                line=0, invoice_number=f"INV-{number}", amount=Decimal(500), currency="EUR", paid_on=now.date()
            )
            await add_payment(store, row, actor=actor, now=now)
        case "part_payment":
            row = PaymentRow(
                line=0, invoice_number=f"INV-{number}", amount=Decimal(100), currency="EUR", paid_on=now.date()
            )
            await add_payment(store, row, actor=actor, now=now)
        case "dispute":
            await add_dispute(store, f"K{number}", "quality", words="damaged", actor=actor, now=now)
        case "hold":
            await place_hold(store, f"K{number}", reason="asked us to wait", actor=actor, now=now)
        case _:
            await switch_mode(store, live=False, actor=actor, reason="stop", now=now)


@pytest.mark.parametrize("how", ["payment", "part_payment", "dispute", "hold", "pause"])
async def test_nothing_goes_out_after_it_was_settled(house: World, how: str) -> None:
    """C4: the settlement is committed at each point between planning and the commit that allows DATA."""
    world, place = house, 0
    while True:
        place += 1
        await owe_many(world, [place])
        await jobs(world, "poll", "tick")
        number = place
        moment = Moment(left=place, deed=lambda number=number: _settle(world, how, number))  # type: ignore[misc] # a default binds it
        store = InterruptedStore(world.app.store.url, moment)
        channel = InterruptedChannel(world.app.channel(), before=moment.pass_by, after=nothing)
        try:
            await drain(replace(world.app.sender(channel), store=store))
        finally:
            await channel.close()
            await store.close()
        await switch_mode(world.app.store, live=True, actor="person:test", reason="go on", now=world.clock())
        world.clock.at += timedelta(minutes=2)
        if not moment.done:
            break
        await _clear(world, place)
    history = await history_of(world)
    assert place > 3
    wrong = violations(history, (i3_nothing_goes_out_after_it_was_settled,))
    assert not wrong, "\n".join(map(str, wrong))
    note(f"C4 {how} at every point", world.app.store.dialect, history, faults=place - 1)


#: The commit that allows DATA takes long: there is time for somebody else between its looks and its end.
_SLOW = (
    "CREATE FUNCTION slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END $$ LANGUAGE plpgsql",
    (
        "CREATE TRIGGER slow BEFORE UPDATE OF state ON outbox FOR EACH ROW WHEN (NEW.state = 'in_data')"
        " EXECUTE FUNCTION slow()"
    ),
)


async def test_a_pause_is_done_when_nothing_more_can_go_out(house: World) -> None:
    """Said while a message is just being allowed, it waits for that; SQLite has one writer, so it always does."""
    world, store = house, house.app.store
    if store.dialect == "sqlite":
        pytest.skip("SQLite has one writer")
    await owe_many(world, [1])
    await jobs(world, "poll", "tick")
    async with store.transaction() as tx:
        for statement in _SLOW:
            await tx.run(text(statement))

    async def pause() -> None:
        asleep = text("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()")
        while True:
            async with store.reading() as tx:
                if await tx.first(asleep) is not None:
                    break
        await switch_mode(store, live=False, actor="person:test", reason="stop", now=world.clock())

    await asyncio.gather(jobs(world, "drain"), pause())
    wrong = violations(await history_of(world), (i3_nothing_goes_out_after_it_was_settled,))
    assert not wrong, "\n".join(map(str, wrong))


async def _clear(world: World, number: int) -> None:
    """Whatever is left of this customer is settled by the ledger, so that the next round is about the next one."""
    await world.pay(f"INV-{number}")
    await jobs(world, "poll", "tick", "drain")


async def test_eight_at_once_send_one_mail_each(house: World) -> None:
    """C2: eight workers plan and send the same at the same time, five times each."""
    world = house
    await owe_many(world, range(30))
    await jobs(world, "poll")
    apps = [replace(world.app, owner=f"proc_{n}") for n in range(8)]
    services = [Service(app=app, channel=app.channel()) for app in apps]

    async def work(service: Service) -> None:
        for _ in range(5):
            for name in ("tick", "drain"):
                await attempt(service, name)

    await asyncio.gather(*map(work, services))
    for service in services:
        await service.close()
    await jobs(world, "tick", "drain")
    history = await check_world(world, "eight at once")
    assert len(history.deliveries) == 30
    note("C2 eight workers, jobs repeated", world.app.store.dialect, history, faults=8 * 5 * 2)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_worker_that_slept_past_its_lease_sends_nothing_more(house: World, when: str) -> None:
    """C2: SIGSTOP, the lease passes, another worker takes over, SIGCONT: the old fence is refused before DATA.

    Once DATA was allowed the sleeper cannot be called back: its message is in doubt, nobody sends it again, and the
    sleeper's own answer settles it.
    """
    world = house
    await owe_many(world, [1])
    await jobs(world, "poll", "tick")

    async def stop_here() -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    async def send(app: App) -> None:
        points = {"before": nothing, "after": nothing, when: stop_here}
        channel = InterruptedChannel(app.channel(), **points)
        await drain(app.sender(channel), most=1)  # asleep inside a claim it would hold SQLite's only writer
        await channel.close()

    async def meanwhile() -> None:
        world.clock.at += timedelta(minutes=2)
        await jobs(world, "tick", "drain")
        arrived = [received.recipients for received in world.smtp.messages]
        assert arrived == ([(address(1),)] if when == "before" else [])

    life = await sleepwalk(world.app, send, meanwhile)
    assert not life.failed
    history = await check_world(world, f"asleep {when} DATA")
    assert len(history.deliveries) == 1
    assert [row["state"] for row in history.outbox] == [OutboxState.SENT]
    doubted = [event.refs["message"] for event in history.events if event.type == "reminder.unknown"]
    assert len(doubted) == (0 if when == "before" else 1)


async def test_a_tick_every_hour_says_each_rung_once(house: World) -> None:
    """C3: what FOSSBilling 0.8.4 did to its users in July 2026 (one reminder for each run of cron)."""
    world, days = house, 1
    await owe_many(world, [1, 2])
    for minute in range(0, days * 24 * 60, 60):
        world.clock.at += timedelta(minutes=60)
        if minute % (24 * 60) == 0:
            await world.import_ledger()
        await jobs(world, "poll", *("tick", "drain") * 2)
    history = await check_world(world, "a tick every hour")
    assert [len(history.deliveries), len(history.outbox)] == [2, 2]


@pytest.mark.full
async def test_a_tick_every_three_minutes_for_thirty_days(house: World) -> None:
    world = house
    await owe_many(world, [1, 2])
    for minute in range(0, 30 * 24 * 60, 3):
        world.clock.at += timedelta(minutes=3)
        if minute % (24 * 60) == 0:
            await world.import_ledger()
        await jobs(world, *(("poll",) if minute % 45 == 0 else ()), "tick", "drain")
    history = await check_world(world, "thirty days of ticks")
    assert len(history.deliveries) == len(history.outbox) == 2
    note("C3 tick every 3 minutes, 30 days", world.app.store.dialect, history, faults=14_400)
