"""Other sides of a delivery, and a database that is away just when one of them has answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from mailer.channels.channel import BeforeBody, BeforeData, unnoted
from mailer.domain.delivery import Accepted, Outcome
from mailer.domain.message import Envelope
from mailer.flows.claim_messages import Sender
from mailer.store import outbox
from mailer.store.session import Store, StoreUnreachable, Tx
from tests.stories.world import World


@dataclass
class Peer:
    """The other side of a delivery, which does what the test says between DATA and the answer."""

    outcome: Outcome = field(default_factory=lambda: Accepted(text="250 2.0.0 taken"))
    taken: list[str] = field(default_factory=list)
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    account: str = "billing@peer.test"
    lanes: int = 1

    def rest_seconds(self) -> float:
        return 0.0

    async def deliver(
        self, envelope: Envelope, *, before_data: BeforeData, before_body: BeforeBody = unnoted
    ) -> Outcome:
        assert await before_data()
        before_body()
        self.taken.append(envelope.recipient)
        self.answering.set()
        return self.outcome

    async def close(self) -> None:
        """Nothing is open."""


class FlakyStore(Store):
    """The real store, away for the next few transactions once a peer has taken the message."""

    away = 0
    lost_after_commit = False
    peer: Peer

    @asynccontextmanager
    async def transaction(self, *, brief: bool = False) -> AsyncIterator[Tx]:
        concluding = self.peer.answering.is_set()
        if concluding and self.away and not self.lost_after_commit:
            self.away -= 1
            raise StoreUnreachable("away")
        async with super().transaction(brief=brief) as tx:
            yield tx
        if concluding and self.away:
            self.away -= 1
            raise StoreUnreachable("away")


@asynccontextmanager
async def flaky(world: World, peer: Peer, *, away: int, lost_after_commit: bool = False) -> AsyncIterator[Sender]:
    store = FlakyStore(world.app.store.url)
    store.peer, store.away, store.lost_after_commit = peer, away, lost_after_commit
    try:
        yield replace(world.app.sender(peer), store=store)
    finally:
        await store.close()


@dataclass(kw_only=True)
class AddressedPeer(Peer):
    """A peer that says when the second message was addressed, and the first one's state when DATA was allowed."""

    world: World
    addressed: asyncio.Event = field(default_factory=asyncio.Event)
    before_second: list[str] = field(default_factory=list)

    async def deliver(
        self, envelope: Envelope, *, before_data: BeforeData, before_body: BeforeBody = unnoted
    ) -> Outcome:
        if not self.taken:
            return await super().deliver(envelope, before_data=before_data, before_body=before_body)
        self.addressed.set()
        assert await before_data()
        async with self.world.app.store.reading() as tx:
            listed = await outbox.listing(tx)
        self.before_second = [one.state.value for one in listed if one.message.recipient in self.taken]
        return self.outcome


class UnhurriedStore(Store):
    """The real store; what has come of the first message is not written before the second one is addressed."""

    peer: AddressedPeer

    @asynccontextmanager
    async def transaction(self, *, brief: bool = False) -> AsyncIterator[Tx]:
        if self.peer.answering.is_set():
            await asyncio.wait_for(self.peer.addressed.wait(), 30)
        async with super().transaction(brief=brief) as tx:
            yield tx
