"""The case file: everything on record about one customer's case, in a package that proves it is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import structlog

from mailer.anchors.tsa import TsaUnreachable
from mailer.dossier.bag import bag_info
from mailer.dossier.entry import Entry, FileEntry, RenderedEntry
from mailer.dossier.formats import case_entries, message_entries
from mailer.dossier.manifest import MANIFEST, TAG_MANIFEST
from mailer.dossier.model import CaseMessage, MessageContent
from mailer.flows.case_folder import CaseFolder
from mailer.flows.cosign_log import Cosigner, cosign_now
from mailer.flows.find_customer import the_customer
from mailer.flows.gather_case import CaseWentOn, Gathered, Gathering, Options, Origin, gather, running_case, scope_id
from mailer.flows.gather_messages import Progress
from mailer.flows.keep_log import LogKeeper, seal
from mailer.flows.package_dkim import write_signatures
from mailer.flows.package_log import Bound, head_at, write_entries, write_events, write_proofs
from mailer.flows.package_stamps import write_stamps
from mailer.flows.package_witnesses import write_cosignatures
from mailer.flows.recording import happened
from mailer.flows.redactions import redaction_for
from mailer.flows.stamp_log import Stamper, StampRefused, stamp_head
from mailer.flows.write_report import write_report
from mailer.rendering.renderer import Renderer
from mailer.store import events, inbox, invoices

log = structlog.get_logger()
#: So often an export begins anew when the case goes on between signing and reading.
TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """Where the case file is and what it holds; `tagmanifest_sha256` is the sum that vouches for all the others.

    `size`: how many entries of the log it ends with (`--at` gives the same file again). `no_report`: why there is no
    PDF report, "" when there is. `redaction`: the profile that it was redacted by, "" when it was not.
    """

    path: Path
    files: int
    size_bytes: int
    messages: int
    not_retained: int
    withheld: int
    size: int
    report_volumes: int
    redaction: str
    no_report: str
    key_sha256: str
    tagmanifest_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """What exporting needs. `stamper`, `cosigner`: None when the head of a case file is not to be stamped, cosigned.

    `authority`: PEM with whose stamps count, to go along with them. `progress` is told of mails, `typesetting` of the
    volumes of the report.
    """

    keeper: LogKeeper
    renderer: Renderer
    origin: Origin
    progress: Progress | None = None
    typesetting: Progress | None = None
    stamper: Stamper | None = None
    cosigner: Cosigner | None = None
    authority: bytes = b""


async def export_case(exporter: Exporter, said: str, *, options: Options, out: Path) -> ExportReport:
    """Write the case of the customer meant by `said` to a new folder (or zip) in `out`, and put the export on record.

    That it was begun is an event, too, the last one in the file: the log is taken up and signed before anything is
    read, in one snapshot; one mail is in memory at a time. With `options.at` the file ends there, and its bytes are
    those of every export with the same options. Raises NotOneCustomer, NoSuchInvoice, NoSuchSize, CaseWentOn,
    FolderTaken (move it away), EvidenceMismatch and RecordChanged (what is stored is not what was recorded),
    LogRefused, LogKeyProblem, TemplateProblem, OSError; after any of them nothing is left behind.
    """
    if options.at is None:
        await _begin(exporter, said, options)
    folder, found = await _newest(exporter, said, options, out)
    try:
        await _publish(exporter, folder, found, options)
    except BaseException:
        folder.discard()
        raise
    return ExportReport(
        path=folder.path,
        files=len(folder.hashes),
        size_bytes=folder.size_bytes,
        messages=len(found.file.messages),
        not_retained=len(found.file.not_retained),
        withheld=len(found.file.withheld),
        size=found.file.log.size,
        report_volumes=len(found.file.report.volumes),
        redaction=found.file.redaction.name if found.file.redaction else "",
        no_report=found.file.report.why_not,
        key_sha256=found.file.log.key_sha256,
        tagmanifest_sha256=folder.hashes[TAG_MANIFEST],
    )


async def _begin(exporter: Exporter, said: str, options: Options) -> None:
    """Put on record that a case file is begun, for whom."""
    store = exporter.keeper.store
    async with store.reading() as tx:
        customer = await the_customer(tx, said)
        scope_id(customer, await invoices.of_customers(tx, [customer.id]), options.invoice_number)
        case = await running_case(tx, customer, said)
    event = happened(
        "export.started",
        now=exporter.keeper.clock(),
        actor=exporter.origin.exported_by,
        customer_id=customer.id,
        case_id=case.id if case else None,
        payload=_asked(options),
    )
    async with store.transaction() as tx:
        await events.record(tx, [event])


def _asked(options: Options) -> dict[str, object]:
    return {
        "for": options.purpose.value,
        "invoice": options.invoice_number or "",
        "since": options.since.isoformat() if options.since else "",
        "redaction": options.redact.name if options.redact else "",
    }


async def _newest(exporter: Exporter, said: str, options: Options, out: Path) -> tuple[CaseFolder, Gathered]:
    """Sign and read; again when the case went on between the two."""
    for _ in range(TRIES if options.at is None else 0):
        await seal(exporter.keeper, at_once=True)
        await _stamp(exporter)
        try:
            return await _drafted(exporter, said, options, out)
        except CaseWentOn:
            continue
    return await _drafted(exporter, said, options, out)


async def _stamp(exporter: Exporter) -> None:
    """Have the head of the case file stamped and cosigned; that it could not be keeps nobody from a case file."""
    actor = exporter.origin.exported_by
    if exporter.stamper is not None:
        try:
            await stamp_head(exporter.stamper, actor=actor)
        except (TsaUnreachable, StampRefused) as problem:
            log.warning("the head of a case file was not stamped", why=str(problem))
    if exporter.cosigner is not None and (trouble := (await cosign_now(exporter.cosigner, actor=actor)).trouble):
        log.warning("the head of a case file was not cosigned by every witness", why=trouble)


async def _drafted(exporter: Exporter, said: str, options: Options, out: Path) -> tuple[CaseFolder, Gathered]:
    """Return the whole folder, not yet in its place, and what it was made from."""
    folder, found = await _read(exporter, said, options, out)
    try:
        report = await write_report(folder, found.file, is_wanted=options.report, progress=exporter.typesetting)
        found = replace(found, file=replace(found.file, report=report))
        _write(folder, case_entries(found.file), exporter.renderer)
        folder.close(lambda octets, files: bag_info(found.file, name=folder.name, octets=octets, files=files))
    except BaseException:
        folder.discard()
        raise
    return folder, found


async def _read(exporter: Exporter, said: str, options: Options, out: Path) -> tuple[CaseFolder, Gathered]:
    """Return the folder with all that comes from the store, in one snapshot."""
    async with exporter.keeper.store.reading() as tx:
        customer = await the_customer(tx, said)
        view = await head_at(tx, exporter.keeper, options.at)
        redaction = await redaction_for(tx, customer, options.redact)
        mark = f"redacted-{redaction.profile.name}" if redaction else ""
        name = redaction.black(customer.ref) if redaction else customer.ref
        parts = ("CASE", name, options.invoice_number or "", f"{view.at:%Y%m%d}", str(view.head.size), mark)
        folder = CaseFolder(out, "-".join(part for part in parts if part), zipped=options.zipped)

        async def bind(withheld: Mapping[int, str]) -> Bound:
            return await write_events(tx, view, folder, withheld, redaction)

        def keep(message: CaseMessage, content: MessageContent) -> None:
            _write(folder, message_entries(message, content), exporter.renderer)

        folder.start()
        try:
            mail_ids = {one.id for one in await inbox.listing(tx, customer_id=customer.id)}
            await write_entries(tx, view, folder, customer_id=customer.id, mail_ids=mail_ids)
            texts = partial(write_signatures, tx, folder)
            how = Gathering(
                view=view, bind=bind, keep=keep, keep_signatures=texts, redaction=redaction, progress=exporter.progress
            )
            found = await gather(tx, customer, said, options=options, origin=exporter.origin, how=how)
            tree = write_proofs(view, folder)
            await write_stamps(tx, folder, tree, view.listed, exporter.authority)
            await write_cosignatures(tx, folder, tree, view.listed)
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


async def _publish(exporter: Exporter, folder: CaseFolder, found: Gathered, options: Options) -> None:
    """Put the export on record, then move the folder to its place; that it could not be moved is on record as well.

    In this order, for a case file may be given away as soon as it is there: a crash between the two leaves it whole
    beside its place, with the sum that the record has.
    """
    file = found.file
    payload: dict[str, object] = {
        **_asked(options),
        "folder": folder.path.name,
        "files": len(folder.hashes),
        "bytes": folder.size_bytes,
        "messages": len(file.messages),
        "not_retained": len(file.not_retained),
        "withheld": len(file.withheld),
        "events": len(file.events),
        "log_size": file.log.size,
        "report_volumes": len(file.report.volumes),
        "no_report": file.report.why_not,
        "manifest_sha256": folder.hashes[MANIFEST],
        "tagmanifest_sha256": folder.hashes[TAG_MANIFEST],
    }
    folder.pack()
    await _record(exporter, found, "export.created", payload)
    try:
        folder.finish()
    except OSError as problem:
        named = {name: payload[name] for name in ("folder", "log_size", "tagmanifest_sha256")}
        await _record(exporter, found, "export.not_placed", {**named, "why": problem.strerror or str(problem)})
        raise


async def _record(exporter: Exporter, found: Gathered, type_: str, payload: dict[str, object]) -> None:
    event = happened(
        type_,
        now=exporter.keeper.clock(),
        actor=exporter.origin.exported_by,
        customer_id=found.customer.id,
        case_id=found.case.id if found.case else None,
        payload=payload,
    )
    async with exporter.keeper.store.transaction() as tx:
        await events.record(tx, [event])
