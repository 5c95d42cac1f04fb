"""`duly promise …` and `duly dispute …`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from mailer.cli.context import actor
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, show
from mailer.cli.telling import DAY, InvoicesOption, Meant, WordsOption, numbers, still_held, tell, who
from mailer.domain.agreement import Dispute, Promise, PromiseState
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, InvoiceId
from mailer.flows import agree
from mailer.flows.agree import Agreed, NewPromise
from mailer.flows.find_customer import the_customer
from mailer.store import agreements, customers, invoices
from mailer.store.session import Tx
from mailer.wiring import App

promise_app = typer.Typer(no_args_is_help=True)
dispute_app = typer.Typer(no_args_is_help=True)

MaybeMeant = Annotated[str | None, typer.Argument(metavar="[ID]", help="Only of this case, customer or invoice.")]
PromiseId = Annotated[str, typer.Argument(metavar="ID", help="A promise's id, or whose only running one it is.")]
DisputeId = Annotated[str, typer.Argument(metavar="ID", help="A dispute's id, or whose only running one it is.")]
AllOption = Annotated[bool, typer.Option("--all", help="Those that have ended, too.")]
PROMISES = ("promise", "customer", "invoices", "due_on", "pauses_until_on", "state", "amount")
DISPUTES = ("dispute", "customer", "invoices", "reason", "state", "opened_at", "outcome")


def register(app: typer.Typer) -> None:
    """Add the two nouns to the command tree."""
    app.add_typer(promise_app, name="promise")
    app.add_typer(dispute_app, name="dispute")


@promise_app.command("list")
def list_promises(
    said: MaybeMeant = None, *, everything: AllOption = False, output: OutputOption = Output.TABLE
) -> None:
    """List the running promises. Example: duly promise list --all -o csv"""

    async def work(app: App) -> list[dict[str, Any]]:
        async with app.store.reading() as tx:
            people = await _people(tx, said)
            found = [p for p in await agreements.promises_of(tx, list(people)) if everything or p.is_running]
            known = await _numbers(tx, found)
        return [{**_promise(one, known), **_whose(people[one.customer_id])} for one in found]

    show(run(work), output, columns=PROMISES, empty="No promise is running: `duly promise add` keeps one.")


@promise_app.command("add")
def add_promise(
    said: Meant,
    *,
    by: Annotated[datetime, typer.Option("--by", formats=DAY, help="The promised day.")],
    amount: Annotated[str, typer.Option(help="How much, such as 1200.00; all that is open when left out.")] = "",
    confirmed: Annotated[
        bool, typer.Option("--confirmed/--tracked", help="Confirmed: when it breaks, the customer is told so.")
    ] = False,
    words: WordsOption = "",
    invoice: InvoicesOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Keep a promise to pay; reminders pause until then. Example: duly promise add INV-2041 --by 2026-12-04

    Without --invoice it covers the invoice named, else all that is overdue. An earlier promise for it is replaced.
    """
    new = NewPromise(
        due_on=by.date(), amount=amount, confirmed=confirmed, words=words, invoice_numbers=tuple(invoice or ())
    )

    async def work(app: App) -> Agreed:
        return await agree.add_promise(app.store, app.policies, said, new, actor=actor(), now=app.clock())

    _done(work, output)


@promise_app.command("confirm")
def confirm_promise(said: PromiseId, output: OutputOption = Output.TABLE) -> None:
    """Make a promise binding: when it breaks, they are told so. Example: duly promise confirm prom_0f3k…"""

    async def work(app: App) -> Agreed:
        return await agree.confirm_promise(app.store, said, actor=actor(), now=app.clock())

    _done(work, output)


