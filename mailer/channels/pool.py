"""The sessions of one account: opened when needed, used again, closed by themselves, never more than allowed."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator

from mailer.channels.connection import SmtpConnection, tls_context
from mailer.channels.login import TokenRefused
from mailer.channels.settings import SmtpSettings


class Pool:
    """Up to `settings.connections` sessions, each with one borrower at a time.

    A session goes on to the next borrower unless it is closed, worn out (`max_messages`, `max_age_seconds`) or its
    borrower left by an exception; one that nobody wants for `idle_close_seconds` says goodbye.
    """

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(settings.connections)
        self._closing = asyncio.Lock()
        #: Free sessions, the last used last: it is taken first, so that the others may grow old and go.
        self._free: list[SmtpConnection] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._tidying: asyncio.Task[None] | None = None
        self._tls_context: ssl.SSLContext | None = None

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until fewer than `connections` borrowers are at work."""
        async with self._turns:
            yield

    async def take(self) -> SmtpConnection:
        """Return a working session to the holder of a turn, who uses it `lent`. Raises ChannelError: none opens."""
        return await self._working() or await self.fresh()

    @contextlib.contextmanager
    def lent(self, link: SmtpConnection) -> Iterator[None]:
        """Take the session back at the end; closed when the borrower leaves by an exception."""
        try:
            yield
        except BaseException:
            link.abort()
            raise
        link.messages += 1
        link.used_at_seconds = asyncio.get_running_loop().time()
        if link.is_open:
            self._free.append(link)
            self._set_alarm()
        else:
            link.abort()

    async def fresh(self) -> SmtpConnection:
        """Open a session; a refused access token is replaced once. Raises ChannelError."""
        if self._tls_context is None:  # read once: a fresh one for each session costs more than the message
            self._tls_context = tls_context(self._settings)
        link = SmtpConnection(self._settings, self._tls_context)
        try:
            await link.open()
        except TokenRefused:
            if self._settings.token_refused is not None:
                self._settings.token_refused()
            link = SmtpConnection(self._settings, self._tls_context)
            await link.open()
        return link

    async def close(self) -> None:
        """End every session with QUIT, after the borrowers have done."""
        async with self._closing, contextlib.AsyncExitStack() as stack:
            for _ in range(self._settings.connections):
                await stack.enter_async_context(self._turns)
            self._silence()
            if self._tidying is not None:  # it can only be waiting for its turn
                self._tidying.cancel()
                await asyncio.wait([self._tidying])
            while self._free:
                await _ended(self._free.pop())

    async def _working(self) -> SmtpConnection | None:
        """Take a free session that still works; the worn out and the dead among them are closed on the way."""
        while self._free:
            link = self._free.pop()
            now_seconds = asyncio.get_running_loop().time()
            worn = link.messages >= self._settings.max_messages
            if worn or now_seconds - link.opened_at_seconds > self._settings.max_age_seconds:
                await _ended(link)
            elif now_seconds - link.used_at_seconds <= self._settings.idle_check_seconds:
                if link.is_open:
                    return link
                link.abort()
            elif await link.prove():
                return link
        return None

    def _set_alarm(self) -> None:
        """Wake up when the session that has been free for longest is to go, or before: then the alarm is set anew."""
        if self._free and self._alarm is None:
            at_seconds = min(link.used_at_seconds for link in self._free) + self._settings.idle_close_seconds
            self._alarm = asyncio.get_running_loop().call_at(at_seconds, self._start_tidying)

    def _silence(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _start_tidying(self) -> None:
        self._alarm = None
        if self._tidying is None or self._tidying.done():
            self._tidying = asyncio.get_running_loop().create_task(self._tidy())

    async def _tidy(self) -> None:
        """Close what nobody wanted; it holds a turn meanwhile, so that the server never sees one session too many."""
        async with self._turns:
            now_seconds = asyncio.get_running_loop().time()
            limit_seconds = self._settings.idle_close_seconds
            idle = [link for link in self._free if now_seconds - link.used_at_seconds >= limit_seconds]
            self._free = [link for link in self._free if link not in idle]
            for link in idle:
                await _ended(link)
        self._set_alarm()


async def _ended(link: SmtpConnection) -> None:
    try:
        await link.quit()
    except BaseException:
        link.abort()
        raise
