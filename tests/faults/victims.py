"""Real `duly serve` and `duly worker` processes that are killed with -9 while they work, and what they must survive."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from mailer.clock import utc_now
from mailer.domain.delivery import OutboxState
from mailer.flows.import_invoices import import_invoices
from mailer.flows.initialise import initialise
from mailer.flows.settle_unknown import FIRST_LOOKS
from mailer.flows.switch_mode import switch_mode
from mailer.reminders.calendar import public_holidays
from mailer.settings import load
from mailer.store import outbox
from mailer.wiring import App, open_app
from tests.faults.fsync_sink import accepted
from tests.faults.history import Delivery, History, recall
from tests.faults.house import ALWAYS, address, wide_open
from tests.faults.watch import watch
from tests.servers.dovecot import Dovecot
from tests.servers.process import ServerProcess, free_port
from tests.stories.world import SELLER
from workers.jobs import Service, attempt

#: How long a process that is asked to end may take before it is killed.
FAREWELL_SECONDS = 20.0
#: The clock of the process that cleans up: past every lease the dead have held.
AFTERWARDS = timedelta(minutes=16)
ROUNDS_TO_REST = 12
#: What ends the waiting for an outcome; the rest of the states is on its way.
UNDER_WAY = (OutboxState.QUEUED, OutboxState.LEASED, OutboxState.IN_DATA, OutboxState.DEFERRED)
COMMANDS = ("serve", "worker")
_HEADER = "customer,customer_name,email,language,country,time_zone,number,issued_on,due_on,currency,total,open"


@dataclass
class Place:
    """A data folder, its servers, and the processes that work in it.

    `deliveries`: what the sink has accepted so far. `connections`: how many messages one process may have under way;
    0 is the product's own default.
    """

    folder: Path
    dovecot: Dovecot
    deliveries: Callable[[], list[Delivery]]
    database_url: str
    redis_url: str
    smtp_port: int
    connections: int = 0
    commands: tuple[str, ...] = COMMANDS
    nursery: subprocess.Popen[str] | None = None
    victims: dict[int, str] = field(default_factory=dict)
    kills: int = 0
    customers: int = 0
    arrived: list[bytes] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    # --- setting up

    async def set_up(self) -> None:
        """Initialise like `duly init`, with the shortest intervals there are, and go live."""
        (self.data / "policies").mkdir(parents=True)
        (self.data / "policies" / "always.toml").write_text(ALWAYS, encoding="utf-8")
        values: dict[str, str | int] = {
            "database_url": self.database_url,
            "seller.name": "Brightwater Systems Ltd",
            "seller.address": SELLER,
            "seller.payment_details": "IBAN GB33 BUKB 2020 1555 5555 55",
            "smtp.host": "127.0.0.1",
            "smtp.port": self.smtp_port,
            "smtp.security": "none",
            "smtp.connections": self.connections,
            "imap.host": self.dovecot.host,
            "imap.port": self.dovecot.port,
            "imap.security": "none",
            "imap.username": self.dovecot.user,
            "imap.password": self.dovecot.password,
            "sending.default_policy": "always",
            "sending.lease_seconds": 60,
            "workers.tick_seconds": 1,
            "workers.drain_seconds": 1,
            "workers.poll_seconds": 1,
            "workers.redis_url": self.redis_url,
        }
        await initialise(self.data, values, actor="person:test", now=utc_now())
        async with self.app() as app:
            await switch_mode(app.store, live=True, actor="person:test", reason="faults", now=utc_now())
            await watch(app.store)
            await _jobs(app, "poll")

    def app(self, *, ahead: timedelta = timedelta(0)) -> _Opened:
        """Open the parts in this process, with a clock that may be ahead."""
        with wide_open():
            return _Opened(open_app(load(self.data), clock=lambda: utc_now() + ahead))

    async def owe(self, many: int) -> None:
        """Import one overdue invoice for each of so many new customers."""
        today = datetime.now(UTC).date()
        quiet = (c for c in ("GB", "SA", "JP") if today not in public_holidays(c, today.year, today.year))
        country, due = next(quiet), today - timedelta(days=3)
        rows = [
            f"K{n},Customer K{n},{address(n)},en,{country},Europe/London,"
            f"INV-{n},{due - timedelta(days=30)},{due},EUR,500.00,500.00"
            for n in range(self.customers, self.customers + many)
        ]
        self.customers += many
        path = self.folder / "ledger.csv"
        path.write_text("\n".join([_HEADER, *rows]) + "\n", encoding="utf-8")
        async with self.app() as app:
            await import_invoices(
                app.store, path, preset=None, date_order=None, accept_good=False, dry_run=False,
                defaults=app.settings.customers, actor="person:test", now=utc_now(),
                known_policies=app.policies.by_name,
            )  # fmt: skip

    # --- the processes

    def start(self, command: str) -> None:
        """Start `duly serve` or `duly worker` in a process group of its own."""
        if self.nursery is None:
            with wide_open():
                self.nursery = subprocess.Popen(
                    [sys.executable, "-m", "tests.faults.nursery"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                    env={**os.environ, "DULY_DATA": str(self.data)},
                )  # fmt: skip
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write(f"{command} {self.folder / command}.log\n")
        self.nursery.stdin.flush()
        self.victims[int(self.nursery.stdout.readline())] = command

    def kill(self, pid: int) -> None:
        """Kill a process and all it started, as the kernel's out-of-memory killer does: without a word."""
        del self.victims[pid]
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
            self.kills += 1

    def supervise(self) -> None:
        """Start again what does not run: who was killed, and arq, which ends by itself when Redis is gone."""
        for pid in self.ended():
            del self.victims[pid]
        for command in (Counter(self.commands) - Counter(self.victims.values())).elements():
            self.start(command)

    def ended(self) -> list[int]:
        """Return the processes that run no more, though nobody has killed them."""
        return [pid for pid in self.victims if not Path(f"/proc/{pid}").exists()]

    async def dismiss(self) -> None:
        """Ask every process to end, as a supervisor does; one that does not is killed, and that counts."""
        for pid in self.victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        end = monotonic() + FAREWELL_SECONDS
        while len(self.ended()) < len(self.victims) and monotonic() < end:  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.05)
        for pid in set(self.victims) - set(self.ended()):
            self.kill(pid)
        self.close()

    def close(self) -> None:
        """Kill what still runs; these do not count."""
        for pid in self.victims:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        self.victims.clear()
        nursery, self.nursery = self.nursery, None
        if nursery is not None:
            nursery.communicate()

    # --- what came of it

    def reply(self, to: Delivery) -> None:
        """Let a customer promise a day, threaded by In-Reply-To."""
        number = len(self.arrived)
        raw = (
            f"From: {to.recipients[0]}\r\nTo: {SELLER}\r\nSubject: Re: your reminder\r\n"
            f"Message-ID: <answer-{number}@customer.example>\r\nIn-Reply-To: <{to.message_id}>\r\n"
            "\r\nWe will pay on 24 December 2030.\r\n"
        ).encode()
        with self.dovecot.login() as client:
            client.append("INBOX", "", None, raw)
        self.arrived.append(raw)

    async def settle(self, *, rounds: int = ROUNDS_TO_REST) -> History:
        """Let a last process do what is left, past every lease; then look for evidence at the hours it is looked for.

        Nothing is asked of the product that it does not do by itself: only its clock is ahead. `rounds`: sweeps until
        nothing may be under way any more.
        """
        async with self.app(ahead=AFTERWARDS) as app:
            await _jobs(app, "poll")
            while rounds and await _under_way(app):
                rounds -= 1
                await _jobs(app, "tick", "drain", "poll")
        for wait in FIRST_LOOKS:
            async with self.app(ahead=AFTERWARDS + wait + timedelta(minutes=1)) as app:
                await _jobs(app, "poll")
        async with self.app(ahead=AFTERWARDS + FIRST_LOOKS[-1] + timedelta(minutes=2)) as app:
            await _jobs(app, "tick", "drain")
            return await recall(
                app.store, deliveries=self.deliveries(), now=app.clock(), arrived=self.arrived, kills=self.kills
            )


