"""`duly log verify|checkpoint|prove`, and the registration of the rest."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from mailer.cli.context import ENVIRONMENT, NEEDS_PERSON, REFUSED, NeedsPerson, actor, fail
from mailer.cli.log_anchors import anchors
from mailer.cli.log_handing_over import register_handing_over
from mailer.cli.log_stamps import stamp
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, one_json, say, show
from mailer.flows.cosign_log import CosignReport, cosign_now
from mailer.flows.keep_log import LogRefused
from mailer.flows.kept_note import kept_note
from mailer.flows.prove_event import Proven, Signed, newest_head, prove_event
from mailer.flows.verify_record import Verified, verify_record
from mailer.flows.whole_file import create_file
from mailer.store import cosignatures
from mailer.wiring import App

_COLUMNS = ("error", "seq", "words")


def register_on_log(log_app: typer.Typer) -> None:
    """Add the verbs to `duly log`."""
    log_app.command("verify")(verify)
    log_app.command("checkpoint")(checkpoint)
    log_app.command("prove")(prove)
    log_app.command("stamp")(stamp)
    log_app.command("anchors")(anchors)
    register_handing_over(log_app)


def verify(
    *,
    kept: Annotated[
        Path | None,
        typer.Option(
            "--kept", metavar="FILE", help="A checkpoint (or a mail with one) kept elsewhere: hold the log to it."
        ),
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option("--since", metavar="CHECKPOINT", help="The same, and check in detail only what came after it."),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Check the whole record against its log and what was signed. Example: duly log verify --kept 2026-11.checkpoint"""
    if kept and since:
        fail("give either --kept or --since: both name the one checkpoint to hold the log to", REFUSED)
    raw = _bytes(kept or since)

    async def work(app: App) -> Verified:
        return await verify_record(
            app.store,
            app.settings.data,
            kept=await kept_note(raw, app.sandbox.parse),
            since=since is not None,
            trusted=app.trusted(),
            witnesses=app.cosigner().verifiers,
        )

    found = run(work)
    rows = [{"error": str(one.what), "seq": one.seq, "words": one.words} for one in found.findings]
    if output is Output.JSON:
        one_json({**asdict(found), "findings": rows, "ok": not rows})
    elif output is Output.CSV or rows:
        show(rows, output, columns=_COLUMNS, empty="")
    else:
        _tell(found)
    if rows:
        fail("the record is NOT what it was: keep this machine and its backups as they are, and get help", NEEDS_PERSON)


def _tell(found: Verified) -> None:
    if not found.origin:
        say("The log has not begun yet: `duly log checkpoint` takes the record up.")
        return
    after = f" after the first {found.since}" if found.since else ""
    say(f"The record is what it was: {found.leaves - found.since} entries{after}, {found.heads} signed heads.")
    say(f"Log {found.origin}, {found.leaves} entries in all.")
    if found.stamps:
        say(f"{found.stamps} time stamps by a third party hold.")
    if found.stamps_unverified:
        say(f"{found.stamps_unverified} time stamps cannot be judged here (anchors.ca_file), and are kept.")
    if found.cosignatures:
        say(f"{found.cosignatures} cosignatures by witnesses hold.")
    if found.cosignatures_by_others:
        say(f"{found.cosignatures_by_others} cosignatures hold, by witnesses that are not in anchors.witnesses.")
    if found.waiting:
        say(f"{found.waiting} events are not in the log yet: `duly log checkpoint` takes them up.")
    say("To notice a record that is replaced as a whole, keep `duly log checkpoint` where nobody here can change it.")


def checkpoint(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there instead.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Sign (witnesses cosign) the record as it is now. Example: duly log checkpoint --out 2026-11.checkpoint"""
    head, report = run(_checkpoint)
    if out:
        _write(out, head.note)
    if output is not Output.TABLE:
        _rows(asdict(head), output)
    elif out:
        say(f"{out}: the log {head.origin} with {head.size} entries, signed")
        say(f"Its key, to be told by another way: {head.vkey}")
    else:
        print(head.note, end="")
    if report.trouble:
        fail(report.trouble, NEEDS_PERSON if report.disagrees else ENVIRONMENT)


async def _checkpoint(app: App) -> tuple[Signed, CosignReport]:
    """Sign, ask every witness, and return the head with the lines of those that cosigned it."""
    try:
        head = await newest_head(app.log_keeper())
        report = await cosign_now(app.cosigner(), actor=actor())
    except LogRefused as problem:
        raise NeedsPerson(f"{problem.what}: {problem}") from problem
    async with app.store.reading() as tx:
        lines = await cosignatures.over(tx, head.size)
    return replace(head, note=head.note + "".join(lines)), report


def prove(
    said: Annotated[str, typer.Argument(metavar="ID", help="An event's number or id, as `duly log list` shows it.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write entry, proof and public key there, for other tools.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Prove that an event is in the signed log (C2SP tlog-proof). Example: duly log prove 42 --out proofs"""

    async def work(app: App) -> Proven:
        try:
            return await prove_event(app.log_keeper(), said)
        except LogRefused as problem:
            raise NeedsPerson(f"{problem.what}: {problem}") from problem

    found = run(work)
    files = _files(found)
    if out:
        if not out.is_dir():
            fail(f"there is no folder {out}: make it first", REFUSED)
        for name, text in files.items():
            _write(out / name, text)
    row = {"seq": found.seq, "entry": found.entry.decode(), "proof": found.proof, **asdict(found.head)}
    if output is not Output.TABLE:
        _rows(row, output)
    elif out:
        say(f"{out}: {', '.join(files)}")
        say(f"SHA-256 of the key log.vkey, to be told by another way:\n{found.head.key_sha256}")
    else:
        print(found.proof, end="")


def _files(found: Proven) -> dict[str, str]:
    name = f"{found.seq:06d}"
    return {
        f"{name}.json": found.entry.decode(),
        f"{name}.tlog-proof": found.proof,
        "checkpoint": found.head.note,
        "log.vkey": f"{found.head.vkey}\n",
        "log.pub.pem": found.head.pem,
    }


def _rows(row: dict[str, Any], output: Output) -> None:
    if output is Output.JSON:
        one_json(row)
    else:
        show([row], output, columns=tuple(row), empty="")


def _bytes(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        return path.read_bytes() or b"\n"  # an empty file is no checkpoint, and must not pass for none given
    except OSError as problem:
        fail(f"{path} cannot be read as a checkpoint: {type(problem).__name__}", REFUSED)


def _write(path: Path, text: str) -> None:
    try:
        create_file(path, text)
    except FileExistsError:
        fail(f"{path} is there already and is never overwritten: give another name", REFUSED)
    except OSError as problem:
        fail(f"{path} cannot be written: {problem.strerror}", ENVIRONMENT)
