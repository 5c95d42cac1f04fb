"""`duly customers …`: files in, one by hand, a new number, listings."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mailer.cli.context import actor
from mailer.cli.import_files import AcceptGood, Bar, ColumnsFlag, DryRun, FileArgument, print_template, take_in, tell
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, one_json, say, show
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId
from mailer.domain.invoice import Invoice
from mailer.domain.money import Money
from mailer.flows.find_customer import the_customer
from mailer.flows.import_customers import import_customers, put_customer, renumber_customer
from mailer.flows.ledger_report import ImportReport
from mailer.flows.policies import Policies, PolicyMissing
from mailer.imports.columns import Kind
from mailer.imports.rows import CustomerRow
from mailer.store import customers, invoices
from mailer.wiring import App

customers_app = typer.Typer(no_args_is_help=True)


@customers_app.command("import")
def import_(
    path: FileArgument,
    *,
    accept_good: AcceptGood = False,
    dry_run: DryRun = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take in customers; blank cells change nothing. Example: duly customers import customers.csv --dry-run"""

    async def work(app: App, bar: Bar) -> ImportReport:
        return await import_customers(
            app.store,
            path,
            accept_good=accept_good,
            dry_run=dry_run,
            defaults=app.settings.customers,
            actor=actor(),
            now=app.clock(),
            known_policies=app.policies.by_name,
            progress=bar,
        )

    report = take_in(path, work)
    tell(report, output, f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged")


@customers_app.command("template")
def template(*, columns: ColumnsFlag = False, output: OutputOption = Output.TABLE) -> None:
    """Print a file to fill in. Example: duly customers template > customers.csv"""
    print_template(Kind.CUSTOMERS, output, columns=columns)


@customers_app.command("add")
def add(
    ref: Annotated[str, typer.Argument(metavar="NUMBER", help="Your own customer number.")],
    *,
    name: Annotated[str, typer.Option(help="The customer's name.")] = "",
    email: Annotated[str, typer.Option(help="The address reminders go to.")] = "",
    other_email: Annotated[list[str] | None, typer.Option(help="A further address; may be given twice.")] = None,
    contact_name: Annotated[str, typer.Option(help="The person to greet.")] = "",
    language: Annotated[str | None, typer.Option(help="Such as en or de.")] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166, such as GB.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA, such as Europe/London.")] = None,
    policy: Annotated[str, typer.Option(help="The customer's own policy.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be given twice.")] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Change a known customer: what is given here, no more.")
    ] = False,
) -> None:
    """Add or change one customer. Example: duly customers add C-1001 --update --email ap@trading.example"""
    row = CustomerRow(
        line=0,
        ref=ref.strip(),
        name=name,
        email=email,
        other_emails=tuple(other_email or ()),
        contact_name=contact_name,
        language=language,
        country=country,
        time_zone=time_zone,
        policy=policy,
        tags=tuple(tag or ()),
    )
    customer = run(lambda app: _put(app, row, update=update))
    say(f"{'changed' if update else 'added'}: {customer.name} ({customer.ref})")


async def _put(app: App, row: CustomerRow, *, update: bool) -> Customer:
    return await put_customer(
        app.store,
        row,
        update=update,
        defaults=app.settings.customers,
        actor=actor(),
        now=app.clock(),
        known_policies=app.policies.by_name,
    )


@customers_app.command("renumber")
def renumber(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The number it has.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The number your ledger gives it now.")],
) -> None:
    """Give a customer a new number; its history stays. Example: duly customers renumber 'Alder Ltd' 'Alder Group'"""

    async def work(app: App) -> Customer:
        return await renumber_customer(app.store, old, new, actor=actor(), now=app.clock())

    customer = run(work)
    say(f"{customer.name} is {customer.ref} from now on")


@customers_app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, by name.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """List customers and what they owe. Example: duly customers list -o json"""

    async def work(app: App) -> list[dict[str, Any]]:
        async with app.store.reading() as tx:
            people = await customers.every(tx, limit=limit)
            owed: dict[CustomerId, list[Invoice]] = {one.id: [] for one in people}
            for invoice in await invoices.of_customers(tx, list(owed)):
                owed[invoice.customer_id].append(invoice)
        return [_row(one, owed[one.id], app.policies) for one in people]

    columns = ("number", "name", "email", "open_invoices", "owed", "policy")
    show(run(work), output, columns=columns, empty="There are no customers yet: `duly invoices import FILE`.")


@customers_app.command("show")
def show_(
    said: Annotated[str, typer.Argument(metavar="ID", help="Customer or invoice number, case, name, address.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Show one customer and all its invoices. Example: duly customers show C-1001"""

    async def work(app: App) -> dict[str, Any]:
        async with app.store.reading() as tx:
            who = await the_customer(tx, said)
            owed = await invoices.of_customers(tx, [who.id])
            running = await customers.cases_of(tx, who.id, running_only=True)
        return {
            **_row(who, owed, app.policies),
            "contact": who.contact_name,
            "other_emails": list(who.other_emails),
            "language": who.language,
            "country": who.country,
            "time_zone": who.time_zone,
            "tags": list(who.tags),
            "case": running[0].id if running else None,
            "invoices": [f"{one.number}  due {one.due_on}  {one.open} of {one.total} open" for one in owed],
        }

    found = run(work)
    if output is not Output.TABLE:
        one_json(found)
        return
    for key, value in found.items():
        for line in value if isinstance(value, list) else [value] if value is not None else []:
            say(f"{key.replace('_', ' '):>13}  {line}")


def _row(who: Customer, owed: list[Invoice], policies: Policies) -> dict[str, Any]:
    still_open = [invoice for invoice in owed if invoice.is_open]
    sums: dict[str, Money] = {}
    for invoice in still_open:
        currency = invoice.open.currency
        sums[currency] = sums.get(currency, Money.zero(currency)) + invoice.open
    try:
        policy = policies.of(who).name
    except PolicyMissing:
        policy = f"{who.policy} (missing)"
    return {
        "id": who.id,
        "number": who.ref,
        "name": who.name,
        "email": who.email,
        "open_invoices": len(still_open),
        "owed": [str(one) for one in sums.values()],
        "policy": policy,
    }
