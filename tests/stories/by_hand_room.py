"""A small office for stories told by hand: a real database, a real mail server, a clock that the story moves."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from mailer.channels.settings import SmtpSettings
from mailer.channels.smtp import SmtpChannel
from mailer.clock import new_id
from mailer.domain.case import CaseFacts
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, InvoiceId
from mailer.domain.invoice import Invoice
from mailer.domain.money import Money
from mailer.domain.status import StatusView, invoice_status
from mailer.flows.claim_messages import Sender
from mailer.flows.plan_reminders import Planner, TickReport, tick
from mailer.flows.policies import Policies
from mailer.flows.send_message import DrainReport, drain
from mailer.flows.switch_mode import switch_mode
from mailer.flows.write_message import Desk
from mailer.reminders.policy import policy_from_values
from mailer.rendering.renderer import Renderer
from mailer.rendering.values import Seller
from mailer.replies.numbers import normalise_number
from mailer.resources import config_dir
from mailer.store import case_facts, customers, events, invoices, schema, state
from mailer.store.events import RecordedEvent
from mailer.store.session import Store
from tests.servers.smtp import RecordingSmtp

ACTOR = "person:ada"
MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)


def policies(**assignments: str) -> Policies:
    found = {
        path.stem: policy_from_values(tomllib.loads(path.read_text("utf-8")), name=path.stem, version="v1")
        for path in (config_dir() / "policies").glob("*.toml")
    }
    return Policies(by_name=found, assignments=assignments, default="standard")


@dataclass(slots=True, kw_only=True)
class Room:
    """The office. `now` is moved by the story; balances count as confirmed at every `goes_on`."""

    store: Store
    server: RecordingSmtp
    policies: Policies
    desk: Desk
    now: datetime = MONDAY

    @property
    def channel(self) -> SmtpChannel:
        return SmtpChannel(SmtpSettings(host=self.server.host, port=self.server.port, security="none"))

    async def customer(self, ref: str = "C1", name: str = "Ada Ltd", **more: str) -> Customer:
        who = Customer(
            id=CustomerId(new_id("cus")), ref=ref, name=name, email=f"ap@{ref.lower()}.test", time_zone="UTC"
        )
        who = replace(who, **more)  # type: ignore[arg-type]
        async with self.store.transaction() as tx:
            await customers.save(tx, [who])
        return who

    async def invoice(self, who: Customer, number: str, days_overdue: int = 1, amount: str = "100.00") -> Invoice:
        due_on = self.now.date() - timedelta(days=days_overdue)
        money = Money.of(amount, "EUR")
        new = Invoice(
            id=InvoiceId(new_id("inv")),
            customer_id=who.id,
            number=number,
            issued_on=due_on - timedelta(days=14),
            due_on=due_on,
            total=money,
            open=money,
        )
        async with self.store.transaction() as tx:
            await invoices.save(tx, [(new, normalise_number(number))])
            await state.confirm_ledger(tx, self.now)
        return new

    async def pay(self, invoice: Invoice) -> None:
        paid = replace(invoice, open=Money.zero("EUR"), paid_on=self.now.date())
        async with self.store.transaction() as tx:
            await invoices.save(tx, [], [(paid, normalise_number(invoice.number))])

    async def go_live(self) -> None:
        await switch_mode(self.store, live=True, actor=ACTOR, reason="", now=self.now)

    async def goes_on(self, days: int = 0) -> tuple[TickReport, DrainReport]:
        """Days pass; then the service plans and sends once."""
        self.now += timedelta(days=days)
        async with self.store.transaction() as tx:
            await state.confirm_ledger(tx, self.now)
        planner = Planner(
            store=self.store, policies=self.policies, desk=self.desk, max_data_age_hours=24, clock=lambda: self.now
        )
        planned = await tick(planner)
        channel = self.channel
        sender = Sender(
            store=self.store,
            channel=channel,
            policies=self.policies,
            max_data_age_hours=24,
            lease_seconds=900,
            owner="proc_story",
            clock=lambda: self.now,
        )
        try:
            return planned, await drain(sender)
        finally:
            await channel.close()

    async def facts(self, who: Customer) -> CaseFacts:
        async with self.store.reading() as tx:
            found = await case_facts.load_one(tx, who.id, now=self.now)
        assert found is not None
        return found

    async def status(self, who: Customer, invoice: Invoice) -> StatusView:
        facts = await self.facts(who)
        now = next(one for one in facts.invoices if one.id == invoice.id)
        return invoice_status(now, facts, today=self.now.date())

    async def happened(self, *types: str) -> list[RecordedEvent]:
        async with self.store.reading() as tx:
            return await events.listing(tx, types=types)

    @property
    def subjects(self) -> list[str]:
        """The recipients of all mails so far, with the step their subject line shows."""
        return [message.recipients[0] for message in self.server.messages]


def day(text: str) -> date:
    return date.fromisoformat(text)


#: A migrated database of this run, copied for each story: migrating takes half a second.
_BLANK: list[bytes] = []


async def _blank(folder: Path) -> bytes:
    if not _BLANK:
        path = folder / "blank.sqlite3"
        store = Store(f"sqlite+aiosqlite:///{path}")
        await schema.migrate(store)
        await store.close()
        _BLANK.append(path.read_bytes())
    return _BLANK[0]


@asynccontextmanager
async def room(folder: Path, server: RecordingSmtp, *, url: str = "", **assignments: str) -> AsyncIterator[Room]:
    path = folder / "story.sqlite3"
    store = Store(url or f"sqlite+aiosqlite:///{path}")
    seller = Seller(name="Duly Demo Ltd", email="accounts@seller.test", payment_details="IBAN GB00 0000")
    desk = Desk(renderer=Renderer(), seller=seller, key=b"k" * 32, plus_addressing=True)
    try:
        if url:
            await schema.migrate(store)
        else:
            path.write_bytes(await _blank(folder))
        yield Room(store=store, server=server, policies=policies(**assignments), desk=desk)
    finally:
        await store.close()
