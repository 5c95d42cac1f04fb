"""C1: Redis is emptied, killed, away for a while or back empty while real workers send; it was only the alarm clock.

Quick: 3 events, 60 messages. Full: 20 events, 1,000 messages for each database.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest

from tests.faults.house import address
from tests.faults.invariants import check
from tests.faults.massacre import until_arrived, until_still
from tests.faults.table import note
from tests.faults.victims import Place, a_place
from tests.servers.dovecot import Dovecot
from tests.servers.redis import RedisServer

QUICK = (3, 60)
FULL = (20, 1000)
WORKERS = ("worker", "worker")
#: Messages that one worker may have under way.
CONNECTIONS = 2
EVENTS = ("emptied", "restarted empty", "away")
#: What does not come in so long does not come; arq alone tries for some seconds before it gives Redis up.
GIVES_UP_SECONDS = 300.0
#: Sweeps of one last process in which whatever the events have left must be done.
SWEEPS = 2

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that nobody else needs."""
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@asynccontextmanager
async def _supervised(place: Place) -> AsyncIterator[None]:
    """Start again whatever ends, all the time."""

    async def watch_over() -> None:
        while True:
            place.supervise()
            await asyncio.sleep(0.2)

    supervisor = asyncio.create_task(watch_over())
    try:
        yield
    finally:
        supervisor.cancel()
        await asyncio.gather(supervisor, return_exceptions=True)


async def _until(true: Callable[[], bool], what: str) -> None:
    """Wait for what must come; how long it takes is no matter, within reason."""
    end = monotonic() + GIVES_UP_SECONDS
    while not true():
        assert monotonic() < end, what
        await asyncio.sleep(0.05)


async def _while_mails_come(place: Place, true: Callable[[], bool]) -> None:
    """Wait for what must come, as long as mails do: hundreds may be left from before, and a machine may be slow."""
    end, there = monotonic() + GIVES_UP_SECONDS, 0
    while not true():
        if len(place.deliveries()) > there:
            end, there = monotonic() + GIVES_UP_SECONDS, len(place.deliveries())
        assert monotonic() < end, "Redis is back, nobody sends"
        await asyncio.sleep(0.05)


async def _happens(place: Place, redis: RedisServer, event: str) -> None:
    """Let Redis forget everything; `away`: until every worker of that moment has ended by itself."""
    if event == "emptied":
        redis.empty()
        return
    os.kill(redis._process.pid, signal.SIGKILL)
    redis.stop()
    if event == "away":
        there = set(place.victims)
        await _until(lambda: not there & set(place.victims), "a worker without Redis neither works nor ends")
    redis.start()


async def _outlive(place: Place, redis: RedisServer, *, events: int, sends: int, draw: random.Random) -> None:
    """Feed in work and let Redis lose everything in the middle of each batch; the last batch comes after all that.

    Nobody tells the workers of a new invoice: only the sweep, which Redis has forgotten too, can find it.
    """
    happening = [*EVENTS, *(draw.choice(EVENTS) for _ in range(events - len(EVENTS)))]
    draw.shuffle(happening)
    batch = sends // (events + 1)
    async with _supervised(place):
        for event in happening:
            before = len(place.deliveries())
            await place.owe(batch)
            await until_arrived(place, before + draw.randint(1, max(1, batch // 2)))
            await _happens(place, redis, event)
        last = address(place.customers)
        await place.owe(sends - batch * events)
        await _while_mails_come(place, lambda: any(last in mail.recipients for mail in place.deliveries()))
        await until_still(place, sends)
    await place.dismiss()


@pytest.mark.parametrize(
    ("database", "size"),
    [
        pytest.param("sqlite", QUICK, id="sqlite"),
        pytest.param("postgresql", QUICK, id="postgresql", marks=pytest.mark.full),
        pytest.param("sqlite", FULL, id="sqlite-20-events", marks=pytest.mark.full),
        pytest.param("postgresql", FULL, id="postgresql-20-events", marks=pytest.mark.full),
    ],
)
async def test_whatever_redis_forgets_nothing_is_lost_and_nothing_said_twice(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    dovecot: Dovecot,
    own_redis: RedisServer,
    database: str,
    size: tuple[int, int],
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else ""
    (events, sends), seed = size, 3000
    draw = random.Random(seed)  # noqa: S311 - no secret
    with a_place(tmp_path, dovecot, database_url=url, redis_url=own_redis.url, connections=CONNECTIONS) as place:
        place.commands = WORKERS
        await place.set_up()
        await _outlive(place, own_redis, events=events, sends=sends, draw=draw)
        assert not place.kills, "a worker had to be killed to make it end"
        history = await place.settle(rounds=SWEEPS)
    figures = note(f"C1 Redis gone, seed {seed}", database, history, faults=events)
    check(history, f"seed {seed}")
    assert figures.messages == sends
    assert figures.unknown <= events * len(WORKERS) * CONNECTIONS, f"seed {seed}: more in doubt than was under way"
    assert len(history.deliveries) >= sends - figures.unknown + figures.settled, f"seed {seed}"
