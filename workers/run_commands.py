"""`duly serve|worker|run|demo`: the commands that run the service."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, assert_never

import typer

from mailer.cli.context import ENVIRONMENT, actor, fail, guarded
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, one_json, say, show
from mailer.domain.actions import CreateTask, SendReminder, SkipStep
from mailer.flows.preview import Copy, send_copies
from mailer.flows.rehearse import Rehearsed, rehearse
from mailer.flows.send_message import DrainReport
from mailer.rendering.headers import checked_address
from mailer.settings import SettingsError
from mailer.store import freezes, state
from mailer.wiring import App
from workers import serving
from workers.jobs import attempt, drain, poll, tick
from workers.logs import set_up_logs

VerboseOption = Annotated[bool, typer.Option("--verbose/--quiet", "-v/-q", help="Log what the jobs do.")]
#: How many passes `duly run` makes at most until nothing is left to do.
MOST_PASSES = 10
#: What a pass may bring, as `duly run` counts it.
NEWS = ("fetched", "read", "waiting", "queued", "tasks", "sent", "deferred", "failed", "unknown", "unwritten")


def register(app: typer.Typer) -> None:
    """Add the commands to the command tree."""
    app.command("serve")(serve_command)
    app.command("worker")(worker_command)
    app.command("run")(run_command)
    app.command("demo")(demo_command)


def serve_command(*, verbose: VerboseOption = True) -> None:
    """Run the service in this process, without Redis, until Ctrl-C. Example: duly serve --data /srv/duly"""
    set_up_logs(verbose=verbose)

    async def work(parts: App) -> None:
        await _say_mode(parts)
        await serving.serve(parts)

    run(work)
    say("stopped; nothing was left half done")


def worker_command(*, verbose: VerboseOption = True) -> None:
    """Run the service as an arq worker on Redis. Example: DULY_WORKERS__REDIS_URL=redis://… duly worker"""
    set_up_logs(verbose=verbose)

    async def work(parts: App) -> None:
        await _say_mode(parts)
        try:
            await serving.work(parts)
        except serving.QueueUnreachable as problem:
            raise SettingsError(f"Redis cannot be reached ({problem}): start it, or correct redis_url") from problem

    run(work)


async def _say_mode(parts: App) -> None:
    async with parts.store.reading() as tx:
        live = await state.is_live(tx)
    say(f"Duly is {'live' if live else 'PAUSED (nothing is sent): `duly resume` goes live'}. Ctrl-C stops it.")


