"""Servers that vanish, fall silent, refuse or talk nonsense: a clear error at once, never a hang or a wrong mail."""

from __future__ import annotations

import asyncio
import dataclasses
import time
import traceback

import pytest

from mailer.mailbox import ImapMailbox, ImapSettings, MailboxError, MailboxRefused, MailboxUnreachable
from tests.edges.mailbox.scripted import USUAL, Cut, Script, scripted

SIZES = b"* 1 FETCH (UID 1 RFC822.SIZE 100)\r\n* 2 FETCH (UID 2 RFC822.SIZE 5)\r\n"
HALF = b"* 1 FETCH (UID 1 BODY[] {100}\r\nonly a part of it"
AT_CONNECT: list[tuple[Script, type[MailboxError], str]] = [
    ({"connect": (Cut.DROP,)}, MailboxUnreachable, "closed the connection"),
    ({"connect": (Cut.SILENCE,)}, MailboxUnreachable, "did not answer within"),
    ({"connect": (b"* BYE too many connections\r\n",)}, MailboxUnreachable, "too many connections"),
    ({"connect": (b"SSH-2.0-OpenSSH\r\n",)}, MailboxUnreachable, "SSH"),
    ({"CAPABILITY": (Cut.DROP,)}, MailboxUnreachable, "closed the connection"),
    ({"LOGIN": (Cut.SILENCE,)}, MailboxUnreachable, "did not answer within|no answer to LOGIN"),
    ({"LOGIN": (b"%t NO [AUTHENTICATIONFAILED] no\r\n",)}, MailboxRefused, "user name or password"),
    ({"LOGIN": (b"%t NO [UNAVAILABLE] directory is down\r\n",)}, MailboxUnreachable, "directory is down"),
    ({"LOGIN": (b"* BYE going down\r\n", Cut.DROP)}, MailboxUnreachable, "going down"),
    ({"LOGIN": (b"X99 OK who?\r\n",)}, MailboxUnreachable, "no question"),
]
AT_FETCH: list[tuple[Script, str]] = [
    ({"UID FETCH 1,2 (UID INT": (HALF, Cut.DROP)}, "closed the connection"),
    ({"UID FETCH 1,2 (UID INT": (HALF, Cut.SILENCE)}, "FETCH"),
    ({"UID FETCH 1,2 (UID INT": (b"* BYE shutting down\r\n", Cut.DROP)}, "shutting down"),
    ({"UID FETCH 1,2 (UID INT": (b"* 1 FETCH (UID 1 BODY[] {4294967296}\r\nx", Cut.SILENCE)}, "4294967296 octets"),
    ({"UID FETCH 1,2 (UID INT": (b"%t BAD what?\r\n",)}, "BAD what"),
    ({"UID FETCH 1,2 (UID RFC": (Cut.DROP,)}, "closed the connection"),
]


def patience(script: Script) -> float:
    return 0.3 if any(Cut.SILENCE in steps for steps in script.values()) else 10.0


async def read_all(settings: ImapSettings) -> None:
    async with ImapMailbox(settings) as mailbox:
        await mailbox.examine("INBOX")
        await mailbox.fetch((1, 2))
        await mailbox.uids_after(0)


@pytest.mark.parametrize(("script", "family", "words"), AT_CONNECT, ids=repr)
async def test_a_login_that_fails_says_why_without_the_password(
    script: Script, family: type[MailboxError], words: str
) -> None:
    async with scripted(script) as peer:
        with pytest.raises(family, match=words) as raised:
            await ImapMailbox(peer.settings(timeout_seconds=patience(script))).connect()
        assert "hush-hush" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(("script", "words"), AT_FETCH, ids=repr)
