"""Logging in with access tokens (XOAUTH2): a refused one is replaced once, and the server's reason is said in words."""

from __future__ import annotations

import asyncio

import pytest

from mailer.channels import ChannelError, SmtpChannel
from mailer.domain.delivery import Accepted, Phase, TryLater
from tests.edges.channels.scripted import committed, envelope, scripted, settings
from tests.servers.smtp_tokens import EXCHANGE, GOOGLE, TokenSmtp

USER = "billing@duly.test"


class Tokens:
    """Gives the first token until it is told that it was refused."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.asked = 0
        self.refused = 0

    async def token(self) -> str:
        self.asked += 1
        return self.tokens[0]

    def refuse(self) -> None:
        self.refused += 1
        del self.tokens[0]

    def channel(self, port: int, **more: object) -> SmtpChannel:
        return SmtpChannel(settings(port, username=USER, token=self.token, token_refused=self.refuse, **more))


def secure(server: TokenSmtp) -> dict[str, object]:
    return {"host": "localhost", "security": "starttls", "ca_file": str(server.ca_file)}


async def test_a_good_token_logs_in_over_tls() -> None:
    with TokenSmtp(user=USER, good={"good"}) as server:
        tokens = Tokens("good")
        channel = tokens.channel(server.port, **secure(server))
        assert (await channel.probe()).login == "XOAUTH2"
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        await channel.close()
        assert (len(server.messages), tokens.refused) == (1, 0)
        assert channel.account == f"{USER}@localhost"


@pytest.mark.parametrize("refusal", [GOOGLE, EXCHANGE], ids=["challenge", "at once"])
async def test_an_old_token_is_replaced_once_on_a_fresh_connection(refusal: str) -> None:
    with TokenSmtp(user=USER, good={"new"}, refusal=refusal) as server:
        tokens = Tokens("old", "new")
        channel = tokens.channel(server.port, **secure(server))
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        await channel.close()
        assert (server.tried, server.connections, len(server.messages)) == (
            ["old", "new"],
            4,
            1,
        )  # each greets before and after STARTTLS
        assert server.answered == ([b""] if refusal == GOOGLE else [])  # the empty line that the protocol wants


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (GOOGLE, "(535 5.7.8 Authentication credentials invalid (status 401, schemes bearer, scope https://mail.goo"),
        (EXCHANGE, "(535 5.7.3 Authentication unsuccessful)"),
    ],
    ids=["challenge", "at once"],
)
async def test_a_second_refusal_is_said_with_the_reason_and_the_account_rests(refusal: str, words: str) -> None:
    with TokenSmtp(user=USER, good=set(), refusal=refusal) as server:
        tokens = Tokens("old", "newer", "newest")
        channel = tokens.channel(server.port, **secure(server))
        with pytest.raises(ChannelError) as raised:
            await channel.probe()
        assert f"refuses the access token of {USER} {words}" in str(raised.value)
        assert raised.value.login_refused
        assert server.tried == ["old", "newer"]
        outcome = await channel.deliver(envelope(), before_data=committed)
        assert isinstance(outcome, TryLater)
        assert (outcome.phase, outcome.code, outcome.account) == (Phase.LOGIN, 535, True)
        assert outcome.retry_after_seconds == 300
        assert channel.rest_seconds() > 250
        assert all(token not in str(raised.value) + outcome.text for token in ("old", "newe"))


async def test_a_passing_refusal_does_not_cost_the_token() -> None:
    async with scripted({"AUTH": "454 4.7.0 try again in 90 seconds"}, extensions=("AUTH XOAUTH2",)) as peer:
        tokens = Tokens("good")
        outcome = await tokens.channel(peer.port).deliver(envelope(), before_data=committed)
        assert isinstance(outcome, TryLater)
        assert (outcome.code, outcome.retry_after_seconds, tokens.refused) == (454, 90, 0)
        assert peer.verbs().count("AUTH") == 1


@pytest.mark.parametrize("challenge", ["not base64!", "bm90IGpzb24=", "", "WzFd"])
async def test_a_challenge_that_holds_no_json_is_a_refusal_all_the_same(challenge: str) -> None:
    script = {"AUTH": f"334 {challenge}", "": "535 5.7.8 no"}
    async with scripted(script, extensions=("AUTH XOAUTH2",)) as peer:
        tokens = Tokens("old", "new", "last")
        with pytest.raises(ChannelError, match="refuses the access token"):
            await tokens.channel(peer.port).probe()
        assert tokens.refused == 1
        assert peer.connections == 2


async def test_without_a_token_nothing_is_sent_and_the_reason_is_kept() -> None:
    async def ended() -> str:
        raise ChannelError("the login has ended: run `duly login`")

    async def leaking() -> str:
        raise RuntimeError("secret=hush")

    async def silent() -> str:
        await asyncio.sleep(60)
        return "late"

    async with scripted(extensions=("AUTH XOAUTH2",)) as peer:
        for token, words in ((ended, "run `duly login`"), (leaking, "no access token"), (silent, "in time")):
            channel = SmtpChannel(settings(peer.port, username=USER, token=token, timeout_seconds=0.3))
            outcome = await channel.deliver(envelope(), before_data=committed)
            assert isinstance(outcome, TryLater)
            assert words in outcome.text
            assert "hush" not in outcome.text
            assert (outcome.phase, outcome.account) == (Phase.LOGIN, True)
        assert "AUTH" not in peer.verbs()


async def test_a_server_without_xoauth2_is_named() -> None:
    async with scripted(extensions=("AUTH PLAIN",)) as peer:
        with pytest.raises(ChannelError, match=r"no login with an access token \(it offers plain\)"):
            await Tokens("good").channel(peer.port).probe()


def test_neither_the_token_nor_its_source_is_printed() -> None:
    shown = repr(settings(25, username=USER, token=Tokens("hush").token))
    assert "token" not in shown
