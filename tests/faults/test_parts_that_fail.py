"""When a part fails for a while, nothing is decided on half the knowledge, and nothing stays broken."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from mailer.domain.agreement import HoldKind
from mailer.flows.policies import Policies
from mailer.flows.read_reply import Overtaken, read_one, read_stored
from mailer.flows.receive_mail import poll
from mailer.settings import load
from mailer.store import inbox
from mailer.store.session import StoreUnreachable
from tests.servers.postgres import PostgresCluster
from tests.stories.world import World
from workers.embedded import EmbeddedRunner
from workers.jobs import JOBS, Service

DUE = date(2026, 9, 4)


async def _reply_stored(world: World, words: str) -> None:
    """Let a reply be fetched but not read."""
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], words)
    await poll(world.app.intake())


async def test_the_loops_outlive_a_moment_without_database(world: World) -> None:
    service = Service(app=world.app, channel=world.app.channel())
    runner = EmbeddedRunner(service, dict.fromkeys(JOBS, 0.1))
    whole = world.app.store.engine
    await runner.start()
    broken = type(world.app.store)("sqlite+aiosqlite:////nowhere/at/all.sqlite3")
    world.app.store.engine = broken.engine
    await asyncio.sleep(1)
    world.app.store.engine = whole
    await world.owe("INV-1", due=DUE)
    for _ in range(200):
        if world.mails:
            break
        await asyncio.sleep(0.05)
    await runner.stop()
    await service.close()
    await broken.close()
    assert len(world.mails) == 1


async def test_stored_replies_are_read_even_while_the_mailbox_is_away(world: World) -> None:
    await _reply_stored(world, "We dispute this invoice, the goods were damaged.")
    world.dovecot.stop()
    service = Service(app=world.app, channel=world.app.channel())
    with pytest.raises(Exception, match=r"127\.0\.0\.1"):
        await JOBS["poll"](service)
    await service.close()
    assert len(await world.events("dispute.drafted")) == 1


async def test_what_came_while_the_service_was_down_is_read_before_anything_is_sent(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], "We dispute this invoice, the goods were damaged.")
    world.clock.at += timedelta(days=8)
    await world.import_ledger()
    service = Service(app=world.app, channel=world.app.channel())
    runner = EmbeddedRunner(service, dict.fromkeys(JOBS, 0.1))
    await runner.start()
    await asyncio.sleep(1)
    await runner.stop()
    await service.close()
    assert len(world.mails) == 1


async def test_a_mail_read_by_two_workers_counts_once(world: World) -> None:
    await _reply_stored(world, "We dispute this invoice, the goods were damaged.")
    async with world.app.store.reading() as tx:
        mail = await inbox.load(tx, (await inbox.unread(tx))[0])
    assert mail is not None
    reader = world.app.reader()
    await read_one(reader, mail)
    late = replace(mail, state=inbox.MATCHED)
    with pytest.raises(Overtaken):
        await read_one(reader, late)
    facts = await world.facts("INV-1")
    assert len(facts.disputes) == len(await world.events("dispute.drafted")) == 1


async def test_a_mail_whose_customer_has_no_policy_waits_whole(world: World) -> None:
    await _reply_stored(world, "We dispute this invoice, the goods were damaged.")
    reader = world.app.reader()
    none = Policies(by_name={}, assignments={}, default="gone")
    assert (await read_stored(replace(reader, policies=none))).quarantined == 0
    assert (await read_stored(reader)).read == 1
    assert len((await world.facts("INV-1")).disputes) == 1


async def test_a_mail_that_cannot_be_read_holds_its_sender_and_goes_to_a_person(world: World) -> None:
    await _reply_stored(world, "We dispute this invoice, the goods were damaged.")
    reader = replace(world.app.reader(), phrases=None)  # type: ignore[arg-type] # a fault of ours while reading
    assert (await read_stored(reader)).quarantined == 1
    facts = await world.facts("INV-1")
    assert {hold.kind for hold in facts.holds} == {HoldKind.REPLY}
    assert await world.waiting() == 1
    async with world.app.store.reading() as tx:
        kept = (await inbox.listing(tx, needs_person=True))[0]
    assert kept.payload_id


async def test_a_connection_that_is_cut_is_the_databases_trouble_not_the_mails(
    world: World, request: pytest.FixtureRequest
) -> None:
    if world.app.store.dialect != "postgresql":
        pytest.skip("SQLite has no connection to cut")
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    await _reply_stored(world, "We dispute this invoice, the goods were damaged.")

    async def cut() -> None:
        async with world.app.store.transaction() as tx:
            pid = (await tx.all(text("SELECT pg_backend_pid()")))[0][0]
            await asyncio.to_thread(cluster._execute, f"SELECT pg_terminate_backend({pid})")
            await tx.all(text("SELECT 1"))

    with pytest.raises(StoreUnreachable):
        await cut()
    assert (await read_stored(world.app.reader())).read == 1


def test_the_data_folder_on_the_command_line_beats_the_one_in_the_environment(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DULY_DATA", str(tmp_path / "another"))
    chosen = world.app.settings.data
    assert load(chosen).data == chosen
