"""`duly demo`: see it all work, without accounts and without anything leaving this machine."""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mailer.cli.context import InputRefused, guarded
from mailer.cli.output import Output, one_json, say, show
from workers.demo.display import display
from workers.demo.outcome import Outcome
from workers.demo.story import play, script
from workers.logs import set_up_logs

_NUMBERS = ("mails_sent", "replies_read", "promises_kept", "promises_broken", "disputes", "held", "unmatched")
_COLUMNS = ("customer", "invoices", "mails", "replies", "what_happened")


def demo(directory: Path | None, output: Output) -> None:
    """Run the demo in a folder (None: a fresh temporary one, which is kept) and tell what came of it.

    Progress goes to stderr. JSON is one line on stdout and all that is there. Ends with exit code 2 when the folder is
    not empty.
    """
    set_up_logs(verbose=False)
    for name in [name for name in os.environ if name.startswith("DULY_")]:
        del os.environ[name]  # made for a real Duly: its servers and its database are not the demo's
    folder = guarded(lambda: _folder(directory))
    begun = time.monotonic()
    scenario = script()
    with display(len(scenario.days)) as shown:
        outcome = guarded(lambda: asyncio.run(play(folder, scenario, shown)))
    seconds = round(time.monotonic() - begun, 1)
    if output is Output.JSON:
        one_json({**_numbers(outcome), "seconds": seconds, "case": str(outcome.case), "data": str(folder / "data")})
        return
    show(_rows(outcome), output, columns=_COLUMNS, empty="Nobody took part.")
    if output is Output.TABLE:
        _say_the_rest(outcome, folder, days=len(scenario.days), seconds=seconds)


def _folder(directory: Path | None) -> Path:
    """Return the folder to work in, made when it is missing; raises InputRefused for one that cannot be used."""
    if directory is None:
        return Path(tempfile.mkdtemp(prefix="duly-demo-"))
    folder = directory.resolve()
    fix = "give --dir a new or empty folder"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputRefused(f"{folder} is not empty, nothing was written: {fix}, or leave --dir out")
    except OSError as problem:
        raise InputRefused(f"{folder} cannot be used ({problem.strerror}): {fix}") from problem
    return folder


def _numbers(outcome: Outcome) -> dict[str, int]:
    values = asdict(outcome)
    return {name: values[name] for name in _NUMBERS}


def _rows(outcome: Outcome) -> list[dict[str, Any]]:
    return [
        {
            "customer": f"{one.ref} {one.name}",
            "invoices": [f"{number} {status.replace('_', ' ')}" for number, status in one.statuses],
            "mails": one.mails,
            "replies": one.replies,
            "what_happened": one.happened,
        }
        for one in outcome.accounts
    ]


def _say_the_rest(outcome: Outcome, folder: Path, *, days: int, seconds: float) -> None:
    numbers = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in _numbers(outcome).items())
    duly = f"duly --data {shlex.quote(str(folder / 'data'))}"
    ref = next(one.ref for one in outcome.accounts if one.ref in outcome.case.name)
    say("")
    say(f"{days} business days in {seconds} s: {numbers}.")
    say(f"Everything is kept in {folder}: captures/ has every mail that went over the wire, ledger/ every import.")
    say(f"The case of {ref}, as a lawyer would get it: {outcome.case}")
    say("")
    say("Look further:")
    for command in ("status", "invoices list", "inbox list", f"case why {ref}", "log list"):
        say(f"  {duly} {command}")
