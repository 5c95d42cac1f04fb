"""One connection for many messages, and never a half-open one."""

from __future__ import annotations

import asyncio

import pytest

from mailer.channels import SmtpChannel
from mailer.domain.delivery import Accepted, Refused, TryLater
from tests.edges.channels.scripted import LETTER, Cut, Script, committed, envelope, scripted, settings

ONE_MESSAGE = ["MAIL", "RCPT", "DATA"]


async def test_consecutive_messages_share_a_connection_and_close_says_goodbye() -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port))
        for number in range(3):
            to = f"c{number}@customer.test"
            assert isinstance(await channel.deliver(envelope(to=to), before_data=committed), Accepted)
        await channel.close()
        await channel.close()
        assert peer.verbs() == ["EHLO", *ONE_MESSAGE, *ONE_MESSAGE, *ONE_MESSAGE, "QUIT"]
        assert peer.open_connections == 0


async def test_a_server_that_vanishes_at_the_goodbye_harms_nobody() -> None:
    async with scripted({"QUIT": Cut.DROP}) as peer:
        channel = SmtpChannel(settings(peer.port))
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        await channel.close()


@pytest.mark.parametrize("limit", [{"max_messages": 1}, {"max_age_seconds": 0.0}], ids=repr)
async def test_a_connection_is_not_kept_for_ever(limit: dict[str, float]) -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port, **limit))
        await channel.deliver(envelope(), before_data=committed)
        await channel.deliver(envelope(), before_data=committed)
        assert peer.verbs() == ["EHLO", *ONE_MESSAGE, "QUIT", "EHLO", *ONE_MESSAGE]
        await channel.close()


@pytest.mark.parametrize(
    ("script", "connections"), [({}, 1), ({"RSET": Cut.DROP}, 2), ({"RSET": "421 idle"}, 2), ({"RSET": "500 what"}, 2)]
)
async def test_after_a_pause_the_connection_is_proved_first(script: Script, connections: int) -> None:
    async with scripted(script) as peer:
        channel = SmtpChannel(settings(peer.port, idle_check_seconds=0.0))
        await channel.deliver(envelope(), before_data=committed)
        await asyncio.sleep(0.01)
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        assert "RSET" in peer.verbs()
        assert peer.connections == connections
        await channel.close()


async def test_a_server_that_hung_up_meanwhile_is_called_again() -> None:
    async with scripted({"after dot": Cut.DROP}) as peer:
        channel = SmtpChannel(settings(peer.port))
        await channel.deliver(envelope(), before_data=committed)
        await asyncio.sleep(0.05)
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        assert peer.connections == 2
        await channel.close()


async def test_a_refused_message_does_not_spoil_the_next() -> None:
    async with scripted({"RCPT": "550 5.1.1 no such user"}) as peer:
        channel = SmtpChannel(settings(peer.port))
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Refused)
        peer.script = {"dot": "451 4.3.0 later"}
        assert isinstance(await channel.deliver(envelope(), before_data=committed), TryLater)
        peer.script = {}
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        assert peer.verbs() == ["EHLO", "MAIL", "RCPT", "RSET", *ONE_MESSAGE, "RSET", *ONE_MESSAGE]
        await channel.close()


async def test_a_lost_lease_sends_nothing() -> None:
    async def lost() -> bool:
        return False

    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port))
        outcome = await channel.deliver(envelope(), before_data=lost)
        assert isinstance(outcome, TryLater)
        assert outcome.text == "lease lost before DATA"
        assert peer.verbs() == ["EHLO", "MAIL", "RCPT", "RSET"]
        await channel.close()


async def test_a_database_that_fails_before_data_sends_nothing() -> None:
    async def failing() -> bool:
        raise OSError("disk full")

    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port))
        with pytest.raises(OSError, match="disk full"):
            await channel.deliver(envelope(), before_data=failing)
        await asyncio.wait_for(peer.closed.wait(), 1)
        assert peer.verbs() == ["EHLO", "MAIL", "RCPT"]


async def test_the_commit_comes_after_the_recipient_was_accepted_and_before_data() -> None:
    async with scripted({"RCPT": "450 4.2.0 greylisted"}) as peer:
        seen: list[list[str]] = []

        async def watching() -> bool:
            seen.append(peer.verbs())
            return True

        channel = SmtpChannel(settings(peer.port))
        await channel.deliver(envelope(), before_data=watching)
        assert seen == []
        peer.script = {}
        await channel.deliver(envelope(), before_data=watching)
        assert seen == [["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT"]]
        await channel.close()


@pytest.mark.parametrize("moment", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "body", "dot"])
async def test_a_cancelled_delivery_closes_its_connection_and_the_next_one_works(moment: str) -> None:
    async with scripted({moment: Cut.SILENCE}) as peer:
        channel = SmtpChannel(settings(peer.port))
        delivery = asyncio.create_task(channel.deliver(envelope(), before_data=committed))
        await asyncio.sleep(0.1)
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        peer.script = {}
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        assert (peer.connections, len(peer.messages)) == (2, 1)
        await channel.close()


async def test_on_one_connection_deliveries_take_turns() -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port, connections=1))
        envelopes = [envelope(to=f"c{number}@customer.test") for number in range(5)]
        outcomes = await asyncio.gather(*(channel.deliver(one, before_data=committed) for one in envelopes))
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert peer.verbs() == ["EHLO", *ONE_MESSAGE * 5]
        assert peer.connections == 1
        await channel.close()


async def test_eight_bit_text_goes_only_to_a_server_that_takes_it() -> None:
    content = LETTER.replace(b"bye", "für Sie".encode())
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port))
        assert isinstance(await channel.deliver(envelope(content), before_data=committed), Accepted)
        assert peer.lines[1].endswith(b" BODY=8BITMIME")
        await channel.close()
    async with scripted(extensions=()) as peer:
        channel = SmtpChannel(settings(peer.port))
        outcome = await channel.deliver(envelope(content), before_data=committed)
        assert isinstance(outcome, Refused)
        assert not outcome.recipient
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        assert peer.lines[1] == b"MAIL FROM:<billing@duly.test>"
        await channel.close()


async def test_the_servers_bytes_never_break_the_database() -> None:
    async with scripted({"dot": "250 caf\udce9 \x00 ok"}) as peer:
        channel = SmtpChannel(settings(peer.port))
        outcome = await channel.deliver(envelope(), before_data=committed)
        assert outcome.text.encode() == "250 caf\ufffd \ufffd ok".encode()
        await channel.close()
