"""The figures of the fault tests: collected while they run, printed at the end, kept in a file when one is named."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.history import History
from tests.faults.invariants import tally

#: Where figures are kept as JSON lines; `make test-long` names it.
RESULTS_VARIABLE = "DULY_FAULT_RESULTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One line of the table: a test, where its truth was kept, and what came of its faults."""

    test: str
    database: str
    faults: int
    messages: int
    lost: int
    doubled: int
    unknown: int
    settled: int


COLUMNS = ("test", "database", "faults", "messages", "lost", "doubled", "unknown", "settled")
ROWS: list[Figures] = []


def note(test: str, database: str, history: History, *, faults: int) -> Figures:
    """Add a line to the table."""
    counted = tally(history)
    row = Figures(
        test=test,
        database=database,
        faults=faults,
        messages=counted.messages,
        lost=counted.lost,
        doubled=counted.doubled,
        unknown=counted.unknown,
        settled=counted.settled,
    )
    ROWS.append(row)
    if path := os.environ.get(RESULTS_VARIABLE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")
    return row


def lines(rows: list[Figures]) -> list[str]:
    """Return the table as text, with a sum for each database."""
    sums = {
        name: Figures(
            test="all",
            database=name,
            **{column: sum(getattr(row, column) for row in rows if row.database == name) for column in COLUMNS[2:]},
        )
        for name in sorted({row.database for row in rows})
    }
    shown = [*rows, *sums.values()]
    head = f"{'test':<34} {'database':<10}" + "".join(f"{name:>9}" for name in COLUMNS[2:])
    body = [
        f"{row.test:<34} {row.database:<10}" + "".join(f"{getattr(row, name):>9}" for name in COLUMNS[2:])
        for row in shown
    ]
    return [head, *body]
