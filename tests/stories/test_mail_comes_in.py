"""How mail gets from the server into the house: each once, none lost, none dug up, and only nobody's let go."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from functools import partial

import pytest

from mailer.domain.status import Status
from mailer.flows.read_reply import read_stored
from mailer.flows.receive_mail import Intake, poll
from mailer.mailbox import ImapMailbox, ImapSettings, Mailbox, MailboxRefused, MailboxUnreachable
from mailer.store import events, inbox
from mailer.store.inbox import DONE, QUARANTINED
from tests.stories.world import MONDAY, World

DUE = date(2026, 9, 4)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def test_a_renumbered_mailbox_does_not_dig_up_what_was_there_before_us(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    intake = replace(world.app.intake(), folders=("Dunning",))
    put(world, "Old dispute", at=MONDAY - 40 * DAY)
    assert (await poll(intake)).fetched == 0
    put(world, "Seen", at=MONDAY + HOUR, sender="someone@nowhere.example")
    assert (await poll(intake)).fetched == 1
    world.dovecot.renumber("Dunning")
    put(world, "New", at=MONDAY + 2 * HOUR, sender="someone@nowhere.example")
    world.clock.at += DAY
    report = await poll(intake)
    assert (report.fetched, report.known) == (2, 1)
    await read_stored(world.app.reader())
    assert await stored(world) == {"Old dispute": True, "Seen": False, "New": False}
    assert await world.status("INV-1") is not Status.DISPUTED

    put(world, "Moved here by hand", at=MONDAY - 3 * DAY)
    world.dovecot.renumber("Dunning")
    await poll(intake)
    put(world, "Moved here later", at=MONDAY - 3 * DAY)
    await poll(intake)
    await read_stored(world.app.reader())
    late = await stored(world)
    assert (late["Moved here by hand"], late["Moved here later"]) == (True, False)


class Interrupted(ImapMailbox):
    """A real mailbox into which a mail falls just before it is asked for old mail."""

    def __init__(self, settings: ImapSettings, falls: Callable[[], None]) -> None:
        super().__init__(settings)
        self.falls = falls

    async def uids_since(self, day: date) -> tuple[int, ...]:
        self.falls()
        await self.uids_after(0)  # the server shows new mail at the end of a command
        found = await super().uids_since(day)
        assert len(found) == 2
        return found


async def test_a_reply_that_comes_while_old_mail_is_fetched_is_a_reply(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    put(world, "Old", at=MONDAY - 40 * DAY)
    intake = replace(world.app.intake(), folders=("Dunning",), read_junk=False, read_sent=False)
    await poll(intake)
    falls = partial(put, world, "Reply", at=MONDAY + HOUR)
    digging = replace(intake, open_mailbox=lambda: Interrupted(settings(world), falls))
    assert (await poll(digging, since=date(2026, 1, 1))).fetched == 1
    assert (await poll(intake)).fetched == 1
    await read_stored(world.app.reader())
    assert await stored(world) == {"Old": True, "Reply": False}


async def test_a_mail_on_the_retry_list_is_not_taken_for_old_mail(world: World) -> None:
    intake = replace(world.app.intake(), folders=("Dunning",))
    put(world, "Old", at=MONDAY - 40 * DAY)
    await poll(intake)
    put(world, "Reply", at=MONDAY + HOUR)
    put(world, "Other", at=MONDAY + HOUR)
    async with choking(world, {2}) as port:
        report = await poll(through(world, intake, port), since=date(2026, 1, 1))
        assert (report.fetched, report.missing) == (2, 1)
    await poll(intake, since=date(2026, 1, 1))
    await read_stored(world.app.reader())
    assert await stored(world) == {"Old": True, "Reply": False, "Other": False}


async def test_one_folder_that_is_gone_does_not_keep_the_others_from_being_read(world: World) -> None:
    world.reply(None, "Where do I pay?")
    intake = replace(world.app.intake(), folders=("Renamed", "INBOX", "Also gone"))
    with pytest.raises(MailboxRefused, match="'Renamed' cannot be opened"):
        await poll(intake)
    async with world.app.store.reading() as tx:
        assert (await inbox.counts(tx))[0] == 1
    assert not (await poll(replace(intake, folders=("INBOX",)))).busy


async def test_two_polls_in_one_process_exclude_each_other(world: World) -> None:
    intake = world.app.intake()
    reports = await asyncio.gather(poll(intake), poll(intake))
    assert sorted(report.busy for report in reports) == [False, True]


async def test_a_mail_on_which_the_server_hangs_up_does_not_hold_up_the_rest(world: World) -> None:
    intake = replace(world.app.intake(), folders=("Dunning",))
    put(world, "Old", at=MONDAY - 40 * DAY)
    await poll(intake)
    for number in range(4):
        put(world, f"Reply {number}", at=MONDAY + HOUR)
    async with choking(world, {3}) as port:
        report = await poll(through(world, intake, port))
        assert (report.fetched, report.missing) == (3, 1)
        with pytest.raises(MailboxUnreachable):  # alone it holds up nobody, and it may be the server
            await poll(through(world, intake, port))
    assert (await poll(intake)).fetched == 1
    await read_stored(world.app.reader())
    assert sorted(await stored(world)) == ["Reply 0", "Reply 1", "Reply 2", "Reply 3"]


async def test_a_server_that_hangs_up_on_everything_is_not_blamed_on_the_mails(world: World) -> None:
    intake = replace(world.app.intake(), folders=("Dunning",))
    put(world, "Old", at=MONDAY - 40 * DAY)
    await poll(intake)
    for number in range(2):
        put(world, f"Reply {number}", at=MONDAY + HOUR)
    async with choking(world, {2, 3}) as port:
        for _ in range(5):
            with pytest.raises(MailboxUnreachable):
                await poll(through(world, intake, port))
    assert (await poll(intake)).fetched == 2
    assert not await world.events("mail.missing")


async def test_only_mail_that_leads_to_no_customer_loses_its_bytes(world: World) -> None:
    await world.owe("INV-1001", due=DUE, customer="K1", email="ap@alder.example")
    await world.owe("INV-1002", due=DUE, customer="K2", email="ap@alder.example")
    await world.owe("INV-1003", due=DUE, customer="K3", email="owner@gmail.com")
    kept = {
        "shared address": ("ap@alder.example", "Hello"),
        "shared domain": ("tom@alder.example", "Hello"),
        "names an invoice": ("tom@nowhere.example", "About invoice INV-1001: it is wrong."),
        "quarantined": ("broken@nowhere.example", "Hello"),
        "customer since": ("new@birch.example", "Hello"),
    }
    gone = {"stranger": ("x@nowhere.example", "Hello"), "freemail": ("somebody@gmail.com", "Hello")}
    for subject, (sender, text) in {**kept, **gone}.items():
        put(world, subject, at=MONDAY, sender=sender, text=text, folder="INBOX")
    await poll(world.app.intake())
    await read_stored(world.app.reader())
    async with world.app.store.transaction() as tx:
        mails = {mail.subject: mail for mail in await inbox.listing(tx)}
        assert {mail.customer_id for mail in mails.values()} == {None}
        assert await inbox.save(tx, replace(mails["quarantined"], state=QUARANTINED), was=DONE)
    world.clock.at += 29 * DAY
    await world.owe("INV-1004", due=DUE, customer="K4", email="ap@birch.example")
    await read_stored(world.app.reader())
    assert not await world.events("mail.let_go")
    world.clock.at += 2 * DAY
    await read_stored(world.app.reader())
    async with world.app.store.reading() as tx:
        have = {subject for subject, mail in mails.items() if await events.payload(tx, mail.payload_id) is not None}
    assert have == set(kept)
    assert len(await world.events("mail.let_go")) == len(gone)


def put(
    world: World,
    subject: str,
    *,
    at: datetime,
    sender: str = "ap@alder.example",
    text: str = "The goods never arrived, we dispute this invoice.",
    folder: str = "Dunning",
) -> None:
    """Let a mail lie in a folder with this INTERNALDATE, and wait until the server shows it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "accounts@brightwater.example", subject
    mail["Message-ID"] = f"<{subject.replace(' ', '.')}@{sender.rpartition('@')[2]}>"
    mail.set_content(text)
    world.dovecot.deliver(mail.as_bytes(), folder=folder, at=at)
    world._until_visible(str(mail["Message-ID"]), folder)


