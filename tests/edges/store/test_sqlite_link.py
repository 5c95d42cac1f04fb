"""The SQLite connection: one visit to its thread a statement, all rows, and nothing left open."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import text

from mailer.store.session import Store, StoreUnreachable
from mailer.store.sqlite_link import ROWS, link

MANY = 2 * ROWS + 7


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = Store(f"sqlite+aiosqlite:///{tmp_path}/numbers.sqlite3")
    async with made.transaction() as tx:
        await tx.run(text("CREATE TABLE numbers (n INTEGER PRIMARY KEY)"))
        await tx.run(text("INSERT INTO numbers VALUES (:n)"), [{"n": n} for n in range(MANY)])
    yield made
    await made.close()
    for thread in threading.enumerate():  # of connections given up when their user was cancelled
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join)


async def test_all_rows_come_in_order_whole_or_in_a_stream(store: Store) -> None:
    asked = text("SELECT n FROM numbers ORDER BY n")
    async with store.reading() as tx:
        assert [row.n for row in await tx.all(asked)] == list(range(MANY))
        assert [row.n async for row in tx.stream(asked)] == list(range(MANY))
        first = await tx.first(asked)
        assert first is not None
        assert first.n == 0


async def test_a_statement_that_gives_rows_back_says_how_many_it_touched(store: Store) -> None:
    async with store.transaction() as tx:
        result = await tx.connection.execute(text("UPDATE numbers SET n = -n - 1 RETURNING n"))
        assert len(result.all()) == MANY
        assert await tx.run(text("DELETE FROM numbers WHERE n < -7")) == MANY - 7


async def test_a_stream_left_early_keeps_nobody_from_writing(store: Store) -> None:
    async with store.reading() as tx:
        async for row in tx.stream(text("SELECT n FROM numbers ORDER BY n")):
            assert row.n == 0
            break
    async with store.transaction() as tx:
        await tx.run(text("DROP TABLE numbers"))


@pytest.mark.parametrize("turns", range(0, 240, 20))
async def test_whoever_is_cancelled_anywhere_leaves_no_transaction_behind(store: Store, turns: int) -> None:
    async def write() -> None:
        async with store.transaction() as tx:
            await tx.run(text("DELETE FROM numbers WHERE n = 0"))
            await asyncio.Event().wait()

    writing = asyncio.create_task(write())
    for _ in range(turns):
        await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    other = Store(store.url)
    async with other.transaction() as tx:
        await tx.run(text("DELETE FROM numbers WHERE n = 1"))
    await other.close()
    async with store.transaction() as tx:
        assert [row.n for row in await tx.all(text("SELECT n FROM numbers WHERE n < 3 ORDER BY n"))] == [0, 2]


async def test_many_writers_of_one_process_each_get_their_turn(store: Store) -> None:
    async def add(n: int) -> None:
        async with store.transaction() as tx:
            await tx.run(text("INSERT INTO numbers VALUES (:n)"), [{"n": n}])

    await asyncio.gather(*(add(MANY + n) for n in range(40)))
    async with store.reading() as tx:
        assert len(await tx.all(text("SELECT n FROM numbers"))) == MANY + 40


async def test_a_connection_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    nowhere = Store(f"sqlite+aiosqlite:///{tmp_path}/not/there.sqlite3")
    with pytest.raises(StoreUnreachable, match="cannot be opened"):
        async with nowhere.transaction():
            pass
    await nowhere.close()


def test_a_loop_that_ends_during_a_visit_leaves_no_traceback(tmp_path: Path) -> None:
    made = link(str(tmp_path / "left.sqlite3"))

    async def leave() -> None:
        await made
        asyncio.get_running_loop().create_task(made.visit(sleep, 0.2))
        await asyncio.sleep(0.05)

    asyncio.run(leave())
    made._thread.join(5)  # pytest makes an error of whatever a thread raises
    assert not made._thread.is_alive()
    made._connection = None  # nobody is left to close it; it does so itself