async def _under_way(app: App) -> bool:
    async with app.store.reading() as tx:
        return bool(await outbox.listing(tx, states=UNDER_WAY, limit=1))


class _Opened:
    """The parts, closed at the end."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __aenter__(self) -> App:
        return self._app

    async def __aexit__(self, *_: object) -> None:
        await self._app.close()


async def _jobs(app: App, *names: str) -> None:
    service = Service(app=app, channel=app.channel())
    for name in names:
        assert await attempt(service, name) is not None, f"{name} failed, see the log above"
    await service.close()


@contextmanager
def a_place(
    folder: Path, dovecot: Dovecot, *, database_url: str, redis_url: str, connections: int = 0
) -> Iterator[Place]:
    """Yield a place with a fresh sink whose accepted mail is laid into Dovecot's Sent folder."""
    port, file = free_port(), folder / "accepted.jsonl"
    command = [sys.executable, "-m", "tests.faults.fsync_sink", str(port), str(file), str(dovecot.maildir("Sent"))]
    sink = ServerProcess(command, port, log=folder / "sink.log")
    place = Place(
        folder=folder,
        dovecot=dovecot,
        deliveries=lambda: accepted(file),
        database_url=database_url,
        redis_url=redis_url,
        smtp_port=port,
        connections=connections,
    )
    sink.start()
    try:
        yield place
    finally:
        place.close()
        sink.stop()
