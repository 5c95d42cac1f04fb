"""A house for fault tests: open around the clock, many customers at once, and time that passes only for its purpose."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path

from mailer.settings import Sending
from tests.faults.history import Delivery, History, recall
from tests.faults.invariants import check
from tests.faults.watch import watch
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import RecordingSmtp
from tests.stories.world import World, build
from workers.jobs import Service, attempt

#: A policy that lets mail go at any hour of any day, so that only the fault under test can keep it.
ALWAYS = """\
min_gap_days = 5
send_window = "00:00-23:59"
send_days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
[[steps]]
id = "friendly"
when = "1 day after due"
useful_days = 60
[[steps]]
id = "second"
when = "60 days after due"
"""
DUE = date(2026, 9, 4)
#: What would stop a fault test's unusual crowd or long days, as an operator sets it who expects such days.
_WIDE = {
    "breaker_messages": "1000000",
    "breaker_percent": "100",
    "breaker_floor": "1000000",
    "max_data_age_hours": "8760",  # a fault at every step takes days of the test's clock
}


@contextmanager
def wide_open() -> Iterator[None]:
    """Set the breaker, by the environment, so that it lets the crowd of a fault test through."""
    names = {f"DULY_SENDING__{name.upper()}": value for name, value in _WIDE.items() if name in Sending.model_fields}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


async def fault_house(
    folder: Path, smtp: RecordingSmtp, dovecot: Dovecot, *, database_url: str = "", redis_url: str = ""
) -> World:
    """Build a world under the policy ALWAYS, with the witness in its database."""
    policies = folder / "data" / "policies"
    policies.mkdir(parents=True)
    (policies / "always.toml").write_text(ALWAYS, encoding="utf-8")
    with wide_open():
        world = await build(
            folder, database_url=database_url, redis_url=redis_url, smtp=smtp, dovecot=dovecot, policy_name="always"
        )
    await watch(world.app.store)
    return world


def address(customer: int | str) -> str:
    """Return the one address of a customer."""
    return f"ap{customer}@alder{customer}.example"


async def owe_many(world: World, customers: Iterable[int | str], *, due: date = DUE, total: str = "500.00") -> None:
    """Import one invoice for each customer, in one file; what was there before is paid and listed no more."""
    world.rows.clear()
    for one in customers:
        issued = due - timedelta(days=30)
        row = f"K{one},Customer K{one},{address(one)},en,GB,Europe/London,INV-{one},{issued},{due},EUR,{total},{total}"
        world.rows[f"INV-{one}"] = row
    await world.import_ledger()


async def jobs(world: World, *names: str) -> None:
    """Run some jobs once, in this process; whatever they raise is a failure."""
    service = Service(app=world.app, channel=world.app.channel())
    try:
        for name in names:
            assert await attempt(service, name) is not None, await world.trouble(name)
    finally:
        await service.close()


def append(world: World, mail: EmailMessage) -> bytes:
    """Put a mail into the mailbox over IMAP, so that it can be seen at once; return its bytes as stored."""
    raw = mail.as_bytes()
    with world.dovecot.login() as client:
        assert client.append("INBOX", "", None, raw)[0] == "OK"
    return raw


async def history_of(world: World, *, arrived: Iterable[bytes] = (), kills: int = 0) -> History:
    """Everything this world has seen."""
    deliveries = [Delivery.of(received) for received in world.smtp.messages]
    return await recall(world.app.store, deliveries=deliveries, now=world.clock(), arrived=list(arrived), kills=kills)


async def check_world(world: World, context: str, *, arrived: Iterable[bytes] = (), kills: int = 0) -> History:
    """Check every invariant, and return what was checked."""
    history = await history_of(world, arrived=arrived, kills=kills)
    check(history, context)
    return history
