"""The record goes into its log once, in order, whoever does it and wherever it dies; and is never signed backwards."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mailer.domain.ids import CustomerId
from mailer.flows import keep_log
from mailer.flows.keep_log import LogKeeper, LogRefused, seal
from mailer.flows.log_key import LogKeyProblem, key_in
from mailer.flows.prove_event import newest_head, prove_event
from mailer.flows.recording import happened
from mailer.flows.verify_record import verify_record
from mailer.record.checkpoint import checkpoint_of, proof_of, proven
from mailer.record.commitment import payload_bytes
from mailer.record.leaf import leaf_of
from mailer.record.tampering import Tampering
from mailer.settings import SettingsError
from mailer.store import events, log, log_check, schema
from mailer.store.session import Store, StoreUnreachable, Taken
from tests.servers.migrated import lay_sqlite

NOW = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)


class Died(BaseException):
    """The process ended here."""


@pytest.fixture
def keeper(store: Store, tmp_path: Path) -> LogKeeper:
    return LogKeeper(store=store, data=tmp_path, address="ap@brightwater.example", clock=lambda: NOW)


async def happen(store: Store, many: int, customer: str = "cus_1") -> None:
    async with store.transaction() as tx:
        made = [
            happened(
                "note.added", now=NOW, actor="person:1", customer_id=CustomerId(customer), payload={"text": f"é{n}"}
            )
            for n in range(many)
        ]
        await events.record(tx, made)


async def size_of(store: Store) -> int:
    async with store.reading() as tx:
        return (await log.edge(tx))[0]


async def is_whole(keeper: LogKeeper, size: int) -> None:
    """The log holds every event once, in their order, and verifies."""
    async with keeper.store.reading() as tx:
        rows = [row async for row in log_check.leaves(tx, start=0)]
        listed = await events.listing(tx)
    assert [row.event.id if row.event else "" for row in rows] == [event.id for event in listed]
    assert len(rows) == size
    found = await verify_record(keeper.store, keeper.data)
    assert (found.findings, found.leaves, found.waiting) == ((), size, 0)


async def test_events_become_leaves_in_their_order(keeper: LogKeeper) -> None:
    await happen(keeper.store, 3)
    await happen(keeper.store, 2, "cus_2")
    assert await seal(keeper) == keep_log.SealReport(leaves=5, signed=5)
    assert await seal(keeper) == keep_log.SealReport()
    await is_whole(keeper, 5)
    async with keeper.store.reading() as tx:
        leaves = [leaf_of(row.body) async for row in log_check.leaves(tx, start=0)]
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
    for one in (again, replace(again, seq=1, event_seq=1)):
        with pytest.raises(Taken):
            async with keeper.store.transaction() as tx:
                await log.append(tx, [one], [])
    with pytest.raises(Taken):
        async with keeper.store.transaction() as tx:
            await log.put_head(tx, log.SignedHead(size=1, signed_at=NOW, note=""))


async def test_the_keys_are_in_a_file_of_their_own_that_others_cannot_read(keeper: LogKeeper) -> None:
    await happen(keeper.store, 1)
    await seal(keeper)
    path = keeper.data / "log.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = key_in(keeper.data)
    assert key is not None
    async with keeper.store.reading() as tx:
        facts = str([tuple(row) for row in await tx.all(text("SELECT * FROM facts"))])
    assert key.signer.verifier.line in facts
    assert key.signer.line.rpartition("+")[2] not in facts
    path.chmod(0o644)
    await happen(keeper.store, 1)
    with pytest.raises(SettingsError, match="chmod 600"):
        await seal(keeper)


async def test_without_its_keys_or_with_others_the_log_does_not_go_on(keeper: LogKeeper, tmp_path: Path) -> None:
    await happen(keeper.store, 1)
    await seal(keeper)
    await happen(keeper.store, 1)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(LogKeyProblem, match="missing"):
        await seal(replace(keeper, data=elsewhere))
    keep_log_key = (keeper.data / "log.key").read_text()
    (keeper.data / "log.key").write_text("nonsense\n")
    with pytest.raises(LogKeyProblem, match="two keys"):
        await seal(keeper)
    (keeper.data / "log.key").unlink()
    lay_sqlite(elsewhere / "duly.sqlite3")
    other = Store(f"sqlite+aiosqlite:///{elsewhere}/duly.sqlite3")
    await happen(other, 1)
    await seal(LogKeeper(store=other, data=elsewhere, address="x", clock=lambda: NOW))
    await other.close()
    os.rename(elsewhere / "log.key", keeper.data / "log.key")  # noqa: PTH104 - one line
    with pytest.raises(LogKeyProblem, match="belongs to"):
        await seal(keeper)
    assert await size_of(keeper.store) == 1
    (keeper.data / "log.key").write_text(keep_log_key)
    await seal(keeper, at_once=True)
    await is_whole(keeper, 2)


async def test_a_smaller_tree_or_another_one_is_not_signed(keeper: LogKeeper, tmp_path: Path) -> None:
    await happen(keeper.store, 5)
    await seal(keeper)
    for name in ("log.key", "log.checkpoint"):
        (tmp_path / "other").mkdir(exist_ok=True)
        (tmp_path / "other" / name).write_bytes((keeper.data / name).read_bytes())
        (tmp_path / "other" / name).chmod(0o600)
    lay_sqlite(tmp_path / "other" / "duly.sqlite3")
    other = Store(f"sqlite+aiosqlite:///{tmp_path}/other/duly.sqlite3")
    restored = LogKeeper(store=other, data=tmp_path / "other", address="", clock=lambda: NOW)
    for many, what in ((3, Tampering.RESTORED), (2, Tampering.FORKED), (2, Tampering.FORKED)):
        await happen(other, many)
        with pytest.raises(LogRefused) as refused:
            await seal(restored)
        assert refused.value.what is what
    async with other.reading() as tx:
        assert await log.last_head(tx) is None
    await other.close()


async def test_a_file_that_cannot_be_read_or_written_stops_signing(keeper: LogKeeper) -> None:
    await happen(keeper.store, 1)
    await seal(keeper)
    path = keeper.data / "log.checkpoint"
    note = path.read_text()
    path.write_text(note.replace("\n1\n", "\n2\n"))
    await happen(keeper.store, 1)
    with pytest.raises(LogRefused) as refused:
        await seal(keeper, at_once=True)
    assert refused.value.what is Tampering.BAD_SIGNATURE
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreUnreachable):
        await seal(keeper, at_once=True)
    path.rmdir()
    await seal(keeper)  # the database remembers; the file is made anew
    assert path.read_text() == note


async def test_what_is_proven_can_be_checked_without_us(keeper: LogKeeper) -> None:
    await happen(keeper.store, 600)
    head = await newest_head(keeper)
    key = key_in(keeper.data)
    assert key is not None
    assert checkpoint_of(head.note, key.signer.verifier).size == head.size == 600
    async with keeper.store.reading() as tx:
        listed = await events.listing(tx)
    for said in (listed[0].id, str(listed[299].seq), listed[599].id):
        found = await prove_event(keeper, said)
        assert proven(found.entry, proof_of(found.proof), key.signer.verifier).size == 600


async def test_the_log_of_an_empty_record_has_nothing_to_say(keeper: LogKeeper) -> None:
    assert await seal(keeper) == keep_log.SealReport()
    found = await verify_record(keeper.store, keeper.data)
    assert (found.origin, found.findings) == ("", ())


_EARLY_EVENT = """
INSERT INTO events (id, type, at, actor, customer_id, case_id, policy_version, refs, commitment, payload_id)
VALUES (:event, 'note.added', :at, 'person:1', 'cus_1', NULL, '', '{}', :commitment, :payload)
"""


async def _recorded_before_the_log(store: Store, words: str) -> None:
    """An event as revision 0003 and its code wrote it."""
    salt, body = b"0123456789abcdef", payload_bytes({"text": words})
    row = {
        "event": f"evt_{words}",
        "at": NOW.isoformat(sep=" ", timespec="microseconds").removesuffix("+00:00"),
        "commitment": hashlib.sha256(salt + body).hexdigest(),
        "payload": f"pl_{words}",
    }
    kept = {"id": row["payload"], "salt": salt, "body": body}
    async with store.transaction() as tx:
        await tx.connection.execute(text("INSERT INTO payloads VALUES (:id, 'cus_1', 'event', :salt, :body)"), kept)
        await tx.connection.execute(text(_EARLY_EVENT), row)


async def test_events_from_before_the_log_are_taken_up_and_still_bound(tmp_path: Path) -> None:
    old = Store(f"sqlite+aiosqlite:///{tmp_path}/duly.sqlite3")
    async with old.engine.connect() as connection, connection.begin():
        await connection.run_sync(lambda sync: command.upgrade(schema.config(sync), "0003"))
    for words in ("early", "later"):
        await _recorded_before_the_log(old, words)
    await schema.migrate(old)
    keeper = LogKeeper(store=old, data=tmp_path, address="ap@brightwater.example", clock=lambda: NOW)
    await happen(old, 1)
    await seal(keeper)
    await is_whole(keeper, 3)
    async with old.transaction() as tx:
        await tx.connection.execute(text("UPDATE payloads SET body = '{}' WHERE id = 'pl_early'"))
    found = await verify_record(old, tmp_path)
    assert [one.what for one in found.findings] == [Tampering.WORDS_CHANGED]
    await old.close()
