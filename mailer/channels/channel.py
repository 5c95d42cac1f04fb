"""What every way out of the house promises to the flows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from mailer.domain.delivery import Outcome, Phase
from mailer.domain.message import Envelope
from mailer.domain.unavailable import Unavailable

#: Commits `in_data` in the database; False when the fencing token is no longer current (then nothing is sent).
BeforeData = Callable[[], Awaitable[bool]]
#: Notes that the message begins to leave now; what it raises comes through, nothing of the message having left.
BeforeBody = Callable[[], None]


def unnoted() -> None:
    """Note nothing."""


class ChannelError(Unavailable):
    """The channel cannot be used as it is set up: the sentence says what is wrong, where, and what to do.

    `code` and `reply` carry the server's own words when it spoke ("535 5.7.8 …"), else None and "". `phase` is CONNECT
    or LOGIN; `login_refused`: the server said no to who we say we are, and to ask again soon may lock the account.
    """

    def __init__(
        self,
        sentence: str,
        *,
        code: int | None = None,
        reply: str = "",
        phase: Phase = Phase.CONNECT,
        login_refused: bool = False,
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.reply = reply
        self.phase = phase
        self.login_refused = login_refused


class Channel(Protocol):
    """One way to hand over a message, by one account; safe to share between tasks, `lanes` deliver at the same time."""

    @property
    def account(self) -> str:
        """Whose limits count: user@host, or the host alone where there is no login."""
        ...

    @property
    def lanes(self) -> int:
        """How many deliveries may run at the same time; more callers wait for their turn."""
        ...

    def rest_seconds(self) -> float:
        """Return for how long the account must rest after failures of its own: 0.0 means go.

        Meanwhile `deliver` answers `TryLater` without touching the network, so nobody need lease a message.
        """
        ...

    async def deliver(
        self, envelope: Envelope, *, before_data: BeforeData, before_body: BeforeBody = unnoted
    ) -> Outcome:
        """Hand over the message once and say what came of it.

        Args:
            envelope: the frozen bytes and the addresses; refused unread when malformed.
            before_data: awaited once, after the peer accepted the recipient and before the first byte that could
                make it accept the message.

            before_body: called once, when the peer waits for the message, right before its first byte leaves. A message
                for which it was not called was certainly not accepted.

        Returns:
            The outcome; never raises for anything the peer or the network does. What `before_data` and
            `before_body` raise comes through, nothing having been sent. A cancelled delivery closes the link and
            re-raises: whoever sees the row in `in_data` afterwards must take it for unknown.
        """
        ...

    async def close(self) -> None:
        """End the sessions politely, after the running deliveries; harmless when there are none."""
        ...
