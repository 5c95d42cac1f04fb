"""Killing the process at the Nth place where it could die: around every commit, and around every step of a delivery."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mailer.channels.channel import BeforeBody, BeforeData, Channel, unnoted
from mailer.domain.delivery import Outcome
from mailer.domain.message import Envelope
from mailer.store.session import Store, Tx


class Killed(BaseException):
    """The process dies here: no handler may run its course."""


@dataclass
class Countdown:
    """Kills at the Nth place that is passed; `fired` says whether there were that many."""

    left: int
    fired: bool = False

    def pass_by(self) -> None:
        if self.fired:
            raise Killed  # a dead process does nothing more
        self.left -= 1
        if self.left == 0:
            self.fired = True
            raise Killed


class DyingStore(Store):
    """The real store, in a process that may die before a transaction, before its commit, and right after it."""

    def __init__(self, url: str, countdown: Countdown) -> None:
        super().__init__(url)
        self._countdown = countdown

    @asynccontextmanager
    async def transaction(self, *, brief: bool = False) -> AsyncIterator[Tx]:
        self._countdown.pass_by()
        async with super().transaction(brief=brief) as tx:
            yield tx
            self._countdown.pass_by()
        self._countdown.pass_by()


class DyingChannel:
    """The real channel, in a process that may die before DATA is allowed, after it, and after the server's answer."""

    def __init__(self, channel: Channel, countdown: Countdown) -> None:
        self._channel = channel
        self._countdown = countdown
        self.account = channel.account
        self.lanes = channel.lanes

    def rest_seconds(self) -> float:
        return self._channel.rest_seconds()

    async def deliver(
        self, envelope: Envelope, *, before_data: BeforeData, before_body: BeforeBody = unnoted
    ) -> Outcome:
        async def watched() -> bool:
            self._countdown.pass_by()
            allowed = await before_data()
            self._countdown.pass_by()
            return allowed

        outcome = await self._channel.deliver(envelope, before_data=watched, before_body=before_body)
        self._countdown.pass_by()
        return outcome

    async def close(self) -> None:
        await self._channel.close()
