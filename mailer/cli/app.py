"""`duly` itself: what holds for every command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.context import choose_data

DataOption = Annotated[
    Path | None,
    typer.Option("--data", envvar="DULY_DATA", help="The data folder (database, config.toml, own templates)."),
]


def top(data: DataOption = None) -> None:
    """Send invoice reminders, read the replies, keep a record a lawyer can rely on.

    Start with `duly init`, or see it all work in a minute with `duly demo`.
    """
    choose_data(data)
