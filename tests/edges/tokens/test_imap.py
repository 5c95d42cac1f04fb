"""Tokens open a mailbox of Dovecot's: logging in, renewing what ran out, and saying why when it is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.mailbox import ImapMailbox, ImapSettings, MailboxRefused, MailboxUnreachable
from mailer.tokens import TokenSource
from tests.edges.mailbox.scripted import Cut, ScriptedImap, scripted
from tests.edges.tokens.rooms import login
from tests.servers.dovecot import Dovecot
from tests.servers.tokens import TokenServer


@pytest.fixture
def token_dovecot(token_server: TokenServer) -> Iterator[Dovecot]:
    """A Dovecot that asks the token server about every token."""
    server = Dovecot(tokens_at=token_server.address)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def mailbox(server: Dovecot, source: TokenSource) -> ImapSettings:
    return ImapSettings(
        host="localhost",
        port=server.tls_port,
        security="tls",
        ca_file=str(server.ca_file),
        username=server.user,
        token=source.token,
        token_refused=source.refused,
    )


async def test_a_token_opens_the_mailbox_and_one_that_ran_out_is_renewed(
    token_server: TokenServer, token_dovecot: Dovecot, tmp_path: Path
) -> None:
    token_dovecot.deliver(b"Subject: hello\r\n\r\n")
    source = TokenSource(login(token_server, tmp_path))
    async with ImapMailbox(mailbox(token_dovecot, source)) as opened:
        assert (await opened.examine("INBOX")).exists == 1, token_dovecot.log
    token_server.access_tokens.clear()  # as if it had ended at the server before its time
    assert (await ImapMailbox(mailbox(token_dovecot, source)).probe()).state.exists == 1
    assert len(token_server.forms) == 2
    await ImapMailbox(mailbox(token_dovecot, source)).probe()
    assert len(token_server.forms) == 2


async def test_a_token_for_somebody_elses_mailbox_is_refused_with_the_reason(
    token_server: TokenServer, token_dovecot: Dovecot, tmp_path: Path
) -> None:
    token_server.mailbox = "somebody@else.test"
    source = TokenSource(login(token_server, tmp_path))
    with pytest.raises(MailboxRefused, match=r"refuses the access token for billing@duly\.test.*status") as raised:
        await ImapMailbox(mailbox(token_dovecot, source)).connect()
    assert "canary" not in str(raised.value)
    assert len(token_server.forms) == 2  # one fresh token, then no more


def by_token(peer: ScriptedImap, *tokens: str) -> tuple[ImapSettings, list[str]]:
    """Settings whose tokens come from a list, and the list of what was refused."""
    waiting, refused = list(tokens), []

    async def token() -> str:
        return waiting[0]

    def drop() -> None:
        refused.append(waiting.pop(0))

    settings = ImapSettings(
        host="127.0.0.1", port=peer.port, security="none", username="billing", token=token, token_refused=drop
    )
    return settings, refused


OFFER = (b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN\r\n",)


def said(**words: str) -> bytes:
    return b"+ " + base64.b64encode(json.dumps(words).encode()) + b"\r\n"


async def test_the_exact_words_of_the_login_and_the_empty_answer_to_a_refusal() -> None:
    challenge = said(status="400", schemes="Bearer", scope="https://mail.google.com/", echo="canary-1")
    script = {"CAPABILITY": OFFER, "AUTHENTICATE": (b"+ \r\n", challenge, b"%t NO [AUTHENTICATIONFAILED] canary-2\r\n")}
    async with scripted(script) as peer:
        settings, refused = by_token(peer, "canary-1", "canary-2", "canary-3")
        with pytest.raises(MailboxRefused) as raised:
            await ImapMailbox(settings).connect()
        assert refused == ["canary-1"]
        assert peer.connections == 2
        words = base64.b64decode(peer.raw[2]).decode()
        assert (peer.lines[1], words) == ("AUTHENTICATE XOAUTH2", "user=billing\x01auth=Bearer canary-1\x01\x01")
        assert peer.raw[3] == ""
        assert "status 400, schemes Bearer, scope https://mail.google.com/" in str(raised.value)
        assert "canary" not in str(raised.value)


@pytest.mark.parametrize("challenge", [b"+ bm90IGpzb24=\r\n", b"+ !\r\n", b"+ WzFd\r\n", b"+ \r\n"])
async def test_a_refusal_that_explains_nothing_is_still_one(challenge: bytes) -> None:
    script = {"CAPABILITY": OFFER, "AUTHENTICATE": (b"+ \r\n", challenge, b"%t NO failed\r\n")}
    async with scripted(script) as peer:
        with pytest.raises(MailboxRefused, match=r"for billing: check that .*NO failed"):
            await ImapMailbox(by_token(peer, "canary-1", "canary-2")[0]).connect()


async def test_a_server_that_is_busy_costs_no_token() -> None:
    script = {"CAPABILITY": OFFER, "AUTHENTICATE": (b"+ \r\n", b"%t NO [UNAVAILABLE] later\r\n")}
    async with scripted(script) as peer:
        settings, refused = by_token(peer, "canary-1")
        with pytest.raises(MailboxUnreachable, match="UNAVAILABLE"):
            await ImapMailbox(settings).connect()
        assert (refused, peer.connections) == ([], 1)
    async with scripted({"CAPABILITY": OFFER, "AUTHENTICATE": (b"+ \r\n", Cut.DROP)}) as peer:
        settings, refused = by_token(peer, "canary-1")
        with pytest.raises(MailboxUnreachable, match="closed the connection"):
            await ImapMailbox(settings).connect()
        assert refused == []


async def test_a_server_that_takes_no_tokens_never_sees_one() -> None:
    async with scripted() as peer:
        settings, _ = by_token(peer, "canary-1")
        with pytest.raises(MailboxRefused, match="takes no access tokens"):
            await ImapMailbox(settings).connect()
        assert peer.lines == ["CAPABILITY"]


async def test_what_fetching_a_token_raises_comes_through_before_anything_is_opened() -> None:
    async def token() -> str:
        raise MailboxUnreachable("the token server is down: try again later")

    async with scripted({"CAPABILITY": OFFER}) as peer:
        settings = ImapSettings(host="127.0.0.1", port=peer.port, security="none", username="billing", token=token)
        with pytest.raises(MailboxUnreachable, match="token server is down"):
            await ImapMailbox(settings).connect()
        assert peer.connections == 0


async def test_a_control_character_cannot_say_something_else() -> None:
    async with scripted({"CAPABILITY": OFFER}) as peer:
        settings, _ = by_token(peer, "a\x01auth=Bearer b")
        with pytest.raises(MailboxRefused, match="control character"):
            await ImapMailbox(settings).connect()
        assert peer.lines == ["CAPABILITY"]
