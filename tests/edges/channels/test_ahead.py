"""MAIL and RCPT sent ahead of their turn (RFC 2920): each reply goes to its own command, however they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from mailer.channels import SmtpChannel
from mailer.channels.connection import SmtpConnection
from mailer.domain.delivery import Accepted, Outcome, Phase, Refused, TryLater
from mailer.domain.message import Envelope
from tests.edges.channels.scripted import committed, envelope, scripted, settings

HELLO = b"250-ahead.test\r\n250 PIPELINING\r\n"
NOBODY = "550 5.1.1 nobody"
MESSAGE = envelope()
COPIED = replace(MESSAGE, archive="archive@duly.test")


class Ahead:
    """A server that reads what comes and answers MAIL and RCPT with the given pieces, each in a packet of its own."""

    def __init__(self, pieces: list[bytes], *, hangs_up: bool) -> None:
        self.pieces = pieces
        self.hangs_up = hangs_up
        self.reads: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ahead.test ESMTP\r\n")
        await reader.readuntil(b"\r\n")
        writer.write(HELLO)
        self.reads.append(await reader.read(1000))
        for piece in self.pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        if not self.hangs_up:
            self.reads.append(await reader.read(1000))
            writer.write(b"250 2.0.0 OK\r\n")
            self.reads.append(await reader.read(1000))


@asynccontextmanager
async def listening(peer: Ahead) -> AsyncIterator[Ahead]:
    calls: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.add(asyncio.create_task(peer.serve(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        await asyncio.gather(*calls)
        await server.wait_closed()


@asynccontextmanager
async def ahead(*pieces: bytes, hangs_up: bool = False) -> AsyncIterator[tuple[Ahead, SmtpChannel]]:
    async with listening(Ahead(list(pieces), hangs_up=hangs_up)) as peer:
        channel = SmtpChannel(settings(peer.port, timeout_seconds=1.0))
        try:
            yield peer, channel
        finally:
            await channel.close()


async def deliver(channel: SmtpChannel, message: Envelope = MESSAGE) -> Outcome:
    return await channel.deliver(message, before_data=committed)


async def test_they_leave_in_one_packet_where_the_server_takes_that() -> None:
    async with ahead(b"250 OK\r\n550 5.1.1 nobody\r\n") as (peer, channel):
        outcome = await deliver(channel)
    assert peer.reads[0].split(b"\r\n") == [
        b"MAIL FROM:<billing@duly.test>",
        b"RCPT TO:<ann@customer.test>",
        b"",
    ]
    assert isinstance(outcome, Refused)
    assert (outcome.phase, outcome.text) == (Phase.RCPT, NOBODY)
    assert peer.reads[1] == b"RSET\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [b"250 OK\r\n550 5.1.1 nobody\r\n"],
        [b"250 O", b"K\r\n550 5.1.1 no", b"body\r\n"],
        [b"250-OK\r\n", b"250 fine\r\n550", b" 5.1.1 nobody\r\n"],
    ],
)
async def test_replies_are_told_apart_wherever_the_packets_end(pieces: list[bytes]) -> None:
    async with ahead(*pieces) as (peer, channel):
        outcome = await deliver(channel)
    assert isinstance(outcome, Refused)
    assert outcome.text == NOBODY
    assert peer.reads[1] == b"RSET\r\n"


async def test_a_refusal_counts_also_when_the_server_hangs_up_right_after_it() -> None:
    async with ahead(b"250 OK\r\n550 5.1.1 nobody\r\n", hangs_up=True) as (_peer, channel):
        outcome = await deliver(channel)
    assert isinstance(outcome, Refused)
    assert outcome.text == NOBODY


async def test_a_link_lost_between_two_replies_is_tried_again() -> None:
    async with ahead(b"250 OK\r\n550 5.1", hangs_up=True) as (_peer, channel):
        outcome = await deliver(channel)
    assert isinstance(outcome, TryLater)
    assert outcome.phase is Phase.RCPT


async def test_after_a_refused_sender_the_other_replies_are_taken_off_the_line_first() -> None:
    replies = b"451 4.3.0 later\r\n503 5.5.1 MAIL first\r\n503 5.5.1 MAIL first\r\n"
    async with ahead(replies) as (peer, channel):
        outcome = await deliver(channel, COPIED)
    assert isinstance(outcome, TryLater)
    assert (outcome.phase, outcome.text) == (Phase.MAIL, "451 4.3.0 later")
    assert peer.reads[1] == b"RSET\r\n"


@pytest.mark.parametrize(
    "replies",
    [
        b"250 OK\r\n250 OK\r\n250 one too many\r\n",
        b"250 OK\r\nwhat is this\r\n",
        b"250 OK\r\n250-" + b"x" * 40_000,
        b"250 OK\r\n" + b"250-more\r\n" * 5_000,
    ],
)
async def test_a_server_that_is_out_of_step_gets_no_message(replies: bytes) -> None:
    async with ahead(replies, hangs_up=True) as (peer, channel):
        outcome = await deliver(channel)
    assert isinstance(outcome, TryLater)
    assert not any(b"DATA" in read for read in peer.reads[1:])


async def test_a_server_that_floods_an_idle_session_fills_no_memory() -> None:
    class Flood(Ahead):
        async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 flood.test ESMTP\r\n")
            await reader.readuntil(b"\r\n")
            writer.write(HELLO)
            await asyncio.sleep(0.1)
            writer.write(b"250 unasked\r\n" * 20_000)
            await writer.drain()
            await reader.read()

    async with listening(Flood([], hangs_up=True)) as peer:
        link = SmtpConnection(settings(peer.port), None)
        await link.open()
        await asyncio.sleep(0.5)  # the flood comes after a fifth of it
        assert not link.is_open
        assert link._wire is not None
        assert len(link._wire._pending) < 100_000
        await link.quit()


async def test_a_closing_server_is_left_at_once() -> None:
    async with ahead(b"421 4.3.2 closing\r\n") as (peer, channel):
        outcome = await deliver(channel)
    assert isinstance(outcome, TryLater)
    assert (outcome.code, outcome.phase) == (421, Phase.MAIL)
    assert peer.reads[1] == b""


async def test_the_copy_for_the_archive_goes_with_them() -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port))
        assert isinstance(await deliver(channel, COPIED), Accepted)
        assert isinstance(await deliver(channel), Accepted)
        await channel.close()
        assert peer.verbs() == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "MAIL", "RCPT", "DATA", "QUIT"]
