"""One SMTP session, phase by phase: the only importer of aiosmtplib.

aiosmtplib's own `sendmail` cannot say whether a message was accepted (one exception for "closed before 354" and
"closed after the dot"), so MAIL, RCPT, DATA and the body are separate steps here, each with its own deadline.
"""

from __future__ import annotations

import asyncio
import ssl

import aiosmtplib

from mailer.channels.channel import ChannelError
from mailer.channels.diagnosis import diagnosis, login_fault
from mailer.channels.settings import SmtpSettings
from mailer.channels.verdict import Reply

_GOODBYE_SECONDS = 5.0
#: A body is given this much longer than the wait after the dot: its size over a very slow line.
_SLOWEST_OCTETS_PER_SECOND = 10_000
_REFUSALS = 400


class LinkLostError(Exception):
    """The session ended, or went silent past the deadline, before the awaited reply came."""


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
            start_tls=settings.security == "starttls",
            tls_context=tls_context,
        )
        self.peer = f"{settings.host}:{settings.port}"
        self.tls = ""
        self.greeting = ""
        self.login = ""
        self.messages = 0

    @property
    def is_open(self) -> bool:
        """True while the transport is up as far as anybody noticed."""
        return self._smtp.is_connected

    async def open(self) -> None:
        """Connect, encrypt, greet and log in (one attempt with one method: repeated failures lock accounts).

        Raises:
            ChannelError: with the fix; the connection is closed.
        """
        try:
            greeting = await self._smtp.connect()
            self.greeting = Reply(code=greeting.code, words=greeting.message).text
            tls = self._smtp.get_transport_info("ssl_object")
            self.tls = str(tls.version()) if tls is not None else ""
            await self._hello()
            if self._settings.username:
                await self._log_in(self._settings.username)
        except aiosmtplib.SMTPResponseException as fault:
            await self.quit()  # it spoke, so it may be told goodbye
            raise diagnosis(fault, self._settings) from fault
        except (aiosmtplib.SMTPException, OSError, ValueError) as fault:
            self.abort()
            raise diagnosis(fault, self._settings) from fault
        except BaseException:
            self.abort()
            raise

    async def _hello(self) -> None:
        try:
            await self._smtp.ehlo()
        except aiosmtplib.SMTPHeloError:
            if not self._smtp.is_connected:
                raise
            await self._smtp.helo()

    async def _log_in(self, username: str) -> None:
        offered = self._smtp.server_auth_methods
        password = self._settings.password
        if "plain" in offered:
            await self._smtp.auth_plain(username, password)
            self.login = "PLAIN"
        elif "login" in offered:
            await self._smtp.auth_login(username, password)
            self.login = "LOGIN"
        elif "cram-md5" in offered:
            await self._smtp.auth_crammd5(username, password)
            self.login = "CRAM-MD5"
        else:
            raise login_fault(self._settings, offered)

    def takes(self, extension: str) -> bool:
        """Tell whether the server announced this extension in answer to EHLO (RFC 5321 §2.2)."""
        return self._smtp.supports_extension(extension)

    async def command(self, *words: bytes, deadline_seconds: float) -> Reply:
        """Send one command line and return the answer.

        Raises:
            LinkLostError: no answer; the connection is closed.
        """
        try:
            reply = await self._smtp.execute_command(*words, timeout=deadline_seconds)
        except (aiosmtplib.SMTPException, OSError) as fault:
            return self._reply_or_lost(fault)
        except BaseException:
            self.abort()
            raise
        return Reply(code=reply.code, words=reply.message)

    async def body(self, content: bytes) -> Reply:
        """Send the dot-stuffed message and the final dot after a 354, and return the answer (RFC 5321 §4.5.2).

        The answer is waited for 600 s by default (RFC 5321 §4.5.3.2.6): less makes duplicates.

        Raises:
            LinkLostError: no answer; nobody knows whether the message was accepted. The connection is closed.
        """
        deadline_seconds = self._settings.data_done_seconds + len(content) / _SLOWEST_OCTETS_PER_SECOND
        protocol, transport = self._smtp.protocol, self._smtp.transport
        if protocol is None or not isinstance(transport, asyncio.WriteTransport):
            raise LinkLostError("the connection was closed")
        try:
            protocol.write(_dot_stuffed(content))
            reply = await protocol.read_response(timeout=deadline_seconds)
        except (aiosmtplib.SMTPException, OSError) as fault:
            return self._reply_or_lost(fault)
        except BaseException:
            self.abort()
            raise
        if transport.get_write_buffer_size():
            self.abort()  # a refusal in mid-body counts, but nothing else can follow on this connection
            if reply.code < _REFUSALS:
                raise LinkLostError(f"the server said {reply} before it had the whole message")
        return Reply(code=reply.code, words=reply.message)

    def _reply_or_lost(self, fault: Exception) -> Reply:
        self.abort()
        if isinstance(fault, aiosmtplib.SMTPResponseException):
            return Reply(code=fault.code, words=fault.message)  # what came is no SMTP: code -1
        raise LinkLostError(str(fault) or type(fault).__name__) from fault

    async def reset(self) -> None:
        """Return the session to its clean state (RSET), or close it when the server does not answer 250."""
        if self.is_open:
            try:
                reply = await self.command(b"RSET", deadline_seconds=_GOODBYE_SECONDS)
            except LinkLostError:
                return
            if reply.kind() != 2:  # noqa: PLR2004 -- RFC 5321 §4.2.1: done
                self.abort()

    async def quit(self) -> None:
        """Say goodbye and close, whatever the server does."""
        if self.is_open:
            try:
                await self.command(b"QUIT", deadline_seconds=_GOODBYE_SECONDS)
            except LinkLostError:
                return
            self.abort()
        await asyncio.sleep(0)  # lets the loop close the socket

    def abort(self) -> None:
        """Close at once, dropping whatever was not written yet: a dead delivery must not trickle out later."""
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
