"""50,000 invoices into an empty ledger, again unchanged, and again with every twentieth paid: seconds and memory.

Run: python tests/benchmarks/bench_import.py [ROWS]. Exit code 1 when 50,000 rows take 30 s or more, or when four times
the rows need much more memory than a quarter of them did.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from mailer.flows.import_invoices import import_invoices
from mailer.flows.ledger_report import ImportReport
from mailer.settings import CustomerDefaults
from mailer.store import schema
from mailer.store.session import Store

ROWS = 50_000
ROWS_PER_CUSTOMER = 10
LIMIT_SECONDS = 30.0
#: The number→line dict of the imports room and our set of numbers: some 300 bytes a row are allowed.
LIMIT_BYTES_PER_ROW = 1_000
NOW = datetime(2026, 9, 7, 9, tzinfo=UTC)
DEFAULTS = CustomerDefaults(language="en", country="GB", time_zone="Europe/London")
HEADER = "customer,customer_name,email,language,country,number,reference,issued_on,due_on,currency,total,open\n"


def rss_bytes() -> int:
    """What the process holds in memory now (Linux)."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096


class Peak:
    """The most memory held while it watches."""

    def __init__(self) -> None:
        self.start = self.highest = rss_bytes()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    @contextmanager
    def watching(self) -> Iterator[Peak]:
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            self.highest = max(self.highest, rss_bytes())


def write_ledger(path: Path, rows: int, *, paid_every: int = 0) -> None:
    """An ordinary export; with `paid_every`, every so many invoice is paid."""
    first = date(2026, 1, 1)
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for n in range(rows):
            who = n // ROWS_PER_CUSTOMER
            issued = first + timedelta(days=n % 200)
            total = f"{100 + n % 9000}.{n % 100:02d}"
            left = "0.00" if paid_every and n % paid_every == 0 else total
            file.write(
                f"C-{who:05d},Customer {who:05d} Ltd,ap@customer{who:05d}.example,en,GB,INV-{n:06d},PO {n},"
                f"{issued},{issued + timedelta(days=30)},EUR,{total},{left}\n"
            )


async def take_in(store: Store, path: Path) -> ImportReport:
    return await import_invoices(
        store,
        path,
        preset=None,
        date_order=None,
        accept_good=False,
        dry_run=False,
        defaults=DEFAULTS,
        actor="person:bench",
        now=NOW,
        known_policies=(),
    )


async def measure(rows: int, folder: Path) -> tuple[float, int]:
    """The slowest import's seconds, and by how many bytes memory grew at most."""
    store = Store(f"sqlite+aiosqlite:///{folder / f'{rows}.sqlite3'}")
    await schema.migrate(store)
    path, slowest, grown = folder / "ledger.csv", 0.0, 0
    for what, paid_every in (("new", 0), ("the same again", 0), ("5 % paid", 20)):
        write_ledger(path, rows, paid_every=paid_every)
        began, cpu = time.perf_counter(), time.process_time()
        with Peak().watching() as peak:
            report = await take_in(store, path)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        slowest, grown = max(slowest, seconds), max(grown, peak.highest - peak.start)
        memory = f"memory +{(peak.highest - peak.start) / 2**20:.1f} MiB (peak {peak.highest / 2**20:.0f} MiB)"
        print(
            f"{rows:>7} rows, {what:<14}: {seconds:6.2f} s (CPU {cpu:.2f} s), {memory};"
            f" new {report.new}, changed {report.changed}, unchanged {report.unchanged}"
        )
    await store.close()
    return slowest, grown


def main() -> int:
    """Warm up, measure a quarter and the whole, compare."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(500, Path(folder)))
        _, small = asyncio.run(measure(rows // 4, Path(folder)))
        seconds, large = asyncio.run(measure(rows, Path(folder)))
    per_row = (large - small) / (rows - rows // 4)
    print(f"slowest {seconds:.2f} s (limit {LIMIT_SECONDS}), {per_row:.0f} bytes a row (limit {LIMIT_BYTES_PER_ROW})")
    return int(seconds >= LIMIT_SECONDS * rows / ROWS or per_row > LIMIT_BYTES_PER_ROW)


if __name__ == "__main__":
    sys.exit(main())
