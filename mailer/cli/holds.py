"""`duly invoices hold` and `duly invoices release`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from mailer.cli.context import actor
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption
from mailer.cli.telling import DAY, InvoicesOption, Meant, day_of, hold_words, numbers, tell, who
from mailer.flows.place_hold import Placed, Released, place_hold, release_holds
from mailer.wiring import App


def register_on_invoices(invoices_app: typer.Typer) -> None:
    """Add the two verbs to `duly invoices`."""
    invoices_app.command("hold")(hold)
    invoices_app.command("release")(release)


def hold(
    said: Meant,
    *,
    reason: Annotated[str, typer.Option(help="Why, for the record and for whoever looks at it later.")],
    until: Annotated[
        datetime | None, typer.Option(formats=DAY, help="Last day of the pause; without it, until you release it.")
    ] = None,
    invoice: InvoicesOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Pause an invoice, or a customer. Example: duly invoices hold INV-2041 --reason 'credit' --until 2026-12-01"""

    async def work(app: App) -> Placed:
        return await place_hold(
            app.store,
            said,
            reason=reason,
            until_on=day_of(until),
            invoice_numbers=tuple(invoice or ()),
            actor=actor(),
            now=app.clock(),
        )

    placed = run(work)
    row = {
        "hold": placed.hold.id,
        "customer": placed.customer.name,
        "customer_ref": placed.customer.ref,
        "invoices": [one.number for one in placed.invoices] if placed.hold.invoice_ids else [],
        "until": placed.hold.until_on.isoformat() if placed.hold.until_on else None,
    }
    whole = "all of the customer's invoices, present and to come"
    what = numbers(placed.invoices) if placed.hold.invoice_ids else whole
    tell(
        output,
        row,
        f"on hold {f'until {until:%Y-%m-%d}' if until else 'until you release it'}: {who(placed.customer)}, {what}",
        f"to end it: duly invoices release {placed.hold.id}",
    )


def release(
    said: Annotated[str, typer.Argument(metavar="ID", help="An invoice number, a hold's id, or whose holds to end.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    lift_address: Annotated[
        bool, typer.Option("--lift-address", help="Also allow the addresses that bounced or were silenced again.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """End a pause; the ladder goes on where it stood. Example: duly invoices release INV-2041 --reason "settled"

    A stop (lawyer, insolvency, no more contact) ends only by its own id.
    """

    async def work(app: App) -> Released:
        return await release_holds(
            app.store, said, reason=reason, lift_address=lift_address, actor=actor(), now=app.clock()
        )

    done = run(work)
    row = {
        "customer": done.customer.name,
        "customer_ref": done.customer.ref,
        "released": [one.id for one in done.released],
        "kept": [one.id for one, _ in done.kept],
        "lifted": list(done.lifted),
        "suppressed": list(done.suppressed),
    }
    lines = [f"released: {hold_words(one)}" for one in done.released]
    lines += [f"stays: {hold_words(one)}; {why}" for one, why in done.kept]
    lines += [f"may be written to again: {address}" for address in done.lifted]
    lines += [
        f"still may not be written to: {address} (give another with `duly customers add {done.customer.ref} --update"
        " --email NEW`, or add --lift-address)"
        for address in done.suppressed
    ]
    tell(output, row, *(lines or [f"{who(done.customer)}: no address was silenced"]))
