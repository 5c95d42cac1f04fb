"""A house that gets signed mail, and the name server that has the keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mailer.flows.authenticate_mail import AuthenticationReport, Authenticator, authenticate_new
from mailer.flows.recheck_signatures import Rechecked, recheck
from mailer.nameserver import NameServer
from mailer.record.dkim_values import Verdict
from mailer.sandbox.sandbox import Sandbox
from mailer.store import events, inbox, signatures
from mailer.store.events import RecordedEvent
from mailer.store.signatures import KeptAuthentication
from tests.core.record.signed import MAIL, Signer, signer
from tests.servers.dns import DnsServer
from tests.stories.case_house import CaseHouse, a_house


@dataclass(slots=True, kw_only=True)
class SignedHouse:
    """`who` signs by default, with a key that is published."""

    house: CaseHouse
    dns: DnsServer
    sandbox: Sandbox
    who: Signer
    timeout_seconds: float = 5.0

    def authenticator(self, *, trusted: frozenset[str] = frozenset(), asks: bool = True) -> Authenticator:
        servers = NameServer(servers=[self.dns.address], timeout_seconds=self.timeout_seconds)
        return Authenticator(
            store=self.house.store,
            sandbox=self.sandbox,
            clock=self.house.clock,
            lookup=servers.txt if asks else None,
            trusted=trusted,
        )

    def signed(self, text: str = "We pay on Friday.") -> bytes:
        return self.who.sign(MAIL.replace(b"We pay on Friday.", text.encode()), at=self.house.at)

    async def look(self) -> AuthenticationReport:
        return await authenticate_new(self.authenticator())

    async def gets(self, *raws: bytes) -> KeptAuthentication:
        """Let mails come, look at them, and return what was found of the last one."""
        await self.house.gets(*raws)
        await self.look()
        return (await self.looks())[0]

    async def looks(self) -> list[KeptAuthentication]:
        """The looks at the newest mail, the latest first."""
        async with self.house.store.reading() as tx:
            return await signatures.of_mail(tx, (await inbox.listing(tx, limit=1))[0].id)

    async def verdicts(self) -> list[Verdict]:
        """What was found of each mail at the latest look, oldest mail first."""
        async with self.house.store.reading() as tx:
            ids = [one.id for one in reversed(await inbox.listing(tx))]
            return [(await signatures.of_mail(tx, one))[0].verdict for one in ids]

    async def recheck(self) -> tuple[Rechecked, ...]:
        async with self.house.store.reading() as tx:
            newest = (await inbox.listing(tx, limit=1))[0].id
        return (await recheck(self.house.store, self.sandbox, newest))[1]

    async def told(self) -> list[RecordedEvent]:
        async with self.house.store.reading() as tx:
            return await events.listing(tx, types=["mail.authenticated"])


@asynccontextmanager
async def signed_house(folder: Path) -> AsyncIterator[SignedHouse]:
    who, sandbox = signer(), Sandbox()
    with DnsServer() as dns:
        dns.records[who.name] = [who.record]
        house = SignedHouse(house=await a_house(folder), dns=dns, sandbox=sandbox, who=who)
        try:
            yield house
        finally:
            await sandbox.close()
            await house.house.store.close()
