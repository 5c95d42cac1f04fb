"""Prints the table of the fault tests below their results."""

from __future__ import annotations

import pytest

from tests.faults.table import ROWS, lines


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if ROWS:
        terminalreporter.section("faults")
        for line in lines(ROWS):
            terminalreporter.write_line(line)
