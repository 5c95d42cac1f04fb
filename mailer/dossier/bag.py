"""The tag files of a bag (BagIt 1.0, RFC 8493) that is a mailbag (Mailbag 1.0, University at Albany)."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.dossier.attachments import attachment_paths
from mailer.dossier.eml import eml_path
from mailer.dossier.entry import FileEntry
from mailer.dossier.model import CaseFile
from mailer.dossier.table import csv_bytes, utc_text
from mailer.dossier.visible import visible_line

NOT_RETAINED = "messages_not_retained.txt"
_MAILBAG = (
    "Error", "Mailbag-Message-ID", "Message-ID", "Original-File", "Message-Path", "Derivatives-Path", "Attachments",
    "Date", "From", "To", "Cc", "Bcc", "Subject", "Content-Type",
)  # fmt: skip


def entries(case: CaseFile) -> Iterator[FileEntry]:
    """Yield bagit.txt, the list of messages, and the lists of those that are not here.

    A redacted file has no messages as Mailbag means them (representations of the same bytes), so it is none.
    """
    yield FileEntry(path="bagit.txt", content=b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    if case.redaction is None:
        yield _mailbag(case)
    listed = sorted(case.not_retained, key=lambda one: one.number)
    header = ("message", "direction", "at", "message_id", "sha256", "reason")
    gone = [(one.number, str(one.direction), one.at, one.message_id, one.sha256, one.why) for one in listed]
    yield FileEntry(path="data/report/messages_not_retained.csv", content=csv_bytes(header, gone))
    lines = ["message\treason", *(f"{one.number}\t{visible_line(one.why)}" for one in listed)]
    yield FileEntry(path=NOT_RETAINED, content="".join(f"{line}\n" for line in lines).encode())


def _mailbag(case: CaseFile) -> FileEntry:
    rows = [
        (
            visible_line("; ".join(one.mail.defects)),
            one.number,
            one.message_id,
            f"{one.number}.eml",
            "",
            eml_path(one.number).removeprefix("data/"),
            len(attachment_paths(one)),
            one.mail.date,
            one.sender,
            one.recipient,
            one.mail.cc,
            one.mail.bcc,
            one.subject,
            one.mail.content_type,
        )
        for one in sorted(case.messages, key=lambda one: one.number)
    ]
    return FileEntry(path="mailbag.csv", content=csv_bytes(_MAILBAG, rows))


def bag_info(case: CaseFile, *, name: str, octets: int, files: int) -> FileEntry:
    """Return bag-info.txt, given the size of the payload (everything under data/)."""
    numbers = sorted(one.number for one in case.messages)
    tool, _, version = case.tool.rpartition(" ")
    mailbag = {
        "Bag-Type": "Mailbag",
        "Mailbag-Source": "eml",
        "Mailbag-Specification-Version": "1.0",
        "Original-Included": "True",
    }
    values = {
        **(mailbag if case.redaction is None else {}),
        "Bagging-Timestamp": utc_text(case.exported_at),
        "Bagging-Date": case.exported_at.date().isoformat(),
        "External-Identifier": name,
        "Mailbag-Agent": tool,
        "Mailbag-Agent-Version": version,
        "Payload-Oxum": f"{octets}.{files}",
        "Case": case.case_id,
        "Purpose": case.purpose.value,
        "Scope": f"invoice {case.scope}" if case.scope else "the whole case",
        "Since": case.since.isoformat() if case.since else "the beginning",
        "Bates-Range": f"{numbers[0]}-{numbers[-1]}" if numbers else "none",
        "Withheld-Events": str(len(case.withheld)),
        "Log-Origin": case.log.origin,
        "Log-Size": str(case.log.size),
        "Log-Root": case.log.root,
        "Log-Key-SHA256": case.log.key_sha256,
        "Redaction": "no" if case.redaction is None else "yes",
        **({} if case.redaction is None else {"Redaction-Profile": case.redaction.name}),
    }
    lines = (f"{word}: {visible_line(value)}\n" for word, value in values.items())
    return FileEntry(path="bag-info.txt", content="".join(lines).encode())
