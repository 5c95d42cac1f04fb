"""`duly note|call|letter|meeting add`; with it the other nouns by hand, in `agreed` and `holds`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from mailer.cli.context import actor
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption
from mailer.cli.telling import DAY, InvoicesOption, Meant, day_of, local, numbers, tell, who
from mailer.flows.log_contact import CallOutcome, ContactKind, Logged, Said, log_contact
from mailer.wiring import App

note_app = typer.Typer(no_args_is_help=True)
call_app = typer.Typer(no_args_is_help=True)
letter_app = typer.Typer(no_args_is_help=True)
meeting_app = typer.Typer(no_args_is_help=True)

Words = Annotated[str, typer.Argument(metavar="WORDS", help="What was said or seen, in a sentence.")]
OnOption = Annotated[
    datetime | None, typer.Option("--on", formats=DAY, help="The day it was, if not today (the customer's date).")
]


def register(app: typer.Typer) -> None:
    """Add the nouns to the command tree."""
    for name, part in (("note", note_app), ("call", call_app), ("letter", letter_app), ("meeting", meeting_app)):
        app.add_typer(part, name=name)


@note_app.callback()
@call_app.callback()
@letter_app.callback()
@meeting_app.callback()
def _verbs() -> None:
    """Keep `add` a verb of its own: typer would swallow a noun's only one."""


@note_app.command("add")
def add_note(said: Meant, words: Words, *, invoice: InvoicesOption = None, output: OutputOption = Output.TABLE) -> None:
    """Note something about a customer. Example: duly note add C-1001 'pays on the last of the month'"""
    _log(said, Said(kind=ContactKind.NOTE, words=words, invoice_numbers=tuple(invoice or ())), output)


@call_app.command("add")
def add_call(
    said: Meant,
    words: Words,
    *,
    outcome: Annotated[CallOutcome, typer.Option(help="How it ended.")] = CallOutcome.SPOKEN,
    on: OnOption = None,
    invoice: InvoicesOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Log a call; its task is done, whoever answered. Example: duly call add INV-2041 "rang twice" --outcome no_answer

    The ladder goes on from there, at least the policy's gap after the call. A promise made on the phone is kept with
    `duly promise add`.
    """
    what = Said(
        kind=ContactKind.CALL, words=words, outcome=outcome, on=day_of(on), invoice_numbers=tuple(invoice or ())
    )
    _log(said, what, output)


@letter_app.command("add")
def add_letter(
    said: Meant,
    words: Words,
    *,
    tracking: Annotated[str, typer.Option(help="The number on the proof of posting.")] = "",
    on: OnOption = None,
    invoice: InvoicesOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Log a letter you posted. Example: duly letter add C-1001 "demand, by post" --tracking RR123456785GB"""
    what = Said(
        kind=ContactKind.LETTER, words=words, tracking=tracking, on=day_of(on), invoice_numbers=tuple(invoice or ())
    )
    _log(said, what, output)


@meeting_app.command("add")
def add_meeting(
    said: Meant,
    words: Words,
    *,
    on: OnOption = None,
    invoice: InvoicesOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Log a meeting. Example: duly meeting add C-1001 "met at the fair, wants instalments" --on 2026-11-02"""
    what = Said(kind=ContactKind.MEETING, words=words, on=day_of(on), invoice_numbers=tuple(invoice or ()))
    _log(said, what, output)


def _log(said: str, what: Said, output: Output) -> None:
    async def work(app: App) -> Logged:
        return await log_contact(app.store, said, what, actor=actor(), now=app.clock())

    logged = run(work)
    contact, about = logged.contact, numbers(logged.invoices)
    row = {
        "contact": contact.id,
        "kind": contact.kind,
        "customer": logged.customer.name,
        "customer_ref": logged.customer.ref,
        "invoices": [invoice.number for invoice in logged.invoices],
        "at": contact.at.isoformat(timespec="minutes"),
        "tasks_done": [task.id for task in logged.done],
        "tasks_left": [task.id for task in logged.left],
    }
    when = local(contact.at, logged.customer)
    lines = [f"{contact.kind} logged: {who(logged.customer)}, {about or 'whole account'}, {when}"]
    lines += [f"task done: {task.kind} ({task.step_id}); the ladder goes on" for task in logged.done]
    lines += [f"still to do: {task.kind} ({task.step_id}), given {task.created_at:%Y-%m-%d}" for task in logged.left]
    tell(output, row, *lines)