async def test_a_fetch_that_fails_closes_the_connection(script: Script, words: str) -> None:
    async with scripted({**script, "UID FETCH 1,2 (UID RFC": (SIZES,), **script}) as peer:
        mailbox = ImapMailbox(peer.settings(timeout_seconds=patience(script)))
        await mailbox.connect()
        await mailbox.examine("INBOX")
        with pytest.raises(MailboxUnreachable, match=words):
            await mailbox.fetch((1, 2))
        with pytest.raises(MailboxUnreachable, match="connect first"):
            await mailbox.uids_after(0)
        peer.script = {**USUAL, "UID SEARCH": (b"* SEARCH 2 1\r\n",)}
        await mailbox.connect()
        await mailbox.examine("INBOX")
        assert await mailbox.uids_after(0) == (1, 2)
        await mailbox.close()


@pytest.mark.parametrize("moment", ["UID FETCH 1,2 (UID INT", "UID SEARCH", "EXAMINE", "LOGIN"])
async def test_a_lost_connection_is_noticed_at_once_and_not_after_the_timeout(moment: str) -> None:
    async with scripted({moment: (HALF, Cut.DROP), "UID FETCH 1,2 (UID RFC": (SIZES,)}) as peer:
        started = time.monotonic()
        with pytest.raises(MailboxUnreachable):
            await read_all(peer.settings(timeout_seconds=60))
        assert time.monotonic() - started < 1


async def test_a_server_that_keeps_talking_without_answering_is_left() -> None:
    script: Script = {"UID SEARCH": (b"* OK still searching\r\n",) * 100}
    async with scripted(script) as peer, ImapMailbox(peer.settings(timeout_seconds=0.3)) as mailbox:
        await mailbox.examine("INBOX")
        with pytest.raises(MailboxUnreachable, match="did not finish SEARCH in time"):
            await mailbox.uids_after(0)


@pytest.mark.parametrize("ending", [(Cut.DROP,), (b"%t BAD what?\r\n",)])
async def test_closing_harms_nobody(ending: tuple[bytes | Cut, ...]) -> None:
    async with scripted({"LOGOUT": ending}) as peer:
        mailbox = ImapMailbox(peer.settings())
        await mailbox.close()
        await mailbox.connect()
        await mailbox.connect()
        await mailbox.close()
        await mailbox.close()
        assert peer.connections == 2


async def test_a_cancelled_fetch_closes_the_connection() -> None:
    async with scripted({"UID FETCH 1,2 (UID INT": (HALF, Cut.SILENCE), "UID FETCH": (SIZES,)}) as peer:
        mailbox = ImapMailbox(peer.settings())
        await mailbox.connect()
        await mailbox.examine("INBOX")
        fetching = asyncio.create_task(mailbox.fetch((1, 2)))
        await asyncio.sleep(0.1)
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        with pytest.raises(MailboxUnreachable, match="connect first"):
            await mailbox.uids_after(0)
        await mailbox.connect()
        assert (await mailbox.examine("INBOX")).exists == 2
        await mailbox.close()
        assert peer.connections == 2


async def test_what_the_server_leaves_out_is_left_out() -> None:
    one = b"* 1 FETCH (UID 1 BODY[] {5}\r\nmail1)\r\n"
    for ending in (b"%t OK done\r\n", b"%t NO some messages could not be fetched\r\n"):
        script: Script = {"UID FETCH 1,2 (UID INT": (one, ending), "UID FETCH": (SIZES,)}
        async with scripted(script) as peer, ImapMailbox(peer.settings()) as mailbox:
            await mailbox.examine("INBOX")
            assert [(mail.uid, mail.raw) for mail in await mailbox.fetch((1, 2))] == [(1, b"mail1")]


async def test_news_in_between_does_not_disturb_a_fetch() -> None:
    news = b"* 7 EXISTS\r\n* 2 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (UID 2 FLAGS (UID 1))\r\n* OK [ALERT] look {5}\r\n"
    one = b'* 2 FETCH (FLAGS (x) BODY[] {5}\r\n* ) ( UID 2 INTERNALDATE " 1-Feb-2026 08:00:00 +0100")\r\n'
    other = b"* 9 FETCH (UID 9 BODY[] {1}\r\nx)\r\n"
    script: Script = {
        "UID FETCH 2 (UID INT": (news, one[:25], one[25:40], one[40:], other, news),
        "UID FETCH": (SIZES,),
    }
    async with scripted(script) as peer, ImapMailbox(peer.settings()) as mailbox:
        await mailbox.examine("INBOX")
        [mail] = await mailbox.fetch((2,))
        assert (mail.uid, mail.raw) == (2, b"* ) (")
        assert str(mail.internal_date) == "2026-02-01 07:00:00+00:00"


