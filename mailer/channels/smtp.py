"""Mail by SMTP submission, knowing at every moment whether the message can have been accepted (RFC 5321, RFC 1047)."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

from mailer.channels.channel import BeforeData, ChannelError
from mailer.channels.connection import LinkLostError, SmtpConnection, tls_context
from mailer.channels.guard import envelope_fault
from mailer.channels.settings import SmtpSettings
from mailer.channels.verdict import Reply, Stage, verdict
from mailer.domain.delivery import Outcome, Refused, TryLater, Unknown
from mailer.domain.message import Envelope

__all__ = ["SmtpChannel", "SmtpProbe", "SmtpSettings"]

_SEND_THE_BODY = 354


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpProbe:
    """What `SmtpChannel.probe` found: the server as host:port, TLS version or "", login method or "", its greeting."""

    peer: str
    tls: str
    login: str
    greeting: str


class SmtpChannel:
    """One account at one submission server; keeps one connection for messages that follow each other closely."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._link: SmtpConnection | None = None
        self._tls_context: ssl.SSLContext | None = None
        self._opened_at_seconds = 0.0
        self._used_at_seconds = 0.0

    @property
    def account(self) -> str:
        """User@host."""
        return f"{self._settings.username}@{self._settings.host}" if self._settings.username else self._settings.host

    @property
    def lanes(self) -> int:
        """One."""
        return 1

    def rest_seconds(self) -> float:
        """None."""
        return 0.0

    async def deliver(self, envelope: Envelope, *, before_data: BeforeData) -> Outcome:
        """Hand over one message; see `Channel.deliver`.

        Up to DATA every failure is "not accepted" (login and connection: `TryLater`, even when the server says 5xx,
        because they are not about this message). From DATA on, a 4xx or 5xx is definite and everything else but
        the 2xx after the final dot is `Unknown`.
        """
        fault, recipient_to_blame = envelope_fault(envelope)
        if fault:
            return Refused(text=fault, recipient=recipient_to_blame)
        async with self._lock:
            try:
                return await self._attempt(envelope, before_data)
            except BaseException:
                self._drop()
                raise
            finally:
                self._used_at_seconds = asyncio.get_running_loop().time()

    async def probe(self) -> SmtpProbe:
        """Connect, encrypt, log in and leave; nothing is sent.

        Raises:
            ChannelError: what is wrong and how to put it right, in one sentence.
        """
        link = SmtpConnection(self._settings, self._context())
        await link.open()
        await link.quit()
        return SmtpProbe(peer=link.peer, tls=link.tls, login=link.login, greeting=link.greeting)

    async def close(self) -> None:
        """End the session with QUIT, after a running delivery (cancel that first when in a hurry)."""
        async with self._lock:
            await self._leave()

    async def _attempt(self, envelope: Envelope, before_data: BeforeData) -> Outcome:
        try:
            link = await self._ready_link()
        except ChannelError as fault:
            peer = f"{self._settings.host}:{self._settings.port}"
            return TryLater(text=fault.reply or str(fault), peer=peer, code=fault.code)
        if not envelope.content.isascii() and not link.takes("8bitmime"):
            fault_text = "not sent: the server takes no 8-bit text, and this message was built with some"
            return Refused(text=fault_text, recipient=False, peer=link.peer, tls=link.tls)
        ended = await self._address(link, envelope)
        if ended is None and not await before_data():
            ended = TryLater(text="lease lost before DATA", peer=link.peer, tls=link.tls)
        if ended is None:
            ended = await self._hand_over(link, envelope.content)
        else:
            await link.reset()
        link.messages += 1
        return ended

    async def _address(self, link: SmtpConnection, envelope: Envelope) -> Outcome | None:
        """Do MAIL and RCPT; None when both were accepted. The addresses go out byte for byte as they are stored."""
        sender = b"FROM:<" + envelope.sender.encode("ascii") + b">"
        options = [b"SIZE=%d" % len(envelope.content)] if link.takes("size") else []
        if not envelope.content.isascii():
            options.append(b"BODY=8BITMIME")  # RFC 6152
        recipient = b"TO:<" + envelope.recipient.encode("ascii") + b">"
        for stage, words in ((Stage.MAIL, (b"MAIL", sender, *options)), (Stage.RCPT, (b"RCPT", recipient))):
            try:
                reply = await link.command(*words, deadline_seconds=self._settings.timeout_seconds)
            except LinkLostError as fault:
                return TryLater(text=f"link lost at {stage.value}: {fault}", peer=link.peer, tls=link.tls)
            if reply.kind() != 2:  # noqa: PLR2004 -- RFC 5321 §4.2.1: done
                return verdict(reply, stage=stage, peer=link.peer, tls=link.tls)
        return None

    async def _hand_over(self, link: SmtpConnection, content: bytes) -> Outcome:
        """Do DATA and the body. From the first byte of DATA on, silence is `Unknown`."""
        if not link.is_open:  # nothing can have been written: still certain
            return TryLater(text="link lost before DATA was issued", peer=link.peer, tls=link.tls)
        stage = Stage.DATA
        try:
            reply = await link.command(b"DATA", deadline_seconds=self._settings.data_start_seconds)
            if reply.code == _SEND_THE_BODY:
                stage = Stage.BODY
                reply = await link.body(content)
        except LinkLostError as fault:
            text = f"link lost after {stage.value} was sent, before the server answered: {fault}"
            return Unknown(text=text, peer=link.peer, tls=link.tls)
        outcome = verdict(reply, stage=stage, peer=link.peer, tls=link.tls)
        await self._settle(link, reply)
        return outcome

    async def _settle(self, link: SmtpConnection, reply: Reply) -> None:
        """Make the session fit for the next message: it is after a 2xx, RSET after 4xx and 5xx, close otherwise."""
        if reply.kind() in {4, 5}:
            await link.reset()
        elif reply.kind() != 2:  # noqa: PLR2004 -- RFC 5321 §4.2.1: done
            link.abort()

    async def _ready_link(self) -> SmtpConnection:
        now_seconds = asyncio.get_running_loop().time()
        link = self._link
        if link is not None and link.is_open:
            old = now_seconds - self._opened_at_seconds > self._settings.max_age_seconds
            if old or link.messages >= self._settings.max_messages:
                await self._leave()
            elif now_seconds - self._used_at_seconds > self._settings.idle_check_seconds:
                await link.reset()
        if link is None or not link.is_open:
            link = SmtpConnection(self._settings, self._context())
            await link.open()
            self._link, self._opened_at_seconds = link, now_seconds
        return link

    def _context(self) -> ssl.SSLContext | None:
        if self._tls_context is None:  # read once: a fresh one for each connection costs more than the message
            self._tls_context = tls_context(self._settings)
        return self._tls_context

    async def _leave(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.quit()

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.abort()
