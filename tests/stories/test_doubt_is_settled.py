"""A message that may or may not have been delivered is settled by evidence, or by a person; never by guessing."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.agreement import HoldKind
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import OutboxId
from mailer.flows.read_reply import read_stored
from mailer.flows.receive_mail import poll
from mailer.flows.settle_unknown import LOOK_FOR, next_look, settle
from mailer.flows.trouble import troubles
from mailer.replies.token import MARK_HEADER
from mailer.store import doubt, outbox
from mailer.store.outbox import OutboxEntry
from tests.servers.smtp import Fault
from tests.stories.world import SELLER, World

DUE = date(2026, 9, 4)
MINUTE = timedelta(minutes=1)


async def in_doubt(world: World, number: str = "INV-1") -> OutboxEntry:
    """Send a reminder whose answer is lost after the server has taken it."""
    await world.owe(number, due=DUE)
    world.smtp.fault = Fault.AFTER_DOT_KEPT
    await world.round()
    world.smtp.fault = None
    (entry,) = await entries(world)
    assert entry.state is OutboxState.UNKNOWN
    return entry


async def entries(world: World) -> list[OutboxEntry]:
    async with world.app.store.reading() as tx:
        return await outbox.listing(tx)


async def state_of(world: World, outbox_id: OutboxId) -> OutboxState:
    async with world.app.store.reading() as tx:
        entry = await outbox.load(tx, outbox_id)
    assert entry is not None
    return entry.state


def put(world: World, raw: bytes, folder: str = "Sent") -> None:
    """Let a mail be filed, and wait until it shows."""
    world.dovecot.deliver(raw, folder)
    found = re.search(rb"(?m)^Message-ID: (\S+)", raw)
    assert found is not None
    world._until_visible(found[1].decode(), folder)


def without(raw: bytes, header: str) -> bytes:
    """The message as a provider changes it: with a Message-ID of its own."""
    lines = raw.split(b"\r\n")
    return b"\r\n".join(
        b"Message-ID: <0102@email.amazonses.com>" if x.startswith(header.encode()) else x for x in lines
    )


async def test_a_copy_in_the_sent_folder_settles_it_with_its_evidence(world: World) -> None:
    entry = await in_doubt(world)
    world.clock.at += 2 * MINUTE
    await world.round()
    assert await state_of(world, entry.message.id) is OutboxState.UNKNOWN
    put(world, world.smtp.messages[0].raw)
    world.clock.at += 4 * MINUTE
    await world.round()
    assert await state_of(world, entry.message.id) is OutboxState.SENT
    assert await world.said("INV-1") == ["friendly"]
    (event,) = await world.events("reminder.settled")
    assert event.refs["message"] == entry.message.id
    assert (event.payload["evidence"], event.payload["folder"]) == ("own_copy", "Sent")
    assert event.payload["uidvalidity"] > 0
    assert event.payload["uid"] == 1
    assert len(event.payload["sha256"]) == 64
    assert len(world.mails) == 1  # and nothing was sent again


async def test_it_is_found_by_our_own_header_where_the_message_id_was_replaced(world: World) -> None:
    entry = await in_doubt(world)
    put(world, without(world.smtp.messages[0].raw, "Message-ID"))
    report = await settle(world.app.settler(), every=True)
    assert (report.settled, report.left) == (1, 0)
    assert await state_of(world, entry.message.id) is OutboxState.SENT


async def test_a_forged_copy_and_somebody_elses_settle_nothing(world: World) -> None:
    await in_doubt(world)
    raw = world.smtp.messages[0].raw
    mark = str(world.mails[0][MARK_HEADER]).encode()
    forged = without(raw, "Message-ID").replace(mark, mark[:-1] + (b"0" if mark[-1:] != b"0" else b"1"))
    put(world, forged)
    quoting = (
        f"Message-ID: <a@b>\r\nSubject: thread\r\nReferences: {world.mails[0]['Message-ID']}\r\n\r\nx\r\n".encode()
    )
    put(world, quoting)
    report = await settle(world.app.settler(), every=True)
    assert (report.settled, report.left) == (0, 1)


async def test_not_found_is_never_taken_as_not_sent(world: World) -> None:
    entry = await in_doubt(world)
    for _ in range(30):
        world.clock.at += timedelta(hours=1)
        await settle(world.app.settler())
    async with world.app.store.reading() as tx:
        (one,) = await doubt.doubts(tx)
    assert one.looks > 20
    assert one.look_at is None  # from now on it is a person's
    await world.pass_days(3)
    assert await state_of(world, entry.message.id) is OutboxState.UNKNOWN
    assert len(world.mails) == 1
    assert (await settle(world.app.settler(), every=True)).left == 1  # by hand it may be looked for at any time


@pytest.mark.parametrize("how", ["reply", "robot", "own_copy"])
async def test_whoever_answers_it_has_got_it(world: World, how: str) -> None:
    entry = await in_doubt(world)
    if how == "own_copy":
        put(world, world.smtp.messages[0].raw, "INBOX")
    elif how == "robot":
        world.reply(world.mails[0], "I am away.", Subject="Automatic reply: x", Auto_Submitted="auto-replied")
    else:
        world.reply(world.mails[0], "Who are you?")
    await world.round()
    assert await state_of(world, entry.message.id) is OutboxState.SENT
    (event,) = await world.events("reminder.settled")
    assert event.refs["mail"].startswith("mail_")
    assert event.payload["evidence"] == {"reply": "human", "robot": "auto_reply"}.get(how, how)


def failure_report(of: EmailMessage, *, action: str, status: str, words: str, with_token: bool = False) -> bytes:
    """A report by our own submission server, which gives back the headers of the message."""
    given_back = "".join(f"{name}: {of[name]}\r\n" for name in ("Message-ID", MARK_HEADER, "Subject"))
    token = f"Reply-To: {of['Reply-To']}\r\n" if with_token else ""
    return (
        f"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.customer.test\r\nTo: {SELLER}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <dsn@mx.customer.test>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.customer.test\r\n\r\n"
        f"Final-Recipient: rfc822; {of['To']}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {words}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{token}{given_back}\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("action", "status", "words", "is_dead"),
    [
        ("failed", "5.1.1", "550 5.1.1 User unknown", True),
        ("failed", "5.2.2", "552 5.2.2 Mailbox full", False),
        ("delayed", "4.4.1", "connection timed out", False),
        ("delivered", "2.0.0", "250 ok", False),
    ],
)
async def test_a_report_about_it_means_it_was_taken(
    world: World,
    action: str,
    status: str,
    words: str,
    is_dead: bool,  # noqa: FBT001 - a table's column
) -> None:
    """What our server reports on, it had accepted: sent, and then perhaps undeliverable."""
    entry = await in_doubt(world)
    put(world, failure_report(world.mails[0], action=action, status=status, words=words), "INBOX")
    await world.round()
    assert await state_of(world, entry.message.id) is OutboxState.SENT
    assert len(await world.events("reminder.settled")) == 1
    facts = await world.facts("INV-1")
    assert [hold.kind for hold in facts.holds] == ([HoldKind.BOUNCE] if is_dead else [])
    assert await world.said("INV-1") == ([] if is_dead else ["friendly"])


async def test_a_later_reminder_in_the_thread_is_no_evidence_for_the_one_before(world: World) -> None:
    """References of the second name the first: an answer to the second says nothing about the first."""
    entry = await in_doubt(world)
    await world.pass_days(9)
    assert len(world.mails) == 2
    later = world.mails[1]
    assert entry.message.message_id in str(later["References"])
    # A client that keeps References only, of a mail whose Message-ID a provider has replaced.
    world.reply(
        later,
        "Who are you?",
        To=SELLER,
        In_Reply_To="<0102@email.amazonses.com>",
        References=f"<{entry.message.message_id}> <0102@email.amazonses.com>",
    )
    put(world, world.smtp.messages[1].raw, "INBOX")  # and our own second mail comes back to us
    await world.round()
    assert await state_of(world, entry.message.id) is OutboxState.UNKNOWN


async def test_an_archive_folder_is_looked_into_as_well(world: World) -> None:
    await in_doubt(world)
    put(world, world.smtp.messages[0].raw, "Archive")
    settings = world.app.settings
    with_archive = settings.model_copy(update={"imap": settings.imap.model_copy(update={"archive_folder": "Archive"})})
    report = await settle(replace(world.app, settings=with_archive).settler(), every=True)
    assert report.settled == 1
    (event,) = await world.events("reminder.settled")
    assert event.payload["folder"] == "Archive"


async def test_a_mailbox_that_is_down_is_said_and_does_not_count_as_a_look(world: World) -> None:
    await in_doubt(world)
    world.clock.at += 2 * MINUTE
    world.dovecot.stop()
    report = await settle(world.app.settler())
    assert "nothing listens" in report.trouble
    assert "settle" in await troubles(world.app.store)
    async with world.app.store.reading() as tx:
        assert [one.looks for one in await doubt.doubts(tx)] == [0]
    world.dovecot.start()
    put(world, world.smtp.messages[0].raw)
    assert (await settle(world.app.settler())).settled == 1
    assert await troubles(world.app.store) == {}


async def test_it_is_settled_once_however_many_look(world: World) -> None:
    await in_doubt(world)
    put(world, world.smtp.messages[0].raw)
    world.reply(world.mails[0], "Who are you?")
    await poll(world.app.intake())
    await read_stored(world.app.reader())
    await asyncio.gather(*(settle(world.app.settler(), every=True) for _ in range(4)))
    assert len(await world.events("reminder.settled")) == 1


SINCE = datetime(2026, 9, 7, 9, tzinfo=UTC)


@given(st.integers(0, 3 * 24 * 3600))
def test_the_looks_are_at_1_5_15_minutes_and_then_hourly_for_a_day(passed_seconds: int) -> None:
    now = SINCE + timedelta(seconds=passed_seconds)
    at = next_look(SINCE, now)
    if at is None:
        assert now >= SINCE + LOOK_FOR - timedelta(minutes=45)
        return
    wait = at - SINCE
    assert now < at <= now + timedelta(hours=1)
    assert wait in (MINUTE, 5 * MINUTE, 15 * MINUTE) or (wait - 15 * MINUTE) % timedelta(hours=1) == timedelta()
    assert wait <= LOOK_FOR
