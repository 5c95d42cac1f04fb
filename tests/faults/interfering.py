"""Letting something happen between any two steps of a send: before each transaction, and just before DATA."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mailer.channels.channel import BeforeBody, BeforeData, Channel, unnoted
from mailer.domain.delivery import Outcome
from mailer.domain.message import Envelope
from mailer.store.session import Store, Tx

Deed = Callable[[], Awaitable[None]]


@dataclass
class Moment:
    """Does its deed at the n-th place that is passed, once; `done` says whether there were so many."""

    left: int
    deed: Deed
    done: bool = False

    async def pass_by(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.done = True
            await self.deed()


class InterruptedStore(Store):
    """The real store; before each of its transactions somebody else may be faster."""

    def __init__(self, url: str, moment: Moment) -> None:
        super().__init__(url)
        self._moment = moment

    @asynccontextmanager
    async def transaction(self, *, brief: bool = False) -> AsyncIterator[Tx]:
        await self._moment.pass_by()
        async with super().transaction(brief=brief) as tx:
            yield tx


class InterruptedChannel:
    """The real channel; somebody else may be faster before it asks whether DATA is allowed, and after that."""

    def __init__(self, channel: Channel, *, before: Deed, after: Deed) -> None:
        self._channel = channel
        self._before = before
        self._after = after

    async def deliver(
        self, envelope: Envelope, *, before_data: BeforeData, before_body: BeforeBody = unnoted
    ) -> Outcome:
        async def watched() -> bool:
            await self._before()
            allowed = await before_data()
            await self._after()
            return allowed

        return await self._channel.deliver(envelope, before_data=watched, before_body=before_body)

    async def close(self) -> None:
        await self._channel.close()

    @property
    def account(self) -> str:
        return str(getattr(self._channel, "account", ""))

    @property
    def lanes(self) -> int:
        return int(getattr(self._channel, "lanes", 1))

    def rest_seconds(self) -> float:
        return float(getattr(self._channel, "rest_seconds", lambda: 0.0)())


async def nothing() -> None:
    """Do nothing."""
