"""What only a real server with a disk can show: nothing is marked as read, TLS, restarts, new UIDs, big mail."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime

import pytest

from mailer.mailbox import ImapMailbox, MailboxRefused, MailboxUnreachable
from tests.edges.mailbox.peers import DovecotPeer
from tests.servers.dovecot import Dovecot

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAIL = b"Subject: x\r\n\r\nhello\r\n"


async def test_reading_leaves_no_trace(dovecot: Dovecot) -> None:
    peer = DovecotPeer(dovecot)
    await peer.deliver(MAIL, NOON)
    async with ImapMailbox(peer.settings) as mailbox:
        await mailbox.examine("INBOX")
        await mailbox.fetch(await mailbox.uids_after(0))
    client = dovecot.login()
    client.select(readonly=True)
    assert client.search(None, "UNSEEN")[1] == [b"1"]
    client.logout()


async def test_tls_and_its_certificate(dovecot: Dovecot) -> None:
    peer = DovecotPeer(dovecot, tls=True)
    await peer.deliver(MAIL, NOON)
    assert (await ImapMailbox(peer.settings).probe()).tls == "TLSv1.3"
    for changes, words in (
        ({"ca_file": None}, "certificate .* is not trusted .*ca_file"),
        ({"ca_file": "/nowhere/ca.pem"}, "cannot be read"),
        ({"port": dovecot.port}, "does not speak TLS .*993"),
    ):
        with pytest.raises(MailboxRefused, match=words):
            await ImapMailbox(dataclasses.replace(peer.settings, **changes)).connect()


async def test_a_server_that_is_stopped_is_noticed_at_once_and_read_again_later(dovecot: Dovecot) -> None:
    peer = DovecotPeer(dovecot)
    await peer.deliver(MAIL, NOON)
    mailbox = ImapMailbox(peer.settings)
    await mailbox.connect()
    await mailbox.examine("INBOX")
    dovecot.stop()
    started = time.monotonic()
    with pytest.raises(MailboxUnreachable):
        await mailbox.uids_after(0)
    with pytest.raises(MailboxUnreachable, match="nothing listens"):
        await mailbox.connect()
    assert time.monotonic() - started < 5
    dovecot.start()
    await mailbox.connect()
    await mailbox.examine("INBOX")
    assert len(await mailbox.fetch(await mailbox.uids_after(0))) == 1
    await mailbox.close()


async def test_a_renumbered_mailbox_is_seen_as_such(dovecot: Dovecot) -> None:
    peer = DovecotPeer(dovecot)
    await peer.deliver(MAIL, NOON)
    async with ImapMailbox(peer.settings) as mailbox:
        before = await mailbox.examine("INBOX")
    dovecot.renumber()
    async with ImapMailbox(peer.settings) as mailbox:
        assert (await mailbox.examine("INBOX")).uidvalidity != before.uidvalidity


async def test_big_mails_arrive_whole_over_tls(dovecot: Dovecot) -> None:
    peer = DovecotPeer(dovecot, tls=True)
    sizes = (12_000_000, 6_000_000, 700_000, 700_000, 10)
    raws = [b"Subject: big\r\n\r\n" + b"0123456789ABCDE)\r\n" * (size // 18) for size in sizes]
    for raw in raws:
        await peer.deliver(raw, NOON)
    async with ImapMailbox(peer.settings) as mailbox:
        await mailbox.examine("INBOX")
        mails = await mailbox.fetch(await mailbox.uids_after(0))
        assert [mail.raw for mail in mails] == raws
