"""A case goes to a lawyer: everything is there, byte for byte, and stock tools can check it."""

from __future__ import annotations

import csv
import hashlib
import stat
import subprocess
from datetime import date, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from sqlalchemy import text

from mailer.dossier.eml import EvidenceMismatch
from mailer.flows.case_folder import FolderTaken
from mailer.flows.export_case import ExportReport, export_case
from mailer.flows.find_customer import NotOneCustomer
from mailer.flows.gather_case import CaseWentOn, NoSuchInvoice, Options
from mailer.flows.log_contact import ContactKind, Said, log_contact
from mailer.flows.plan_reminders import tick
from mailer.store import inbox
from tests.stories.case_files import exporter_of
from tests.stories.world import World

DUE = date(2026, 9, 4)
HOSTILE = "../../\u202egnp.exe"
STATEMENT = b"%PDF-1.7 not really\r\n"


def table(folder: Path, path: str) -> list[dict[str, str]]:
    with (folder / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sums_are_right(folder: Path) -> None:
    for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        done = subprocess.run(["sha256sum", "-c", "--strict", name], cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    listed = {line.split("  ", 1)[1] for line in (folder / "manifest-sha256.txt").read_text().splitlines()}
    assert listed == {str(path.relative_to(folder)) for path in (folder / "data").rglob("*") if path.is_file()}


def mail_with_attachments(world: World) -> bytes:
    """What the customer sends: two attachments, one of them named by an enemy."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Tom Alder <ap@alder.example>"
    mail["To"] = str(world.mails[0]["Reply-To"])
    mail["Subject"] = "=1+1"
    mail["Message-ID"] = "<statement@alder.example>"
    mail["In-Reply-To"] = str(world.mails[0]["Message-ID"])
    mail.set_content("Please see the statement.\n")
    for name in (HOSTILE, "con.pdf"):
        mail.add_attachment(STATEMENT, maintype="application", subtype="pdf", filename=name)
    return mail.as_bytes()


async def export(
    world: World, said: str = "K1", *, invoice: str | None = None, out: str = "out", at: int | None = None
) -> ExportReport:
    options = Options(invoice_number=invoice, at=at)
    return await export_case(exporter_of(world), said, options=options, out=world.folder / out)


async def a_case(world: World) -> bytes:
    """Two invoices, a reminder sent, one cancelled, one mail with attachments, one call; returns the mail."""
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.clock.at += timedelta(hours=1)
    raw = mail_with_attachments(world)
    world.dovecot.deliver(raw)
    await world.round()
    said = Said(kind=ContactKind.CALL, words="Tom will look for the delivery note", outcome="spoken")
    await log_contact(world.app.store, "K1", said, actor="person:test", now=world.clock())
    await world.owe("INV-2", due=date(2026, 9, 10))
    world.clock.at += timedelta(days=7)
    await world.import_ledger()
    await tick(world.app.planner())
    await world.pay("INV-2")
    await world.round()
    return raw


async def test_the_case_file_holds_everything_and_stock_tools_can_check_it(world: World) -> None:
    raw = await a_case(world)
    report = await export(world, "INV-1")
    assert report.path == (world.folder / "out" / f"CASE-K1-{world.clock():%Y%m%d}-{report.size}").resolve()
    sums_are_right(report.path)
    mails = {path.stem: path.read_bytes() for path in sorted((report.path / "data/eml").iterdir())}
    sent = [received.raw for received in world.smtp.messages]
    assert sorted(mails.values()) == sorted([*sent, raw])
    assert mails["DULY000001"] == sent[0]
    assert mails["DULY000002"] == raw
    lines = table(report.path, "data/report/chronology.csv")
    kinds = [line["kind"] for line in lines]
    assert (kinds.count("message_out"), kinds.count("message_in"), kinds.count("call")) == (len(sent), 1, 1)
    on_record = [event for event in await world.events() if event.customer_id and event.type != "export.created"]
    assert [int(line["record_seq"]) for line in lines if line["kind"] == "record"] == [one.seq for one in on_record]
    assert [row["open"] for row in table(report.path, "data/account/invoices.csv")] == ["500.00", "0.00"]
    assert "Tom will look for the delivery note" in (report.path / "data/report/chronology.html").read_text("utf-8")
    cancelled = [line["details"] for line in lines if "reminder.cancelled" in line["details"]]
    assert ["a reminder was stopped before it was sent" in details for details in cancelled] == [True]


async def test_hostile_attachments_are_kept_but_cannot_leave_their_folder(world: World) -> None:
    await a_case(world)
    report = await export(world)
    folder = report.path / "data/attachments/DULY000002"
    listed = table(report.path, "data/attachments/DULY000002/attachments.csv")
    assert [row["Original-Filename"].endswith(("[U+202E]gnp.exe", "con.pdf")) for row in listed] == [True, True]
    assert [(folder / row["Mailbag-Filename"]).read_bytes() for row in listed] == [STATEMENT, STATEMENT]
    assert {path.name for path in folder.iterdir()} == {"attachments.csv", "DULY000002-1.exe", "DULY000002-2.pdf"}
    assert all("\u202e" not in path.name and path.parent == folder for path in folder.iterdir())
    assert "\u202e" not in (report.path / "data/report/chronology.html").read_text("utf-8")
    subject = next(line for line in table(report.path, "data/report/chronology.csv") if line["kind"] == "message_in")
    assert "=1+1" in subject["details"]
    assert not subject["details"].startswith("=")


async def test_only_the_owner_may_read_it_and_the_export_is_on_record(world: World) -> None:
    await a_case(world)
    report = await export(world)
    for path in [report.path, *report.path.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    (event,) = await world.events("export.created")
    sums = hashlib.sha256((report.path / "tagmanifest-sha256.txt").read_bytes()).hexdigest()
    assert event.payload["tagmanifest_sha256"] == sums == report.tagmanifest_sha256
    assert event.payload["messages"] == report.messages
    assert event.actor == "person:test"
    assert event.customer_id


async def test_a_folder_that_is_there_is_never_touched(world: World) -> None:
    await a_case(world)
    first = await export(world)
    before = sorted((path, path.stat().st_mtime_ns) for path in first.path.rglob("*"))
    with pytest.raises(FolderTaken, match="move it away, or give another --out"):
        await export(world, at=first.size)
    assert sorted((path, path.stat().st_mtime_ns) for path in first.path.rglob("*")) == before
    second = await export(world, at=first.size, out="elsewhere")
    assert second.path.name == first.path.name
    for path in sorted(first.path.rglob("*")):
        same = second.path / path.relative_to(first.path)
        assert path.is_dir() or path.read_bytes() == same.read_bytes(), path
    await world.owe("INV-4", due=DUE)
    with pytest.raises(CaseWentOn, match="leave --at away"):
        await export(world, at=first.size, out="third")


async def test_one_invoice_brings_what_concerns_it_and_the_account(world: World) -> None:
    await a_case(world)
    await world.owe("INV-3", due=date(2026, 9, 11))
    await world.pass_days(9)
    whole = await export(world)
    part = await export(world, invoice="INV-3")
    assert part.path.name == f"CASE-K1-INV-3-{world.clock():%Y%m%d}-{part.size}"
    sums_are_right(part.path)
    about = [raw for raw in world.smtp.messages if b"INV-3" in raw.raw]
    mails = [path.read_bytes() for path in (part.path / "data/eml").iterdir()]
    assert about
    assert sorted(mails) == sorted(one.raw for one in about)
    numbers = {path.name for path in (part.path / "data/eml").iterdir()}
    assert numbers < {path.name for path in (whole.path / "data/eml").iterdir()}
    assert [row["invoice"] for row in table(part.path, "data/account/invoices.csv")] == ["INV-3"]
    chronology = table(part.path, "data/report/chronology.csv")
    assert {number for line in chronology for number in line["invoices"].split()} >= {"INV-3"}
    assert all("INV-3" in line["invoices"] for line in chronology if line["invoices"])
    assert any("the case was opened" in line["details"] for line in chronology)
    with pytest.raises(NoSuchInvoice, match="there are: INV-1, INV-2, INV-3"):
        await export(world, invoice="INV-9", out="third")


async def test_bytes_that_were_let_go_are_listed_with_hash_and_reason(world: World) -> None:
    raw = await a_case(world)
    world.reply(world.mails[0], "Is there any news?")
    await world.round()
    async with world.app.store.transaction() as tx:
        _, mail = await inbox.listing(tx)
        await inbox.let_go(tx, mail, "erased at the customer's wish")
    report = await export(world)
    assert report.not_retained == 2
    row, unsent = table(report.path, "data/report/messages_not_retained.csv")
    assert unsent["reason"] == "it was not handed over to a mail server (cancelled)"
    assert (row["message"], row["sha256"]) == ("DULY000002", hashlib.sha256(raw).hexdigest())
    assert row["reason"] == "erased at the customer's wish"
    assert not (report.path / "data/eml/DULY000002.eml").exists()
    assert (report.path / "data/eml/DULY000004.eml").exists()
    sums_are_right(report.path)


async def test_bytes_that_are_not_those_recorded_are_no_evidence(world: World) -> None:
    await a_case(world)
    async with world.app.store.transaction() as tx:
        (mail,) = await inbox.listing(tx)
        forged = {"body": b"From: ap@alder.example\r\n\r\nWe owe you nothing.\r\n", "id": mail.payload_id}
        await tx.run(text("UPDATE payloads SET body = :body WHERE id = :id").bindparams(**forged))
    with pytest.raises(EvidenceMismatch, match="DULY000002"):
        await export(world)
    assert list((world.folder / "out").iterdir()) == []
    assert await world.events("export.created") == []
    with pytest.raises(NotOneCustomer):
        await export(world, "nobody")
