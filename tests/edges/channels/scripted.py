"""An SMTP server that answers, drops or falls silent at any chosen moment; every line it got is kept."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from enum import Enum, auto

from mailer.channels import SmtpSettings
from mailer.domain.ids import OutboxId
from mailer.domain.message import Envelope

LETTER = (
    b"Date: Mon, 02 Mar 2026 09:00:00 +0000\r\nFrom: billing@duly.test\r\nTo: ann@customer.test\r\n"
    b"Message-ID: <1@duly.test>\r\nSubject: Invoice 7\r\n\r\n.leading dot\r\n..two\r\nbye\r\n"
)


#: What the server announces; tests that ask for something else say so.
USUAL: tuple[str, ...] = ("8BITMIME", "SIZE 50000000")


class Cut(Enum):
    """What the server does instead of answering."""

    DROP = auto()
    SILENCE = auto()


#: By moment: "connect" (the banner), EHLO, MAIL, RCPT (or "RCPT <one@customer.test>"), RSET, NOOP, QUIT, DATA (the
#: 354), "body" (in its middle), "dot".
Script = Mapping[str, str | Cut]


class ScriptedSmtp:
    """The server; `script` may be changed while it runs."""

    def __init__(self, script: Script = {}, *, extensions: tuple[str, ...] | None = None) -> None:  # noqa: B006 -- never written to
        self.script = script
        self.extensions = USUAL if extensions is None else extensions
        self.lines: list[bytes] = []
        self.messages: list[bytes] = []
        self.connections = 0
        self.open_connections = 0
        self.most_connections = 0
        #: With "STARTTLS" among the extensions on demand, else from the first byte.
        self.tls: ssl.SSLContext | None = None
        self.port = 0
        self.closed = asyncio.Event()

    def verbs(self) -> list[str]:
        """The commands in the order they came, without their arguments."""
        return [line.split(b" ")[0].split(b":")[0].decode() for line in self.lines]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_connections += 1
        self.most_connections = max(self.most_connections, self.open_connections)
        try:
            if self.tls is not None and "STARTTLS" not in self.extensions:
                await writer.start_tls(self.tls)
            if await self._answer(writer, "connect", "220 scripted.test ESMTP"):
                while await self._command(reader, writer):
                    pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open_connections -= 1
            self.closed.set()
            writer.transport.abort()

    async def _command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line = (await reader.readuntil(b"\r\n")).removesuffix(b"\r\n")
        self.lines.append(line)
        verb = line.split(b" ")[0].decode()
        if verb == "EHLO":
            lines = ("scripted.test", *self.extensions)
            text = "".join(f"250-{item}\r\n" for item in lines[:-1]) + f"250 {lines[-1]}"
            return await self._answer(writer, verb, text)
        if verb == "STARTTLS" and self.tls is not None:
            await self._answer(writer, verb, "220 go ahead")
            await writer.start_tls(self.tls)
            return True
        if verb == "DATA":
            return await self._data(reader, writer)
        to_one = verb + " " + line.partition(b":")[2].decode()  # "RCPT <ann@customer.test>"
        moment = to_one if to_one in self.script else verb
        return await self._answer(writer, moment, "221 bye" if verb == "QUIT" else "250 2.0.0 OK") and verb != "QUIT"

    async def _data(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if not await self._answer(writer, "DATA", "354 go ahead"):
            return False
        if not str(self.script.get("DATA", "354")).startswith("354"):
            return True
        if "body" in self.script:
            await reader.readexactly(10)
            if await self._answer(writer, "body", ""):
                await asyncio.sleep(60)  # said its word and reads no more
            return False
        body = await reader.readuntil(b"\r\n.\r\n")
        answer = self.script.get("dot", "250 2.0.0 queued as 1")
        if isinstance(answer, str) and answer.startswith("2"):
            self.messages.append(body.removesuffix(b".\r\n"))
        return await self._answer(writer, "dot", "250 2.0.0 queued as 1")

    async def _answer(self, writer: asyncio.StreamWriter, moment: str, usual: str) -> bool:
        answer = self.script.get(moment, usual)
        if answer is Cut.SILENCE:
            await asyncio.sleep(60)
        if isinstance(answer, Cut):
            return False
        writer.write(answer.encode("utf-8", "surrogateescape") + b"\r\n")
        await writer.drain()
        # RCPT's own fault is a link lost *after* the good answer, while the sender commits.
        return self.script.get(f"after {moment}") is not Cut.DROP and not answer.startswith("421")


@contextlib.asynccontextmanager
async def scripted(
    script: Script | None = None,
    *,
    extensions: tuple[str, ...] | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[ScriptedSmtp]:
    """Run the server on a free loopback port."""
    peer = ScriptedSmtp(script or {}, extensions=extensions)
    tasks: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(peer._serve(reader, writer)))

    server = await asyncio.start_server(serve, host, 0, limit=16_000_000)
    # What the kernel would take for a server that reads no more grows with its memory, up to whole big messages.
    server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)
        await server.wait_closed()


def settings(at_port: int, **changes: object) -> SmtpSettings:
    """Settings for a server on loopback."""
    values: dict[str, object] = {
        "host": "127.0.0.1",
        "port": at_port,
        "security": "none",
        "timeout_seconds": 5.0,
        "data_start_seconds": 5.0,
        "data_done_seconds": 5.0,
    }
    return SmtpSettings(**{**values, **changes})  # type: ignore[arg-type]


#: For servers that fall silent on purpose.
IMPATIENT = {"timeout_seconds": 0.3, "data_start_seconds": 0.3, "data_done_seconds": 0.3}


def envelope(content: bytes = LETTER, *, to: str = "ann@customer.test", sender: str = "billing@duly.test") -> Envelope:
    """One message to hand over."""
    return Envelope(outbox_id=OutboxId("out_1"), sender=sender, recipient=to, content=content)


async def committed() -> bool:
    """A `before_data` that takes a moment, as a real commit does, and may go on."""
    await asyncio.sleep(0.02)
    return True
