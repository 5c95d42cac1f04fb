"""The other sides of a simulated house: a mail server, a mailbox and a database that fail as the seed says.

Each draw depends on the seed and on what it is about (a message and its attempt, a day), not on the order of draws.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import event

from mailer.channels.channel import BeforeBody, BeforeData, unnoted
from mailer.domain.delivery import Accepted, Outcome, Phase, Refused, TryLater, Unknown
from mailer.domain.message import Envelope
from mailer.mailbox.mailbox import FetchedMail, FolderState, MailboxProbe, MailboxUnreachable
from mailer.store.session import Store, StoreUnreachable, Tx
from tests.faults.crashes import Countdown
from tests.faults.history import Delivery
from tests.servers.smtp import Received


@dataclass
class Fate:
    """Draws by seed and subject. `calm`: nothing fails any more."""

    seed: int
    calm: bool = False
    faults: int = 0
    seen: Counter[str] = field(default_factory=Counter)

    def draw(self, about: str) -> random.Random:
        """Return what decides about a subject; each time it comes up it is another draw."""
        self.seen[about] += 1
        return random.Random(f"{self.seed}/{about}/{self.seen[about]}")  # noqa: S311 - no secret

    def strikes(self, about: str, odds: float) -> bool:
        """Return whether a fault happens."""
        struck = not self.calm and self.draw(about).random() < odds
        self.faults += struck
        return struck


@dataclass
class SimChannel:
    """A mail server that takes most, puts some off, loses the link around the dot, and knows which addresses exist."""

    fate: Fate
    countdown: Countdown
    gone: frozenset[str]
    deliveries: list[Delivery] = field(default_factory=list)
    account: str = "sim@submission.example"
    lanes: int = 1

    async def deliver(
        self, envelope: Envelope, *, before_data: BeforeData, before_body: BeforeBody = unnoted
    ) -> Outcome:
        self.countdown.pass_by()
        who = envelope.recipient
        if self.fate.strikes(f"connect {who}", 0.05):
            return TryLater(text="the link was lost before DATA", phase=Phase.CONNECT, account=True)
        if who in self.gone:
            return Refused(text="550 5.1.1 no such user", recipient=True, phase=Phase.RCPT, code=550)
        if self.fate.strikes(f"greylist {who}", 0.1):
            return TryLater(text="450 4.2.0 greylisted", phase=Phase.RCPT, code=450)
        await asyncio.sleep(0)  # each wait lets another delivery of the same process go on, or its death come first
        if not await before_data():
            return TryLater(text="not allowed", phase=Phase.NONE)
        self.countdown.pass_by()
        await asyncio.sleep(0)
        self.countdown.pass_by()
        before_body()
        if self.fate.strikes(f"body {who}", 0.03):
            return Unknown(text="the link was lost in the body", phase=Phase.BODY)
        received = Received(sender=envelope.sender, recipients=(who,), raw=envelope.content)
        self.deliveries.append(Delivery.of(received))
        self.countdown.pass_by()
        await asyncio.sleep(0)
        self.countdown.pass_by()
        if self.fate.strikes(f"dot {who}", 0.04):
            return Unknown(text="the link was lost after the dot", phase=Phase.DOT)
        return Accepted(text="250 2.0.0 taken", code=250)

    def rest_seconds(self) -> float:
        return 0.0

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class SimMailbox:
    """A mailbox that cannot always be reached, loses links while fetching, and leaves mails out of its answers."""

    fate: Fate
    countdown: Countdown
    clock: Callable[[], datetime]
    mails: list[tuple[bytes, datetime]] = field(default_factory=list)

    async def connect(self) -> None:
        self.countdown.pass_by()
        if self.fate.strikes("imap connect", 0.05):
            raise MailboxUnreachable("simulated: no answer")

    async def close(self) -> None:
        """Nothing is open."""

    async def examine(self, folder: str) -> FolderState:
        exists = len(self.mails) if folder == "INBOX" else 0
        return FolderState(uidvalidity=1, uidnext=exists + 1, exists=exists)

    async def uids_after(self, uid: int) -> tuple[int, ...]:
        return tuple(range(uid + 1, len(self.mails) + 1))

    async def uids_since(self, day: date) -> tuple[int, ...]:
        return tuple(n for n, (_, at) in enumerate(self.mails, start=1) if at.date() >= day)

    async def sizes(self, uids: tuple[int, ...]) -> Mapping[int, int]:
        return {uid: len(self.mails[uid - 1][0]) for uid in uids}

    async def fetch(self, uids: tuple[int, ...], sizes: Mapping[int, int] | None = None) -> tuple[FetchedMail, ...]:
        del sizes
        self.countdown.pass_by()
        if self.fate.strikes("imap fetch", 0.05):
            raise MailboxUnreachable("simulated: link lost in a literal")
        there = [uid for uid in uids if not self._left_out(uid)]
        return tuple(
            FetchedMail(uid=uid, raw=self.mails[uid - 1][0], internal_date=self.mails[uid - 1][1]) for uid in there
        )

    def _left_out(self, uid: int) -> bool:
        """Whether a mail is missing in this answer; it never is in the next."""
        return not self.fate.seen[f"imap omit {uid}"] and self.fate.strikes(f"imap omit {uid}", 0.1)

    async def special_folders(self) -> Mapping[str, str]:
        return {}

    async def find(self, header: str, value: str) -> tuple[int, ...]:
        return tuple(n for n, (raw, _) in enumerate(self.mails, start=1) if header and value.encode() in raw)

    async def append(self, folder: str, raw: bytes, *, at: datetime, seen: bool = True) -> None:
        raise NotImplementedError((folder, len(raw), at, seen))

    async def wait_for_news(self, seconds: float) -> bool:
        return seconds < 0

    async def probe(self, folder: str = "INBOX") -> MailboxProbe:
        state = await self.examine(folder)
        return MailboxProbe(peer="sim", tls="", state=state, folders=("INBOX",))


class SimStore(Store):
    """The real store in memory, waiting for no disk; now and then away before a transaction or after a commit."""

    def __init__(self, url: str, fate: Fate, countdown: Countdown) -> None:
        super().__init__(url)
        self._fate = fate
        self.countdown = countdown

        @event.listens_for(self.engine.sync_engine, "connect")
        def _fast(connection: object, _record: object) -> None:
            connection.cursor().execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined] # any DBAPI connection

    @asynccontextmanager
    async def transaction(self, *, brief: bool = False) -> AsyncIterator[Tx]:
        self.countdown.pass_by()
        if self._fate.strikes("database before", 0.003):
            raise StoreUnreachable("simulated: away")
        async with super().transaction(brief=brief) as tx:
            yield tx
            self.countdown.pass_by()
        self.countdown.pass_by()
        if self._fate.strikes("database after", 0.003):
            raise StoreUnreachable("simulated: gone after the commit")
