"""A database put back from a backup has forgotten what it sent: nothing leaves until a person has looked."""

from __future__ import annotations

import shutil
import stat
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from mailer.domain.delivery import OutboxState
from mailer.domain.ids import OutboxId
from mailer.flows import epoch
from mailer.flows.already_sent import NoSentFolder, already_sent
from mailer.flows.back_up import back_up
from mailer.flows.epoch import Epoch, EpochNotKept
from mailer.flows.plan_reminders import tick
from mailer.flows.release_held import Released, held_list, release
from mailer.flows.send_message import DrainReport, drain
from mailer.reminders.breaker import Freeze
from mailer.settings import load
from mailer.store import outbox
from mailer.store.outbox import OutboxEntry
from mailer.wiring import open_app
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import RecordingSmtp
from tests.stories.delivery_peers import Peer
from tests.stories.world import World, build

DUE = date(2026, 9, 4)
HELD = DrainReport(blocked="frozen")


@pytest.fixture
async def house(tmp_path: Path, recording_smtp: RecordingSmtp, dovecot: Dovecot) -> AsyncIterator[World]:
    """A house on SQLite; a PostgreSQL database is backed up and put back by its own tools, and judged the same way."""
    built = await build(tmp_path, database_url="", redis_url="", smtp=recording_smtp, dovecot=dovecot)
    yield built
    await built.app.close()


def data(world: World) -> Path:
    return world.app.settings.data


async def send(world: World) -> tuple[DrainReport, list[str]]:
    """Plan and send; returns also who got something."""
    await tick(world.app.planner())
    report = await drain(world.app.sender(peer := Peer()))
    return report, peer.taken


async def put_back(world: World, backup: Path) -> None:
    """Stop, put the backup into the place of the database, and start again."""
    await world.app.close()
    database = data(world) / "duly.sqlite3"
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    shutil.copy(backup, database)
    world.app = open_app(load(data(world)), clock=world.clock)


async def let_go(world: World, gone: Sequence[OutboxId] = ()) -> Released:
    async def evidence(_entries: Sequence[OutboxEntry]) -> frozenset[OutboxId]:
        return frozenset(gone)

    found = await held_list(world.app.store)
    assert found is not None
    assert found.frozen.code == "restored"
    return await release(
        world.app.store, found.hash, data=data(world), actor="person:7", now=world.clock(), reconcile=evidence
    )


@pytest.fixture
async def restored(house: World, tmp_path: Path) -> World:
    """Two reminders went out after the backup that was put back."""
    await house.owe_many([1], due=DUE)
    assert (await send(house))[0].sent == 1
    backup = tmp_path / "backup.sqlite3"
    await back_up(house.app.store, backup, actor="person:7", now=house.clock())
    await house.owe_many([2, 3], due=DUE)
    assert (await send(house))[0].sent == 2
    await put_back(house, backup)
    await house.import_ledger()
    return house


async def test_what_was_sent_after_the_backup_is_held_not_sent_again(restored: World) -> None:
    assert await send(restored) == (HELD, [])
    assert await send(restored) == (HELD, [])
    (told,) = await restored.events("sending.frozen")
    assert (told.payload["code"], told.payload["messages"]) == ("restored", 2)


async def test_a_person_lets_it_go_on_and_then_it_does(restored: World) -> None:
    await send(restored)
    assert await let_go(restored) == Released(messages=2)
    assert (await send(restored))[0].sent == 2
    await restored.owe_many([4], due=DUE)
    assert await send(restored) == (DrainReport(sent=1), ["ap4@alder.example"])


async def test_what_is_found_among_the_mail_that_was_sent_is_not_sent_again(restored: World) -> None:
    await send(restored)
    found = await held_list(restored.app.store)
    assert found is not None
    (second,) = [one.entry.message.id for one in found.messages if one.customer.ref == "K2"]
    assert await let_go(restored, [second]) == Released(messages=1, found_sent=1)
    assert (await send(restored))[1] == ["ap3@alder.example"]
    assert await restored.said("INV-2") == ["friendly"]
    async with restored.app.store.reading() as tx:
        entry = await outbox.load(tx, second)
    assert entry is not None
    assert entry.state is OutboxState.SENT


