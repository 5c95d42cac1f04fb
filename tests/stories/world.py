"""A whole house for the stories: real SMTP, IMAP and database, a clock that moves, and a runner of either kind."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from time import sleep

from mailer.domain.case import CaseFacts
from mailer.domain.status import Status, invoice_status
from mailer.flows.import_invoices import import_invoices
from mailer.flows.initialise import initialise
from mailer.flows.policies import calendar_of
from mailer.flows.switch_mode import switch_mode
from mailer.flows.trouble import troubles
from mailer.settings import load
from mailer.store import case_facts, events, inbox, invoices
from mailer.store.events import RecordedEvent
from mailer.wiring import App, open_app
from tests.servers.dovecot import Dovecot
from tests.servers.migrated import lay_sqlite
from tests.servers.smtp import RecordingSmtp
from workers import arq_worker
from workers.jobs import Service, attempt

#: A Monday at 10:00 in London, inside every send window.
MONDAY = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
SELLER = "accounts@brightwater.example"


class MovableClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@dataclass
class World:
    """`redis_url` "" = the embedded runner's jobs; else arq in burst mode on that Redis."""

    app: App
    smtp: RecordingSmtp
    dovecot: Dovecot
    folder: Path
    clock: MovableClock
    redis_url: str = ""
    rows: dict[str, str] = field(default_factory=dict)

    # --- the ledger

    async def owe(
        self,
        number: str,
        *,
        due: date,
        customer: str = "K1",
        total: str = "500.00",
        open_: str | None = None,
        email: str = "ap@alder.example",
        language: str = "en",
        issued: date | None = None,
    ) -> None:
        """Put an invoice (or its new balance) into the ledger and import the whole ledger."""
        self.rows[number] = (
            f"{customer},Customer {customer},{email},{language},GB,Europe/London,"
            f"{number},{issued or due - timedelta(days=30)},{due},EUR,{total},{open_ or total}"
        )
        await self.import_ledger()

    async def owe_many(self, numbers: Sequence[int], *, due: date) -> None:
        """Put one invoice each of so many customers ("INV-7" of "K7") into the ledger, and import it once."""
        for number in numbers:
            self.rows[f"INV-{number}"] = (
                f"K{number},Customer K{number},ap{number}@alder.example,en,GB,Europe/London,"
                f"INV-{number},{due - timedelta(days=30)},{due},EUR,500.00,500.00"
            )
        await self.import_ledger()

    def allow(self, messages: int) -> None:
        """Let so many messages a day go out unasked, whatever the share of customers: the story is not about that."""
        sending = self.app.settings.sending.model_copy(update={"breaker_messages": messages, "breaker_floor": messages})
        self.app = replace(self.app, settings=self.app.settings.model_copy(update={"sending": sending}))

    async def pay(self, number: str, *, left: str = "0.00") -> None:
        """Change what is open on an invoice, as the next export of the bookkeeping would show it."""
        self.rows[number] = f"{self.rows[number].rpartition(',')[0]},{left}"
        await self.import_ledger()

    async def import_ledger(self) -> None:
        """Import everything, as every morning."""
        header = "customer,customer_name,email,language,country,time_zone,number,issued_on,due_on,currency,total,open"
        path = self.folder / "ledger.csv"
        path.write_text("\n".join([header, *self.rows.values()]) + "\n", encoding="utf-8")
        report = await import_invoices(
            self.app.store,
            path,
            preset=None,
            date_order=None,
            accept_good=False,
            dry_run=False,
            defaults=self.app.settings.customers,
            actor="person:test",
            now=self.clock(),
            known_policies=self.app.policies.by_name,
        )
        assert not report.problems, report.problems

    # --- time and work

    async def round(self) -> None:
        """Look into the mailbox, plan, send: each job once, by the runner of this world."""
        if self.redis_url:
            await self._arq_round()
            return
        service = Service(app=self.app, channel=self.app.channel())
        try:
            for name in ("poll", "tick", "drain"):
                assert await attempt(service, name) is not None, await self.trouble(name)
        finally:
            await service.close()

    async def _arq_round(self) -> None:
        """Let one arq worker take the three jobs from Redis, one after the other, and whatever they wake."""
        service = Service(app=self.app, channel=self.app.channel())
        redis = await arq_worker.pool(self.redis_url)
        worker = arq_worker.worker(service, self.redis_url, {}, handle_signals=False, max_jobs=1)
        worker.burst, worker.poll_delay_s = True, 0.02
        try:
            for name in ("poll", "tick", "drain"):
                await arq_worker.enqueue(redis, name)
                await asyncio.sleep(0.002)  # arq takes them by the millisecond, and by name within one
            await worker.async_run()
        finally:
            await worker.close()
            await redis.aclose(close_connection_pool=True)
            await service.close()
        for name in ("poll", "tick", "drain"):
            assert not await self.trouble(name)

    async def trouble(self, name: str) -> str:
        return (await troubles(self.app.store)).get(name, "")

    async def pass_days(self, days: int) -> None:
        """Let days go by, with a round and a fresh import each morning at ten."""
        for _ in range(days):
            self.clock.at += timedelta(days=1)
            await self.import_ledger()
            await self.round()

    # --- what came out

    @property
    def mails(self) -> list[EmailMessage]:
        """The reminders that went out, oldest first."""
        return [_parsed(received.raw) for received in self.smtp.messages]

    def mails_about(self, number: str) -> list[EmailMessage]:
        """The reminders that name an invoice."""
        return [mail for mail in self.mails if number in _text(mail)]

    async def said(self, number: str) -> list[str]:
        """The rungs of an invoice that were said, oldest first."""
        facts = await self.facts(number)
        invoice = next(i for i in facts.invoices if i.number == number)
        return [step.step_id for step in facts.steps_of(invoice.id) if step.was_said]

    async def status(self, number: str) -> Status:
        """How an invoice stands today."""
        facts = await self.facts(number)
        invoice = next(i for i in facts.invoices if i.number == number)
        return invoice_status(invoice, facts, today=self.today(facts)).status

    async def facts(self, number: str) -> CaseFacts:
        async with self.app.store.reading() as tx:
            found = await invoices.by_numbers(tx, [number])
            facts = await case_facts.load_one(tx, found[number].customer_id, now=self.clock())
        assert facts is not None
        return facts

    async def waiting(self) -> int:
        """How many mails wait for a person."""
        async with self.app.store.reading() as tx:
            return (await inbox.counts(tx))[1]

    def today(self, facts: CaseFacts) -> date:
        customer = facts.customer
        return calendar_of(customer, self.app.policies.of(customer), self.clock()).local_day(self.clock())

    async def events(self, *types: str) -> list[RecordedEvent]:
        async with self.app.store.reading() as tx:
            return await events.listing(tx, types=types)

    async def codes(self) -> list[object]:
        """Why rungs were not said, in the order it was decided."""
        return [event.payload["code"] for event in await self.events("reminder.not_sent")]

    # --- what comes in

    def reply(
        self,
        to: EmailMessage | None,
        text: str,
        *,
        sender: str = "ap@alder.example",
        folder: str = "INBOX",
        **headers: str,
    ) -> None:
        """Put a reply into the mailbox, threaded and quoted as a mail program does."""
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = sender
        mail["To"] = str(to["Reply-To"]) if to else SELLER
        mail["Date"] = format_datetime(self.clock())
        mail["Message-ID"] = f"<{abs(hash((text, sender, self.clock())))}@{sender.rpartition('@')[2]}>"
        if to is not None:
            mail["Subject"] = f"Re: {to['Subject']}"
            mail["In-Reply-To"] = str(to["Message-ID"])
            mail["References"] = f"{to['References']}"
        for name, value in headers.items():
            del mail[name.replace("_", "-")]
            mail[name.replace("_", "-")] = value
        quoted = "\n".join("> " + line for line in _text(to).splitlines()) if to is not None else ""
        mail.set_content(f"{text}\n\nOn Monday Ellen Marsh wrote:\n{quoted}\n" if quoted else f"{text}\n")
        self.dovecot.deliver(mail.as_bytes(), folder=folder)
        self._until_visible(str(mail["Message-ID"]), folder)

    def _until_visible(self, message_id: str, folder: str) -> None:
        """Wait until Dovecot shows a file that was dropped into its Maildir: it looks at most once a second."""
        client = self.dovecot.login()
        try:
            for _ in range(100):
                client.select(folder, readonly=True)
                if client.search(None, "HEADER", "Message-ID", message_id)[1] != [b""]:
                    return
                sleep(0.05)
        finally:
            client.logout()
        raise TimeoutError(f"{message_id} did not appear in {folder}")


