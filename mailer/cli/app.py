"""The command tree. `workers.command` adds serve, worker, run and demo to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.context import choose_data

app = typer.Typer(
    name="duly",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

DataOption = Annotated[
    Path | None,
    typer.Option("--data", envvar="DULY_DATA", help="The data folder (database, config.toml, own templates)."),
]


@app.callback()
def top(data: DataOption = None) -> None:
    """Send invoice reminders, read the replies, keep a record a lawyer can rely on.

    Start with `duly init`, or see it all work in a minute with `duly demo`.
    """
    choose_data(data)
