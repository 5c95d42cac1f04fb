"""A ledger of its own for the stories about files: a real database, files on disk, and every row to compare."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from mailer.domain.customer import Customer
from mailer.domain.invoice import Invoice
from mailer.flows.import_customers import import_customers
from mailer.flows.import_invoices import import_invoices
from mailer.flows.import_payments import add_payment, import_payments
from mailer.flows.ledger_report import ImportReport
from mailer.imports.rows import PaymentRow
from mailer.settings import CustomerDefaults
from mailer.store import customers, events, invoices, schema, state
from mailer.store.events import RecordedEvent
from mailer.store.session import Store
from mailer.store.tables import customer_emails, payments
from mailer.store.tables import customers as customer_table
from mailer.store.tables import events as event_table
from mailer.store.tables import invoices as invoice_table

#: 22:30 in London is the next day's 09:30 in Auckland.
EVENING = datetime(2026, 9, 7, 21, 30, tzinfo=UTC)
DEFAULTS = CustomerDefaults(language="en", country="GB", time_zone="Europe/London")
HEADER = "customer,customer_name,email,country,time_zone,policy,number,issued_on,due_on,currency,total,open,status"
ACTOR = "person:test"


def row(
    number: str,
    *,
    customer: str = "K1",
    name: str = "",
    email: str = "",
    country: str = "",
    time_zone: str = "",
    policy: str = "",
    due: str = "2026-09-01",
    currency: str = "EUR",
    total: str = "100.00",
    open_: str | None = None,
    status: str = "",
) -> str:
    """One line of an invoice file; what is not given is blank."""
    said = (customer, name, email, country, time_zone, policy, number, "2026-08-01", due, currency, total)
    return ",".join((*said, total if open_ is None else open_, status))


@dataclass
class House:
    """A database with a ledger, and a folder for files."""

    store: Store
    folder: Path
    now: datetime = EVENING

    def file(self, *lines: str, header: str = HEADER, name: str = "ledger.csv") -> Path:
        path = self.folder / name
        path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
        return path

    async def take(
        self,
        *lines: str,
        accept_good: bool = False,
        dry_run: bool = False,
        confirm_rest: bool = False,
        header: str = HEADER,
    ) -> ImportReport:
        return await import_invoices(
            self.store,
            self.file(*lines, header=header),
            preset=None,
            date_order=None,
            accept_good=accept_good,
            dry_run=dry_run,
            confirm_rest=confirm_rest,
            defaults=DEFAULTS,
            actor=ACTOR,
            now=self.now,
            known_policies={"standard", "personal"},
        )

    async def take_payments(self, *lines: str, accept_good: bool = False, dry_run: bool = False) -> ImportReport:
        path = self.file(*lines, header="invoice,paid_on,amount,currency,reference", name="bank.csv")
        return await import_payments(
            self.store, path, date_order=None, accept_good=accept_good, dry_run=dry_run, actor=ACTOR, now=self.now
        )

    async def take_customers(
        self, *lines: str, header: str = "customer,name,email", dry_run: bool = False
    ) -> ImportReport:
        return await import_customers(
            self.store,
            self.file(*lines, header=header, name="customers.csv"),
            accept_good=False,
            dry_run=dry_run,
            defaults=DEFAULTS,
            actor=ACTOR,
            now=self.now,
            known_policies={"standard", "personal"},
        )

    async def pay(
        self, number: str, amount: str, *, on: date = date(2026, 9, 5), reference: str = "", currency: str | None = None
    ) -> Invoice:
        paid = PaymentRow(
            line=0, invoice_number=number, amount=Decimal(amount), currency=currency, paid_on=on, reference=reference
        )
        return await add_payment(self.store, paid, actor=ACTOR, now=self.now)

    async def invoice(self, number: str) -> Invoice:
        async with self.store.reading() as tx:
            return (await invoices.by_numbers(tx, [number]))[number]

    async def customer(self, ref: str) -> Customer:
        async with self.store.reading() as tx:
            return (await customers.by_refs(tx, [ref]))[ref]

    async def events(self, *types: str) -> list[RecordedEvent]:
        async with self.store.reading() as tx:
            return await events.listing(tx, types=types)

    async def confirmed_at(self) -> datetime | None:
        async with self.store.reading() as tx:
            return await state.ledger_as_of(tx)

    async def everything(self) -> dict[str, list[Any]]:
        """Every row of the ledger, and every event but those that say that a file was imported."""
        found: dict[str, list[Any]] = {}
        async with self.store.engine.connect() as connection:
            for table in (customer_table, customer_emails, invoice_table, payments, event_table):
                rows = (await connection.execute(select(table))).all()
                found[table.name] = sorted(repr(one) for one in rows if ".imported" not in getattr(one, "type", ""))
            about = select(event_table).where(event_table.c.type == "invoice.imported")
            found["events"] += sorted(repr(one) for one in (await connection.execute(about)).all())
        return found


@asynccontextmanager
async def a_house(url: str, folder: Path) -> AsyncIterator[House]:
    """Open an empty ledger; `url` "" = SQLite in the folder."""
    store = Store(url or f"sqlite+aiosqlite:///{folder / 'duly.sqlite3'}")
    await schema.migrate(store)
    try:
        yield House(store=store, folder=folder)
    finally:
        await store.close()
