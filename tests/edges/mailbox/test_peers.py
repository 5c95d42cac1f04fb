"""Reading real mailboxes, Dovecot's and pymap's, to the byte."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest

from mailer.mailbox import ImapMailbox, Mailbox, MailboxRefused, batches
from tests.edges.mailbox.peers import DovecotPeer, Peer, PymapPeer, pymap

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEAD = b"From: ann@customer.test\r\nSubject: Re: third * star (unbalanced\r\n\r\n"
TEXTS = [
    b"hello\r\n",
    b"no end of line",
    b"",
    b"* 1 FETCH (UID 9 BODY[] {3}\r\n)\r\nA1 OK done\r\n* BYE\r\n",
    b")\r\n",
    b"line of {17}\r\n",
    b"* star * star\r\n\r\n\r\n",
    bytes(range(1, 10)) + bytes(range(14, 256)) + b"\r\n",
    b".\r\n..\r\n",
    "für Ärger „sorgen“\r\n".encode(),
    b"x" * 300_000 + b"\r\n",
]


@pytest.fixture(params=["dovecot", "pymap"])
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    if request.param == "dovecot":
        yield DovecotPeer(request.getfixturevalue("dovecot"))
    else:
        async with pymap() as running:
            yield running


async def test_the_fetched_bytes_are_the_delivered_bytes(peer: Peer) -> None:
    for number, text in enumerate(TEXTS):
        await peer.deliver(HEAD + text, NOON + timedelta(minutes=number))
    async with ImapMailbox(peer.settings) as mailbox:
        state = await mailbox.examine("INBOX")
        uids = await mailbox.uids_after(0)
        assert (state.exists, len(uids), state.uidnext) == (len(TEXTS), len(TEXTS), uids[-1] + 1)
        assert list((await mailbox.sizes(uids)).values()) == [len(HEAD + text) for text in TEXTS]
        mails = await mailbox.fetch(uids)
        assert [mail.raw for mail in mails] == [HEAD + text for text in TEXTS]
        assert [mail.uid for mail in mails] == list(uids)
        assert [mail.internal_date for mail in mails] == [NOON + timedelta(minutes=n) for n in range(len(TEXTS))]


async def test_new_mail_is_found_by_uid_and_by_day(peer: Peer) -> None:
    await peer.deliver(HEAD + b"old", NOON - timedelta(days=30))
    async with ImapMailbox(peer.settings) as mailbox:
        cursor = (await mailbox.examine("INBOX")).uidnext - 1
        assert await mailbox.uids_after(cursor) == ()
        await peer.deliver(HEAD + b"new", NOON)
        await mailbox.examine("INBOX")
        [new] = await mailbox.uids_after(cursor)
        assert (await mailbox.fetch((new,)))[0].raw == HEAD + b"new"
        assert await mailbox.uids_since(date(2026, 3, 1)) == (new,)
        assert await mailbox.uids_since(date(2026, 1, 1)) == (cursor, new)
        assert await mailbox.uids_since(date(2026, 3, 2)) == ()


async def test_folders_with_spaces_umlauts_and_quotes(peer: Peer) -> None:
    names = ("Alte Mahnungen", "Entwürfe & Reste", 'So "genannte"', "日本語")
    for name in names:
        await peer.deliver(HEAD + name.encode(), NOON, name)
    async with ImapMailbox(peer.settings) as mailbox:
        assert set(names) < set(await mailbox.folders())
        for name in names:
            assert (await mailbox.examine(name)).exists == 1
            [mail] = await mailbox.fetch(await mailbox.uids_after(0))
            assert mail.raw == HEAD + name.encode()


async def test_500_mails_in_chunks_and_1000_in_one_command(peer: Peer) -> None:
    for number in range(1000):
        await peer.deliver(HEAD + b"%d" % number, NOON)
    async with ImapMailbox(peer.settings) as mailbox:
        await mailbox.examine("INBOX")
        uids = await mailbox.uids_after(0)
        sizes = await mailbox.sizes(uids)
        assert (len(uids), len(sizes)) == (1000, 1000)
        bodies = {}
        for batch in batches({uid: sizes[uid] for uid in uids[:500]}):
            assert len(batch) <= 50
            bodies.update({mail.uid: mail.raw for mail in await mailbox.fetch(batch)})
        assert list(bodies) == list(uids[:500])
        assert len(set(bodies.values())) == 500
        answer = await mailbox._ask("FETCH", f"{uids[0]}:{uids[-1]}", "(UID FLAGS)", prefix="UID")
        assert len(answer.responses) == 1000


async def test_uids_that_are_not_there_are_not_returned(peer: Peer) -> None:
    await peer.deliver(HEAD, NOON)
    async with ImapMailbox(peer.settings) as mailbox:
        await mailbox.examine("INBOX")
        [uid] = await mailbox.uids_after(0)
        assert [mail.uid for mail in await mailbox.fetch((uid, uid + 7, uid + 8))] == [uid]
        assert await mailbox.fetch((uid + 7,)) == ()
        assert await mailbox.fetch(()) == ()
        with pytest.raises(ValueError, match="at most 50"):
            await mailbox.fetch(tuple(range(1, 52)))


async def test_a_missing_folder_and_a_wrong_password_need_a_person(peer: Peer) -> None:
    mailbox: Mailbox = ImapMailbox(peer.settings)
    await mailbox.connect()
    with pytest.raises(MailboxRefused, match="'Postkorb' cannot be opened"):
        await mailbox.examine("Postkorb")
    with pytest.raises(MailboxRefused, match="refuses the user name or password"):
        await ImapMailbox(dataclasses.replace(peer.settings, password="wrong")).connect()


async def test_the_probe_tells_what_is_there(peer: Peer) -> None:
    await peer.deliver(HEAD, NOON)
    probe = await ImapMailbox(peer.settings).probe()
    assert (probe.state.exists, probe.tls) == (1, "")
    assert probe.peer == f"{peer.settings.host}:{peer.settings.port}"
    assert "INBOX" in probe.folders
    with pytest.raises(MailboxRefused, match="cannot be opened"):
        await ImapMailbox(peer.settings).probe("Postkorb")


async def test_nul_bytes_survive_where_the_server_keeps_them() -> None:
    async with pymap() as peer:
        assert isinstance(peer, PymapPeer)
        for raw in (HEAD + b"\x00 \x00\r\n", b""):
            await peer.deliver(raw, NOON)
        async with ImapMailbox(peer.settings) as mailbox:
            await mailbox.examine("INBOX")
            mails = await mailbox.fetch(await mailbox.uids_after(0))
            assert [mail.raw for mail in mails] == [HEAD + b"\x00 \x00\r\n", b""]
