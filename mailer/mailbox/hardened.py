"""aioimaplib's commands on a reader, a greeting and an end of connection that never hang (the only importer of it).

Measured on 2.0.3: recursion per response line dies at 1,000 messages with the timeout disarmed; a lost connection is
noticed by nobody; a refused greeting is never reported; "* " is cut out of the middle of lines; empty literals are
misread; bodies and passwords can reach the debug log. What is kept is its command engine (tags, states, idle timer),
one command at a time. Private names are touched, so the version is pinned in pyproject.toml.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass

from aioimaplib import aioimaplib

from mailer.mailbox.wire import Response, ResponseReader, WireError, quoted

CommandFailed = aioimaplib.AioImapException

#: What one answer may come to beyond the message octets that were asked for, in octets.
ANSWER_OCTETS = 24 * 1024 * 1024
#: What keeping one response costs besides its octets: a flood of short lines must not fill the memory either.
RESPONSE_OCTETS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A command's end: "OK", "NO" or "BAD" with the server's words, and the untagged responses before it."""

    result: str
    words: str
    responses: tuple[Response, ...]


class ImapProtocol(aioimaplib.IMAP4ClientProtocol):  # type: ignore[misc]  # aioimaplib ships no types
    """One IMAP connection; one command at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._reader = ResponseReader()
        self._sasl: list[bytes] = []
        #: What the server asked after the answer it had: a refused token explains itself that way.
        self.explained = b""
        self._room = ANSWER_OCTETS
        self._idling: asyncio.Future[None] | None = None
        self._news = asyncio.Event()
        self._literal: bytes | None = None
        self.transport: asyncio.Transport | None = None
        #: The greeting's words once the server spoke.
        self.greeting: asyncio.Future[str] = loop.create_future()
        #: Done when the connection is gone.
        self.lost: asyncio.Future[None] = loop.create_future()
        #: The words of the server's BYE, "" when it said none.
        self.farewell = ""

    @property
    def tls(self) -> str:
        """The TLS version such as "TLSv1.3", "" without TLS."""
        session = self.transport.get_extra_info("ssl_object") if self.transport is not None else None
        return str(session.version()) if session is not None else ""

    def data_received(self, d: bytes) -> None:
        """Hand complete responses on; a peer that does not speak IMAP loses the connection."""
        try:
            for response in self._reader.feed(d):
                self._take(response)
            if (pending := self._pending()) is not None:
                pending._reset_timer()  # noqa: SLF001 -- the subject of this file: a long literal is no silence
        except (WireError, CommandFailed, ValueError) as fault:
            self._fail(f"not understood: {fault}")
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whatever waits, at once."""
        self._fail(self.farewell or (str(exc) if exc else "the server closed the connection"))
        self.state = aioimaplib.LOGOUT
        if not self.lost.done():
            self.lost.set_result(None)

    def send(self, line: str, scrub: str | None = None) -> None:  # noqa: ARG002 -- the library's signature
        """Write one line; the library's own would log it."""
        if self.transport is not None:
            self.transport.write(line.encode() + b"\r\n")

    def abort(self) -> None:
        """Close at once."""
        if self.transport is not None:
            self.transport.abort()

    async def ask(
        self,
        name: str,
        *words: str,
        prefix: str = "",
        idle_seconds: float,
        octets: int = 0,
        literal: bytes | None = None,
    ) -> Answer:
        """Send one command, return how it ended.

        Args:
            name: the command; `prefix` "UID" makes it a UID command.
            words: its arguments, already quoted.
            prefix: see `name`.
            idle_seconds: silence longer than this fails the command.
            octets: what the messages asked for come to, as the server stated; an answer far beyond it is refused.
            literal: octets that follow once the server asks for them; announced here as the last argument.

        Raises:
            CommandFailed: connection lost, silence, or a command that is not allowed now.
            ValueError: a line end or NUL in an argument.
        """
        if self.lost.done():
            raise aioimaplib.Abort(self.farewell or "the connection was closed")
        self._room = ANSWER_OCTETS + octets + octets // 4
        if literal is not None:
            words, self._literal = (*words, f"{{{len(literal)}}}"), literal
        command = aioimaplib.Command(name, self.new_tag(), *words, prefix=prefix, loop=self.loop, timeout=idle_seconds)
        try:
            done = await self.execute(command)
        except aioimaplib.CommandTimeout:
            # Not chained: its text holds the whole command, with the password of a LOGIN.
            raise aioimaplib.Abort(f"no answer to {name} within {idle_seconds:g} s") from None
        finally:
            command._timer.cancel()  # noqa: SLF001 -- as above: a cancelled command must not fire later
            self._literal = None
        return Answer(result=done.result.upper(), words=_words(done.lines[-1]), responses=tuple(done.lines[:-1]))

    async def log_in(self, username: str, password: str, *, capabilities: str, idle_seconds: float) -> Answer:
        """Log in with LOGIN, or with AUTHENTICATE PLAIN where the password needs it (RFC 3501 §6.2, RFC 4616)."""
        if "LOGINDISABLED" not in capabilities and (username + password).isascii():
            return await self.ask("LOGIN", quoted(username), quoted(password), idle_seconds=idle_seconds)
        packed = base64.b64encode(f"\0{username}\0{password}".encode())
        self._sasl = [packed]
        return await self.ask("AUTHENTICATE", "PLAIN", idle_seconds=idle_seconds)

    async def log_in_with_token(self, username: str, token: str, *, idle_seconds: float) -> Answer:
        """Log in with AUTHENTICATE XOAUTH2 (Google's format, Microsoft's too); a NO is explained in `explained`."""
        if any(letter < " " for letter in username + token):
            raise ValueError("a control character in the user name or token")
        self._sasl = [base64.b64encode(f"user={username}\1auth=Bearer {token}\1\1".encode())]
        return await self.ask("AUTHENTICATE", "XOAUTH2", idle_seconds=idle_seconds)

    async def idle(self, *, seconds: float, answer_seconds: float) -> bool:
        """Wait until the server tells of new mail in the open folder, or time is up; returns whether it did (RFC 2177).

        Args:
            seconds: how long to wait at most; servers may log out who idles for 30 minutes.
            answer_seconds: how long the server may take to begin, and to end.

        Raises:
            CommandFailed: connection lost, not supported, or no answer.
            TimeoutError: no answer.
        """
        if self.lost.done():
            raise aioimaplib.Abort(self.farewell or "the connection was closed")
        self._idling, self._room = self.loop.create_future(), ANSWER_OCTETS
        self._news.clear()
        tag, patience = self.new_tag(), seconds + 2 * answer_seconds
        command = asyncio.ensure_future(self.execute(aioimaplib.Command("IDLE", tag, loop=self.loop, timeout=patience)))
        news = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait({command, self._idling}, timeout=answer_seconds, return_when=asyncio.FIRST_COMPLETED)
            if not command.done():
                if not self._idling.done():
                    raise aioimaplib.Abort(f"no answer to IDLE within {answer_seconds:g} s")
                await asyncio.wait({command, news}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                self.send("DONE")
            done = await asyncio.wait_for(command, answer_seconds)
            if done.result.upper() != "OK":
                raise aioimaplib.Abort(f"no IDLE here: {_words(done.lines[-1])}")
            return self._news.is_set()
        finally:
            self._idling = None
            news.cancel()
            command.cancel()
            await asyncio.gather(news, command, return_exceptions=True)

    def logged_in(self) -> None:
        """Allow the commands of the authenticated state (RFC 3501 §3.2)."""
        self.state = aioimaplib.AUTH

    def folder_opened(self) -> None:
        """Allow the commands of the selected state; the library forgets this after EXAMINE."""
        self.state = aioimaplib.SELECTED

    def _take(self, response: Response) -> None:
        line = response[0]
        if not self.greeting.done():
            self._greet(line)
        elif line.startswith(b"* "):
            self._take_untagged(response)
        elif line.startswith(b"+"):
            self._go_on(line)
        elif (pending := self._pending()) is None or not line.startswith(pending.tag.encode() + b" "):
            raise WireError("an answer to no question")
        else:
            self._response_done(line)

    def _take_untagged(self, response: Response) -> None:
        line = response[0]
        if line[2:5].upper() == b"BYE":
            self.farewell = _words(line[6:])
        if line.endswith((b" EXISTS", b" RECENT")):
            self._news.set()
        if self._idling is None and (pending := self._pending()) is not None:
            self._keep(pending, response)

    def _go_on(self, line: bytes) -> None:
        """Answer a continuation request (RFC 3501 §7.5): for IDLE, for a literal, or in a login."""
        if self._idling is not None:
            if not self._idling.done():
                self._idling.set_result(None)
        elif self._literal is not None:
            self._give_literal()
        else:
            # A second question (a refused token explains itself that way) gets an empty answer.
            self.explained = b"" if self._sasl else line[1:].strip()
            self.send((self._sasl.pop() if self._sasl else b"").decode("ascii"))

    def _keep(self, pending: aioimaplib.Command, response: Response) -> None:
        self._room -= sum(map(len, response)) + RESPONSE_OCTETS
        if self._room < 0:
            raise WireError(f"much more than anybody asked for in answer to {pending.name}")
        # Not by append_to_resp, which sets a timer anew for every line; `data_received` does for every packet.
        pending._resp_lines.append(response)  # noqa: SLF001 -- the subject of this file

    def _give_literal(self) -> None:
        literal, self._literal = self._literal, None
        if self.transport is not None and literal is not None:
            self.transport.write(literal + b"\r\n")

    def _greet(self, line: bytes) -> None:
        if line[:5].upper().rstrip() != b"* OK":
            raise WireError(f"it greets with {_words(line)!r}")
        self.state = aioimaplib.NONAUTH
        self.greeting.set_result(_words(line[5:]))

    def _pending(self) -> aioimaplib.Command | None:
        return self.pending_sync_command or next(iter(self.pending_async_commands.values()), None)

    def _fail(self, reason: str) -> None:
        if not self.greeting.done():
            self.greeting.set_exception(aioimaplib.Abort(reason))
            self.greeting.exception()  # seen: nobody may be waiting for it
        for command in (self.pending_sync_command, *self.pending_async_commands.values()):
            if command is not None and not command._event.is_set():  # noqa: SLF001 -- the subject of this file
                command._exception = aioimaplib.Abort(reason)  # noqa: SLF001
                command._timer.cancel()  # noqa: SLF001
                command._event.set()  # noqa: SLF001


def _words(line: bytes) -> str:
    return bytes(line).decode("utf-8", "replace").replace("\0", "\ufffd").strip()
