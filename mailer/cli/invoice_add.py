"""`duly invoices add`: one invoice without a file of one's own, by the way every other invoice comes in."""

from __future__ import annotations

import csv
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.context import InputRefused, actor
from mailer.cli.opened import run
from mailer.cli.output import say
from mailer.flows.import_invoices import import_invoices
from mailer.flows.ledger_report import ImportReport
from mailer.imports.refusals import ImportRefused
from mailer.imports.rows import Severity
from mailer.wiring import App

#: The name in the record, where an import's file name stands.
BY_HAND = "by_hand.csv"


def register_on_invoices(invoices_app: typer.Typer) -> None:
    """Add the verb to `duly invoices`."""
    invoices_app.command("add")(add)


def add(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The invoice number.")],
    *,
    customer: Annotated[str, typer.Option(help="Your own customer number.")],
    due: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The due date, such as 2026-12-31.")],
    total: Annotated[str, typer.Option(help="The invoice's total, such as 1200.00.")],
    currency: Annotated[str, typer.Option(help="ISO 4217, such as EUR.")],
    issued: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The invoice date; today when left out.")
    ] = None,
    still_open: Annotated[str, typer.Option("--open", help="What is still owed of it; all of it when left out.")] = "",
    customer_name: Annotated[str, typer.Option(help="For a new customer: the name.")] = "",
    email: Annotated[str, typer.Option(help="For a new customer: the address reminders go to.")] = "",
    reference: Annotated[str, typer.Option(help="The customer's reference, such as a PO number.")] = "",
) -> None:
    """Add one invoice. Example: duly invoices add 2041 --customer C-1 --due 2026-12-31 --total 90 --currency EUR"""
    row = {
        "customer": customer,
        "customer_name": customer_name,
        "email": email,
        "number": number,
        "reference": reference,
        "due_on": due.date().isoformat(),
        "currency": currency,
        "total": total,
        "open": still_open or total,
        "status": "open",
    }
    report = run(lambda app: _add(app, row, issued.date() if issued else None))
    made = "" if not report.customers_new else ", and its customer is new"
    say(f"added: invoice {number}, {row['open']} {currency} open, due {row['due_on']}{made}")
    if report.open_not_in_file and not report.confirmed:
        say("The other balances are as old as before: `duly payments confirm` says that they are owed as they stand.")


async def _add(app: App, row: dict[str, str], issued_on: date | None) -> ImportReport:
    """Take the row in as a file of one; a number that is known already is refused, for its ledger decides about it."""
    row = {**row, "issued_on": (issued_on or app.clock().date()).isoformat()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / BY_HAND
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(row))
            table.writeheader()
            table.writerow(row)
        planned = _accepted(await _take_in(app, path, dry_run=True))
        if not planned.new:
            raise InputRefused(
                f"invoice {row['number']} is there already: `duly payments add` notes money, an import changes the rest"
            )
        return _accepted(await _take_in(app, path, dry_run=False))


async def _take_in(app: App, path: Path, *, dry_run: bool) -> ImportReport:
    try:
        return await import_invoices(
            app.store,
            path,
            preset="duly",
            date_order=None,
            accept_good=False,
            dry_run=dry_run,
            defaults=app.settings.customers,
            actor=actor(),
            now=app.clock(),
            known_policies=app.policies.by_name,
        )
    except ImportRefused as problem:
        raise InputRefused(f"{problem} Nothing was written.") from problem


def _accepted(report: ImportReport) -> ImportReport:
    errors = [one for one in report.problems if one.severity == Severity.ERROR]
    if report.refused or errors:
        said = "; ".join(f"{one.column}: {one.value!r}: {one.reason}" for one in errors)
        raise InputRefused(f"{said} Nothing was written.")
    return report
