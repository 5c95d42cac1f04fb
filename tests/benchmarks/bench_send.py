"""How much of bare SMTP the whole path keeps: plan, render, MIME, durable commits, guards, DATA, record.

`python -m tests.benchmarks.bench_send [--mails 2000] [--connections 8]` prints ratios from one run, all into the same
`smtp-sink`: ours against aiosmtplib's `sendmail(bytes)` with as many connections, and against `smtp-source`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import aiosmtplib

from mailer.channels.smtp import SmtpChannel, SmtpSettings
from mailer.clock import new_id
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, InvoiceId
from mailer.domain.invoice import Invoice
from mailer.domain.money import Money
from mailer.flows.initialise import initialise
from mailer.flows.plan_reminders import tick
from mailer.flows.send_message import drain
from mailer.flows.switch_mode import switch_mode
from mailer.settings import load
from mailer.store import customers, events, invoices, outbox, state
from mailer.wiring import App, open_app
from tests.servers.process import HOST, find_binary
from tests.servers.smtp import SinkServer
from workers.serving import spare_collector

NOW = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
#: The first mark; see docs/reliability.md.
MARK = 0.12
#: Mails before those that count: what is loaded once (templates, holidays, locales) is not the path's speed.
WARM_UP = 50


async def _house(folder: Path, sink: SinkServer, many: int) -> App:
    """Return a live service whose every customer owes one overdue invoice; nothing of this is timed."""
    values: dict[str, str | int] = {
        "seller.name": "Brightwater Systems Ltd",
        "seller.address": "accounts@brightwater.example",
        "seller.payment_details": "IBAN GB33 BUKB 2020 1555 5555 55",
        "smtp.host": sink.host,
        "smtp.port": sink.port,
        "smtp.security": "none",
        "imap.host": HOST,
        "sending.max_inbox_age_minutes": 0,
        "sending.breaker_messages": 1_000_000,
        "sending.breaker_percent": 100,
    }
    await initialise(folder / "data", values, actor="person:bench", now=NOW)
    app = open_app(load(folder / "data"), clock=lambda: NOW)
    people = [
        Customer(id=CustomerId(new_id("cus")), ref=f"K{n}", name=f"Customer {n} Ltd", email=f"ap@k{n}.example")
        for n in range(many)
    ]
    owing_each = [Money(minor=50000 + 137 * n, currency="EUR") for n in range(many)]
    owing = [
        Invoice(
            id=InvoiceId(new_id("inv")),
            customer_id=person.id,
            number=f"INV-{person.ref}",
            issued_on=date(2026, 8, 1),
            due_on=date(2026, 9, 4),
            total=owed,
            open=owed,
        )
        for person, owed in zip(people, owing_each, strict=True)
    ]
    async with app.store.transaction() as tx:
        await customers.save(tx, people)
        await invoices.save(tx, [(one, one.number) for one in owing])
        await state.confirm_ledger(tx, NOW)
    await switch_mode(app.store, live=True, actor="person:bench", reason="bench", now=NOW)
    return app


async def _ours(app: App, sink: SinkServer, connections: int, many: int) -> tuple[float, float, bytes]:
    """Return seconds to plan and write, seconds to send and record, and one of the messages."""
    settings = SmtpSettings(host=sink.host, port=sink.port, security="none", connections=connections)
    channel = SmtpChannel(settings)
    began = time.perf_counter()
    report = await tick(app.planner())
    planned = time.perf_counter()
    assert report.queued == many, report
    sender = replace(app.sender(channel), clock=lambda: NOW + timedelta(seconds=1))
    sent = 0
    while sent < many:
        drained = await drain(sender)
        assert drained.sent, drained
        sent += drained.sent
    ended = time.perf_counter()
    await channel.close()
    async with app.store.reading() as tx:
        entry = (await outbox.listing(tx, limit=1))[0]
        content = await events.payload(tx, entry.payload_id) or b""
        assert (await outbox.counts(tx)) == {"sent": many}
    return planned - began, ended - planned, content


async def _bare(sink: SinkServer, connections: int, many: int, content: bytes) -> float:
    """Return the seconds aiosmtplib takes for as many messages of the same bytes."""
    left = iter(range(many))

    async def lane() -> None:
        client = aiosmtplib.SMTP(hostname=sink.host, port=sink.port, use_tls=False, start_tls=False)
        await client.connect()
        for number in left:
            await client.sendmail("accounts@brightwater.example", [f"ap@k{number}.example"], content)
        await client.quit()

    return await _timed(lambda: asyncio.gather(*(lane() for _ in range(connections))))


async def _both(sink: SinkServer, connections: int, many: int) -> tuple[float, float, float, bytes]:
    """Return the seconds we take to plan and write, and to send and record, those of aiosmtplib, and a message."""
    with tempfile.TemporaryDirectory() as folder:
        app = await _house(Path(folder), sink, many)
        writing, sending, content = await _ours(app, sink, connections, many)
        await app.close()
    return writing, sending, await _bare(sink, connections, many, content), content


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def _source(sink: SinkServer, connections: int, many: int, size: int) -> float:
    """Return the seconds Postfix's smtp-source takes, sessions kept."""
    program = find_binary("smtp-source", "apt-get install postfix (only smtp-source is used)")
    words = ["-d", "-s", str(connections), "-m", str(many), "-l", str(size), f"{sink.host}:{sink.port}"]
    began = time.perf_counter()
    subprocess.run([program, *words], check=True, timeout=300)
    return time.perf_counter() - began


async def bench(many: int, connections: int) -> dict[str, float]:
    """Return the figures: messages a second of each, and the ratios; first both do a few that do not count."""
    sink = SinkServer(dump=False)
    sink.start()
    try:
        await _both(sink, connections, WARM_UP)
        spare_collector()  # as a service does when it starts; aiosmtplib has the good of it as well
        writing, sending, bare, content = await _both(sink, connections, many)
        source = await asyncio.to_thread(_source, sink, connections, many, len(content))
    finally:
        sink.remove()
    ours = many / (writing + sending)
    return {
        "mails": many,
        "connections": connections,
        "octets": len(content),
        "write_per_second": round(many / writing, 1),
        "send_per_second": round(many / sending, 1),
        "ours_per_second": round(ours, 1),
        "aiosmtplib_per_second": round(many / bare, 1),
        "smtp_source_per_second": round(many / source, 1),
        "ratio_to_aiosmtplib": round(ours * bare / many, 3),
        "ratio_to_smtp_source": round(ours * source / many, 3),
        "mark": MARK,
    }


def main() -> None:
    """Print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=8)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(bench(given.mails, given.connections))))


if __name__ == "__main__":
    main()
