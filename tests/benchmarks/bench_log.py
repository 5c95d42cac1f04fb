"""How fast the record becomes its log and is verified, and what recording costs the path of a mail.

`python -m tests.benchmarks.bench_log [--events 50000] [--mails 400] [--peak]` prints, from one run on SQLite: leaves a
second of `seal` and of `verify_record`, by the clock and by the processor's time (on a busy machine only that says
anything), as a share of the bare Merkle tree in memory (the same leaves, made and hashed, nothing kept); and the share
of planning, sending and recording that passes inside `record()` (as the clock shows it there, so what other lanes do
meanwhile counts too: it is at most that). `--peak` adds how much memory verification took, and is slower.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mailer.domain.ids import CustomerId
from mailer.flows.keep_log import LogKeeper, seal
from mailer.flows.recording import happened
from mailer.flows.verify_record import verify_record
from mailer.record.leaf import Leaf, leaf_bytes
from mailer.record.merkle import Frontier, leaf_hash
from mailer.store import events, schema
from mailer.store.session import Store, Tx
from tests.benchmarks import bench_send
from tests.servers.smtp import SinkServer

NOW = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
#: The marks: leaves a second, and the share of `record()`.
LEAVES_PER_SECOND, RECORD_SHARE = 20_000, 0.15
_PART = 1000


def _bare(many: int) -> float:
    """Return the seconds that making and hashing so many leaves takes, tree included, nothing kept."""
    began = time.process_time()
    tree, before = Frontier(), ""
    for seq in range(many):
        leaf = Leaf(
            seq=seq,
            at=NOW,
            type="note.added",
            actor="person:1",
            case_tag="0" * 32,
            case_seq=seq + 1,
            commit=hashlib.sha256(b"%d" % seq).hexdigest(),
            prev_case=before,
        )
        hashed = leaf_hash(leaf_bytes(leaf))
        before = hashed.hex()
        tree.append(hashed)
    tree.root()
    return time.process_time() - began


async def _happen(store: Store, many: int) -> None:
    for first in range(0, many, _PART):
        made = [
            happened(
                "note.added",
                now=NOW,
                actor="person:1",
                customer_id=CustomerId(f"cus_{number % 211}"),
                refs={"invoice": f"inv_{number}"},
                payload={"words": f"They said on the telephone that they pay number {number} on Friday."},
            )
            for number in range(first, min(first + _PART, many))
        ]
        async with store.transaction() as tx:
            await events.record(tx, made)


async def _log(folder: Path, many: int, *, peak: bool) -> dict[str, float]:
    store = Store(f"sqlite+aiosqlite:///{folder}/duly.sqlite3")
    await schema.migrate(store)
    await _happen(store, many)
    keeper = LogKeeper(store=store, data=folder, address="ap@brightwater.example", clock=lambda: NOW)
    figures: dict[str, float] = {}
    report: Any = None
    for name, work in (("seal", lambda: seal(keeper)), ("verify", lambda: verify_record(store, folder))):
        began = time.perf_counter(), time.process_time()
        report = await work()
        figures |= {name: time.perf_counter() - began[0], f"{name}_cpu": time.process_time() - began[1]}
        assert report.leaves == many, report
    assert report.findings == (), report
    if peak:
        tracemalloc.start()
        await verify_record(store, folder)
        figures["peak_bytes"] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    await store.close()
    return figures


async def _share(folder: Path, mails: int) -> float:
    """Return which part of planning, sending and recording so many mails passes inside `record()`."""
    inside = 0.0
    plain = events.record

    async def timed(tx: Tx, made: Sequence[Any]) -> None:
        nonlocal inside
        began = time.perf_counter()
        await plain(tx, made)
        inside += time.perf_counter() - began

    sink = SinkServer(dump=False)
    sink.start()
    try:
        app = await bench_send._house(folder, sink, mails)
        with patch.object(events, "record", timed):
            writing, sending, _ = await bench_send._ours(app, sink, 8, mails)
        await app.close()
    finally:
        sink.remove()
    return inside / (writing + sending)


async def bench(many: int, mails: int, *, peak: bool) -> dict[str, float]:
    """Return the figures."""
    bare = _bare(many)
    with tempfile.TemporaryDirectory() as folder:
        took = await _log(Path(folder), many, peak=peak)
    figures = {
        "events": many,
        "bare_per_second_cpu": round(many / bare),
        "seal_per_second": round(many / took["seal"]),
        "seal_per_second_cpu": round(many / took["seal_cpu"]),
        "verify_per_second": round(many / took["verify"]),
        "verify_per_second_cpu": round(many / took["verify_cpu"]),
        "seal_ratio_to_bare": round(bare / took["seal_cpu"], 3),
        "verify_ratio_to_bare": round(bare / took["verify_cpu"], 3),
        "mark_per_second": LEAVES_PER_SECOND,
    }
    if peak:
        figures["verify_peak_kib"] = round(took["peak_bytes"] / 1024)
    if mails:
        with tempfile.TemporaryDirectory() as folder:
            figures["record_share_of_sending"] = round(await _share(Path(folder), mails), 3)
        figures["mark_share"] = RECORD_SHARE
    return figures


def main() -> None:
    """Print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--mails", type=int, default=400)
    parser.add_argument("--peak", action="store_true")
    given = parser.parse_args()
    print(json.dumps(asyncio.run(bench(given.events, given.mails, peak=given.peak))))


if __name__ == "__main__":
    main()
