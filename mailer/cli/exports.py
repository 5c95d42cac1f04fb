"""`duly case export|verify`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.context import ENVIRONMENT, NEEDS_PERSON, NeedsPerson, actor, fail, guarded
from mailer.cli.import_files import Bar
from mailer.cli.opened import run
from mailer.cli.output import Output, OutputOption, one_json, show
from mailer.cli.setup import say
from mailer.dossier.bag import NOT_RETAINED
from mailer.dossier.copies import FOLDER as COPIES
from mailer.dossier.manifest import TAG_MANIFEST
from mailer.dossier.profiles import Purpose
from mailer.flows.export_case import Exporter, ExportReport, export_case
from mailer.flows.gather_case import Options, Origin
from mailer.flows.keep_log import LogRefused
from mailer.flows.redactions import redaction_profile
from mailer.flows.trusted_file import pem_in, trusted_in, witnesses_in_file
from mailer.flows.verify_case import CaseVerdict, verify_case
from mailer.wiring import App

_COLUMNS = ("error", "file", "words")


def register_on_case(case_app: typer.Typer) -> None:
    """Add `export` and `verify` to `duly case`."""
    case_app.command("export")(export)
    case_app.command("verify")(verify)


def export(
    *,
    said: Annotated[str, typer.Argument(metavar="ID", help="Case, customer or invoice number.")],
    out: Annotated[Path, typer.Option(help="The folder to make the case file in.")],
    purpose: Annotated[
        Purpose, typer.Option("--for", help="Who gets it: court and customer get no internal notes.")
    ] = Purpose.LAWYER,
    zipped: Annotated[bool, typer.Option("--zip", help="Make a zip instead of a folder.")] = False,
    invoice: Annotated[str | None, typer.Option(help="Only what concerns this invoice.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Withhold what happened before this day (UTC).")
    ] = None,
    at: Annotated[
        int | None, typer.Option("--at", metavar="SIZE", min=1, help="End with so many entries of the log, as before.")
    ] = None,
    redact: Annotated[
        str,
        typer.Option(metavar="PROFILE", help="Leave out: contacts (addresses, telephone, bank) or text (all words)."),
    ] = "",
    report: Annotated[
        bool, typer.Option("--report/--no-report", help="With the PDF report (needs duly[report]), or without.")
    ] = True,
    output: OutputOption = Output.TABLE,
) -> None:
    """Write a case as evidence that others can check. Example: duly case export K17 --for lawyer --out cases --zip"""
    options = Options(
        redact=guarded(lambda: redaction_profile(redact)) if redact else None,
        purpose=purpose,
        invoice_number=invoice,
        since=since.date() if since else None,
        at=at,
        zipped=zipped,
        report=report,
    )

    made = run(lambda app: _export(app, said, options, out))
    if output is Output.TABLE:
        _tell_made(made)
    else:
        one_json(asdict(made))


async def _export(app: App, said: str, options: Options, out: Path) -> ExportReport:
    origin = Origin(
        exported_by=actor(),
        tool=f"Duly {_version()}",
        seller_name=app.settings.seller.name,
        language=app.settings.customers.language,
    )
    try:
        with Bar() as bar:
            exporter = Exporter(
                keeper=app.log_keeper(),
                renderer=app.desk.renderer,
                origin=origin,
                progress=bar,
                typesetting=bar.typesetting,
                stamper=app.stamper(),
                cosigner=app.cosigner(),
                authority=pem_in(app.settings.anchors.ca_file),
            )
            return await export_case(exporter, said, options=options, out=out)
    except LogRefused as problem:
        raise NeedsPerson(f"{problem.what}: {problem}") from problem
    except OSError as problem:
        fail(f"{problem.filename or out} cannot be written: {problem.strerror}", ENVIRONMENT)


def _tell_made(made: ExportReport) -> None:
    say(f"{made.path}: {made.messages} mails, {made.files} files, {made.size_bytes} bytes")
    say(
        f"It ends with {made.size} entries of the log: --at {made.size} and the same options make the same bytes again."
    )
    if made.report_volumes:
        say(f"The report to read and print: data/report/CASE-REPORT-vol01.pdf ({made.report_volumes} volumes)")
    else:
        say(f"It has no PDF report: {made.no_report}")
    if made.redaction:
        say(f"It is redacted ({made.redaction}): README.txt says what is left out. Read it before you give it away.")
    if made.not_retained:
        say(f"{made.not_retained} mails are not in it: see {NOT_RETAINED}")
    if made.withheld:
        say(f"{made.withheld} events are withheld: see data/report/withheld.csv")
    say("To check it: duly case verify; or, with none of our software, read VERIFY.txt and run bash VERIFY.txt there.")
    say(f"To be told to whoever gets it by another way:\nlog.vkey {made.key_sha256}")
    say(f"{TAG_MANIFEST} {made.tagmanifest_sha256}")


def verify(
    place: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a case file, or its zip.")],
    key: Annotated[
        str, typer.Option(metavar="SHA256", help="SHA-256 of log.vkey, as you were told it by another way.")
    ] = "",
    tsa_ca: Annotated[
        str,
        typer.Option("--tsa-ca", metavar="FILE", help="PEM of whoever stamped the time: check the signatures, too."),
    ] = "",
    witnesses: Annotated[
        str,
        typer.Option(metavar="FILE", help="Keys of witnesses (vkeys, one a line): one must have cosigned the log."),
    ] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Check a case file, without a database. Example: duly case verify cases/CASE-K17-20261127-4711"""

    def work() -> CaseVerdict:
        try:
            with Bar() as bar:
                return verify_case(
                    place,
                    key_sha256=key,
                    trusted=trusted_in(tsa_ca) if tsa_ca else None,
                    witnesses=witnesses_in_file(witnesses) if witnesses else None,
                    progress=bar,
                )
        except OSError as problem:
            fail(f"{problem.filename or place} cannot be read: {problem.strerror}", ENVIRONMENT)

    found = guarded(work)
    rows = [{"error": one.what.value, "file": one.file, "words": one.words} for one in found.flaws]
    if output is Output.JSON:
        one_json({**asdict(found), "flaws": rows, "ok": not rows})
    elif output is Output.CSV or rows:
        show(rows, output, columns=_COLUMNS, empty="")
    else:
        _tell(found, is_known=bool(key), is_stamped=bool(tsa_ca), is_witnessed=bool(witnesses))
    if rows:
        fail("this case file is NOT what it was: use none of it before it is known why", NEEDS_PERSON)


