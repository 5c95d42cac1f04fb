"""A TCP proxy that loses the link at a chosen byte: closed, reset, or silent, as networks and crashed peers do it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto

from tests.servers.process import HOST


class How(Enum):
    """How the link is lost."""

    #: Both sides see an orderly end (FIN).
    CLOSE = auto()
    #: Both sides see a reset (RST).
    RESET = auto()
    #: Nothing more arrives on either side, and nobody is told.
    STALL = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Lose the link once `at` bytes have passed in one direction: "up" is from the client to the server."""

    at: int
    direction: str
    how: How


@dataclass
class CutProxy:
    """`cut` holds for the first `connections` links, later ones pass whole. `up` and `down` count what has passed."""

    host: str
    port: int
    cut: Cut | None = None
    connections: int = 1
    up: int = 0
    down: int = 0
    accepted: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._writers.append(writer)
        if (task := asyncio.current_task()) is not None:
            self._tasks.add(task)  # else one that is just connecting outlives the proxy
        cut = self.cut if self.accepted <= self.connections else None
        try:
            far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(cut=cut, proxy=self, writers=(writer, far_writer))
        self._writers.append(far_writer)
        pumps = [
            asyncio.create_task(link.pump(reader, far_writer, "up")),
            asyncio.create_task(link.pump(far_reader, writer, "down")),
        ]
        self._tasks.update(pumps)
        await asyncio.gather(*pumps, return_exceptions=True)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)


@dataclass
class _Link:
    cut: Cut | None
    proxy: CutProxy
    writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    passed: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    lost: bool = False

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: str) -> None:
        while data := await reader.read(65536):
            if self.lost:
                continue  # a stalled link swallows everything
            here = self.cut if self.cut is not None and self.cut.direction == direction else None
            room = here.at - self.passed[direction] if here is not None else len(data)
            part = data[: max(room, 0)]
            writer.write(part)
            self.passed[direction] += len(part)
            setattr(self.proxy, direction, getattr(self.proxy, direction) + len(part))
            with contextlib.suppress(ConnectionError):
                await writer.drain()
            if here is not None and self.passed[direction] >= here.at:
                await self._lose(here.how)
        if not self.lost:
            with contextlib.suppress(OSError, RuntimeError):
                writer.write_eof()

    async def _lose(self, how: How) -> None:
        self.lost = True
        if how is How.STALL:
            return
        await asyncio.sleep(0.005)  # what was let through has arrived before the link goes
        for writer in self.writers:
            if how is How.RESET:
                linger = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s makes close() send RST
                raw = writer.get_extra_info("socket")
                with contextlib.suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.close() if how is How.CLOSE else writer.transport.abort()


@asynccontextmanager
async def cut_proxy(
    host: str, port: int, cut: Cut | None = None, *, connections: int = 1
) -> AsyncIterator[tuple[str, int, CutProxy]]:
    """Yields host and port to connect to, and the proxy."""
    proxy = CutProxy(host=host, port=port, cut=cut, connections=connections)
    server = await asyncio.start_server(proxy.handle, HOST, 0)
    try:
        yield HOST, server.sockets[0].getsockname()[1], proxy
    finally:
        server.close()
        await proxy.stop()
