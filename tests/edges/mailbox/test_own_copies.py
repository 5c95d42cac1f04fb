"""Finding our own mail again and putting a copy into a folder, on two real servers and on lines that break."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from mailer.mailbox import ImapMailbox, MailboxRefused
from mailer.mailbox.answers import appended_at, special_names
from tests.edges.mailbox.peers import DovecotPeer, Peer, pymap
from tests.servers.dovecot import Dovecot

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAIL = (
    b"Message-ID: <duly.0f3k9c7r5t1v8w2x.5gxay4j3cgsjdgrc@seller.example>\r\n"
    b"X-Duly-Message: out_0f3k9c7r5t1v8w2x.aaaabbbbccccdddd\r\n"
    b"Subject: (=?utf-8?q?f=C3=BCr?= {12}\r\n\r\n"
    + b"line {3}\r\n" * 2000
    + b"\xc3\xa4 \x00?\r\n".replace(b"\x00", b"")
)


@pytest.fixture(params=["dovecot", "dovecot+tls", "pymap"])
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    if request.param == "pymap":
        async with pymap() as one:
            yield one
        return
    yield DovecotPeer(request.getfixturevalue("dovecot"), tls=request.param.endswith("tls"))


async def test_a_copy_is_kept_byte_for_byte_read_and_at_its_time(peer: Peer) -> None:
    await peer.deliver(b"Subject: other\r\n\r\nx\r\n", NOON, "Sent")
    async with ImapMailbox(peer.settings) as mailbox:
        await mailbox.append("Sent", MAIL, at=NOON)
        await mailbox.examine("Sent")
        found = await mailbox.find("Message-ID", "duly.0f3k9c7r5t1v8w2x.5gxay4j3cgsjdgrc@seller.example")
        assert found == await mailbox.find("X-Duly-Message", "out_0f3k9c7r5t1v8w2x")
        assert len(found) == 1
        (copy,) = await mailbox.fetch(found)
        assert copy.raw == MAIL
        assert copy.internal_date == NOON
        assert await mailbox.find("Message-ID", 'no such "id"') == ()
        assert await mailbox.find("X-Duly-Message", "out_zzzz") == ()


async def test_the_copy_is_marked_as_read_unless_asked_otherwise(dovecot: Dovecot) -> None:
    async with ImapMailbox(DovecotPeer(dovecot).settings) as mailbox:
        await mailbox.append("Sent", MAIL, at=NOON)
        await mailbox.append("Sent", MAIL, at=NOON, seen=False)
    client = dovecot.login()
    client.select("Sent", readonly=True)
    assert client.search(None, "SEEN")[1] == [b"1"]
    client.logout()


async def test_the_sent_folder_is_found_by_its_use_and_a_missing_one_is_refused(dovecot: Dovecot) -> None:
    async with ImapMailbox(DovecotPeer(dovecot).settings) as mailbox:
        found = await mailbox.special_folders()
        assert (found["\\Sent"], found["\\Junk"]) == ("Sent", "Junk")
        with pytest.raises(MailboxRefused, match="'Nowhere'"):
            await mailbox.append("Nowhere", MAIL, at=NOON)


def test_uses_are_read_from_what_the_server_lists() -> None:
    lines = (
        rb'* LIST (\HasNoChildren \Sent) "/" "Sent Items"',
        rb'* LIST (\HasNoChildren \sent) "/" "Old sent"',
        rb'* LIST (\NoSelect \Trash) "/" Trash',
        rb'* LIST (\Junk) "." Entw&APw-rfe',
        rb"* OK nothing",
    )
    assert special_names([(line,) for line in lines]) == {"\\Sent": "Old sent", "\\Junk": "Entwürfe"}


def test_where_the_server_states_no_use_a_usual_name_is_taken() -> None:
    lines = (rb'* LIST () "." INBOX', rb'* LIST () "." INBOX.Gesendet', rb'* LIST () "." "INBOX.Junk E-Mail"')
    assert special_names([(line,) for line in lines]) == {"\\Sent": "INBOX.Gesendet", "\\Junk": "INBOX.Junk E-Mail"}
    stated = (*lines, rb'* LIST (\Sent) "." INBOX.Out')
    assert special_names([(line,) for line in stated])["\\Sent"] == "INBOX.Out"


def test_a_moment_is_written_in_english_and_in_utc() -> None:
    assert appended_at(datetime(2026, 5, 7, 9, 3, 2, tzinfo=UTC)) == "07-May-2026 09:03:02 +0000"
