"""Mail by SMTP submission, knowing at every moment whether the message can have been accepted (RFC 5321, RFC 1047)."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

from mailer.channels.breaker import LOGIN_REST_SECONDS, Breaker, Ticket
from mailer.channels.channel import BeforeBody, BeforeData, ChannelError, unnoted
from mailer.channels.guard import envelope_fault
from mailer.channels.pool import Pool
from mailer.channels.retry_after import retry_after_seconds
from mailer.channels.settings import SmtpSettings
from mailer.channels.transaction import Addressed, Transaction
from mailer.channels.verdict import Reply
from mailer.domain.delivery import Outcome, Phase, Refused, TryLater
from mailer.domain.message import Envelope

__all__ = ["SmtpChannel", "SmtpProbe", "SmtpSettings"]

#: Closing; too many connections; no login now: the server wants no more of us, whichever the message.
_LEAVE_ALONE = frozenset({421, 432, 454})


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpProbe:
    """What `SmtpChannel.probe` found: the server as host:port, TLS version or "", login method or "", its greeting."""

    peer: str
    tls: str
    login: str
    greeting: str


class SmtpChannel:
    """One account at one submission server: a few sessions at the same time, and rest when the account fails."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._pool = Pool(settings)
        self._breaker = Breaker()

    @property
    def account(self) -> str:
        """Whose limits count: user@host, or the host alone where there is no login."""
        return self._settings.account

    @property
    def lanes(self) -> int:
        """How many deliveries may run at the same time."""
        return self._settings.connections

    def rest_seconds(self) -> float:
        """Return for how long the account must rest after failures of its own: 0.0 means go."""
        return self._breaker.rest_seconds(_now_seconds())

    async def deliver(
        self, envelope: Envelope, *, before_data: BeforeData, before_body: BeforeBody = unnoted
    ) -> Outcome:
        """Hand over one message; see `Channel.deliver`.

        Until the 354 every failure is "not accepted" (login and connection: `TryLater`, even when the server says 5xx,
        because they are not about this message). From then on a 4xx or 5xx is definite, and everything else but the
        2xx after the final dot is `Unknown`.
        """
        fault, recipient_to_blame = envelope_fault(envelope)
        if fault:
            return Refused(text=fault, recipient=recipient_to_blame)
        async with self._pool.turn():
            ticket = self._breaker.enter(_now_seconds())
            if ticket is None:
                return self._resting()
            try:
                return await self._attempt(envelope, before_data, before_body, ticket)
            finally:
                self._breaker.left(ticket)

    async def probe(self) -> SmtpProbe:
        """Connect, encrypt, log in and leave; nothing is sent.

        Raises:
            ChannelError: what is wrong and how to put it right, in one sentence.
        """
        link = await self._pool.fresh()
        await link.quit()
        return SmtpProbe(peer=link.peer, tls=link.tls, login=link.login, greeting=link.greeting)

    async def close(self) -> None:
        """End the sessions with QUIT, after the running deliveries (cancel those first when in a hurry)."""
        await self._pool.close()

    async def _attempt(
        self, envelope: Envelope, before_data: BeforeData, before_body: BeforeBody, ticket: Ticket
    ) -> Outcome:
        try:
            link = await self._pool.take()
        except ChannelError as fault:
            return self._unusable(fault, ticket)
        with self._pool.lent(link):
            transaction = Transaction(link, self._settings, envelope)
            outcome = await transaction.address()
            if isinstance(outcome, Addressed):
                self._breaker.proved(ticket)
                outcome = await transaction.send(outcome, before_data, before_body)
        if isinstance(outcome, TryLater) and outcome.code in _LEAVE_ALONE:
            wish_seconds = float(outcome.retry_after_seconds or 0)
            self._breaker.failed(ticket, _now_seconds(), outcome.text, at_least_seconds=wish_seconds)
        elif not isinstance(outcome, TryLater) or not outcome.account:
            self._breaker.passed(ticket)
        return outcome

    def _unusable(self, fault: ChannelError, ticket: Ticket) -> TryLater:
        """Return what comes of a message when there is no session for it, and count it against the account."""
        why = fault.reply or str(fault)
        wish_seconds = float(retry_after_seconds(fault.reply) or 0)
        rest_seconds = max(wish_seconds, LOGIN_REST_SECONDS if fault.login_refused else 0.0)
        self._breaker.failed(ticket, _now_seconds(), why, at_least_seconds=rest_seconds)
        return TryLater(
            text=why,
            peer=f"{self._settings.host}:{self._settings.port}",
            phase=fault.phase,
            code=fault.code,
            enhanced=_enhanced(fault),
            account=True,
            retry_after_seconds=math.ceil(rest_seconds) or None,
        )

    def _resting(self) -> TryLater:
        rest_seconds = self.rest_seconds()
        text = f"not tried: {self.account} rests after failures of the account ({self._breaker.why})"
        return TryLater(text=text, phase=Phase.NONE, account=True, retry_after_seconds=max(math.ceil(rest_seconds), 1))


def _now_seconds() -> float:
    return asyncio.get_running_loop().time()


def _enhanced(fault: ChannelError) -> str:
    """Return the enhanced code out of "535 5.7.8 wrong", "" without one."""
    _code, _space, words = fault.reply.partition(" ")
    return Reply(code=fault.code or -1, words=words).enhanced