def _parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def _text(mail: EmailMessage | None) -> str:
    part = mail.get_body(("plain",)) if mail is not None else None
    return str(part.get_content()) if part is not None else ""


async def build(
    folder: Path,
    *,
    database_url: str,
    redis_url: str,
    smtp: RecordingSmtp,
    dovecot: Dovecot,
    policy_name: str = "standard",
) -> World:
    """Initialise a data folder like `duly init`, go live, and let the mailbox be known."""
    clock, data = MovableClock(MONDAY), folder / "data"
    if not database_url:
        lay_sqlite(data / "duly.sqlite3")
    await initialise(
        data,
        {
            "database_url": database_url,
            "seller.name": "Brightwater Systems Ltd",
            "seller.sender_name": "Ellen Marsh",
            "seller.address": SELLER,
            "seller.payment_details": "IBAN GB33 BUKB 2020 1555 5555 55",
            "smtp.host": smtp.host,
            "smtp.port": smtp.port,
            "smtp.security": "none",
            "imap.host": dovecot.host,
            "imap.port": dovecot.port,
            "imap.security": "none",
            "imap.username": dovecot.user,
            "imap.password": dovecot.password,
            "sending.default_policy": policy_name,
            "sending.lease_seconds": 60,
        },
        actor="person:test",
        now=clock(),
    )
    app = open_app(load(data), clock=clock)
    await switch_mode(app.store, live=True, actor="person:test", reason="story", now=clock())
    world = World(app=app, smtp=smtp, dovecot=dovecot, folder=folder, clock=clock, redis_url=redis_url)
    await world.round()
    return world
