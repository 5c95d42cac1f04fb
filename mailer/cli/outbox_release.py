"""`duly outbox held` and `duly outbox release`: what the breaker stopped, and how a person lets it go."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from mailer.cli.context import REFUSED, NeedsPerson, actor, fail
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, say, show
from mailer.cli.telling import numbers, sums
from mailer.flows.already_sent import NoSentFolder, already_sent
from mailer.flows.release_held import HeldList, HeldMessage, Released, drop, held_list
from mailer.flows.release_held import release as release_flow
from mailer.mailbox import MailboxError
from mailer.reminders.breaker import FreezeCode
from mailer.wiring import App

_COLUMNS = ("customer", "invoices", "amount", "subject")
#: What a person vouches for by ending a freeze, besides the list.
_VOUCHES = {
    "clock": "This also says that the clock of this machine is right now: check it with `date -u`.",
    "restored": "This also says that this database is the one to go on with. The Sent folder is looked into first.",
}


def register_on_outbox(outbox_app: typer.Typer) -> None:
    """Add the two commands to `duly outbox`."""
    outbox_app.command("held")(held)
    outbox_app.command("release")(release)


def held(output: OutputOption = Output.TABLE) -> None:
    """List exactly the messages that wait since all sending was stopped. Example: duly outbox held -o csv"""
    found = run(_held)
    if found is None or output is not Output.TABLE:
        rows = [_row(one, found.hash) for one in found.messages] if found else []
        show(rows, output, columns=_COLUMNS, empty="Nothing is on hold: `duly status` shows how things stand.")
        return
    _tell(found)
    say(f"To go on: duly outbox release, or duly outbox release --yes --list {found.hash}")
    say("To cancel them and have them planned anew: the same with --drop")


def release(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needs --list.")] = False,
    list_: Annotated[str, typer.Option("--list", metavar="HASH", help="The list you have seen, by its hash.")] = "",
    drop_: Annotated[bool, typer.Option("--drop", help="Cancel them instead; what is due is planned anew.")] = False,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="After a restore: do not look into the Sent folder first.")
    ] = False,
) -> None:
    """Let exactly the held list go, and sending with it. Example: duly outbox release --yes --list 3f9a01c2"""
    if yes and not list_:
        fail("--yes needs --list HASH, as `duly outbox held` prints it: without it nobody has seen the list", REFUSED)
    found = run(_held)
    if found is None:
        say("Nothing is on hold: `duly status` shows how things stand.")
        return
    if not yes:
        _tell(found)
        what = "Cancel these messages" if drop_ else "Let exactly these messages go"
        typer.confirm(f"{what} ({len(found.messages)}, list {found.hash})?", abort=True)
    seen = list_ or found.hash

    async def work(app: App) -> Released:
        data, who, now = app.settings.data, actor(), app.clock()
        if drop_:
            return await drop(app.store, seen, data=data, actor=who, now=now)
        looks = found.frozen.code == FreezeCode.RESTORED and not unchecked
        reconcile = partial(already_sent, app.settler()) if looks else None
        try:
            return await release_flow(app.store, seen, data=data, actor=who, now=now, reconcile=reconcile)
        except (MailboxError, NoSentFolder) as problem:
            words = f"what was sent before cannot be looked up: {problem}. Nothing was released; when you have compared"
            raise NeedsPerson(f"{words} the list with your sent mail yourself, add --unchecked") from problem

    done = run(work)
    if done.found_sent:
        say(f"{done.found_sent} of the list had gone out before: their copies are in the Sent folder")
    say(f"{done.messages} messages {'dropped; what is due is planned anew' if drop_ else 'released'}")
    if done.misdated:
        say(f"{done.misdated} were written by a clock that was ahead; they are cancelled and planned anew")


async def _held(app: App) -> HeldList | None:
    return await held_list(app.store)


def _tell(found: HeldList) -> None:
    """Print why sending is stopped, and the list."""
    say(f"All sending is on hold since {found.frozen.at:%Y-%m-%d %H:%M} UTC: {found.frozen.why}.")
    if found.frozen.code in _VOUCHES:
        say(_VOUCHES[found.frozen.code])
    rows = [_row(one, found.hash) for one in found.messages]
    show(rows, Output.TABLE, columns=_COLUMNS, empty="No message waits because of it.")
    say(f"{len(found.messages)} messages, list {found.hash}")


def _row(one: HeldMessage, hash_: str) -> dict[str, Any]:
    message = one.entry.message
    return {
        "message": message.id,
        "customer": f"{one.customer.name} ({one.customer.ref})",
        "invoices": numbers(one.invoices),
        "amount": sums(line.open for line in message.listed),
        "subject": message.subject,
        "to": message.recipient,
        "created_at": message.created_at.isoformat(timespec="minutes"),
        "list": hash_,
    }
