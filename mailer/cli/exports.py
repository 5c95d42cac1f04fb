"""`duly case export`."""

from __future__ import annotations

from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.context import ENVIRONMENT, actor, fail, run
from mailer.cli.output import Output, OutputOption, one_json
from mailer.cli.setup import say
from mailer.dossier.manifest import MANIFEST, TAG_MANIFEST
from mailer.flows.export_case import NOT_RETAINED, ExportReport, export_case
from mailer.flows.gather_case import Origin
from mailer.wiring import App


def register_on_case(case_app: typer.Typer) -> None:
    """Add `export` to `duly case`."""
    case_app.command("export")(export)


def export(
    said: Annotated[str, typer.Argument(metavar="ID", help="Case, customer or invoice number.")],
    out: Annotated[Path, typer.Option(help="The folder to make the case file's folder in.")],
    invoice: Annotated[str | None, typer.Option(help="Only what concerns this invoice.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Write a case to a folder for a lawyer: mails, chronology, account. Example: duly case export K17 --out cases"""

    async def work(app: App) -> ExportReport:
        origin = Origin(
            exported_at=app.clock(),
            exported_by=actor(),
            tool=f"Duly {_version()}",
            seller_name=app.settings.seller.name,
            language=app.settings.customers.language,
        )
        try:
            return await export_case(app.store, app.desk.renderer, said, invoice_number=invoice, out=out, origin=origin)
        except OSError as problem:
            fail(f"{problem.filename or out} cannot be written: {problem.strerror}", ENVIRONMENT)

    made = run(work)
    if output is not Output.TABLE:
        one_json(asdict(made))
        return
    say(f"{made.path}: {made.messages} mails, {made.files} files, {made.size_bytes} bytes")
    if made.not_retained:
        say(f"{made.not_retained} mails are not retained: see {NOT_RETAINED}")
    say(f"To check it: cd there, then sha256sum -c {MANIFEST}")
    say(f"SHA-256 of {TAG_MANIFEST}, to confirm to whoever gets it:\n{made.tagmanifest_sha256}")


def _version() -> str:
    try:
        return metadata.version("duly")
    except metadata.PackageNotFoundError:
        return "(not installed)"
