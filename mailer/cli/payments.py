"""`duly payments …`: files in, one by hand, the list, and a person's word that the balances are right."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
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
from mailer.cli.output import Output, OutputOption, say, show
from mailer.domain.ids import CustomerId
from mailer.domain.invoice import Invoice
from mailer.flows.find_customer import the_customer
from mailer.flows.import_payments import add_payment, import_payments
from mailer.flows.ledger_report import ImportReport
from mailer.flows.switch_mode import confirm_ledger
from mailer.imports.columns import Kind
from mailer.imports.rows import PaymentRow
from mailer.store import customers, events
from mailer.wiring import App

payments_app = typer.Typer(no_args_is_help=True)
_AMOUNT = re.compile(r"\d{1,15}(\.\d{1,3})?", re.ASCII)


@payments_app.command("import")
def import_(
    path: FileArgument,
    *,
    date_order: DateOrderOption = None,
    accept_good: AcceptGood = False,
    dry_run: DryRun = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take in payments; each lowers its invoice's balance. Example: duly payments import bank.csv

    A payment that is on record already changes nothing. The next import of invoices decides anew what is open, so
    import payments only when your invoice file does not count them yet.
    """

    async def work(app: App, bar: Bar) -> ImportReport:
        return await import_payments(
            app.store,
            path,
            date_order=date_order,
            accept_good=accept_good,
            dry_run=dry_run,
            actor=actor(),
            now=app.clock(),
            progress=bar,
        )

    report = take_in(path, work)
    counted = f"{report.new} recorded, {report.unchanged} on record already"
    tell(report, output, f"{counted}; invoices now paid in full: {report.paid_in_full}")


@payments_app.command("template")
def template(*, columns: ColumnsFlag = False, output: OutputOption = Output.TABLE) -> None:
    """Print a file to fill in. Example: duly payments template > bank.csv"""
    print_template(Kind.PAYMENTS, output, columns=columns)


@payments_app.command("add")
def add(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The invoice number, exactly.")],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Such as 1234.50, in the invoice's currency.")],
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day the money arrived; today when left out.")
    ] = None,
    reference: Annotated[str, typer.Option(help="What tells it from others, such as the bank's number.")] = "",
    currency: Annotated[str | None, typer.Option(help="To be sure: refused when the invoice's is another.")] = None,
) -> None:
    """Record one payment. Example: duly payments add INV-2041 1234.50 --on 2026-12-04 --reference 'bank 88123'"""
    if not _AMOUNT.fullmatch(amount):
        raise typer.BadParameter(f"{amount!r} is not an amount: write it like 1234.50", param_hint="AMOUNT")

    async def work(app: App) -> Invoice:
        row = PaymentRow(
            line=0,
            invoice_number=number,
            amount=Decimal(amount),
            currency=currency.upper() if currency else None,
            paid_on=(on or app.clock()).date(),
            reference=_one_line(reference),
        )
        return await add_payment(app.store, row, actor=actor(), now=app.clock())

    invoice = run(work)
    left = f"{invoice.open} is still open" if invoice.open.minor else "nothing is open any more"
    say(f"recorded; on {invoice.number} {left}")


def _one_line(text: str) -> str:
    if text.isprintable():
        return text.strip()
    raise typer.BadParameter("the reference has control characters", param_hint="--reference")


@payments_app.command("list")
def list_(
    customer: Annotated[str, typer.Argument(metavar="[CUSTOMER]", help="Customer, case or invoice number.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """List payments as they were recorded. Example: duly payments list INV-2041"""

    async def work(app: App) -> list[dict[str, Any]]:
        async with app.store.reading() as tx:
            who = (await the_customer(tx, customer)).id if customer else None
            found = await events.listing(
                tx, customer_id=who, types=["payment.recorded"], limit=limit, newest_first=True
            )
            people = await customers.by_ids(tx, {CustomerId(event.customer_id) for event in found if event.customer_id})
        names = {str(one.id): one.name for one in people.values()}
        return [
            {
                "recorded": event.at.isoformat(timespec="minutes"),
                "invoice": event.payload.get("number", "(erased)"),
                "customer": names.get(event.customer_id or "", ""),
                "paid_on": event.payload.get("paid_on", ""),
                "amount": event.payload.get("amount", ""),
                "reference": event.payload.get("reference", ""),
                "payment": event.refs.get("payment", ""),
            }
            for event in found
        ]

    columns = ("invoice", "customer", "paid_on", "amount", "reference", "recorded")
    show(run(work), output, columns=columns, empty="No payment is on record: `duly payments import FILE`.")


@payments_app.command("confirm")
def confirm() -> None:
    """Vouch for all balances as they are now, so that sending goes on. Example: duly payments confirm"""

    async def work(app: App) -> None:
        await confirm_ledger(app.store, actor=actor(), now=app.clock())

    run(work)
    say("the balances count as right from now on")
