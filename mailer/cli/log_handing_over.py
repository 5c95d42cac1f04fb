"""`duly log restart|rotate`: one key of the log follows another."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from mailer.cli.context import NeedsPerson, actor
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, one_json, say, show
from mailer.flows.hand_over_log import HandedOver, restart_log, rotate_key
from mailer.flows.keep_log import LogRefused
from mailer.wiring import App

Because = Annotated[str, typer.Option("--because", metavar="TEXT", help="Why, for the record.")]


def register_handing_over(log_app: typer.Typer) -> None:
    """Add the verbs to `duly log`."""
    log_app.command("restart")(restart)
    log_app.command("rotate")(rotate)


def restart(because: Because, output: OutputOption = Output.TABLE) -> None:
    """Begin a new log when the old cannot go on. Example: duly log restart --because 'backup of May 3 put back'"""

    async def work(app: App) -> HandedOver:
        return await restart_log(app.log_keeper(), because=because, actor=actor(), now=app.clock())

    done = run(work)
    words = f"A new log begins with the {done.until} entries that are left of {done.old_vkey.partition('+')[0]}."
    _tell(done, words, output)


def rotate(because: Because, output: OutputOption = Output.TABLE) -> None:
    """Let a new key sign the log. Example: duly log rotate --because yearly"""

    async def work(app: App) -> HandedOver:
        try:
            return await rotate_key(app.log_keeper(), because=because, actor=actor(), now=app.clock())
        except LogRefused as problem:
            raise NeedsPerson(f"{problem.what}: {problem}") from problem

    _tell(run(work), "Both keys have signed the log as it is now; the old one is deleted.", output)


def _tell(done: HandedOver, words: str, output: Output) -> None:
    if output is Output.JSON:
        one_json(asdict(done))
    elif output is Output.CSV:
        show([asdict(done)], output, columns=tuple(asdict(done)), empty="")
    else:
        say(words)
        say(f"{done.origin}, {done.size} entries; its key, to be told by another way: {done.vkey}")
        say("Keep a copy of the new log.key apart from every backup, and a checkpoint where nobody here can change it.")
