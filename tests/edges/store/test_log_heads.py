"""The log's keys and heads: kept apart, never signed backwards; and what was recorded before there was a log."""

from __future__ import annotations

import hashlib
import os
import stat
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from mailer.flows import keep_log
from mailer.flows.keep_log import LogKeeper, LogRefused, seal
from mailer.flows.log_key import LogKeyProblem, key_in
from mailer.flows.prove_event import newest_head, prove_event
from mailer.flows.recording import happened
from mailer.flows.verify_record import verify_record
from mailer.record.checkpoint import checkpoint_of, proof_of, proven
from mailer.record.commitment import payload_bytes
from mailer.record.tampering import Tampering
from mailer.settings import SettingsError
from mailer.store import events, inbox, log, log_check, schema
from mailer.store.session import Store, StoreUnreachable
from tests.edges.store.sealed import NOW, happen, is_whole, kept_mail, size_of
from tests.servers.migrated import lay_sqlite


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
    assert key.signer.line.split("+", 4)[4] not in facts  # base64 may hold a + of its own
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


async def test_mails_are_held_against_their_names_a_few_at_a_time(keeper: LogKeeper) -> None:
    for number in range(24):
        raw, payload_id = bytes([65 + number]) * 1_000_000, f"raw_{number}"
        made = happened(
            "mail.fetched",
            now=NOW,
            actor="x",
            refs={"mail": f"mail_{number}"},
            payload={"sha256": hashlib.sha256(raw).hexdigest()},
        )
        async with keeper.store.transaction() as tx:
            await events.keep_payload(tx, payload_id=payload_id, subject_id="", kind="raw_mail", salt=b"s", body=raw)
            await inbox.add(tx, [kept_mail(number, raw)])
            await events.record(tx, [made])
    tracemalloc.start()
    async with keeper.store.reading() as tx:
        found = [one async for one in log_check.named_bytes(tx)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sorted(of for of, named, present in found if named == present) == sorted(f"mail_{n}" for n in range(24))
    assert peak < 16_000_000
