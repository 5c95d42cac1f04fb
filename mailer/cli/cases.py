"""`duly case list|show|why|close` and `duly log list`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from mailer.cli import case_sheet, case_why
from mailer.cli.context import InputRefused, actor
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, one_json, say, show
from mailer.cli.telling import Meant, numbers, sums, tell, who
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId
from mailer.domain.invoice import InvoiceClosing
from mailer.flows.close_case import OUTCOMES, Closed, close_case
from mailer.flows.event_words import event_words
from mailer.flows.explain import Explanation, explain
from mailer.flows.find_customer import the_customer
from mailer.flows.list_cases import CaseLine, list_cases
from mailer.store import customers, events, invoices
from mailer.store.events import RecordedEvent
from mailer.store.session import Tx
from mailer.wiring import App

CASES = ("case", "customer", "opened", "open", "overdue", "oldest_days", "statuses", "next")
LOG = ("seq", "at", "actor", "customer", "words")


def register_on_case(case_app: typer.Typer) -> None:
    """Add the verbs to `duly case` that need no case file."""
    for name, verb in (("list", list_), ("show", show_), ("why", why), ("close", close)):
        case_app.command(name)(verb)


def register_on_log(log_app: typer.Typer) -> None:
    """Add the one verb of `duly log` that only lists."""
    log_app.command("list")(log_list)


def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Closed cases, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the running cases. Example: duly case list --all -o csv"""

    async def work(app: App) -> tuple[tuple[CaseLine, ...], int]:
        hours = app.settings.sending.max_data_age_hours
        return await list_cases(
            app.store,
            app.policies,
            running_only=not everything,
            limit=limit,
            max_data_age_hours=hours,
            now=app.clock(),
        )

    lines, many = run(work)
    empty = "No case is running: one opens with a customer's first overdue invoice."
    show([_case(line) for line in lines], output, columns=CASES, empty=empty)
    if output is Output.TABLE and many > len(lines):
        say(f"{len(lines)} of {many} are shown: --limit {many} shows all")


def _case(line: CaseLine) -> dict[str, Any]:
    case, ahead = line.case, line.next
    dated = f"{ahead.on} {ahead.step_id}" if ahead and ahead.on else f"{ahead.step_id}: {ahead.why}" if ahead else ""
    return {
        "case": case.id,
        "customer": line.customer.name,
        "customer_ref": line.customer.ref,
        "opened": f"{case.opened_at:%Y-%m-%d}",
        "closed": f"{case.closed_at:%Y-%m-%d}" if case.closed_at else None,
        "outcome": case.outcome,
        "open": sums(line.open),
        "overdue": line.overdue,
        "oldest_days": line.oldest_days,
        "statuses": ", ".join(f"{many} {status.replace('_', ' ')}" for status, many in line.statuses) or case.outcome,
        "next": line.trouble or dated,
    }


def show_(said: Meant, output: OutputOption = Output.TABLE) -> None:
    """Show a case: invoices, agreements, holds, mails, contacts. Example: duly case show C-1001 -o json"""

    async def work(app: App) -> case_sheet.Sheet:
        if output is Output.CSV:
            hint = "`duly invoices list --customer ID -o csv`"
            raise InputRefused(f"a case is several tables: use -o json, or {hint}")
        return await case_sheet.gather(app, said)

    sheet = run(work)
    if output is Output.TABLE:
        case_sheet.show(sheet)
    else:
        one_json(case_sheet.as_row(sheet))


def why(said: Meant, output: OutputOption = Output.TABLE) -> None:
    """Say why a customer, or one invoice, is or is not written to. Example: duly case why INV-2041"""

    async def work(app: App) -> Explanation:
        hours = app.settings.sending.max_data_age_hours
        return await explain(app.store, app.policies, said, max_data_age_hours=hours, now=app.clock())

    found = run(work)
    if output is Output.TABLE:
        for line in case_why.lines(found):
            say(line)
    else:
        rows = case_why.rows(found)
        show(rows, output, columns=tuple(rows[0]) if rows else ("invoice",), empty="")


def close(
    said: Meant,
    *,
    outcome: Annotated[InvoiceClosing, typer.Option(metavar="|".join(OUTCOMES), help="How it ends.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """End a case: overdue invoices are not asked for any more. Example: duly case close C-1001 --outcome handed_over …

    A case that is paid closes by itself. Invoices not yet due stay, and would open a new case.
    """

    async def work(app: App) -> Closed:
        return await close_case(app.store, said, outcome, reason=reason, actor=actor(), now=app.clock())

    done = run(work)
    row = {
        "case": done.case_id,
        "customer": done.customer.name,
        "customer_ref": done.customer.ref,
        "outcome": outcome.value,
        "invoices": [invoice.number for invoice in done.invoices],
        "left": [invoice.number for invoice in done.left],
    }
    lines = [f"case closed as {outcome}: {who(done.customer)}, {numbers(done.invoices)}"]
    if done.left:
        lines.append(f"not yet due and still ours: {numbers(done.left)} (`duly invoices hold` keeps them quiet)")
    tell(output, row, *lines, f"for whoever takes over: duly case export {done.case_id} --out DIR")


def log_list(
    said: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only of this case or customer.")] = None,
    *,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only of this type, such as hold.placed; may be given twice.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the latest; the newest is last.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the record, the newest last. Example: duly log list C-1001 --type reminder.sent -o json"""

    async def work(app: App) -> list[dict[str, Any]]:
        async with app.store.reading() as tx:
            only = (await the_customer(tx, said)).id if said else None
            found = await events.listing(tx, customer_id=only, types=types or (), limit=limit, newest_first=True)
            people = await customers.by_ids(tx, [CustomerId(e.customer_id) for e in found if e.customer_id])
            names = await _names(tx, list(people))
        return [_event(event, people, names) for event in reversed(found)]

    show(run(work), output, columns=LOG, empty="Nothing of that kind is on record.")


async def _names(tx: Tx, ids: list[CustomerId]) -> dict[str, str]:
    """Return the invoice numbers behind the ids that events name."""
    return {invoice.id: invoice.number for invoice in await invoices.of_customers(tx, ids)}


def _event(event: RecordedEvent, people: Mapping[CustomerId, Customer], names: Mapping[str, str]) -> dict[str, Any]:
    customer = people.get(CustomerId(event.customer_id)) if event.customer_id else None
    return {
        "seq": event.seq,
        "at": event.at.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00"),
        "type": event.type,
        "actor": event.actor,
        "customer": customer.name if customer else "",
        "customer_ref": customer.ref if customer else "",
        "case": event.case_id,
        "policy": event.policy_version,
        "refs": event.refs,
        "words": event_words(event.type, event.payload, event.refs, names),
        "payload": event.payload,
        "id": event.id,
    }
