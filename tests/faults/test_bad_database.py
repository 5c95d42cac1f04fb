"""E1, E2: the database fails at every statement, or its disk is full: nothing is lost, doubled or guessed."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from mailer.domain.delivery import OutboxState
from mailer.store.session import Store
from tests.faults.bad_database import BadMoment, Trouble, spoil
from tests.faults.house import check_world, fault_house, jobs, owe_many
from tests.faults.table import note
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import RecordingSmtp
from tests.stories.world import World
from workers.jobs import Service, attempt

#: Every statement, shared out between so many tests: each place leaves a customer behind, and rounds grow with them.
SHARES = 6
#: Statements between two tries in the quick tier.
STRIDE = 18

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture
async def sqlite_house(tmp_path: Path, recording_smtp: RecordingSmtp, dovecot: Dovecot) -> AsyncIterator[World]:
    world = await fault_house(tmp_path, recording_smtp, dovecot)
    yield world
    await world.app.close()


@pytest.fixture
async def postgres_house(
    tmp_path: Path, recording_smtp: RecordingSmtp, dovecot: Dovecot, migrated_postgres_url: str
) -> AsyncIterator[World]:
    world = await fault_house(tmp_path, recording_smtp, dovecot, database_url=migrated_postgres_url)
    yield world
    await world.app.close()


async def round_with(world: World, store: Store) -> None:
    """Run the three jobs once on a store that may fail; jobs note their trouble and go on."""
    service = Service(app=replace(world.app, store=store), channel=world.app.channel())
    try:
        for name in ("poll", "tick", "drain"):
            await attempt(service, name)
    finally:
        await service.close()
        with suppress(Exception):  # its connections may have been ended
            await store.close()


async def fail_everywhere(world: World, trouble: Trouble, stride: int, *, first: int = 1) -> int:
    """Let a round fail at later and later statements until none fails; check every history; return how many failed."""
    place, faults = first, 0
    while True:
        await owe_many(world, [place])
        moment, store = BadMoment(left=place, trouble=trouble), Store(world.app.store.url)
        spoil(store, moment)
        await round_with(world, store)
        world.clock.at += timedelta(minutes=16)  # past every lease
        if trouble is Trouble.TERMINATED or trouble is Trouble.COMMIT_UNKNOWN:
            await world.app.store.engine.dispose()  # the same blow has ended these connections too
        await jobs(world, "poll", "tick", "drain")
        if not moment.fired:
            break
        faults += 1
        place += stride
    history = await check_world(world, f"{trouble} at every statement")
    assert {row["state"] for row in history.outbox} <= {OutboxState.SENT, OutboxState.UNKNOWN}
    assert len(history.outbox) == faults + 1
    assert sum(row["state"] == OutboxState.UNKNOWN for row in history.outbox) <= faults
    note(f"E1 {trouble}", world.app.store.dialect, history, faults=faults)
    return faults


@pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.BROKEN, Trouble.COMMIT_UNKNOWN])
async def test_sqlite_fails_here_and_there(sqlite_house: World, trouble: Trouble) -> None:
    stride = 5 if trouble is Trouble.COMMIT_UNKNOWN else STRIDE
    assert await fail_everywhere(sqlite_house, trouble, stride) > 3


@pytest.mark.full
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.BROKEN])
async def test_sqlite_fails_at_every_statement(sqlite_house: World, trouble: Trouble, share: int) -> None:
    assert await fail_everywhere(sqlite_house, trouble, SHARES, first=1 + share) > 30 / SHARES


@pytest.mark.parametrize("trouble", [Trouble.TERMINATED, Trouble.COMMIT_UNKNOWN])
async def test_postgresql_ends_our_connections_here_and_there(postgres_house: World, trouble: Trouble) -> None:
    stride = 8 if trouble is Trouble.COMMIT_UNKNOWN else 2 * STRIDE
    assert await fail_everywhere(postgres_house, trouble, stride) > 2


@pytest.mark.full
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("trouble", [Trouble.TERMINATED, Trouble.COMMIT_UNKNOWN])
async def test_postgresql_ends_our_connections_at_every_statement(
    postgres_house: World, trouble: Trouble, share: int
) -> None:
    assert await fail_everywhere(postgres_house, trouble, SHARES, first=1 + share) >= 1


@pytest.mark.parametrize("points", [pytest.param(8, id="few"), pytest.param(60, id="many", marks=pytest.mark.full)])
async def test_a_full_disk_stops_sending_before_data_and_loses_nothing(sqlite_house: World, points: int) -> None:
    """E2: the file may grow by 0, 1, 2 … pages and no more (SQLITE_FULL); then there is room again."""
    world, path = sqlite_house, sqlite_house.folder / "data" / "duly.sqlite3"
    for room in range(points):
        await owe_many(world, range(room * 3, room * 3 + 3))
        store = Store(world.app.store.url)

        @event.listens_for(store.engine.sync_engine, "connect")
        def _limit(connection: sqlite3.Connection, _record: object, room: int = room) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA page_count")
            pages = cursor.fetchone()[0]
            cursor.execute(f"PRAGMA max_page_count = {pages + room}")
            cursor.close()

        await round_with(world, store)
        world.clock.at += timedelta(minutes=16)
        await jobs(world, "poll", "tick", "drain")
    history = await check_world(world, "a full disk")
    assert len(history.outbox) == 3 * points
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert await world.events("job.failed"), "the disk was never full"
    note("E2 disk full", "sqlite", history, faults=points)
