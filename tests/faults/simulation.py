"""Forty days of a house whose peers, database and processes fail by a seed: same seed, same trace, to the last byte."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from mailer import clock
from mailer.channels.channel import Channel
from mailer.flows.import_invoices import import_invoices
from mailer.flows.initialise import initialise
from mailer.flows.switch_mode import switch_mode
from mailer.mailbox import Mailbox
from mailer.settings import load
from mailer.wiring import App, open_app
from tests.faults.crashes import Countdown, Killed
from tests.faults.history import Delivery, History, recall
from tests.faults.house import address, wide_open
from tests.faults.overheard import Overheard
from tests.faults.sim_peers import Fate, SimChannel, SimMailbox, SimStore
from tests.faults.watch import watch
from tests.stories.world import MONDAY, SELLER, MovableClock
from workers.jobs import Service, attempt

DAYS, CUSTOMERS, INVOICES = 40, 14, 20
#: Hours (UTC) at which the jobs run; the ledger is imported before the first.
HOURS = (9, 14)
JOBS = ("poll", "tick", "drain")
#: Days at the end on which nothing fails, so that all can come to rest.
CALM_DAYS = 4
NEVER = 10**9
_HEADER = "customer,customer_name,email,language,country,time_zone,number,issued_on,due_on,currency,total,open"


class _SeededSecrets:
    """What `mailer.clock` draws ids, salts, keys and waits from, repeatable."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(f"ids {seed}")  # noqa: S311 - repeatable on purpose

    def token_bytes(self, size: int) -> bytes:
        return self._draw.randbytes(size)

    def token_hex(self, size: int) -> str:
        return self._draw.randbytes(size).hex()

    def randbelow(self, bound: int) -> int:
        return self._draw.randrange(bound)


@contextmanager
def repeatable_ids(seed: int) -> Iterator[None]:
    """Let every id and salt come from the seed."""
    names = vars(clock)  # mypy knows no module as a place to write to
    before, names["secrets"] = names["secrets"], _SeededSecrets(seed)
    try:
        yield
    finally:
        names["secrets"] = before


@dataclass(frozen=True, slots=True, kw_only=True)
class SimApp(App):
    """The real parts between simulated peers."""

    peers: tuple[Channel, Mailbox]

    def channel(self) -> Channel:
        return self.peers[0]

    def mailbox(self) -> Mailbox:
        return self.peers[1]


@dataclass
class Simulation:
    """One seed's house."""

    app: SimApp
    store: SimStore
    fate: Fate
    channel: SimChannel
    mailbox: SimMailbox
    clock: MovableClock
    folder: Path
    heard: Overheard
    ledger: dict[str, tuple[int, date, str]] = field(default_factory=dict)
    answered: int = 0
    payments: list[tuple[date, str]] = field(default_factory=list)
    kills: int = 0

    async def run(self) -> History:
        """Live through all the days, and return what happened."""
        for day in range(DAYS):
            self.fate.calm = day >= DAYS - CALM_DAYS
            midnight = MONDAY.replace(hour=0) + timedelta(days=day)
            self.clock.at = midnight + timedelta(hours=7)
            self._new_invoices(day)
            self._customers_act()
            await self._import_ledger()
            for hour in HOURS:
                self.clock.at = midnight + timedelta(hours=hour)
                await self._round()
        self.clock.at += timedelta(hours=1)
        for _ in range(3):
            await self._round()
        return await recall(
            self.app.store,
            deliveries=self.channel.deliveries,
            arrived=[raw for raw, _ in self.mailbox.mails],
            now=self.clock(),
            kills=self.kills,
        )

    async def _round(self) -> None:
        """Run the jobs in a process that may die on its way, which ends the round for it."""
        countdown, when = Countdown(left=NEVER), self.fate.draw("when")
        dying = when.choice(JOBS) if self.fate.strikes("death", 0.15) else ""  # else most would die in the first job
        self.store.countdown = self.channel.countdown = self.mailbox.countdown = countdown
        service = Service(app=replace(self.app, owner=clock.new_id("proc")), channel=self.channel)
        before = asyncio.all_tasks()
        try:
            for name in JOBS:
                if name == dying:
                    countdown.left = when.randint(1, 25)
                await attempt(service, name)
        except Killed:
            self.kills += 1
        left = asyncio.all_tasks() - before
        assert countdown.fired or not left, f"left running by its jobs: {left}"
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)  # dead to the last task before anybody else begins
        self.heard.speak()
        self.store.countdown = self.channel.countdown = self.mailbox.countdown = Countdown(left=NEVER)

    # --- the world outside

    def _new_invoices(self, day: int) -> None:
        while len(self.ledger) < min(INVOICES, 4 + day * 2):
            number = len(self.ledger)
            draw = self.fate.draw(f"invoice {number}")
            due = self.clock().date() - timedelta(days=draw.randint(-2, 12))
            self.ledger[f"INV-{number}"] = (draw.randrange(CUSTOMERS), due, "500.00")

    async def _import_ledger(self) -> None:
        today = self.clock().date()
        for when, number in self.payments:
            if when <= today:
                customer, due, _ = self.ledger[number]
                self.ledger[number] = (customer, due, "0.00")
        rows = [
            f"K{c},Customer K{c},{address(c)},en,GB,Europe/London,"
            f"{number},{due - timedelta(days=30)},{due},EUR,500.00,{left}"
            for number, (c, due, left) in self.ledger.items()
        ]
        path = self.folder / "ledger.csv"
        path.write_text("\n".join([_HEADER, *rows]) + "\n", encoding="utf-8")
        calm, self.fate.calm = self.fate.calm, True  # a person at a keyboard tries until it is done
        await import_invoices(
            self.app.store, path, preset=None, date_order=None, accept_good=False, dry_run=False,
            defaults=self.app.settings.customers, actor="person:sim", now=self.clock(),
            known_policies=self.app.policies.by_name,
        )  # fmt: skip
        self.fate.calm = calm

    def _customers_act(self) -> None:
        """Those who got mail since yesterday pay, promise, dispute, are away, or say nothing."""
        fresh = self.channel.deliveries[self.answered :]
        self.answered = len(self.channel.deliveries)
        for mail in fresh:
            draw = self.fate.draw(f"answer {mail.recipients[0]}")
            today, said = self.clock().date(), f"{mail.words} ".replace("\n", " ")
            for number in [n for n in self.ledger if f"{n} " in said][:1]:
                match draw.choices(("pay", "promise", "dispute", "away", "nothing"), (35, 20, 8, 7, 30))[0]:
                    case "pay":
                        self.payments.append((today + timedelta(days=draw.randint(0, 4)), number))
                    case "promise":
                        promised = today + timedelta(days=draw.randint(3, 9))
                        self._write(mail, f"We will pay on {promised.day} {promised:%B %Y}.")
                        if draw.random() < 0.5:
                            self.payments.append((promised, number))
                    case "dispute":
                        self._write(mail, "We dispute this invoice, the goods were damaged.")
                    case "away":
                        self._write(
                            mail,
                            "I am out of the office.",
                            subject="Out of office",
                            extra="Auto-Submitted: auto-replied",
                        )
                    case _:
                        pass

    def _write(self, to: Delivery, words: str, *, subject: str = "Re: reminder", extra: str = "X-Mailer: sim") -> None:
        raw = (
            f"From: {to.recipients[0]}\r\nTo: {SELLER}\r\nSubject: {subject}\r\n{extra}\r\n"
            f"Message-ID: <sim-{len(self.mailbox.mails)}@customer.example>\r\nIn-Reply-To: <{to.message_id}>\r\n"
            f"Date: {self.clock():%a, %d %b %Y %H:%M:%S} +0000\r\n\r\n{words}\r\n"
        ).encode()
        self.mailbox.mails.append((raw, self.clock()))


