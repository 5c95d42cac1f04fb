"""`duly subject export|erase|hold|release|due`: what a customer may ask of whoever keeps its data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.context import ENVIRONMENT, NEEDS_PERSON, actor, fail
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, say, show
from mailer.cli.telling import DAY, Meant, day_of, tell, who
from mailer.domain.customer import Customer
from mailer.flows.erase_subject import Due, Erasure, due_subjects, erase_subject, hold_subject, release_subject
from mailer.flows.export_subject import SubjectExport, export_subject
from mailer.wiring import App

subject_app = typer.Typer(no_args_is_help=True)
Because = Annotated[str, typer.Option("--because", metavar="TEXT", help="Why, for the record.")]


def register(app: typer.Typer) -> None:
    """Add the noun to the command tree."""
    app.add_typer(subject_app, name="subject")


@subject_app.command("export")
def export(
    said: Meant,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder to make the export's folder in.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Write all that is kept about a customer. Example: duly subject export K17 --out ."""

    async def work(app: App) -> SubjectExport:
        try:
            return await export_subject(app.store, said, out=out, actor=actor(), now=app.clock())
        except OSError as problem:
            fail(f"{problem.filename or out} cannot be written: {problem.strerror}", ENVIRONMENT)

    made = run(work)
    row = {**asdict(made), "path": str(made.path)}
    tell(output, row, f"{made.path}: {made.rows} rows, {made.events} events, {made.kept} mails and other words")


@subject_app.command("erase")
def erase(said: Meant, because: Because, output: OutputOption = Output.TABLE) -> None:
    """Destroy what says anything about a customer. Example: duly subject erase K17 --because 'asked on 3 May'

    Names, addresses, words and mails go for good; ids, amounts, days, invoice numbers and the proofs of the log stay.
    """

    async def work(app: App) -> Erasure:
        return await erase_subject(app.store, said, because=because, actor=actor(), now=app.clock())

    done = run(work)
    if done.erased is None:
        tell(output, asdict(done))
        fail(f"not erased, and that is on record: {'; '.join(done.refused)}", NEEDS_PERSON)
    gone = done.erased
    tell(
        output,
        asdict(done),
        f"erased: {gone.payloads} pieces of words with their salts, of {gone.events} events and {gone.mails} mails",
        "Backups made before still hold all of it: delete them, or erase again after one was put back.",
        "So do the mailbox itself, its Sent folder, and case files that were exported.",
    )


@subject_app.command("hold")
def hold(
    said: Meant,
    because: Because,
    review: Annotated[datetime | None, typer.Option(formats=DAY, help="When somebody should ask again.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Keep a customer's data: nothing erases it. Example: duly subject hold K17 --because 'claim 12/26'"""

    async def work(app: App) -> Customer:
        return await hold_subject(
            app.store, said, because=because, review_on=day_of(review), actor=actor(), now=app.clock()
        )

    held = run(work)
    tell(output, {"customer": held.id}, f"kept until `duly subject release {held.ref}`: {who(held)}")


@subject_app.command("release")
def release(said: Meant, because: Because, output: OutputOption = Output.TABLE) -> None:
    """Let a customer's data be erased again. Example: duly subject release K17 --because 'claim settled'"""

    async def work(app: App) -> Customer:
        return await release_subject(app.store, said, because=because, actor=actor(), now=app.clock())

    freed = run(work)
    tell(output, {"customer": freed.id}, f"may be erased again: {who(freed)}")


@subject_app.command("due")
def due(output: OutputOption = Output.TABLE) -> None:
    """List customers whose data is older than the settings keep it. Example: duly subject due -o csv"""

    async def work(app: App) -> tuple[tuple[Due, ...], int, bool]:
        kept = app.settings.retention
        return await due_subjects(app.store, keep_days=kept.keep_days, now=app.clock()), kept.keep_days, kept.apply

    found, days, applies = run(work)
    rows = [asdict(one) for one in found]
    empty = f"Nobody: retention.keep_days is {days}." if days else "Nothing is ever due: retention.keep_days is 0."
    show(rows, output, columns=("customer_id", "ref", "name"), empty=empty)
    if output is Output.TABLE and found:
        say("The service erases them within a day." if applies else "`duly subject erase ID --because …` erases one.")
