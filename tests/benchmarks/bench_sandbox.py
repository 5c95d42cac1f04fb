"""Ordinary mails through the sandbox, one after the other, against `parse` in this process: mails a second, ratio.

Run: python tests/benchmarks/bench_sandbox.py [ROUNDS]. Exit code 1 below 400 mails a second, or one fifth of `parse`.
"""

from __future__ import annotations

import asyncio
import sys
import time

from mailer.replies.parse import parse
from mailer.sandbox.sandbox import Sandbox
from tests.faults.measure import peak_bytes
from tests.faults.seeds import EMAILS

ROUNDS = 60
LEAST_PER_SECOND = 400.0
LEAST_RATIO = 0.2


async def measure(rounds: int) -> tuple[float, float, float, int]:
    """Seconds to start, mails a second inside and outside (the best of three), and the child's peak in bytes."""
    raws = [path.read_bytes() for path in sorted(EMAILS.glob("*.eml"))]
    sandbox = Sandbox()
    started = time.perf_counter()
    await sandbox.parse(raws[0])
    start_seconds = time.perf_counter() - started
    inside = outside = 0.0
    for _ in range(3):
        started = time.perf_counter()
        for _round in range(rounds):
            for raw in raws:
                await sandbox.parse(raw)
        inside = max(inside, rounds * len(raws) / (time.perf_counter() - started))
        started = time.perf_counter()
        for _round in range(rounds):
            for raw in raws:
                parse(raw)
        outside = max(outside, rounds * len(raws) / (time.perf_counter() - started))
    peak = peak_bytes(sandbox.pid)
    await sandbox.close()
    return start_seconds, inside, outside, peak


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    start_seconds, inside, outside, peak = asyncio.run(measure(rounds))
    print(f"sandbox: {inside:,.0f} mails/s; parse in this process: {outside:,.0f}/s; ratio {inside / outside:.2f}")
    print(f"start once: {start_seconds:.2f} s; child at most {peak / 1e6:.0f} MB")
    return int(inside < LEAST_PER_SECOND or inside / outside < LEAST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