async def test_of_a_huge_message_only_the_headers_are_taken() -> None:
    script: Script = {
        "UID FETCH 1,2 (UID RFC": (b"* 1 FETCH (UID 1 RFC822.SIZE 60000000)\r\n* 2 FETCH (UID 2 RFC822.SIZE 3)\r\n",),
        "UID FETCH 1 ": (b"* 1 FETCH (UID 1 BODY[HEADER] {14}\r\nSubject: x\r\n\r\n)\r\n",),
        "UID FETCH 2 ": (b'* 2 FETCH (UID 2 BODY[] "a\\"b")\r\n',),
    }
    async with scripted(script) as peer, ImapMailbox(peer.settings()) as mailbox:
        await mailbox.examine("INBOX")
        huge, small = await mailbox.fetch((1, 2))
        assert (huge.raw, huge.truncated) == (b"Subject: x\r\n\r\n", True)
        assert (small.raw, small.truncated) == (b'a"b', False)
        assert "UID FETCH 1 (UID INTERNALDATE BODY.PEEK[HEADER])" in peer.lines


async def test_a_server_without_uidnext_or_uidvalidity() -> None:
    bare = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 9] fixed\r\n"
    async with (
        scripted({"EXAMINE": (bare,), "UID SEARCH UID *": (b"* SEARCH 41\r\n",)}) as peer,
        ImapMailbox(peer.settings()) as mailbox,
    ):
        assert (await mailbox.examine("INBOX")).uidnext == 42
    async with scripted({"EXAMINE": (b"* 2 EXISTS\r\n",)}) as peer, ImapMailbox(peer.settings()) as mailbox:
        with pytest.raises(MailboxRefused, match="UIDVALIDITY"):
            await mailbox.examine("INBOX")


async def test_searches_name_no_charset_and_never_return_the_cursor_itself() -> None:
    script: Script = {"UID SEARCH": (b"* SEARCH 41\r\n* SEARCH\r\n* SEARCH 43 42\r\n",)}
    async with scripted(script) as peer, ImapMailbox(peer.settings()) as mailbox:
        await mailbox.examine("INBOX")
        assert await mailbox.uids_after(41) == (42, 43)
        assert peer.lines[-1] == "UID SEARCH UID 42:*"


async def test_a_line_end_in_a_name_or_password_cannot_become_a_command() -> None:
    async with scripted() as peer, ImapMailbox(peer.settings()) as mailbox:
        await mailbox.examine("IN\r\nBOX")
        assert peer.lines == ["CAPABILITY", 'LOGIN "billing" "hush-hush"', 'EXAMINE "IN&AA0ACg-BOX"']
        settings = dataclasses.replace(peer.settings(), password="x\r\nA1 LOGOUT")
        with pytest.raises(MailboxRefused, match="LOGIN"):
            await ImapMailbox(settings).connect()


@pytest.mark.parametrize(
    ("security", "host", "words"),
    [("starttls", "127.0.0.1", "993"), ("none", "imap.example.com", "993"), ("none", "10.0.0.1", "in clear")],
)
def test_clear_text_never_leaves_this_machine(security: str, host: str, words: str) -> None:
    with pytest.raises(MailboxRefused, match=words):
        ImapSettings(host=host, port=143, security=security, username="b", password="p")  # type: ignore[arg-type]


async def test_nothing_listening_is_unreachable() -> None:
    async with scripted() as peer:
        settings = peer.settings()
    with pytest.raises(MailboxUnreachable, match="nothing listens"):
        await ImapMailbox(settings).connect()