async def test_the_sent_folder_knows_what_the_backup_has_forgotten(house: World, tmp_path: Path) -> None:
    """Also what was planned only after the backup, and is planned anew under another Message-ID."""
    await back_up(house.app.store, tmp_path / "b.sqlite3", actor="person:7", now=house.clock())
    await house.owe_many([1, 2], due=DUE)
    await house.round()
    (copy,) = [one.raw for one in house.smtp.messages if one.recipients == ("ap1@alder.example",)]
    house.dovecot.deliver(copy, "Sent")
    await put_back(house, tmp_path / "b.sqlite3")
    await house.import_ledger()
    assert await send(house) == (HELD, [])
    found = await held_list(house.app.store)
    assert found is not None
    gone = await already_sent(house.app.settler(), [one.entry for one in found.messages])
    assert gone == {one.entry.message.id for one in found.messages if one.customer.ref == "K1"}
    assert await let_go(house, tuple(gone)) == Released(messages=1, found_sent=1)
    assert (await send(house))[1] == ["ap2@alder.example"]


async def test_where_nothing_can_be_looked_up_that_is_said(restored: World) -> None:
    await send(restored)
    found = await held_list(restored.app.store)
    assert found is not None
    entries = [one.entry for one in found.messages]
    with pytest.raises(NoSentFolder):
        await already_sent(replace(restored.app.settler(), places=()), entries)


async def test_one_message_after_the_backup_is_enough(house: World, tmp_path: Path) -> None:
    await back_up(house.app.store, tmp_path / "b.sqlite3", actor="person:7", now=house.clock())
    await house.owe_many([1], due=DUE)
    await send(house)
    await put_back(house, tmp_path / "b.sqlite3")
    await house.import_ledger()
    assert await send(house) == (HELD, [])


async def test_a_backup_put_back_before_anything_was_sent_since_changes_nothing(house: World, tmp_path: Path) -> None:
    await house.owe_many([1], due=DUE)
    await send(house)
    await back_up(house.app.store, tmp_path / "b.sqlite3", actor="person:7", now=house.clock())
    await put_back(house, tmp_path / "b.sqlite3")
    await house.owe_many([2], due=DUE)
    assert (await send(house))[0].sent == 1


async def test_a_missing_file_holds_sending_and_a_release_writes_it_again(house: World) -> None:
    for number in (1, 2):  # after the first claim alone it may be a crash before the first write
        await house.owe_many([number], due=DUE)
        await send(house)
    (data(house) / epoch.NAME).unlink()
    await house.owe_many([3], due=DUE)
    assert await send(house) == (HELD, [])
    await let_go(house)
    assert (await send(house))[0].sent == 1


# --- the epoch itself


async def advanced(world: World) -> Epoch:
    async with world.app.store.transaction() as tx:
        return await epoch.advance(tx)


async def judged(world: World, folder: Path) -> Freeze | None:
    async with world.app.store.reading() as tx:
        return await epoch.restored(tx, folder)


async def test_only_its_owner_may_read_the_file(house: World) -> None:
    epoch.keep(data(house), await advanced(house))
    assert stat.S_IMODE((data(house) / epoch.NAME).stat().st_mode) == 0o600


async def test_a_crash_between_the_commit_and_the_file_is_no_restore(house: World) -> None:
    epoch.keep(data(house), await advanced(house))
    await advanced(house)
    assert await judged(house, data(house)) is None


async def test_a_slower_worker_does_not_take_the_file_back(house: World) -> None:
    first, second = await advanced(house), await advanced(house)
    epoch.keep(data(house), second)
    epoch.keep(data(house), first)
    assert epoch.in_file(data(house)) == second


async def test_another_database_is_not_taken_for_this_one(house: World) -> None:
    await advanced(house)
    epoch.keep(data(house), Epoch(id="epo_other", counter=1))
    assert await judged(house, data(house)) is not None


async def test_a_second_machines_file_from_before_a_release_is_known(house: World, tmp_path: Path) -> None:
    """Two machines share a PostgreSQL database, each with a file of its own."""
    there = tmp_path / "second"
    there.mkdir()
    epoch.keep(there, await advanced(house))
    epoch.keep(data(house), await advanced(house))
    async with house.app.store.transaction() as tx:
        renewed = await epoch.renew(tx, data(house))
    epoch.keep(data(house), renewed)
    assert await judged(house, there) is None
    ahead = epoch.in_file(there)
    assert ahead is not None
    epoch.keep(there, replace(ahead, counter=99))
    assert await judged(house, there) is not None


async def test_where_the_file_cannot_be_written_nothing_is_sent(house: World) -> None:
    await house.owe_many([1], due=DUE)
    await tick(house.app.planner())
    (data(house) / f".{epoch.NAME}.part").mkdir()
    sender = house.app.sender(peer := Peer())
    with pytest.raises(EpochNotKept):
        await drain(sender)
    assert peer.taken == []
    (data(house) / f".{epoch.NAME}.part").rmdir()
    house.clock.at += timedelta(minutes=5)  # past the lease
    assert (await send(house))[0].sent == 1
