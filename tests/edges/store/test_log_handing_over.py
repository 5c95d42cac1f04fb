"""A new key follows an old one, and a new log an old one that cannot go on: nothing that was proved becomes untrue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mailer.flows import hand_over_log
from mailer.flows.hand_over_log import NotToHandOver, restart_log, rotate_key
from mailer.flows.keep_log import LogKeeper, LogRefused, head_in, keep_head, seal
from mailer.flows.log_key import NEXT, LogKeyProblem, key_in, make_key, next_key, promote
from mailer.flows.prove_event import newest_head, prove_event
from mailer.flows.verify_record import verify_record
from mailer.record.checkpoint import checkpoint_of, proof_of, proven
from mailer.record.note import BadNote, opened, sign, verifier_of
from mailer.store import events, log
from mailer.store.session import StoreUnreachable
from tests.edges.store.sealed import NOW, happen, size_of

WHY: dict[str, Any] = {"because": "the disk died", "actor": "person:1", "now": NOW}


async def _put_back(keeper: LogKeeper, size: int) -> str:
    """Sign what there is, and put back a copy of the database from before; returns the head that is lost."""
    lost = (await newest_head(keeper)).note
    tables = ("events", "log_leaves", "log_nodes", "log_checkpoints")
    async with keeper.store.transaction() as tx:
        for table in tables:
            if tx.dialect == "sqlite":
                await tx.connection.execute(text(f"DROP TRIGGER {table}_no_delete"))
            else:
                await tx.connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        gone = {"size": size}
        await tx.connection.execute(text("DELETE FROM log_checkpoints WHERE size > :size"), gone)
        await tx.connection.execute(
            text("DELETE FROM events WHERE seq > (SELECT event_seq FROM log_leaves WHERE seq = :size - 1)"), gone
        )
        await tx.connection.execute(text("DELETE FROM log_leaves WHERE seq >= :size"), gone)
    return lost


async def _errors(keeper: LogKeeper, kept: str = "") -> list[str]:
    return [str(one.what) for one in (await verify_record(keeper.store, keeper.data, kept=kept)).findings]


async def test_a_log_goes_on_under_a_new_name_after_a_backup_was_put_back(keeper: LogKeeper) -> None:
    await happen(keeper.store, 5)
    first = await newest_head(keeper)
    early = await prove_event(keeper, "2")
    await happen(keeper.store, 4)
    lost = await _put_back(keeper, 5)
    with pytest.raises(LogRefused, match="log restart"):
        await seal(keeper, at_once=True)
    await happen(keeper.store, 2, "cus_2")
    done = await restart_log(keeper, **WHY)
    assert (done.until, done.size, done.old_vkey) == (5, 8, first.vkey)
    assert done.origin != first.origin
    # The old key vouches for the new log, and the new log holds the old one's last head.
    assert opened(head_in(keeper.data), verifier_of(first.vkey)).startswith(done.origin)
    async with keeper.store.reading() as tx:
        last = (await events.listing(tx))[-1]
    assert (last.type, last.payload["given_up"], last.payload["because"]) == ("log.restarted", lost, "the disk died")
    await happen(keeper.store, 3)
    await seal(keeper, at_once=True)
    assert await _errors(keeper) == []
    assert await _errors(keeper, first.note) == []
    assert await _errors(keeper, lost) == ["restored"]
    assert proven(early.entry, proof_of(early.proof), verifier_of(first.vkey)).size == 5
    later = await prove_event(keeper, "2")
    assert later.entry == early.entry
    assert proven(later.entry, proof_of(later.proof), verifier_of(done.vkey)).size == 11


async def test_a_log_whose_key_is_lost_begins_anew(keeper: LogKeeper) -> None:
    for customer in ("cus_1", "cus_2"):
        await happen(keeper.store, 3, customer)
    first = await newest_head(keeper)
    (keeper.data / "log.key").unlink()
    with pytest.raises(LogKeyProblem, match="log restart"):
        await rotate_key(keeper, **WHY)
    await happen(keeper.store, 2)
    done = await restart_log(keeper, **WHY)
    assert (done.until, done.size) == (6, 9)
    assert await _errors(keeper) == await _errors(keeper, first.note) == []
    # A second time, with leaves of the first key, of the second, and of the third.
    (keeper.data / "log.key").unlink()
    await restart_log(keeper, **WHY)
    await happen(keeper.store, 1)
    await seal(keeper, at_once=True)
    assert await _errors(keeper) == []


async def test_a_lost_key_does_not_hide_what_was_changed(keeper: LogKeeper) -> None:
    await happen(keeper.store, 3)
    await happen(keeper.store, 1, "cus_2")
    await newest_head(keeper)
    (keeper.data / "log.key").unlink()
    async with keeper.store.transaction() as tx:
        if tx.dialect == "sqlite":
            await tx.connection.execute(text("DROP TRIGGER events_no_update"))
        else:
            await tx.connection.execute(text("ALTER TABLE events DISABLE TRIGGER ALL"))
        await tx.connection.execute(text("UPDATE events SET customer_id = 'cus_2' WHERE seq = 2"))
    with pytest.raises(NotToHandOver, match="cover this up"):
        await restart_log(keeper, **WHY)


async def test_a_new_key_signs_the_same_log(keeper: LogKeeper) -> None:
    await happen(keeper.store, 4)
    first = await newest_head(keeper)
    old = key_in(keeper.data)
    assert old is not None
    done = await rotate_key(keeper, **WHY)
    assert (done.origin, done.until, done.size) == (first.origin, 5, 5)
    for vkey in (first.vkey, done.vkey):
        assert checkpoint_of(head_in(keeper.data), verifier_of(vkey)).size == 5
    await happen(keeper.store, 2)
    head = await newest_head(keeper)
    assert (head.vkey, head.size) == (done.vkey, 7)
    with pytest.raises(BadNote):
        checkpoint_of(head.note, verifier_of(first.vkey))
    assert await _errors(keeper, first.note) == []
    # Whoever has the old key can sign nothing more with it.
    forged = sign(opened(head.note, verifier_of(done.vkey)), old.signer)
    assert await _errors(keeper, forged) == ["restored"]
    keep_head(keeper.data, forged)
    assert await _errors(keeper) == ["bad_signature"]


async def test_a_log_that_is_well_is_not_restarted(keeper: LogKeeper) -> None:
    for verb in (restart_log, rotate_key):
        with pytest.raises(NotToHandOver, match="not begun"):
            await verb(keeper, **WHY)
    await happen(keeper.store, 1)
    await seal(keeper)
    with pytest.raises(NotToHandOver, match="nothing to restart"):
        await restart_log(keeper, **WHY)
    (keeper.data / "log.key").unlink()
    make_key(keeper.data, "other@example.com")
    with pytest.raises(LogKeyProblem, match="not to this log"):
        await restart_log(keeper, **WHY)


@pytest.mark.parametrize("step", ["put_head", "promote", "keep_head"])
async def test_it_may_die_while_keys_change(keeper: LogKeeper, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    await happen(keeper.store, 3)
    first = await newest_head(keeper)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(log if step == "put_head" else hand_over_log, step, die)
        with pytest.raises(KeyboardInterrupt):
            await rotate_key(keeper, **WHY)
    await happen(keeper.store, 1)
    head = await newest_head(keeper)
    assert (head.vkey == first.vkey) is (step == "put_head")
    assert head.size == await size_of(keeper.store)
    assert await _errors(keeper, first.note) == []


async def test_a_head_that_is_no_head_is_given_up_too(keeper: LogKeeper) -> None:
    await happen(keeper.store, 2)
    await seal(keeper)
    keep_head(keeper.data, "garbled")
    done = await restart_log(keeper, **WHY)
    assert await _errors(keeper) == []
    assert checkpoint_of(head_in(keeper.data), verifier_of(done.vkey)).size == 3


def test_what_the_disk_refuses_is_said(tmp_path: Path) -> None:
    with pytest.raises(LogKeyProblem, match="cannot be written"):
        next_key(tmp_path / "none", "ap@b.example", tags=None)
    with pytest.raises(LogKeyProblem, match=NEXT):
        promote(tmp_path)


async def test_only_one_changes_the_key(keeper: LogKeeper) -> None:
    await happen(keeper.store, 1)
    await seal(keeper)
    if keeper.store.dialect == "sqlite":
        pytest.skip("SQLite has one writer")
    async with keeper.store.transaction() as tx:
        assert await log.alone(tx)
        with pytest.raises(StoreUnreachable, match="try again"):
            await rotate_key(keeper, **WHY)
