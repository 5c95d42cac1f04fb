"""`duly log stamp`."""

from __future__ import annotations

from dataclasses import asdict

from mailer.anchors.tsa import TsaUnreachable
from mailer.cli.context import ENVIRONMENT, REFUSED, NeedsPerson, actor, fail
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, one_json, say, show
from mailer.flows.keep_log import LogRefused, seal
from mailer.flows.stamp_log import Stamped, StampRefused, stamp_head
from mailer.wiring import App


def stamp(output: OutputOption = Output.TABLE) -> None:
    """Have the record as it is now stamped by the time-stamp server of the settings. Example: duly log stamp"""
    done = run(_stamp)
    row = {**asdict(done), "at": done.at.isoformat() if done.at else ""}
    if output is Output.JSON:
        one_json(row)
    elif output is Output.CSV:
        show([row], output, columns=tuple(row), empty="")
    else:
        when = f"{done.at:%Y-%m-%d %H:%M:%S} UTC" if done.at else "a time that cannot be read here"
        say(f"{done.peer} stamped the log with {done.size} entries: {when}")
        if done.unverified:
            say(f"The stamp is kept, and unverified: {done.unverified}")


async def _stamp(app: App) -> Stamped:
    stamper = app.stamper()
    if stamper is None:
        fail("no time-stamp server is set: give anchors.tsa_url in config.toml", REFUSED)
    try:
        await seal(stamper.keeper, at_once=True)
        return await stamp_head(stamper, actor=actor())
    except LogRefused as problem:
        raise NeedsPerson(f"{problem.what}: {problem}") from problem
    except (TsaUnreachable, StampRefused) as problem:
        fail(f"{problem}: nothing was kept, try again later", ENVIRONMENT)