@promise_app.command("close")
def close_promise(
    said: PromiseId,
    *,
    outcome: Annotated[PromiseState, typer.Option(metavar="kept|withdrawn", help="How it ended.")],
    words: WordsOption = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """End a promise: kept, or withdrawn. Example: duly promise close prom_0f3k… --outcome withdrawn

    Nothing is marked as paid: money comes in with `duly payments import|add` or the next invoice import.
    """

    async def work(app: App) -> Agreed:
        return await agree.close_promise(app.store, said, outcome, words=words, actor=actor(), now=app.clock())

    done = _done(work, output)
    unpaid = [one for one in done.invoices if one.is_open]
    if output is Output.TABLE and outcome is PromiseState.KEPT and unpaid:
        hint = f"the ledger still shows {numbers(unpaid)} open, so reminders go on: record it with `duly payments add`"
        tell(output, {}, hint)


@dispute_app.command("list")
def list_disputes(
    said: MaybeMeant = None, *, everything: AllOption = False, output: OutputOption = Output.TABLE
) -> None:
    """List the running disputes; drafts wait for you. Example: duly dispute list C-1001 --all"""

    async def work(app: App) -> list[dict[str, Any]]:
        async with app.store.reading() as tx:
            people = await _people(tx, said)
            found = [d for d in await agreements.disputes_of(tx, list(people)) if everything or d.is_running]
            known = await _numbers(tx, found)
        return [{**_dispute(one, known), **_whose(people[one.customer_id])} for one in found]

    show(run(work), output, columns=DISPUTES, empty="Nothing is disputed: `duly dispute add` opens a dispute.")


@dispute_app.command("add")
def add_dispute(
    said: Meant,
    *,
    reason: Annotated[str, typer.Option(help="price, quantity, not_received, damaged, … (all: give a wrong one).")],
    words: WordsOption = "",
    invoice: InvoicesOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Open a dispute; its invoices are not asked for. Example: duly dispute add INV-2041 --reason damaged"""
    only = tuple(invoice or ())

    async def work(app: App) -> Agreed:
        return await agree.add_dispute(
            app.store, said, reason, words=words, invoice_numbers=only, actor=actor(), now=app.clock()
        )

    _done(work, output)


@dispute_app.command("accept")
def accept_dispute(said: DisputeId, *, words: WordsOption = "", output: OutputOption = Output.TABLE) -> None:
    """Agree that what a mail says is a dispute. Example: duly dispute accept disp_0f3k…"""

    async def work(app: App) -> Agreed:
        return await agree.accept_dispute(app.store, said, words=words, actor=actor(), now=app.clock())

    _done(work, output)


@dispute_app.command("close")
def close_dispute(
    said: DisputeId,
    *,
    outcome: Annotated[str, typer.Option(metavar="|".join(agree.DISPUTE_OUTCOMES), help="In whose favour.")],
    words: WordsOption = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """End a dispute; the ladder goes on where it stood. Example: duly dispute close INV-2041 --outcome ours"""

    async def work(app: App) -> Agreed:
        return await agree.close_dispute(app.store, said, outcome, words=words, actor=actor(), now=app.clock())

    _done(work, output)


def _done(work: Callable[[App], Awaitable[Agreed]], output: Output) -> Agreed:
    """Carry it out and say what now holds."""
    done = run(work)
    known = {invoice.id: invoice.number for invoice in done.invoices}
    what = done.what
    row = _promise(what, known) if isinstance(what, Promise) else _dispute(what, known)
    about = f"{who(done.customer)}, {numbers(done.invoices)}"
    if isinstance(what, Promise):
        until = f"; reminders pause up to {what.pauses_until_on}" if what.is_running else ""
        line = f"promise {what.id} is {what.state}: {about}, for {what.due_on}{until}"
    else:
        line = f"dispute {what.id} is {what.state}{f' ({what.outcome})' if what.outcome else ''}: {about}"
    lines = [line, *([f"it replaces {', '.join(done.replaced)}"] if done.replaced else []), *still_held(done.holds)]
    more = {"replaced": list(done.replaced), "still_on_hold": [one.id for one in done.holds]}
    tell(output, {**row, **_whose(done.customer), **more}, *lines)
    return done


async def _people(tx: Tx, said: str | None) -> dict[CustomerId, Customer]:
    found = [await the_customer(tx, said)] if said else await customers.every(tx)
    return {one.id: one for one in found}


async def _numbers(tx: Tx, found: Sequence[Promise] | Sequence[Dispute]) -> dict[InvoiceId, str]:
    ids = sorted({one.customer_id for one in found})
    return {invoice.id: invoice.number for invoice in await invoices.of_customers(tx, ids)}


def _whose(customer: Customer) -> dict[str, Any]:
    return {"customer": customer.name, "customer_ref": customer.ref}


def _promise(one: Promise, known: dict[InvoiceId, str]) -> dict[str, Any]:
    return {
        "promise": one.id,
        "invoices": [known[i] for i in one.invoice_ids if i in known],
        "due_on": one.due_on.isoformat(),
        "pauses_until_on": one.pauses_until_on.isoformat(),
        "state": one.state.value,
        "amount": one.amount.text if one.amount else "all",
        "made_at": one.made_at.isoformat(timespec="minutes"),
        "mail": one.mail_id,
    }


def _dispute(one: Dispute, known: dict[InvoiceId, str]) -> dict[str, Any]:
    return {
        "dispute": one.id,
        "invoices": [known[i] for i in one.invoice_ids if i in known],
        "reason": one.reason,
        "state": one.state.value,
        "opened_at": one.opened_at.isoformat(timespec="minutes"),
        "outcome": one.outcome,
        "mail": one.mail_id,
    }
