"""Prints the table of the fault tests below their results, from all of pytest-xdist's lanes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from tests.faults.table import ROWS, Figures, lines


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["faults"] = [asdict(row) for row in ROWS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A lane has ended and hands over its lines; one that died has none."""
    ROWS.extend(Figures(**row) for row in getattr(node, "workeroutput", {}).get("faults", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if ROWS:
        terminalreporter.section("faults")
        for line in lines(sorted(ROWS, key=lambda row: (row.test, row.database))):
            terminalreporter.write_line(line)
