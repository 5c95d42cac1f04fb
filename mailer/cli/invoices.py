"""`duly invoices …`: files in, listings out. (`hold` and `release` are in `by_hand`.)"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mailer.cli.context import actor
from mailer.cli.import_files import (
    AcceptGood,
    Bar,
    ColumnsFlag,
    DateOrderOption,
    DryRun,
    FileArgument,
    print_template,
    take_in,
    tell,
)
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, one_json, say, show
from mailer.flows.find_customer import the_customer
from mailer.flows.import_invoices import import_invoices
from mailer.flows.ledger_report import ImportReport
from mailer.flows.list_invoices import Eyes, InvoiceLine, InvoiceStory, list_invoices, show_invoice
from mailer.imports.columns import Kind
from mailer.store import invoices
from mailer.wiring import App

invoices_app = typer.Typer(no_args_is_help=True)
COLUMNS = ("number", "customer", "due", "open", "status", "reason", "since", "next")


@invoices_app.command("import")
def import_(
    path: FileArgument,
    *,
    preset: Annotated[
        str | None, typer.Option(help="duly or xero; known by its columns when left out.", metavar="duly|xero")
    ] = None,
    date_order: DateOrderOption = None,
    accept_good: AcceptGood = False,
    dry_run: DryRun = False,
    confirm_rest: Annotated[
        bool, typer.Option("--confirm-rest", help="Open invoices that the file does not list are owed as before.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take in invoices and their balances. Example: duly invoices import ledger.csv --dry-run

    Known invoices follow the file by their number; the same file twice changes nothing. Nothing is written when a row
    is wrong (exit 2). `duly invoices template` prints a file to fill in.
    """

    async def work(app: App, bar: Bar) -> ImportReport:
        return await import_invoices(
            app.store,
            path,
            preset=preset,
            date_order=date_order,
            accept_good=accept_good,
            dry_run=dry_run,
            confirm_rest=confirm_rest,
            defaults=app.settings.customers,
            actor=actor(),
            now=app.clock(),
            known_policies=app.policies.by_name,
            progress=bar,
        )

    report = take_in(path, work)
    counted = f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged"
    tell(report, output, f"{counted}; customers: {report.customers_new} new, {report.customers_changed} changed")


@invoices_app.command("template")
def template(*, columns: ColumnsFlag = False, output: OutputOption = Output.TABLE) -> None:
    """Print a file to fill in. Example: duly invoices template > ledger.csv"""
    print_template(Kind.INVOICES, output, columns=columns)


@invoices_app.command("list")
def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Paid and closed ones too.")] = False,
    customer: Annotated[str, typer.Option(help="Only of this customer (number, name, address, case).")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many, oldest due date first.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """List invoices: status, why, since when, what comes next. Example: duly invoices list --all -o csv"""

    async def work(app: App) -> tuple[tuple[InvoiceLine, ...], int]:
        async with app.store.reading() as tx:
            who = (await the_customer(tx, customer)).id if customer else None
            every, still_open = await invoices.counts(tx)
        lines = await list_invoices(_eyes(app), open_only=not everything, limit=limit, now=app.clock(), customer_id=who)
        return lines, 0 if who else every if everything else still_open

    lines, count = run(work)
    empty = "There are no invoices yet: `duly invoices import FILE`." if everything else "Nothing is open."
    show([_row(line) for line in lines], output, columns=COLUMNS, empty=empty)
    if output is Output.TABLE and count > len(lines):
        say(f"{len(lines)} of {count} are shown: --limit {count} shows all")


def _eyes(app: App) -> Eyes:
    hours = app.settings.sending.max_data_age_hours
    return Eyes(store=app.store, policies=app.policies, max_data_age_hours=hours)


def _row(line: InvoiceLine) -> dict[str, Any]:
    invoice, ahead = line.invoice, line.next
    return {
        "number": invoice.number,
        "customer": line.customer.name,
        "customer_ref": line.customer.ref,
        "issued": invoice.issued_on.isoformat(),
        "due": invoice.due_on.isoformat(),
        "currency": invoice.open.currency,
        "total": str(invoice.total),
        "open": str(invoice.open),
        "open_amount": str(invoice.open.decimal),
        "status": line.status.status.value,
        "reason": line.status.reason,
        "since": line.status.since_on.isoformat(),
        "next": _next(line),
        "next_step": ahead.step_id if ahead else None,
        "next_on": ahead.on.isoformat() if ahead and ahead.on else None,
        "next_why": ahead.why if ahead else line.trouble,
        "paid_on": invoice.paid_on.isoformat() if invoice.paid_on else None,
        "reference": invoice.reference,
    }


def _next(line: InvoiceLine) -> str:
    if line.next is None:
        return line.trouble
    return f"{line.next.on} {line.next.step_id}" if line.next.on else f"{line.next.step_id}: {line.next.why}"


@invoices_app.command("show")
def show_(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The invoice number; dashes do not matter.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Show one invoice: status, what was said and paid, what comes next. Example: duly invoices show INV-2041"""

    async def work(app: App) -> InvoiceStory:
        return await show_invoice(_eyes(app), number, now=app.clock())

    story = run(work)
    found = {
        **_row(story.line),
        "said": [f"{step.at.isoformat(timespec='minutes')} {step.step_id}: {step.how}" for step in story.steps],
        "payments": [f"{paid.paid_on} {paid.amount} {paid.reference}".strip() for paid in story.payments],
        "not_now": [f"{note.step_id}: {note.why}" for note in story.line.not_now],
    }
    if output is Output.TABLE:
        for key in (*COLUMNS, "total", "issued", "reference", "said", "payments", "not_now"):
            value = found[key]
            for line in value if isinstance(value, list) else [value] if value else []:
                say(f"{key.replace('_', ' '):>9}  {line}")
    else:
        one_json(found)
