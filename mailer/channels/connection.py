"""One SMTP session, phase by phase: the only importer of aiosmtplib.

aiosmtplib's own `sendmail` cannot say whether a message was accepted (one exception for "closed before 354" and
"closed after the dot"), so MAIL, RCPT, DATA and the body are separate steps here, each with its own deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque

import aiosmtplib

from mailer.channels.channel import ChannelError
from mailer.channels.diagnosis import diagnosis
from mailer.channels.login import TokenRefused, log_in
from mailer.channels.settings import SmtpSettings
from mailer.channels.verdict import Reply
from mailer.channels.wire import Wire
from mailer.domain.delivery import Phase

_GOODBYE_SECONDS = 5.0
#: What came is no SMTP; the server closes.
_NO_REPLY, _CLOSING = -1, 421
#: A body is given this much longer than the wait after the dot: its size over a very slow line.
_SLOWEST_OCTETS_PER_SECOND = 10_000
_REFUSALS = 400
#: What a server says that knows only HELO (RFC 5321 §4.1.4).
_NO_EHLO = frozenset({500, 501, 502, 504, 550})


class LinkLostError(Exception):
    """The session ended, or went silent past the deadline, before the awaited reply came.

    `phase` tells how much of the message can have left: MAIL (nothing of it was due yet), DATA (its first byte was
    not written), BODY (the dot was not handed over whole) or DOT.
    """

    def __init__(self, sentence: str, *, phase: Phase = Phase.MAIL) -> None:
        super().__init__(sentence)
        self.phase = phase


class SmtpConnection:
    """A session with one server, from TCP to QUIT; one task at a time. Every failure leaves it closed."""

    def __init__(self, settings: SmtpSettings, tls_context: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._smtp = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=settings.timeout_seconds,
            local_hostname=settings.local_hostname,
            use_tls=settings.security == "tls",
            start_tls=False,  # done in `open`, step by step
            tls_context=tls_context,
        )
        self._wire: Wire | None = None
        self._ahead: deque[bytes] = deque()
        self.peer = f"{settings.host}:{settings.port}"
        self.tls = ""
        self.greeting = ""
        self.login = ""
        #: Deliveries that were tried on it.
        self.messages = 0
        #: On the event loop's clock.
        self.opened_at_seconds = 0.0
        self.used_at_seconds = 0.0

    @property
    def is_open(self) -> bool:
        """True while the transport is up and in step, as far as anybody noticed."""
        return self._smtp.is_connected and self._wire is not None and not self._wire.stray

    @property
    def whole(self) -> bool:
        """True when every byte of the last message was handed over to the network."""
        return self._wire is not None and self._wire.whole

    async def open(self) -> None:
        """Connect, encrypt, greet and log in (one attempt with one method: repeated failures lock accounts).

        Raises:
            ChannelError: with the fix; the connection is closed.
        """
        phase = Phase.CONNECT
        try:
            greeting = await self._smtp.connect()
            self.greeting = Reply(code=greeting.code, words=greeting.message).text
            if self._settings.security == "starttls":
                await self._smtp.starttls()
            tls = self._smtp.get_transport_info("ssl_object")
            self.tls = str(tls.version()) if tls is not None else ""
            await self._hello()
            if self._settings.username:
                phase = Phase.LOGIN
                self.login = await log_in(self._smtp, self._settings)
            self._watch()
        except aiosmtplib.SMTPResponseException as fault:
            await self._leave()  # it spoke, so it may be told goodbye
            raise diagnosis(fault, self._settings, phase) from fault
        except TokenRefused:
            await self._leave()
            raise
        except (aiosmtplib.SMTPException, OSError, ValueError) as fault:
            self.abort()
            raise diagnosis(fault, self._settings, phase) from fault
        except BaseException:
            self.abort()
            raise
        self.opened_at_seconds = self.used_at_seconds = asyncio.get_running_loop().time()

    async def _hello(self) -> None:
        try:
            await self._smtp.ehlo()
        except aiosmtplib.SMTPHeloError as fault:
            if not self._smtp.is_connected or self._settings.username or fault.code not in _NO_EHLO:
                raise  # without EHLO there is no login
            await self._smtp.helo()

    def _watch(self) -> None:
        protocol, transport = self._smtp.protocol, self._smtp.transport
        if protocol is None or not isinstance(transport, asyncio.Transport):
            raise aiosmtplib.SMTPServerDisconnected("the connection was closed")
        self._wire = Wire(transport, protocol)

    def takes(self, extension: str) -> bool:
        """Tell whether the server announced this extension in answer to EHLO (RFC 5321 §2.2)."""
        return self._smtp.supports_extension(extension)

    def send_ahead(self, *lines: bytes) -> None:
        """Send several commands at once to a server that takes that (RFC 2920): a long line costs its delay once.

        `command` with each of them, in this order, waits for its answer. To any other server nothing is sent yet.

        Raises:
            ValueError: a line holds something that could end it.
        """
        if any(end in line for line in lines for end in b"\r\n\0"):
            raise ValueError("a command holds a line break or NUL: nothing was sent")
        if self._wire is not None and self.is_open and self.takes("pipelining"):
            self._wire.write_ahead([line + b"\r\n" for line in lines])
            self._ahead.extend(lines)

    async def command(self, line: bytes, *, deadline_seconds: float) -> Reply:
        """Send one command line, unless it was sent ahead, and return the answer.

        Raises:
            LinkLostError: no answer; the connection is closed.
        """
        if self._ahead:
            return await self._owed(line, deadline_seconds)
        if self._wire is None or not self.is_open:
            self.abort()
            raise LinkLostError("the connection was closed, or the server spoke unasked")
        self._wire.expect_reply()
        try:
            reply = await self._smtp.execute_command(line, timeout=deadline_seconds)
        except (aiosmtplib.SMTPException, OSError) as fault:
            return self._reply_or_lost(fault)
        except BaseException:
            self.abort()
            raise
        return Reply(code=reply.code, words=reply.message)

    async def _owed(self, line: bytes, deadline_seconds: float) -> Reply:
        """Return the answer to a command that was sent ahead."""
        wire = self._wire
        if wire is None or self._ahead.popleft() != line:
            self.abort()
            raise LinkLostError("another command was sent ahead of this one")
        try:
            code, words = wire.owed_reply() or await self._read(deadline_seconds)
        except (aiosmtplib.SMTPException, OSError) as fault:
            return self._reply_or_lost(fault)
        except BaseException:
            self.abort()
            raise
        if code in {_NO_REPLY, _CLOSING}:
            self.abort()
        return Reply(code=code, words=words)

    async def _read(self, deadline_seconds: float) -> tuple[int, str]:
        protocol = self._smtp.protocol
        if protocol is None or not self.is_open:
            raise aiosmtplib.SMTPServerDisconnected("the connection was closed")
        return await protocol.read_response(timeout=deadline_seconds)

    async def body(self, content: bytes) -> Reply:
        """Send the dot-stuffed message and the final dot after a 354, and return the answer (RFC 5321 §4.5.2).

        The answer is waited for 600 s by default (RFC 5321 §4.5.3.2.6): less makes duplicates.

        Raises:
            LinkLostError: no answer; its phase says how much can have left. The connection is closed.
        """
        deadline_seconds = self._settings.data_done_seconds + len(content) / _SLOWEST_OCTETS_PER_SECOND
        protocol, wire = self._smtp.protocol, self._wire
        if protocol is None or wire is None or not self.is_open or not wire.write(_dot_stuffed(content)):
            self.abort()
            raise LinkLostError("the connection was closed before the first byte of the message", phase=Phase.DATA)
        try:
            reply = await protocol.read_response(timeout=deadline_seconds)
        except (aiosmtplib.SMTPException, OSError) as fault:
            return self._reply_or_lost(fault, phase=Phase.DOT if wire.whole else Phase.BODY)
        except BaseException:
            self.abort()
            raise
        if not wire.whole:
            self.abort()  # a refusal in mid-body counts, but nothing else can follow on this connection
            if reply.code < _REFUSALS:
                sentence = f"the server said {reply.code} {reply.message} before it had the whole message"
                raise LinkLostError(sentence, phase=Phase.BODY)
        return Reply(code=reply.code, words=reply.message)

    def _reply_or_lost(self, fault: Exception, phase: Phase = Phase.MAIL) -> Reply:
        self.abort()
        if isinstance(fault, aiosmtplib.SMTPResponseException):
            return Reply(code=fault.code, words=fault.message)  # what came is no SMTP: code -1
        raise LinkLostError(str(fault) or type(fault).__name__, phase=phase) from fault

    async def prove(self) -> bool:
        """Tell whether the session still works, by RSET; closed when it does not."""
        await self.reset()
        return self.is_open

    async def reset(self) -> None:
        """Return the session to its clean state (RSET), or close it when the server does not answer 250."""
        if self.is_open:
            try:
                while self._ahead:
                    await self.command(self._ahead[0], deadline_seconds=_GOODBYE_SECONDS)
                reply = await self.command(b"RSET", deadline_seconds=_GOODBYE_SECONDS)
            except LinkLostError:
                return
            if not reply.accepts():
                self.abort()

    async def quit(self) -> None:
        """Say goodbye and close, whatever the server does."""
        if self.is_open:
            with contextlib.suppress(LinkLostError):
                await self.command(b"QUIT", deadline_seconds=_GOODBYE_SECONDS)
        self.abort()
        await asyncio.sleep(0)  # lets the loop close the socket

    async def _leave(self) -> None:
        """Say goodbye to a server that let us in only so far."""
        try:
            if self._smtp.is_connected:
                await self._smtp.execute_command(b"QUIT", timeout=_GOODBYE_SECONDS)
        except (aiosmtplib.SMTPException, OSError):
            pass
        finally:
            self.abort()
        await asyncio.sleep(0)

    def abort(self) -> None:
        """Close at once, dropping whatever was not written yet: a dead delivery must not trickle out later."""
        self._ahead.clear()
        transport = self._smtp.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
        self._smtp.close()


def tls_context(settings: SmtpSettings) -> ssl.SSLContext | None:
    """Return what to verify the server with, None when `security` is "none"; reads files.

    Raises:
        ChannelError: the CA file cannot be used.
    """
    if settings.security == "none":
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as fault:
        sentence = f"the CA file {settings.ca_file} cannot be read as certificates in PEM form ({fault}): correct it"
        raise ChannelError(sentence) from fault


def _dot_stuffed(content: bytes) -> bytes:
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    return (b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n"
