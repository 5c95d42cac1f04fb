"""`duly pause · resume · status · preview · simulate`: the service as a whole, and a look ahead."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Annotated, Any

import typer

from mailer.cli import status_page
from mailer.cli.context import NEEDS_PERSON, actor, errors
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, one_json, say, show
from mailer.cli.telling import sums, tell, who
from mailer.flows.overview import Overview, overview
from mailer.flows.preview import Preview, preview
from mailer.flows.simulate import SimulatedSend, Simulation, simulate_ledger
from mailer.flows.switch_mode import switch_mode
from mailer.wiring import App

#: Headers a preview shows, in the order people read them; the rest with --raw.
HEADERS = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "References", "Auto-Submitted")
SENDS = ("on", "customer", "kind", "step", "invoices", "asked")


def register(app: typer.Typer) -> None:
    """Add the verbs to the command tree."""
    for name, verb in (
        ("pause", pause),
        ("resume", resume),
        ("status", status),
        ("preview", preview_),
        ("simulate", simulate),
    ):
        app.command(name)(verb)


def pause(
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "", output: OutputOption = Output.TABLE
) -> None:
    """Stop all sending at once; mail is still read. Example: duly pause --reason 'wrong bank details'"""
    _switch(reason, output, live=False)


def resume(
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "", output: OutputOption = Output.TABLE
) -> None:
    """Go live: reminders go out from now on, on record. Example: duly resume --reason 'ledger checked'"""
    _switch(reason, output, live=True)


def _switch(reason: str, output: Output, *, live: bool) -> None:
    async def work(app: App) -> bool:
        return await switch_mode(app.store, live=live, actor=actor(), reason=reason, now=app.clock())

    changed = run(work)
    mode = "live: reminders go out" if live else "paused: nothing goes out until `duly resume`"
    hint = "`duly status` shows what goes out next" if live else "a mail being handed over right now is not called back"
    row = {"mode": "live" if live else "paused", "changed": changed}
    tell(output, row, f"Duly {'is' if changed else 'was already'} {mode}", *([hint] if changed else []))


def status(
    *,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 when something waits for a person.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many of each kind.")] = 10,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show mode, ledger, mail, what waits for a person and what goes out next. Example: duly status --check -o json"""

    async def work(app: App) -> Overview:
        intake = app.intake()
        return await overview(
            app.store,
            app.policies,
            mailbox=intake.name,
            folders=intake.folders,
            max_data_age_hours=app.settings.sending.max_data_age_hours,
            now=app.clock(),
            limit=limit,
        )

    with errors.status("looking at every customer …"):
        page = run(work)
    if output is Output.TABLE:
        for line in status_page.lines(page):
            say(line)
        if page.next_sends:
            show([_send(one) for one in page.next_sends], output, columns=SENDS, empty="")
    elif output is Output.JSON:
        one_json({**status_page.as_row(page), "next_sends": [_send(one) for one in page.next_sends]})
    else:
        show([status_page.need_row(need) for need in page.needs], output, columns=status_page.NEEDS, empty="")
    if check and page.need_counts:
        raise typer.Exit(NEEDS_PERSON)


def preview_(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="A case, customer or invoice number, or a name.")],
    *,
    html: Annotated[bool, typer.Option("--html", help="Print the HTML body, to be saved and opened.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Print the message itself, headers and all.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show the exact mail a customer gets next; nothing is sent. Example: duly preview INV-2041 --html > mail.html"""

    async def work(app: App) -> Preview:
        hours = app.settings.sending.max_data_age_hours
        return await preview(app.store, app.policies, app.desk, customer, max_data_age_hours=hours, now=app.clock())

    seen = run(work)
    if seen.content is not None and (html or raw) and output is Output.TABLE:
        typer.echo(seen.content if raw else _parts(seen.content)["html"], nl=False)
        return
    row = _preview_row(seen)
    lines = [*_heading(seen), *(f"  {reason}" for reason in seen.reasons)]
    if seen.content is not None:
        headers = row["headers"]
        lines += ["", *(f"{name}: {headers[name]}" for name in HEADERS if name in headers), "", str(row["text"])]
    tell(output, row, *lines)


def _heading(seen: Preview) -> list[str]:
    name = who(seen.customer)
    if seen.content is None:
        return [f"no mail to {name} is in sight" + (":" if seen.reasons else "; nothing is owed")]
    if seen.outbox_id:
        return [f"to {name}, byte for byte as it waits to be sent:"]
    return [f"to {name} on {seen.on} as things stand; its ids change when it is really written"]


def _preview_row(seen: Preview) -> dict[str, Any]:
    parts = _parts(seen.content) if seen.content is not None else {}
    return {
        "customer": seen.customer.name,
        "customer_ref": seen.customer.ref,
        "on": seen.on.isoformat() if seen.on else None,
        "message": seen.outbox_id,
        "reasons": list(seen.reasons),
        "headers": parts.get("headers", {}),
        "text": parts.get("text", ""),
        "html": parts.get("html", ""),
    }


def _parts(content: bytes) -> dict[str, Any]:
    mail: EmailMessage = message_from_bytes(content, policy=policy.default)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return {
        "headers": {name: str(value) for name, value in mail.items()},
        "text": str(text.get_content()) if text else "",
        "html": str(html.get_content()) if html else "",
    }


def simulate(
    *,
    days: Annotated[int, typer.Option(min=1, max=400, help="How far to look ahead.")] = 30,
    tasks_undone: Annotated[
        bool, typer.Option("--tasks-undone", help="Nobody calls or posts a letter: those ladders stop there.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what would go out if nobody paid or answered; writes nothing. Example: duly simulate --days 60 -o csv"""

    async def work(app: App) -> Simulation:
        return await simulate_ledger(app.store, app.policies, now=app.clock(), days=days, tasks_done=not tasks_undone)

    with errors.status(f"looking {days} days ahead for every customer …"):
        found = run(work)
    show(
        [_send(one) for one in found.sends],
        output,
        columns=SENDS,
        empty=f"Nothing would go out in {days} days to {found.customers} customers.",
    )
    if output is Output.TABLE:
        mails = sum(one.kind == "mail" for one in found.sends)
        say(f"{mails} mails and {len(found.sends) - mails} tasks in {days} days, if nobody paid or answered")
        for problem in found.problems:
            say(f"not looked at: {problem}")


def _send(one: SimulatedSend) -> dict[str, Any]:
    return {
        "on": one.on.isoformat(),
        "at": one.at.isoformat(timespec="minutes"),
        "customer": one.customer.name,
        "customer_ref": one.customer.ref,
        "kind": f"{one.kind} (waits)" if one.waits else one.kind,
        "step": one.step_id,
        "invoices": list(one.invoices),
        "asked": sums(one.asked),
        "template": one.template,
        "policy": one.policy,
    }
