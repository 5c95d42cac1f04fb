"""The seller's bookkeeper: exports the ledger every business morning and imports it into Duly."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

from mailer.flows.import_invoices import import_invoices
from mailer.wiring import App
from workers.demo.bank import Bank

ACTOR = "person:bookkeeper"


class LedgerRefused(RuntimeError):
    """Duly did not take the demo's own ledger: the demo is broken."""


class Bookkeeper:
    """Keeps the balances of a CSV ledger as money arrives; each export is kept as YYYY-MM-DD.csv in `folder`."""

    def __init__(self, ledger: Path, folder: Path, bank: Bank) -> None:
        with ledger.open(encoding="utf-8", newline="") as lines:
            self._rows = list(csv.DictReader(lines))
        folder.mkdir(mode=0o700)
        self._folder = folder
        self._bank = bank

    def export(self, today: date) -> Path:
        """Book what has arrived and write all invoices issued by today, paid ones too; returns the file."""
        by_number = {row["number"]: row for row in self._rows}
        for transfer in self._bank.arrived(today):
            row = by_number[transfer.number]
            still_open = Decimal(row["open"])
            paid = still_open if transfer.amount is None else min(transfer.amount, still_open)
            row["open"] = str(still_open - paid)
        path = self._folder / f"{today.isoformat()}.csv"
        with path.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, fieldnames=list(self._rows[0]))
            writer.writeheader()
            writer.writerows(row for row in self._rows if date.fromisoformat(row["issued_on"]) <= today)
        return path


async def import_ledger(app: App, path: Path) -> None:
    """Let Duly take an export, as `duly invoices import` does. Raises LedgerRefused."""
    report = await import_invoices(
        app.store,
        path,
        preset=None,
        date_order=None,
        accept_good=False,
        dry_run=False,
        defaults=app.settings.customers,
        actor=ACTOR,
        now=app.clock(),
        known_policies=app.policies.by_name,
    )
    if report.refused or not report.confirmed:
        first = report.problems[0].reason if report.problems else "it does not list every open invoice"
        raise LedgerRefused(f"{path.name} was not taken: {first}")
