"""What the record shows of our looks into the mailbox: silence, late mail, and folders that cannot be trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from mailer.flows.folder_looks import MOST_RENUMBERINGS
from mailer.flows.intake import LEASE, Intake, turn_at
from mailer.flows.receive_mail import poll, poll_all
from mailer.flows.trouble import troubles
from mailer.mailbox import FetchedMail, FolderState, ImapMailbox, Mailbox, MailboxRefused, MailboxUnreachable
from mailer.store import folders, inbox, state
from mailer.store.events import RecordedEvent
from mailer.store.tables import leases
from tests.stories.test_mail_comes_in import put, settings
from tests.stories.world import MONDAY, World
from workers.jobs import JOBS, Service, attempt

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


def only(world: World, *names: str) -> Intake:
    return replace(world.app.intake(), name="mine", folders=names, read_junk=False, read_sent=False)


async def spans(world: World, mailbox: str = "mine", folder: str = "INBOX") -> list[RecordedEvent]:
    found = await world.events("imap.polled")
    return [e for e in found if (e.payload["mailbox"], e.payload["folder"]) == (mailbox, folder)]


async def test_silence_is_shown_by_spans_that_join_without_a_gap(world: World) -> None:
    intake = only(world, "INBOX")
    await poll(intake)
    opened = world.clock.at
    for _ in range(150):
        world.clock.at += MINUTE
        await poll(intake)
    put(world, "Hello", at=world.clock.at, folder="INBOX")
    world.clock.at += 5 * HOUR  # nobody looks
    await poll(intake)
    put(world, "Taken away", at=world.clock.at, folder="INBOX")
    remove_newest(world)
    world.clock.at += MINUTE
    await poll(intake)
    told = [e.payload for e in await spans(world)]
    assert [(p["count"], p["to_uid"] - p["from_uid"] + 1, p["looks"]) for p in told] == [
        (0, 0, 61),
        (0, 0, 60),
        (1, 1, 31),
        (0, 1, 1),
    ]
    ends = [opened.isoformat(), *(p["to_at"] for p in told)]
    assert [p["from_at"] for p in told] == ends[:-1]
    assert told[-1]["to_at"] == world.clock.at.isoformat()
    async with world.app.store.reading() as tx:
        at = await folders.cursor(tx, "mine", "INBOX")
    assert at is not None
    assert at.polled_at == world.clock.at


class ShowsLate(ImapMailbox):
    """A real mailbox that does not show some mails to a search at first."""

    hidden: frozenset[int] = frozenset()

    async def uids_after(self, uid: int) -> tuple[int, ...]:
        return tuple(one for one in await super().uids_after(uid) if one not in self.hidden)


async def test_a_mail_that_the_server_shows_too_late_is_found_within_the_hour_and_reacted_to(world: World) -> None:
    intake = only(world, "Dunning")
    put(world, "Old", at=MONDAY - timedelta(days=3))
    await poll(intake)

    def late() -> Mailbox:
        mailbox = ShowsLate(settings(world))
        mailbox.hidden = frozenset({2})
        return mailbox

    put(world, "Shown too late", at=MONDAY)
    put(world, "Shown", at=MONDAY)
    assert (await poll(replace(intake, open_mailbox=late))).fetched == 1
    world.clock.at += 59 * MINUTE
    assert (await poll(intake)).fetched == 0
    world.clock.at += MINUTE
    report = await poll(intake)
    assert (report.fetched, report.late) == (1, 1)
    assert len(await world.events("mail.found_late")) == 1
    async with world.app.store.reading() as tx:
        assert {m.subject or m.uid: m.history for m in await inbox.listing(tx)} == {2: False, 3: False}
    world.clock.at += 2 * HOUR
    assert (await poll(intake)).fetched == 0


class Counting(ImapMailbox):
    """A real mailbox that counts how many bodies are asked for."""

    asked = 0

    async def fetch(self, uids: tuple[int, ...], sizes: Mapping[int, int] | None = None) -> tuple[FetchedMail, ...]:
        Counting.asked += len(uids)
        return await super().fetch(uids, sizes)


async def test_copies_are_looked_at_once_and_not_every_hour(world: World) -> None:
    intake = replace(only(world, "Dunning"), open_mailbox=lambda: Counting(settings(world)))
    world.dovecot.maildir("Dunning")
    await poll(intake)
    put(world, "Twice", at=MONDAY)
    raw = next(iter(world.dovecot.maildir("Dunning").rglob("*.duly*"))).read_bytes()
    world.dovecot.deliver(raw, folder="Dunning", at=MONDAY)
    put(world, "Other", at=MONDAY)
    report = await poll(intake)
    assert (report.fetched, report.known) == (2, 1)
    world.dovecot.renumber("Dunning")
    await poll(intake)
    Counting.asked = 0
    for _ in range(3):
        world.clock.at += 2 * HOUR
        await poll(intake)
    assert Counting.asked == 0


class AlwaysAnew(ImapMailbox):
    """A real mailbox of which one folder is numbered anew at every look."""

    number = 1000

    async def examine(self, folder: str) -> FolderState:
        there = await super().examine(folder)
        if folder != "Dunning":
            return there
        AlwaysAnew.number += 1
        return replace(there, uidvalidity=AlwaysAnew.number)


async def test_a_folder_that_is_always_numbered_anew_is_left_alone_for_a_day_and_the_others_are_read(
    world: World,
) -> None:
    world.dovecot.maildir("Dunning")
    intake = replace(only(world, "Dunning", "INBOX"), open_mailbox=lambda: AlwaysAnew(settings(world)))
    for _ in range(1 + MOST_RENUMBERINGS):
        await poll(intake)
    for number in range(2):
        put(world, f"Hello {number}", at=world.clock.at, folder="INBOX")
        with pytest.raises(MailboxRefused, match=r"'Dunning' anew more than 5 times .*not read before"):
            await poll(intake)
    async with world.app.store.reading() as tx:
        assert (await inbox.counts(tx))[0] == 2
    assert len(await world.events("folder.renumbered")) == MOST_RENUMBERINGS + 1
    world.clock.at += timedelta(days=1)
    await poll(intake)


async def test_a_sent_folder_that_is_missing_is_told_and_stops_nobody(world: World) -> None:
    imap = world.app.settings.imap.model_copy(update={"sent_folder": "Gone"})
    app = replace(world.app, settings=world.app.settings.model_copy(update={"imap": imap}))
    service = Service(app=app, channel=app.channel())
    world.clock.at += HOUR
    assert await attempt(service, "poll") is not None
    await service.close()
    assert "'Gone' cannot be opened" in (await troubles(app.store))["poll"]
    async with app.store.reading() as tx:
        assert await state.get(tx, "inbox_read_at") == world.clock.at.isoformat()


async def test_nothing_is_sent_while_one_of_several_inboxes_is_not_read_and_the_other_is_read_all_the_same(
    world: World,
) -> None:
    main = world.app.settings.imap
    further = {**main.model_dump(), "username": "second@duly.test", "role": "inbox", "port": 1}
    chosen = type(world.app.settings).model_validate({**world.app.settings.model_dump(), "mailboxes": [further]})
    app = replace(world.app, settings=chosen)
    async with app.store.reading() as tx:
        before = await state.get(tx, "inbox_read_at")
    world.reply(None, "Where do I pay?")
    world.clock.at += HOUR
    service = Service(app=app, channel=app.channel())
    with pytest.raises(MailboxUnreachable):
        await JOBS["poll"](service)
    await service.close()
    async with app.store.reading() as tx:
        assert (await inbox.counts(tx))[0] == 1
        assert await state.get(tx, "inbox_read_at") == before
    archive = replace(app.intakes()[1], role="archive")
    report = await poll_all((app.intakes()[0], archive))
    assert "second@duly.test" in report.trouble[0]


async def test_a_poll_that_was_overtaken_stores_nothing_and_a_dead_one_blocks_for_two_minutes(world: World) -> None:
    intake = only(world, "Dunning")
    world.dovecot.maildir("Dunning")
    await poll(intake)
    put(world, "Hello", at=MONDAY)

    class Slow(ImapMailbox):
        async def fetch(self, uids: tuple[int, ...], sizes: Mapping[int, int] | None = None) -> tuple[FetchedMail, ...]:
            async with world.app.store.transaction() as tx:  # this process stood still, and another came
                later = world.clock.at + timedelta(minutes=3)
                assert await state.lease(tx, "poll:mine", "another", now=later, until_at=later + 2 * MINUTE)
            return await super().fetch(uids, sizes)

    report = await poll(replace(intake, open_mailbox=lambda: Slow(settings(world))))
    assert (report.busy, report.fetched) == (True, 0)
    assert (await poll(intake)).busy
    world.clock.at += 5 * MINUTE
    assert (await poll(intake)).fetched == 1
    dead = turn_at(intake)
    await dead.__aenter__()
    assert (await poll(intake)).busy
    world.clock.at += 2 * MINUTE
    assert not (await poll(intake)).busy
    await dead.__aexit__(None, None, None)


async def test_a_slow_poll_keeps_its_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.flows.intake.RENEW_SECONDS", 0.01)
    intake = only(world, "INBOX")
    async with turn_at(intake) as turn:
        assert turn is not None
        for _ in range(5):
            world.clock.at += 90 * SECOND
            await until_renewed(world)
            assert (await poll(intake)).busy


async def until_renewed(world: World) -> None:
    """Wait until the lease reaches two minutes beyond the present."""
    async with asyncio.timeout(30):
        while True:
            async with world.app.store.reading() as tx:
                [row] = await tx.all(select(leases).where(leases.c.name == "poll:mine"))
            if row.until_at == world.clock.at + LEASE:
                return
            await asyncio.sleep(0.01)


def remove_newest(world: World) -> None:
    client = world.dovecot.login()
    client.select("INBOX")
    newest = client.search(None, "ALL")[1][0].split()[-1].decode()
    client.store(newest, "+FLAGS", "\\Deleted")
    client.expunge()
    client.logout()
