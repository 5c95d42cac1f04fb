"""The case file: everything on record about one customer's case, in a folder that proves it is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mailer.dossier.entry import Entry, FileEntry, RenderedEntry
from mailer.dossier.formats import case_entries, message_entries
from mailer.dossier.manifest import MANIFEST, TAG_MANIFEST
from mailer.dossier.model import CaseMessage, MessageContent
from mailer.dossier.table import csv_bytes
from mailer.flows.case_folder import CaseFolder
from mailer.flows.find_customer import the_customer
from mailer.flows.gather_case import Gathered, Origin, gather
from mailer.flows.gather_messages import NotRetained
from mailer.flows.recording import happened
from mailer.rendering.renderer import Renderer
from mailer.store import events
from mailer.store.session import Store

NOT_RETAINED = "data/report/messages_not_retained.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """Where the case file is and what it holds; `tagmanifest_sha256` is the sum that vouches for all the others."""

    path: Path
    files: int
    size_bytes: int
    messages: int
    not_retained: int
    tagmanifest_sha256: str


async def export_case(
    store: Store, renderer: Renderer, said: str, *, invoice_number: str | None, out: Path, origin: Origin
) -> ExportReport:
    """Write the case of the customer meant by `said` to a new folder in `out`, and put the export on record.

    Everything is read in one snapshot and one mail is in memory at a time. Raises NotOneCustomer, NoSuchInvoice,
    FolderTaken (move it away), EvidenceMismatch (stored bytes are not those recorded), TemplateProblem, OSError; after
    any of them nothing is left behind.
    """
    folder, found = await _drafted(store, renderer, said, invoice_number=invoice_number, out=out, origin=origin)
    report = ExportReport(
        path=folder.path,
        files=len(folder.hashes),
        size_bytes=folder.size_bytes,
        messages=len(found.mails.messages),
        not_retained=len(found.mails.gone),
        tagmanifest_sha256=folder.hashes[TAG_MANIFEST],
    )
    try:
        await _publish(store, folder, found, report)
    except BaseException:
        folder.discard()
        raise
    return report


async def _drafted(
    store: Store, renderer: Renderer, said: str, *, invoice_number: str | None, out: Path, origin: Origin
) -> tuple[CaseFolder, Gathered]:
    """Return the whole folder, not yet in its place, and what it was made from."""
    async with store.reading() as tx:
        customer = await the_customer(tx, said)
        parts = ("CASE", customer.ref, invoice_number or "", f"{origin.exported_at:%Y%m%d}")
        folder = CaseFolder(out, "-".join(part for part in parts if part))

        def keep(message: CaseMessage, content: MessageContent) -> None:
            _write(folder, message_entries(message, content), renderer)

        folder.start()
        try:
            found = await gather(tx, customer, said, invoice_number=invoice_number, origin=origin, keep=keep)
            _write(folder, case_entries(found.file), renderer)
            _write(folder, [_not_retained(found.mails.gone)], renderer)
            folder.close()
        except BaseException:
            folder.discard()
            raise
    return folder, found


def _write(folder: CaseFolder, entries: Iterable[Entry], renderer: Renderer) -> None:
    for entry in entries:
        pieces = (entry.content,) if isinstance(entry, FileEntry) else _rendered(entry, renderer)
        folder.write(entry.path, pieces)


def _rendered(entry: RenderedEntry, renderer: Renderer) -> Iterator[bytes]:
    for piece in renderer.document(entry.template, entry.language, entry.part, entry.values):
        yield piece.encode()


def _not_retained(gone: Iterable[NotRetained]) -> FileEntry:
    """Return the list of messages whose bytes are gone; it is there even when empty."""
    header = ("message", "direction", "at", "message_id", "sha256", "reason")
    rows = [(one.number, str(one.direction), one.at, one.message_id, one.sha256, one.why) for one in gone]
    return FileEntry(path=NOT_RETAINED, content=csv_bytes(header, rows))


async def _publish(store: Store, folder: CaseFolder, found: Gathered, report: ExportReport) -> None:
    """Put the export on record and move the folder to its place; both or neither."""
    payload: dict[str, object] = {
        "invoice": found.file.scope,
        "folder": folder.path.name,
        "files": report.files,
        "bytes": report.size_bytes,
        "messages": report.messages,
        "not_retained": report.not_retained,
        "events": len(found.file.events),
        "manifest_sha256": folder.hashes[MANIFEST],
        "tagmanifest_sha256": report.tagmanifest_sha256,
    }
    event = happened(
        "export.created",
        now=found.file.exported_at,
        actor=found.file.exported_by,
        customer_id=found.customer.id,
        case_id=found.case.id if found.case else None,
        payload=payload,
    )
    async with store.transaction() as tx:
        await events.record(tx, [event])
        folder.finish()