def run_command(
    *,
    once: Annotated[bool, typer.Option("--once", help="One pass, even if it leaves something to do.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go out now; send nothing.")] = False,
    to: Annotated[str, typer.Option(metavar="ADDRESS", help="Send marked copies to yourself instead.")] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Fetch, plan and send now, for cron or by hand. Example: duly run --dry-run"""
    set_up_logs(verbose=False)
    if dry_run:
        _show_rehearsal(output)
    elif to:
        _copies(to)
    else:
        _passes(1 if once else MOST_PASSES, output)


def _show_rehearsal(output: Output) -> None:
    async def work(parts: App) -> tuple[Rehearsed, ...]:
        return await rehearse(parts.planner())

    rows = [row for one in run(work) for row in _rehearsed_rows(one)]
    show(rows, output, columns=("customer", "what", "invoices", "why"), empty="Nothing is due now.")


def _rehearsed_rows(one: Rehearsed) -> list[dict[str, Any]]:
    numbers = {invoice.id: invoice.number for invoice in one.facts.invoices}
    rows = []
    for action in one.plan.actions:
        match action:
            case SendReminder():
                what, listed = f"mail: {action.template}", [numbers[item.invoice_id] for item in action.listed]
                why = f"to {action.recipient}"
            case CreateTask():
                what, listed = f"task: {action.kind}", [numbers[item.invoice_id] for item in action.listed]
                why = action.instructions
            case SkipStep():
                what, listed, why = f"skip: {action.step_id}", [numbers[action.invoice_id]], action.why
            case _:
                assert_never(action)
        rows.append({"customer": one.facts.customer.name, "what": what, "invoices": listed, "why": why})
    name = one.facts.customer.name
    rows.extend(
        {"customer": name, "what": f"not now: {v.step_id}", "invoices": [numbers[v.invoice_id]], "why": v.why}
        for v in one.plan.not_now
        if v.code not in ("folded", "ended")  # what merely follows later would drown what matters
    )
    return rows


def _copies(to: str) -> None:
    guarded(lambda: checked_address("--to", to))

    async def work(parts: App) -> tuple[tuple[Copy, ...], tuple[str, ...]]:
        channel = parts.channel()
        try:
            return await send_copies(
                parts.store, parts.policies, parts.desk, channel, to=to, actor=actor(), now=parts.clock()
            )
        finally:
            await channel.close()

    copies, problems = run(work)
    for copy in copies:
        say(f"{copy.customer.name}: {'copy sent' if copy.accepted else 'NOT sent'} ({copy.text})")
    for problem in problems:
        say(f"could not be written: {problem}")
    accepted = sum(copy.accepted for copy in copies)
    say(f"{accepted} copies for {to}; no step was claimed, no customer was written to")
    if accepted < len(copies):
        fail("the mail server did not take every copy: `duly doctor` tests it", ENVIRONMENT)
    if problems:
        raise typer.Exit(1)


def _passes(most: int, output: Output) -> None:
    async def work(parts: App) -> tuple[dict[str, int], tuple[str, bool]]:
        total = dict.fromkeys(NEWS, 0)
        async with serving.service_of(parts) as service:
            for _ in range(most):
                fetched, read = await poll(service)
                planned = await tick(service)
                sent = await drain(service)
                while sent.more:
                    sent = _and(sent, await drain(service))
                parts_done = (
                    fetched.fetched, read.read, read.waiting, planned.queued, planned.tasks, sent.sent,
                    sent.deferred, sent.failed, sent.unknown, planned.unwritten,
                )  # fmt: skip
                total = {name: total[name] + more for name, more in zip(NEWS, parts_done, strict=True)}
                if not (fetched.fetched or planned.queued or sent.cancelled):
                    break
            await attempt(service, "authenticate")
            await attempt(service, "seal")  # its trouble is in `duly status`; it must not hide what was sent
            await attempt(service, "stamp")
            await attempt(service, "cosign")
            await attempt(service, "mail_anchor")
        return total, await _stopped(parts)

    total, (stopped, on_hold) = run(work)
    if output is Output.JSON:
        one_json(total)
    else:
        say(", ".join(f"{value} {name}" for name, value in total.items() if value) or "nothing to do")
        if stopped:
            say(stopped)
    if total["deferred"] and not total["sent"]:
        fail("the mail server took nothing; it is tried again later: `duly outbox list`, `duly doctor`", ENVIRONMENT)
    if on_hold or any(total[name] for name in ("waiting", "deferred", "failed", "unknown", "tasks", "unwritten")):
        if output is Output.TABLE:
            say("something needs you: `duly status`")
        raise typer.Exit(1)


async def _stopped(parts: App) -> tuple[str, bool]:
    """Return why nothing is sent at all ("": sending goes on), and whether that waits for a person."""
    async with parts.store.reading() as tx:
        if (frozen := await freezes.running(tx)) is not None:
            return f"All sending is ON HOLD: {frozen.why}. `duly outbox held` shows the list.", True
        live = await state.is_live(tx)
    return "" if live else "Duly is PAUSED: nothing was sent. `duly resume` goes live.", False


def _and(before: DrainReport, after: DrainReport) -> DrainReport:
    """Return two drains as one; what is true of the last is true of both."""
    counts = ("sent", "deferred", "failed", "unknown", "cancelled")
    return replace(after, **{name: getattr(before, name) + getattr(after, name) for name in counts})


def demo_command(
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Keep everything here (must be empty). Default: a temporary folder.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """See it all work: 24 customers, 60 business days, under a minute. Example: duly demo --dir /tmp/duly-demo"""
    try:
        from workers.demo.command import demo  # noqa: PLC0415 - only the demo needs the demo's extra
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] in ("mailer", "workers"):
            raise  # a fault of ours, not a missing extra
        fail(f"the demo needs {missing.name}: run `make demo`, or `pip install 'duly[demo]'`", ENVIRONMENT)
    demo(directory, output)
