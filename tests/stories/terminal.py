"""The command line as a credit controller uses it: a data folder with a small ledger, and commands typed into it."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from mailer.cli.tree import app
from mailer.clock import utc_now
from mailer.flows.initialise import initialise
from mailer.flows.plan_reminders import tick
from mailer.settings import load
from mailer.wiring import open_app
from tests.servers.process import HOST

HEADER = "customer,customer_name,email,language,country,time_zone,number,issued_on,due_on,currency,total,open"
#: Customer number, name, days overdue, amount.
LEDGER = (
    ("K1", "Ada Trading Ltd", 9, "500.00"),
    ("K1", "Ada Trading Ltd", 3, "120.50"),
    ("K2", "Bäckerei Öz GmbH", 40, "1200.00"),
    ("K3", "=Zed & Sons", -10, "80.00"),
)


class Terminal:
    """A data folder; `type` runs a command in it, `read` gives its JSON."""

    def __init__(self, data: Path, smtp_port: int = 25) -> None:
        self.data = data
        values: dict[str, str | int] = {
            "seller.name": "Brightwater Ltd",
            "seller.address": "ap@brightwater.example",
            "smtp.host": HOST,
            "smtp.port": smtp_port,
            "smtp.security": "none",
            "imap.host": HOST,
            "imap.security": "none",
            "imap.username": "ap",
        }
        asyncio.run(initialise(data, values, actor="person:story", now=utc_now()))

    def type(self, *words: str, code: int = 0) -> str:
        """Return what a command prints; it must end with that exit code."""
        done = CliRunner().invoke(app, ["--data", str(self.data), *words])
        assert done.exit_code == code, (words, done.output, done.exception)
        return done.output

    def read(self, *words: str, code: int = 0) -> Any:
        """Return what a command prints with `-o json`."""
        return json.loads(self.type(*words, "-o", "json", code=code))

    def owe(self, ledger: tuple[tuple[str, str, int, str], ...] = LEDGER) -> None:
        """Import the ledger; INV-1 is its first row."""
        rows = [HEADER]
        for number, (ref, name, days, amount) in enumerate(ledger, start=1):
            due = today() - timedelta(days=days)
            who = f"{ref},{name},ap@{ref.lower()}.example,en,GB,Europe/London"
            rows.append(f"{who},INV-{number},{due - timedelta(days=30)},{due},EUR,{amount},{amount}")
        path = self.data / "ledger.csv"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        self.type("invoices", "import", str(path))

    def run_once(self) -> None:
        """Plan once, as the service does every minute: cases open, tasks are given; nothing is sent while paused."""

        async def work() -> None:
            parts = open_app(load(self.data))
            await tick(parts.planner())
            await parts.close()

        asyncio.run(work())


def today() -> date:
    """The day on the wall clock, which the command line goes by."""
    return utc_now().date()


def in_days(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()
