"""One mailbox as the flows see it: what is read there and as what, and whose turn it is to read it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from mailer.clock import Clock, new_id
from mailer.mailbox import Mailbox
from mailer.store import state
from mailer.store.folders import INBOX
from mailer.store.session import Store, StoreUnreachable, Tx

ACTOR = "system:poll"
#: After a poller died the mailbox is free again within this time; one that lives renews its lease.
LEASE = timedelta(minutes=2)
#: How often a lease is renewed besides with every batch: one batch may take longer than the lease on a slow line.
RENEW_SECONDS = 30.0


class LeaseLost(Exception):
    """Another worker has taken the mailbox over; what was fetched here and not stored is left to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Where mail is taken in: the store, a way to open the mailbox, its name, role and folders, the clock.

    `role`: "inbox", or "archive" for a mailbox that only collects copies of what we send. `folders` have that role;
    an inbox is read in its spam folder too (`read_junk`), and in its Sent folder (`read_sent`), which is `sent_folder`
    or, when that is "", the one that the server calls so. `key` verifies that a Message-ID is ours.
    `idle`: whether to be told of new mail between the looks.
    """

    store: Store
    open_mailbox: Callable[[], Mailbox]
    name: str
    folders: Sequence[str]
    key: bytes
    clock: Clock
    role: str = INBOX
    read_junk: bool = True
    read_sent: bool = True
    sent_folder: str = ""
    idle: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """What a look into the mailbox brought. `busy`: another worker was at it; this one did nothing, or stopped.

    `late`: of those fetched, how many an earlier look had passed by. `trouble`: what went wrong beside the inbox
    (Sent folder, archive), which keeps nobody from sending.
    """

    fetched: int = 0
    known: int = 0
    missing: int = 0
    late: int = 0
    busy: bool = False
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The right to read a mailbox, for one poll: two polls in one process exclude each other too."""

    intake: Intake
    owner: str

    async def renew(self, tx: Tx) -> None:
        """Renew the lease within a transaction; raises LeaseLost, so that a worker who was overtaken stores nothing."""
        if not await self._lease(tx):
            raise LeaseLost(f"another worker has taken over the mailbox {self.intake.name}")

    async def keep(self) -> None:
        """Renew the lease until cancelled, or until it is lost."""
        held = True
        while held:
            await asyncio.sleep(RENEW_SECONDS)
            with suppress(StoreUnreachable):  # then nothing is stored either, and the lease runs out by itself
                async with self.intake.store.transaction() as tx:
                    held = await self._lease(tx)

    async def give_back(self) -> None:
        """End the lease."""
        async with self.intake.store.transaction() as tx:
            await state.unlease(tx, self._name, self.owner)

    @property
    def _name(self) -> str:
        return f"poll:{self.intake.name}"

    async def _lease(self, tx: Tx) -> bool:
        now = self.intake.clock()
        return await state.lease(tx, self._name, self.owner, now=now, until_at=now + LEASE)


@asynccontextmanager
async def turn_at(intake: Intake) -> AsyncIterator[Turn | None]:
    """Take the mailbox for one poll and keep it until its end; None when another worker is at it."""
    turn = Turn(intake=intake, owner=new_id("poll"))
    try:
        async with intake.store.transaction() as tx:
            await turn.renew(tx)
    except LeaseLost:
        yield None
        return
    renewing = asyncio.create_task(turn.keep())
    try:
        yield turn
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        await turn.give_back()
