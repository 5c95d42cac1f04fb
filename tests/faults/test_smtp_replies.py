"""Every command is answered with everything that a server can say, and worse: row A5 of the fault list.

Never an exception, never "accepted" without a 2xx after the dot, never "refused for good" without a 5xx, never "nobody
knows" while not a byte of the message was sent; and the memory stays small, whatever pours in.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import resource
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from mailer.channels import SmtpChannel
from mailer.domain.delivery import Accepted, Outcome, Phase, Refused, TryLater, Unknown
from tests.edges.channels.scripted import committed, envelope, settings

COMMANDS = ("connect", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "dot", "QUIT")
PHASES = {
    "connect": Phase.CONNECT,
    "EHLO": Phase.CONNECT,
    "AUTH": Phase.LOGIN,
    "MAIL": Phase.MAIL,
    "RCPT": Phase.RCPT,
    "DATA": Phase.DATA,
    "dot": Phase.DOT,
}
CODES = (421, 450, 451, 452, 454, 500, 503, 530, 535, 550, 552, 554, 571)
#: Refusals with 5xx that speak of our login or session, and pass.
PASSING = {503, 530, 535}
USUAL = {
    "connect": b"220 hostile.test\r\n",
    "EHLO": b"250-hostile.test\r\n250 AUTH PLAIN\r\n",
    "HELO": b"250 hostile.test\r\n",
    "AUTH": b"235 welcome\r\n",
    "DATA": b"354 go on\r\n",
    "QUIT": b"221 bye\r\n",
}
SILENCE, ENDLESS_LINES, ENDLESS_LINE = b"silence", b"endless lines", b"endless line"
ODDITIES = {
    "nine digits": b"250000000 taken\r\n",
    "a line of 1 MB": b"250 " + b"a" * 1_000_000 + b"\r\n",
    "a reply of 1 MB": b"250-" + b"a" * 900 + b"\r\n" + (b"250-" + b"a" * 900 + b"\r\n") * 1_100 + b"250 done\r\n",
    "lines without an end": ENDLESS_LINES,
    "a line without an end": ENDLESS_LINE,
    "NUL": b"\0\0\0 250\r\n",
    "no digits": b"OK taken\r\n",
    "an empty line": b"\r\n",
    "two digits": b"25 taken\r\n",
    "two codes": b"250-taken\r\n550 not taken\r\n",
    "a greeting": b"220 hostile.test\r\n",
    "go on": b"354 go on\r\n",
    "a challenge": b"334 \r\n",
    "no reply": SILENCE,
}
ODD_BUT_FINE = {"NUL in the words": b"250 2.0.0 o\0k\r\n", "no words": b"250\r\n", "bare LF": b"250 ok\n"}


@dataclass
class Hostile:
    """Answers one command as told and the others as usual; never notices that it is talked about."""

    at: str
    answer: bytes
    messages: int = 0
    poured: int = 0
    verbs: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._say("connect", writer)
            while True:
                verb = (await reader.readuntil(b"\r\n")).split(b" ")[0].strip().decode("ascii")
                self.verbs.append(verb)
                said = await self._say(verb, writer)
                if verb == "DATA" and said.startswith(b"354"):
                    await reader.readuntil(b"\r\n.\r\n")
                    self.messages += (await self._say("dot", writer)).startswith(b"2")
        writer.transport.abort()

    async def _say(self, moment: str, writer: asyncio.StreamWriter) -> bytes:
        said = self.answer if moment == self.at else USUAL.get(moment, b"250 fine\r\n")
        if said == SILENCE:
            await asyncio.sleep(60)
        while said in {ENDLESS_LINES, ENDLESS_LINE}:
            writer.write(b"250-more\r\n" * 1000 if said == ENDLESS_LINES else b"2" * 10_000)
            self.poured += 10_000
            await writer.drain()
        writer.write(said)
        await writer.drain()
        return said


@contextlib.asynccontextmanager
async def hostile(at: str, answer: bytes) -> AsyncIterator[tuple[Hostile, SmtpChannel]]:
    peer = Hostile(at=at, answer=answer)
    tasks: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(peer.serve(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    seconds = 0.3 if answer == SILENCE else 10.0
    patience = {"timeout_seconds": seconds, "data_start_seconds": seconds, "data_done_seconds": seconds}
    try:
        yield peer, SmtpChannel(settings(port, **patience, username="billing", password="pw"))
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


async def said_to(at: str, answer: bytes) -> tuple[Outcome, Hostile]:
    async with hostile(at, answer) as (peer, channel):
        outcome = await asyncio.wait_for(channel.deliver(envelope(), before_data=committed), 60)
        await asyncio.wait_for(channel.close(), 60)
    return outcome, peer


@pytest.mark.parametrize(("at", "code"), list(itertools.product(COMMANDS[:-1], CODES)))
async def test_a_refusal_is_definite_wherever_it_comes(at: str, code: int) -> None:
    outcome, peer = await said_to(at, f"{code} 9.9.9 no\r\n".encode())
    for_good = code >= 500 and code not in PASSING and at not in {"connect", "EHLO", "AUTH"}
    assert isinstance(outcome, Refused if for_good else TryLater)
    assert (outcome.phase, outcome.code, outcome.enhanced, peer.messages) == (PHASES[at], code, "", 0)
    assert outcome.text == f"{code} 9.9.9 no"


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("at", COMMANDS)
async def test_nonsense_is_never_taken_for_an_answer(at: str, oddity: str) -> None:
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome, peer = await said_to(at, ODDITIES[oddity])
    match at:
        case "QUIT":
            assert isinstance(outcome, Accepted)
        case "connect" if oddity == "a greeting":
            assert isinstance(outcome, Accepted)
        case "DATA" if oddity == "go on":
            assert isinstance(outcome, Accepted)
        case "dot":
            assert isinstance(outcome, Unknown)
            assert outcome.phase is Phase.DOT
        case _ if isinstance(outcome, Accepted):
            # What is no answer to EHLO leads to HELO; a wrong success of it, or of AUTH, is put to the test by MAIL.
            assert at in {"EHLO", "AUTH", "connect"}
            assert peer.messages == 1
        case _:
            assert isinstance(outcome, TryLater)
            assert (outcome.phase in {PHASES[at], Phase.LOGIN}, peer.messages) == (True, 0)
    outcome.text.encode()
    assert "\0" not in outcome.text
    assert len(outcome.text) < 2_500
    assert peer.poured < 20_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 50_000


@pytest.mark.parametrize("oddity", ODD_BUT_FINE)
@pytest.mark.parametrize("at", ["MAIL", "RCPT", "dot"])
async def test_a_strange_success_is_a_success(at: str, oddity: str) -> None:
    outcome, peer = await said_to(at, ODD_BUT_FINE[oddity])
    assert isinstance(outcome, Accepted)
    assert peer.messages == 1
    assert "\0" not in outcome.text


@pytest.mark.parametrize(("at", "phase"), [("MAIL", Phase.RCPT), ("RCPT", Phase.DATA), ("DATA", Phase.DATA)])
async def test_an_answer_too_many_is_never_taken_for_the_next_commands(at: str, phase: Phase) -> None:
    """The server says "queued" before it was asked; that must not become the answer to the message."""
    outcome, peer = await said_to(at, USUAL.get(at, b"250 fine\r\n") + b"250 2.0.0 queued\r\n")
    assert isinstance(outcome, TryLater)
    assert (outcome.phase, peer.messages) == (phase, 0)


async def test_the_mail_system_must_speak_before_a_message_counts_as_accepted() -> None:
    """2yz is success, but only x5z speaks for the mail system (RFC 5321 §4.2.1): "220 ready" takes no message."""
    for answer, expected in {b"252 taken": Accepted, b"221 bye": Unknown, b"235 welcome": Unknown}.items():
        outcome, _peer = await said_to("dot", answer + b"\r\n")
        assert type(outcome) is expected