async def stored(world: World) -> dict[str, bool]:
    """Whether each stored mail is history, by subject."""
    async with world.app.store.reading() as tx:
        return {mail.subject: mail.history for mail in await inbox.listing(tx)}


def settings(world: World, port: int = 0) -> ImapSettings:
    server = world.dovecot
    return ImapSettings(
        host=server.host,
        port=port or server.port,
        security="none",
        username=server.user,
        password=server.password,
    )


def through(world: World, intake: Intake, port: int) -> Intake:
    def opened() -> Mailbox:
        return ImapMailbox(settings(world, port))

    return replace(intake, open_mailbox=opened)


@contextlib.asynccontextmanager
async def choking(world: World, uids: set[int]) -> AsyncIterator[int]:
    """Stand before the real server and cut the line when the body of one of these UIDs is asked for."""
    tasks: set[asyncio.Task[None]] = set()

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, check: bool) -> None:
        with contextlib.suppress(OSError):
            while line := await (source.readline() if check else source.read(65536)):
                asked = re.search(rb"UID FETCH ([\d,]+) .*BODY", line) if check else None
                if asked and uids & set(map(int, asked[1].split(b","))):
                    break
                sink.write(line)
                await sink.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(world.dovecot.host, world.dovecot.port)
        both = [
            asyncio.create_task(pump(reader, to_server, check=True)),
            asyncio.create_task(pump(from_server, writer, check=False)),
        ]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        await _end(both)
        for sink in (writer, to_server):
            sink.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, world.dovecot.host, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await _end(list(tasks))


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
