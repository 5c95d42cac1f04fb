"""The record goes into its log once, in order, whoever does it and wherever it dies."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mailer.flows import keep_log
from mailer.flows.keep_log import LogKeeper, seal
from mailer.flows.prove_event import newest_head
from mailer.flows.recording import happened
from mailer.record.leaf import leaf_of
from mailer.store import events, log, log_check
from mailer.store.session import Store, Taken
from tests.edges.store.sealed import NOW, happen, is_whole, no_tag


class Died(BaseException):
    """The process ended here."""


async def test_events_become_leaves_in_their_order(keeper: LogKeeper) -> None:
    await happen(keeper.store, 3)
    await happen(keeper.store, 2, "cus_2")
    assert await seal(keeper) == keep_log.SealReport(leaves=5, signed=5)
    assert await seal(keeper) == keep_log.SealReport()
    await is_whole(keeper, 5)
    async with keeper.store.reading() as tx:
        leaves = [leaf_of(row.body) async for row in log_check.leaves(tx, start=0, tag=no_tag)]
    assert [leaf.case_seq for leaf in leaves] == [1, 2, 3, 1, 2]
    assert len({leaf.case_tag for leaf in leaves}) == 2
    assert "cus_1" not in str(leaves)


async def test_many_batches_make_one_tree(keeper: LogKeeper) -> None:
    for _ in range(3):
        await happen(keeper.store, 800)
        await seal(keeper)
    await is_whole(keeper, 2400)
    async with keeper.store.reading() as tx:
        assert len(await log.nodes(tx)) == 2400 // 256


async def test_a_head_is_signed_after_256_leaves_or_five_minutes(keeper: LogKeeper) -> None:
    await happen(keeper.store, 1)
    assert (await seal(keeper)).signed == 1
    await happen(keeper.store, 255)
    assert (await seal(keeper)).signed == 0
    later = replace(keeper, clock=lambda: NOW + timedelta(minutes=5))
    assert (await seal(later)).signed == 256
    await happen(keeper.store, 256)
    assert (await seal(later)).signed == 512
    await happen(keeper.store, 1)
    assert (await seal(later)).signed == 0
    assert (await seal(replace(keeper, clock=lambda: NOW - timedelta(days=1)))).signed == 513
    assert (await seal(later, at_once=True)).signed == 0
    await is_whole(keeper, 513)


async def test_two_at_once_make_one_log(keeper: LogKeeper) -> None:
    async def write() -> None:
        for _ in range(20):
            await happen(keeper.store, 7)

    async def take() -> None:
        other = replace(keeper, store=Store(keeper.store.url))
        for _ in range(15):
            await seal(other, at_once=True)
        await other.store.close()

    await asyncio.gather(write(), write(), take(), take(), take())
    await seal(keeper, at_once=True)
    await is_whole(keeper, 280)


async def test_an_event_that_commits_late_keeps_its_place(keeper: LogKeeper) -> None:
    """On PostgreSQL a transaction that took its numbers early may commit after later ones."""
    if keeper.store.dialect == "sqlite":
        pytest.skip("SQLite has one writer")
    may_end = asyncio.Event()

    async def slow() -> None:
        async with keeper.store.transaction() as tx:
            await events.record(tx, [happened("note.added", now=NOW, actor="person:slow")])
            await may_end.wait()

    waiting = asyncio.create_task(slow())
    await asyncio.sleep(0.3)
    await happen(keeper.store, 2)
    assert await seal(keeper) == keep_log.SealReport()  # it waits no longer than a second, and takes none before it
    may_end.set()
    await waiting
    assert (await seal(keeper)).leaves == 3
    await is_whole(keeper, 3)


@pytest.mark.parametrize("step", ["append", "put_head", "keep_head", "after_keep_head", "log_key"])
async def test_it_may_die_at_any_step(keeper: LogKeeper, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    await happen(keeper.store, 2)
    await seal(keeper)
    await happen(keeper.store, 300)

    def die(*_: Any, **__: Any) -> Any:
        raise Died

    with monkeypatch.context() as patch:
        if step == "after_keep_head":
            kept = keep_log.keep_head

            def keep_and_die(data: Path, note: str) -> None:
                kept(data, note)
                raise Died

            patch.setattr(keep_log, "keep_head", keep_and_die)
        elif step in ("keep_head", "log_key"):
            patch.setattr(keep_log, step, die)
        else:
            patch.setattr(log, step, die)
        with pytest.raises(Died):
            await seal(keeper)
    await seal(keeper, at_once=True)
    await is_whole(keeper, 302)
    assert (await newest_head(keeper)).size == 302


@pytest.mark.parametrize("table", ["log_leaves", "log_nodes", "log_checkpoints"])
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
async def test_the_log_cannot_be_changed_or_deleted(keeper: LogKeeper, table: str, verb: str) -> None:
    await happen(keeper.store, 256)
    await seal(keeper)
    column = "note" if table == "log_checkpoints" else "hash"
    statement = f"DELETE FROM {table}" if verb == "DELETE" else f"UPDATE {table} SET {column} = {column}"  # noqa: S608 - literals
    with pytest.raises(DBAPIError, match="append-only"):
        async with keeper.store.transaction() as tx:
            await tx.connection.execute(text(statement))


async def test_a_leaf_or_a_head_is_added_once(keeper: LogKeeper) -> None:
    await happen(keeper.store, 1)
    await seal(keeper)
    again = log.NewLeaf(seq=0, event_seq=9, case_tag=None, case_seq=0, hash=b"", body=b"")
    for one in (again, again._replace(seq=1, event_seq=1)):
        with pytest.raises(Taken):
            async with keeper.store.transaction() as tx:
                await log.append(tx, [one], [])
    with pytest.raises(Taken):
        async with keeper.store.transaction() as tx:
            await log.put_head(tx, log.SignedHead(size=1, signed_at=NOW, note=""))
