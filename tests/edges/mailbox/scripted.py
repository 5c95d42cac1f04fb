"""An IMAP server that says exactly what a test wants, and vanishes or falls silent where it wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from enum import Enum, auto

from mailer.mailbox import ImapSettings


class Cut(Enum):
    """What the server does instead of going on."""

    DROP = auto()
    SILENCE = auto()


#: What the server does for a command (by its beginning) or at "connect", in order: bytes are written, `%t` is the
#: tag. Without bytes that carry the tag the server ends with "OK".
Script = Mapping[str, tuple[bytes | Cut, ...]]

USUAL: dict[str, tuple[bytes | Cut, ...]] = {
    "connect": (b"* OK ready\r\n",),
    "CAPABILITY": (b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n",),
    "LOGOUT": (b"* BYE see you\r\n", b"%t OK bye\r\n", Cut.DROP),
    "EXAMINE": (b"* 2 EXISTS\r\n* OK [UIDVALIDITY 9] fixed\r\n* OK [UIDNEXT 3] next\r\n",),
}


class ScriptedImap:
    """The server; keeps every line it got, without the tag, and in `raw` as it came."""

    def __init__(self, script: Script) -> None:
        self.script: dict[str, tuple[bytes | Cut, ...]] = {**USUAL, **script}
        self.lines: list[str] = []
        self.raw: list[str] = []
        self.connections = 0
        self.port = 0

    def settings(self, *, timeout_seconds: float = 30.0) -> ImapSettings:
        return ImapSettings(
            host="127.0.0.1",
            port=self.port,
            security="none",
            username="billing",
            password="hush-hush",
            timeout_seconds=timeout_seconds,
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._play(writer, self.script["connect"], b"%t")
            while True:
                line = (await reader.readuntil(b"\r\n")).decode().removesuffix("\r\n")
                self.raw.append(line)
                tag, _, command = line.partition(" ")
                self.lines.append(command)
                steps = next((self.script[name] for name in self.script if command.startswith(name)), ())
                await self._play(writer, steps, tag.encode())
                if command == "IDLE" and any(b"+" in step for step in steps if isinstance(step, bytes)):
                    self.lines.append((await reader.readuntil(b"\r\n")).decode().strip())
                if not any(b"%t" in step for step in steps if isinstance(step, bytes)):
                    writer.write(tag.encode() + b" OK done\r\n")
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _play(self, writer: asyncio.StreamWriter, steps: tuple[bytes | Cut, ...], tag: bytes) -> None:
        for step in steps:
            if step is Cut.SILENCE:
                await asyncio.sleep(60)
            elif isinstance(step, bytes):
                writer.write(step.replace(b"%t", tag))
                await writer.drain()
                await asyncio.sleep(0.01)  # so that steps arrive one by one
            else:
                raise ConnectionAbortedError


@contextlib.asynccontextmanager
async def scripted(script: Script | None = None) -> AsyncIterator[ScriptedImap]:
    """Run the server on a free loopback port."""
    peer = ScriptedImap(script or {})
    tasks: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(peer.serve(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)
        await server.wait_closed()
