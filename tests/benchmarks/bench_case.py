"""A case of 1,000 mails of 9 kB among as many other events: exported without and with the report, and verified.

Run: python tests/benchmarks/bench_case.py [MAILS]. Exit code 1 when exporting with the report takes 20 s, or `duly case
verify` 5 s.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mailer.domain.ids import CustomerId
from mailer.flows.export_case import ExportReport
from mailer.flows.gather_case import Options
from mailer.flows.verify_case import verify_case
from mailer.store import events
from tests.stories.case_house import REPLY, SENT, a_house

MAILS, OCTETS = 1_000, 9_000
MOST_EXPORT, MOST_VERIFY = 20.0, 5.0


async def made(folder: Path, many: int) -> tuple[ExportReport, float, float]:
    """Return a case file, and the seconds that exporting it took without the report and with it."""
    house = await a_house(folder)
    line = b"> Our invoice INV-1 over 500.00 EUR was due; please let us know when you will pay.\r\n"
    body = (line * (OCTETS // len(line) + 1))[:OCTETS]
    for start in range(0, many // 2, 100):
        numbers = range(start, min(start + 100, many // 2))
        await house.sends(*(SENT % number + body for number in numbers))
        await house.gets(*(REPLY % number + body for number in numbers))
        others = [house._event("note.added", {}, {"words": "x" * 50}, customer=CustomerId("cus_2")) for _ in range(200)]
        async with house.store.transaction() as tx:
            await events.record(tx, others)
    started = time.perf_counter()
    plain = await house.export("plain")
    without = time.perf_counter() - started
    started = time.perf_counter()
    report = await house.export(options=Options(at=plain.size, report=True))
    seconds = time.perf_counter() - started
    await house.store.close()
    return report, without, seconds


def main() -> int:
    """Measure."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else MAILS
    with tempfile.TemporaryDirectory() as folder:
        report, without, exporting = asyncio.run(made(Path(folder), many))
        memory, child = (
            resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        started = time.perf_counter()
        found = verify_case(report.path)
        verifying = time.perf_counter() - started
        started = time.perf_counter()
        stock = subprocess.run(["bash", "VERIFY.txt"], cwd=report.path, capture_output=True, text=True, check=False)
        by_bash = time.perf_counter() - started
    assert not found.flaws, found.flaws
    assert stock.returncode == 0, stock.stdout
    print(f"{report.messages} mails, {report.size} entries, {report.files} files, {report.size_bytes / 1e6:.1f} MB")
    print(f"export {without:5.2f} s without the report, peak memory of the process {memory:.0f} MB")
    print(f"export {exporting:5.2f} s with it (at most {MOST_EXPORT:.0f}): {report.report_volumes} volumes", end="")
    print(f", {report.no_report or f'peak memory of the typesetter {child:.0f} MB'}")
    print(f"verify {verifying:5.2f} s (at most {MOST_VERIFY:.0f}); bash VERIFY.txt {by_bash:.1f} s")
    return 0 if exporting < MOST_EXPORT and verifying < MOST_VERIFY else 1


if __name__ == "__main__":
    raise SystemExit(main())
