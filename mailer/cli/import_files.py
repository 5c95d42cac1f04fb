"""What the three import commands share: the file's refusals, a progress bar, the report, and templates to fill in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from mailer.cli.context import NEEDS_PERSON, REFUSED, InputRefused, fail
from mailer.cli.opened import run
from mailer.cli.output import Output, one_json, say, show
from mailer.flows.ledger_report import ImportReport
from mailer.imports.columns import Kind
from mailer.imports.dates import DateOrder
from mailer.imports.refusals import ImportRefused
from mailer.imports.template import template_columns, write_template
from mailer.wiring import App

#: Shorter files are done before a bar could be read.
BAR_ROWS = 2_000

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="A CSV file.")
]
DateOrderOption = Annotated[
    DateOrder | None, typer.Option(help="How the file writes dates, when it does not show it itself.")
]
AcceptGood = Annotated[bool, typer.Option("--accept-good", help="Take in the good rows although others are wrong.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")]
ColumnsFlag = Annotated[bool, typer.Option("--columns", help="Explain the columns instead.")]


class Bar:
    """A progress bar on stderr for long files, told (done, all); nothing when nobody watches."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, done: int, all_: int) -> None:
        """Show how far it is."""
        if all_ > BAR_ROWS:
            self._show("rows", done, all_)

    def typesetting(self, done: int, all_: int) -> None:
        """Show how many volumes of a report are made."""
        self._show("volumes of the report", done, all_)

    def _show(self, what: str, done: int, all_: int) -> None:
        if what not in self._tasks:
            self._progress.start()
            self._tasks[what] = self._progress.add_task(what, total=all_)
        self._progress.update(self._tasks[what], completed=done)


def take_in(path: Path, work: Callable[[App, Bar], Awaitable[ImportReport]]) -> ImportReport:
    """Do an import; a file that is refused ends the command with exit code 2 and the flag that helps."""

    async def whole(app: App) -> ImportReport:
        try:
            with Bar() as bar:
                return await work(app, bar)
        except ImportRefused as problem:
            helps = (
                f" The flag that helps is {problem.flag}." if problem.flag and problem.flag not in str(problem) else ""
            )
            raise InputRefused(f"{path.name}: {problem}{helps} Nothing was written.") from problem
        except OSError as problem:
            if problem.filename != str(path):
                raise  # a server's trouble, not the file's
            raise InputRefused(f"{path} cannot be read: {problem.strerror}. Nothing was written.") from problem

    return run(whole)


def tell(report: ImportReport, output: Output, summary: str) -> None:
    """Print a report; leave with 2 when errors forbade the import, with 1 when balances are left unconfirmed."""
    if output is Output.JSON:
        one_json(asdict(report))
    elif output is Output.CSV:
        show(_problems(report), output, columns=_PROBLEM, empty="")
    else:
        _for_people(report, summary)
    if report.refused:
        rows = "1 error" if report.errors == 1 else f"{report.errors} errors"
        fail(f"{rows}, nothing was written: correct the file, or take in the good rows with --accept-good", REFUSED)
    if report.open_not_in_file and report.written and not report.confirmed:
        fail(_unconfirmed(report.open_not_in_file), NEEDS_PERSON)


_PROBLEM = ("line", "column", "value", "severity", "reason")
_DIFFERENCE = ("what", "key", "field", "old", "new")


def _for_people(report: ImportReport, summary: str) -> None:
    say(f"{report.file} ({report.preset}, {report.rows} rows): {summary}")
    for note in report.notes:
        say(note)
    if report.problems:
        show(_problems(report), Output.TABLE, columns=_PROBLEM, empty="")
        _and_more(report.errors + report.notices - len(report.problems))
    if not report.dry_run:
        return
    rows: list[dict[str, Any]] = [asdict(one) for one in report.differences]
    show(rows, Output.TABLE, columns=_DIFFERENCE, empty="Nothing would change.")
    _and_more(report.differing - len(rows))
    if report.open_not_in_file and not report.confirmed:
        say(_unconfirmed(report.open_not_in_file))
    say("Dry run: nothing was written.")


def _and_more(count: int) -> None:
    if count:
        say(f"… and {count} more.")


def _problems(report: ImportReport) -> list[dict[str, Any]]:
    return [{name: getattr(problem, name) for name in _PROBLEM} for problem in report.problems]


def _unconfirmed(count: int) -> str:
    what = "1 open invoice is" if count == 1 else f"{count} open invoices are"
    return (
        f"{what} not in the file, so the balances are not confirmed, and sending stops when they grow too old: import "
        "every open invoice, or, if those are still owed, run `duly payments confirm` (or import with --confirm-rest)"
    )


def print_template(kind: Kind, output: Output, *, columns: bool) -> None:
    """Print our own template as CSV, or what its columns mean."""
    if not columns:
        typer.echo(write_template(kind).replace("\r\n", "\n"), nl=False)
        return
    rows = [
        {"column": one.name, "required": "yes" if one.required else "", "meaning": one.meaning}
        for one in template_columns(kind)
    ]
    show(rows, output, columns=("column", "required", "meaning"), empty="")
