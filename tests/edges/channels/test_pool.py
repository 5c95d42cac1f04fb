"""Several sessions at the same time: never more than allowed, none left behind, each lost one replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from mailer.channels import SmtpChannel
from mailer.channels.connection import SmtpConnection
from mailer.domain.delivery import Accepted, TryLater
from tests.edges.channels.scripted import Cut, ScriptedSmtp, committed, envelope, scripted, settings


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 -- the peer is a script without events
            await asyncio.sleep(0.01)


async def all_gone(peer: ScriptedSmtp) -> None:
    await until(lambda: not peer.open_connections)


@pytest.mark.parametrize("connections", [1, 2, 3])
async def test_many_callers_share_the_sessions_and_the_server_never_sees_more(connections: int) -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port, connections=connections, max_messages=4))
        assert channel.lanes == connections
        envelopes = [envelope(to=f"c{number}@customer.test") for number in range(40)]
        outcomes = await asyncio.gather(*(channel.deliver(one, before_data=committed) for one in envelopes))
        await channel.close()
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert len(peer.messages) == 40
        assert peer.most_connections == connections
        assert peer.connections >= 10  # four messages each
        await all_gone(peer)


async def test_a_hundred_messages_wear_a_session_out_and_so_do_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port))

        async def many(count: int) -> None:
            for _ in range(count):
                await channel.deliver(envelope(), before_data=_at_once)

        await many(100)
        assert peer.connections == 1
        await many(1)
        assert peer.connections == 2
        loop = asyncio.get_running_loop()
        clock = loop.time
        monkeypatch.setattr(loop, "time", lambda: clock() + 299.0)
        await many(1)
        assert peer.connections == 2  # proved by RSET, and used again
        monkeypatch.setattr(loop, "time", lambda: clock() + 301.0)
        await many(1)
        assert (peer.connections, peer.verbs().count("RSET")) == (3, 1)
        await channel.close()


async def test_a_session_that_nobody_wants_says_goodbye_by_itself() -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port, idle_close_seconds=0.05))
        await asyncio.gather(*(channel.deliver(envelope(), before_data=committed) for _ in range(2)))
        assert peer.open_connections == 2
        tasks = len(asyncio.all_tasks())
        await all_gone(peer)
        assert peer.verbs()[-2:] == ["QUIT", "QUIT"]
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        await all_gone(peer)
        await asyncio.sleep(0.05)
        assert len(asyncio.all_tasks()) <= tasks
        await channel.close()
        assert peer.connections == 3


async def test_closing_while_a_session_says_goodbye_by_itself_ends_both() -> None:
    async with scripted({"QUIT": Cut.SILENCE}) as peer:
        channel = SmtpChannel(settings(peer.port, idle_close_seconds=0.02, connections=1))
        await channel.deliver(envelope(), before_data=committed)
        await until(lambda: "QUIT" in peer.verbs())
        peer.script = {}
        async with asyncio.timeout(20):
            await asyncio.gather(channel.close(), channel.close())
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        await channel.close()


@pytest.mark.parametrize("moment", ["MAIL", "DATA", "dot"])
async def test_a_cancelled_delivery_closes_its_own_session_only(moment: str) -> None:
    async with scripted({moment: Cut.SILENCE}) as peer:
        channel = SmtpChannel(settings(peer.port))
        stuck = asyncio.create_task(channel.deliver(envelope(), before_data=committed))
        await until(lambda: ("DATA" if moment == "dot" else moment) in peer.verbs())
        peer.script = {}
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        assert peer.connections == 2
        stuck.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stuck
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        assert (peer.connections, len(peer.messages)) == (2, 2)
        await channel.close()


async def test_whoever_gives_up_waiting_for_a_turn_takes_none_away() -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port, connections=1))
        running = asyncio.create_task(channel.deliver(envelope(), before_data=committed))
        waiting = [asyncio.create_task(channel.deliver(envelope(), before_data=committed)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        waiting[1].cancel()
        assert isinstance(await running, Accepted)
        assert isinstance(await waiting[2], Accepted)
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        assert peer.connections == 1
        await channel.close()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_server_that_speaks_unasked_is_left_and_called_anew() -> None:
    async with scripted({"dot": "250 2.0.0 queued\r\n421 4.4.2 idle for too long"}) as peer:
        channel = SmtpChannel(settings(peer.port))
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        peer.script = {}
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        assert (peer.connections, len(peer.messages)) == (2, 2)
        await channel.close()


async def test_a_session_that_cannot_be_opened_leaves_nothing_open() -> None:
    async with scripted({"EHLO": "554 5.7.1 no"}) as peer:
        link = SmtpConnection(settings(peer.port), None)
        assert not link.is_open
        outcome = await SmtpChannel(settings(peer.port)).deliver(envelope(), before_data=committed)
        assert isinstance(outcome, TryLater)
        await all_gone(peer)


async def _at_once() -> bool:
    return True