def trace(history: History) -> str:
    """Return the SHA-256 of everything that happened: each event whole, each state, each byte delivered."""
    digest = hashlib.sha256()
    for one in history.events:
        digest.update(json.dumps([one.id, one.type, str(one.at), one.refs, one.payload, one.commitment]).encode())
    for row in sorted(history.outbox, key=lambda row: str(row["id"])):
        digest.update(f"{row['id']} {row['state']} {row['fence']}\n".encode())
    for delivery in history.deliveries:
        digest.update(delivery.raw)
    return digest.hexdigest()


@contextmanager
def _in_memory() -> Iterator[Path]:
    """Yield a folder on a file system in memory, where there is one."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="duly-sim-", dir=shared if shared.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def simulate(seed: int) -> tuple[History, Fate]:
    """Run one seed from an empty folder, and clear it away."""
    with _in_memory() as folder, repeatable_ids(seed):
        simulation = await set_up(seed, folder)
        try:
            return await simulation.run(), simulation.fate
        finally:
            await simulation.app.close()


async def set_up(seed: int, folder: Path) -> Simulation:
    """Return a house on its first morning, with one to three connections to its mail server."""
    heard = Overheard()
    heard.listen()
    values: dict[str, str | int] = {
        "seller.name": "Brightwater Systems Ltd",
        "seller.address": SELLER,
        "smtp.host": "sim.example",
        "imap.host": "sim.example",
        "imap.username": "sim",
        "sending.lease_seconds": 60,
        "sending.max_inbox_age_minutes": 24 * 60,
    }
    now = MovableClock(datetime(2026, 9, 7, 6, tzinfo=UTC))
    await initialise(folder / "data", values, actor="person:sim", now=now())
    fate, countdown = Fate(seed=seed, calm=True), Countdown(left=NEVER)
    gone = frozenset(address(n) for n in range(CUSTOMERS) if fate.draw(f"gone {n}").random() < 0.08)
    channel = SimChannel(fate=fate, countdown=countdown, gone=gone, lanes=1 + seed % 3)
    mailbox = SimMailbox(fate=fate, countdown=countdown, clock=now)
    with wide_open():
        parts = open_app(load(folder / "data"), clock=now)
    store = SimStore(parts.store.url, fate, countdown)
    await parts.close()
    named = {name: getattr(parts, name) for name in App.__dataclass_fields__}
    app = SimApp(**{**named, "store": store}, peers=(channel, mailbox))
    await switch_mode(store, live=True, actor="person:sim", reason="simulation", now=now())
    await watch(store)
    simulation = Simulation(
        app=app, store=store, fate=fate, channel=channel, mailbox=mailbox, clock=now, folder=folder, heard=heard
    )
    await simulation._round()
    return simulation