def _tell(found: CaseVerdict, *, is_known: bool, is_stamped: bool, is_witnessed: bool) -> None:
    log = found.log
    if found.copies:
        say(f"It is redacted: the log does not bind the {found.copies} copies in {COPIES}, they are for reading.")
    say(f"The case file is whole: {found.files} files, {log.mails} mails, {log.events} events of the case.")
    say(f"It is as the log {log.origin} has it, with {log.size} entries.")
    if log.erased or log.withheld or log.not_retained:
        parts = f"{log.not_retained} mails, {log.withheld} events withheld, {log.erased} erased"
        say(f"Not in it, and accounted for: {parts}.")
    if log.stamps:
        who = "by whom you trust" if is_stamped else "(whose they are: --tsa-ca FILE)"
        say(f"{log.stamps} time stamps {who} are over heads of this log.")
    if log.cosignatures:
        who = "one of them at least of a witness of yours" if is_witnessed else "(whose they are: --witnesses FILE)"
        say(f"{log.cosignatures} cosignatures of witnesses {who} are over heads of this log.")
    if not is_known:
        say(f"Ask by another way whether the log's key is this one (SHA-256 of log.vkey):\n{log.key_sha256}")


def _version() -> str:
    try:
        return metadata.version("duly")
    except metadata.PackageNotFoundError:
        return "(not installed)"
