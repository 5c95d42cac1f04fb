"""`duly log anchors`."""

from __future__ import annotations

from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, show
from mailer.flows.list_anchors import Anchor, list_anchors
from mailer.wiring import App

_COLUMNS = ("kind", "who", "entries", "last", "note")


def anchors(output: OutputOption = Output.TABLE) -> None:
    """List who outside has a signed state of the record, and since when. Example: duly log anchors"""

    async def work(app: App) -> tuple[Anchor, ...]:
        return await list_anchors(app.store, app.stamper(), app.cosigner(), app.anchor_mailer())

    rows = [
        {
            "kind": one.kind,
            "who": one.who,
            "entries": one.size,
            "last": one.at.isoformat(timespec="seconds") if one.at else None,
            "note": one.note or ("" if one.at else "never yet"),
        }
        for one in run(work)
    ]
    show(
        rows, output, columns=_COLUMNS, empty="Nobody outside: see [anchors] in config.toml, or `duly log checkpoint`."
    )
