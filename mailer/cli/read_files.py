"""`duly inbox read`: what mails in files say; nothing is stored or sent, and no data folder is needed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from mailer.cli.context import InputRefused, guarded
from mailer.cli.output import Output, OutputOption, console, say
from mailer.domain.reading import Evidence
from mailer.flows.match_files import Shelf
from mailer.flows.phrase_files import load_phrases
from mailer.flows.read_files import FileReading, read_file, values_of
from mailer.imports.world import WorldRefused, world_from
from mailer.sandbox.sandbox import Sandbox

WorldOption = Annotated[
    Path | None, typer.Option("--world", metavar="WORLD.json", help="Customers, invoices and reminders sent.")
]


def register_on_inbox(inbox_app: typer.Typer) -> None:
    """Add the verb to `duly inbox`."""
    inbox_app.command("read")(read)


def read(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.eml…", help="Mails as files.")],
    world: WorldOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Read mail from files, keep nothing. Example: duly inbox read reply.eml --world world.json -o json"""
    if output is Output.CSV:
        guarded(lambda: _refuse("a reading does not fit into a table of cells: use -o json"))
    shelf = guarded(lambda: _shelf(world))
    guarded(lambda: asyncio.run(_read_all(files, shelf, output)))


async def _read_all(files: list[Path], shelf: Shelf, output: Output) -> None:
    phrases, sandbox = load_phrases(), Sandbox()
    try:
        for path in files:
            one = await read_file(_bytes(path), shelf, phrases, sandbox)
            if output is Output.JSON:
                print(json.dumps(values_of(path.name, one), ensure_ascii=False))
            else:
                _look(path.name, one)
    finally:
        await sandbox.close()


def _refuse(sentence: str) -> None:
    raise InputRefused(sentence)


def _shelf(world: Path | None) -> Shelf:
    if world is None:
        return Shelf(None)
    try:
        return Shelf(world_from(_bytes(world)))
    except WorldRefused as problem:
        raise InputRefused(f"{world}: {problem}") from problem


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise InputRefused(f"{path} cannot be read: {problem.strerror or problem}") from problem


def _look(name: str, one: FileReading) -> None:
    """Print one mail for people: its own words with what proves each finding in bold, then the findings."""
    reading, found = one.reading, one.match
    say(f"{name}: {reading.kind.value.replace('_', ' ')}, {reading.language or 'language unknown'}")
    words = Text("".join(c if c.isprintable() or c == "\n" else " " for c in reading.own))
    for finding in reading.findings:
        for proof in finding.evidence:
            if not proof.attachment:
                words.stylize("bold reverse", proof.start, proof.end)
    console().print(words)
    for finding in reading.findings:
        slots = [finding.on and finding.on.isoformat(), finding.amount and finding.amount.text, finding.reason]
        said = " ".join(str(slot) for slot in slots if slot)
        proofs = " / ".join(map(_quoted, finding.evidence))
        say(f"- {finding.intent.value.replace('_', ' ')} {said} ({finding.confidence:.2f}): {proofs}")
    for flaw in reading.unread:
        say(f"- an attached PDF {flaw}")
    whose = f"{found.customer_id} by {found.method.value.replace('_', ' ')}" if found.customer_id else "nobody known"
    say(f"whose: {whose}; effect: {one.outlook.effect}; {one.outlook.why}\n")


def _quoted(proof: Evidence) -> str:
    """Return the words that prove something in quotation marks, with the attachment they stand in."""
    place = f" ({proof.attachment})" if proof.attachment else ""
    return f"\u201c{' '.join(proof.text.split())}\u201d{place}"
