"""`duly outbox …`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from mailer.cli import outbox_release
from mailer.cli.context import ENVIRONMENT, NEEDS_PERSON, InputRefused, actor, fail
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, one_json, say, show
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import CustomerId, OutboxId
from mailer.flows import resolve_unknown, settle_unknown
from mailer.flows.settle_unknown import SettleReport
from mailer.store import customers, deliveries, doubt, events, outbox
from mailer.store.deliveries import Attempt
from mailer.store.outbox import OutboxEntry
from mailer.wiring import App

outbox_app = typer.Typer(no_args_is_help=True)
MessageArgument = Annotated[str, typer.Argument(metavar="MESSAGE", help="The message's id, as in `duly outbox list`.")]
StateOption = Annotated[
    list[OutboxState] | None, typer.Option("--state", help="Only messages in this state; may be given twice.")
]


def register(app: typer.Typer) -> None:
    """Add the noun to the command tree."""
    app.add_typer(outbox_app, name="outbox")
    outbox_release.register_on_outbox(outbox_app)


@outbox_app.command("list")
def list_(
    *,
    unknown: Annotated[bool, typer.Option("--unknown", help="Only what may or may not have been delivered.")] = False,
    state: StateOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """List outgoing messages. Example: duly outbox list --unknown"""
    states = [*(state or []), *([OutboxState.UNKNOWN] if unknown else [])]

    async def work(app: App) -> list[dict[str, Any]]:
        async with app.store.reading() as tx:
            found = await outbox.listing(tx, states=states, limit=limit)
            people = await customers.by_ids(tx, [e.message.customer_id for e in found])
            doubts = {one.id: one for one in await doubt.doubts(tx)}
        rows = []
        for entry in found:
            doubtful = doubts.get(entry.message.id)
            rows.append(
                {
                    **_row(entry, people[CustomerId(entry.message.customer_id)].name),
                    "looks": doubtful.looks if doubtful else 0,
                    "next_look_at": _time(doubtful.look_at) if doubtful else None,
                }
            )
        return rows

    if states:
        empty = "Nothing is in doubt." if states == [OutboxState.UNKNOWN] else "No message is in that state."
    else:
        empty = "Nothing was written yet: `duly run --dry-run` shows what is due."
    show(run(work), output, columns=("message", "state", "customer", "subject", "server"), empty=empty)


def _row(entry: OutboxEntry, customer: str) -> dict[str, Any]:
    return {
        "message": entry.message.id,
        "state": entry.state.value,
        "created_at": _time(entry.message.created_at),
        "customer": customer,
        "to": entry.message.recipient,
        "subject": entry.message.subject,
        "server": entry.result_text,
    }


@outbox_app.command("show")
def show_(message: MessageArgument, output: OutputOption = Output.TABLE) -> None:
    """Show a message: its attempts and exact bytes. Example: duly outbox show out_0f3k…"""

    async def work(app: App) -> dict[str, Any]:
        async with app.store.reading() as tx:
            entry = await outbox.load(tx, OutboxId(message))
            if entry is None:
                raise InputRefused(f"there is no message {message!r}: `duly outbox list` shows them")
            people = await customers.by_ids(tx, [entry.message.customer_id])
            tries = await deliveries.attempts_of(tx, entry.message.id)
            copied = await doubt.copy_state_of(tx, entry.message.id)
            content = await events.payload(tx, entry.payload_id) or b""
        return {
            **_row(entry, people[CustomerId(entry.message.customer_id)].name),
            "message_id": entry.message.message_id,
            "due_at": _time(entry.due_at),
            "finished_at": _time(entry.finished_at),
            "sent_copy": copied,
            "attempts": [_attempt(one) for one in tries],
            "content": content.decode("utf-8", "replace"),
        }

    found = run(work)
    if output is not Output.TABLE:
        one_json(found)
        return
    for key, value in found.items():
        if key == "content":
            say(f"\n{value}")
        elif key == "attempts":
            for number, one in enumerate(value, start=1):
                said = ", ".join(f"{name} {part}" for name, part in one.items() if part not in ("", None))
                say(f"  attempt {number}  {said}")
        elif value not in ("", None):
            say(f"{key.replace('_', ' '):>11}  {value}")


def _attempt(one: Attempt) -> dict[str, Any]:
    """Return an attempt with everything that was written down: how far it got, the codes, the server, the times."""
    fields = ("outcome", "phase", "code", "enhanced", "peer", "tls", "account")
    began = getattr(one, "started_at", None)
    known = {name: getattr(one, name, "") for name in fields}
    return {"began": _time(began), "ended": _time(one.at), "lease": one.fence, **known, "text": one.text}


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


@outbox_app.command("settle")
def settle() -> None:
    """Look for evidence on every message in doubt, now. Example: duly outbox settle"""

    async def work(app: App) -> SettleReport:
        return await settle_unknown.settle(app.settler(), every=True)

    report = run(work)
    say(f"{report.settled} settled by evidence, {report.left} still in doubt")
    if report.trouble:
        fail(f"the mailbox could not be searched: {report.trouble}", ENVIRONMENT)
    if report.left:
        say("`duly outbox list --unknown` shows them; `duly outbox resolve MESSAGE --sent` or `--resend` settles one")
        raise typer.Exit(NEEDS_PERSON)


@outbox_app.command("resolve")
def resolve(
    message: MessageArgument,
    *,
    sent: Annotated[bool, typer.Option("--sent", help="It was delivered.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="It was not: its steps may be said again.")] = False,
    reason: Annotated[str, typer.Option(help="How you know.")] = "",
) -> None:
    """Settle a message that is in doubt. Example: duly outbox resolve out_0f3k… --sent --reason seen"""
    if sent == resend:
        raise typer.BadParameter(
            "say which: --sent (it was delivered) or --resend (it was not, and is to be said again by a new message)"
        )

    async def work(app: App) -> None:
        await resolve_unknown.resolve(app.store, message, was_sent=sent, reason=reason, actor=actor(), now=app.clock())

    run(work)
    if sent:
        say("settled: it was sent")
    else:
        say("settled: it was not sent. Its steps are free: a new message with an id of its own will be planned")
