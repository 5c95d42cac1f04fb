"""`duly inbox replay` and `duly inbox decided`: how the reader does on the mail that came in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, one_json, say, show
from mailer.flows.decided_mails import decided_mails
from mailer.flows.replay import Replayed
from mailer.flows.replay import replay as read_again
from mailer.wiring import App

DAY = ["%Y-%m-%d"]


def register_on_inbox(inbox_app: typer.Typer) -> None:
    """Add the verbs to `duly inbox`."""
    inbox_app.command("replay")(replay)
    inbox_app.command("decided")(decided)


def replay(
    *,
    since: Annotated[datetime | None, typer.Option(formats=DAY, help="Only mail fetched from that day on.")] = None,
    changed_only: Annotated[bool, typer.Option("--changed-only", help="Only what is read differently.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Read stored mail again, change nothing, show what differs. Example: duly inbox replay --changed-only -o json"""

    async def work(app: App) -> list[Replayed]:
        start = since.replace(tzinfo=UTC) if since else None
        return [one async for one in read_again(app.reader(), since=start)]

    found = run(work)
    rows = [_row(one, output) for one in found if one.differences or one.problem or not changed_only]
    empty = "Nothing is read differently." if found else "No mail is stored that could be read again."
    show(rows, output, columns=("mail", "customer", "differs", "problem"), empty=empty)
    if output is Output.TABLE:
        _sum_up(found)


def _row(one: Replayed, output: Output) -> dict[str, Any]:
    """Return a row; what differs is nested for programs, words for people ("effect hold → continue")."""
    differs: list[Any] = [f"{d.what} {_named(d.was)} → {_named(d.now)}" for d in one.differences]
    if output is Output.JSON:
        differs = [asdict(d) for d in one.differences]
    return {
        "mail": one.mail.id,
        "at": one.mail.fetched_at,
        "customer": one.mail.customer_id,
        "engine_was": one.engine_was,
        "engine_now": one.engine_now,
        "changed": bool(one.differences),
        "louder": one.is_louder,
        "differs": differs,
        "problem": one.problem,
    }


def _named(values: tuple[str, ...]) -> str:
    return "+".join(values) or "nothing"


def _sum_up(found: list[Replayed]) -> None:
    if not found:
        return
    changed = sum(bool(one.differences) for one in found)
    louder = sum(one.is_louder for one in found)
    say(f"{len(found)} mails read again, {changed} differ, {louder} would hold back less; nothing was changed.")
    if changed:
        say("To act on one: `duly inbox show MAIL`, then `duly inbox reprocess MAIL` or `duly inbox decide MAIL …`")


def decided(output: OutputOption = Output.TABLE) -> None:
    """What people decided, as labelled data, a line per mail. Example: duly inbox decided -o json > labels.jsonl"""

    async def work(app: App) -> list[dict[str, Any]]:
        return await decided_mails(app.store)

    rows = run(work)
    if output is Output.JSON:
        for row in rows:
            one_json(row)
        return
    empty = "No mail was decided about yet: `duly inbox list`, then `duly inbox decide`."
    show(rows, output, columns=("mail", "language", "decision", "intents", "own"), empty=empty)
