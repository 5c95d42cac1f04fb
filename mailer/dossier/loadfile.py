"""data/loadfile: the messages and what was attached, for review platforms: Concordance DAT, Opticon OPT, and CSV.

DAT is UTF-8: fields are parted by 0x14, every value stands between þ, a line feed in a value is ®. What a value has of
these three itself is written as "[U+00FE]", "[U+00AE]", "[U+0014]"; the CSV twin has the letters þ and ®.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from mailer.dossier.attachments import attachment_paths
from mailer.dossier.copies import message_path
from mailer.dossier.entry import FileEntry
from mailer.dossier.model import CaseFile, CaseMessage, Direction
from mailer.dossier.profiles import PROFILES
from mailer.dossier.table import csv_bytes
from mailer.dossier.visible import visible

NAME = "data/loadfile/DULY001"
VOLUME = "DULY001"
SEPARATOR, QUOTE, LINE_FEED = "\x14", "\u00fe", "\u00ae"
#: An attachment is "ATTACHMENT", its other columns those of the file; proofs and dates are its mail's.
COLUMNS = (
    "BEGBATES", "ENDBATES", "BEGATTACH", "ENDATTACH", "PARENTBATES", "ATTACHBATES", "CUSTODIAN", "DOCTYPE", "DIRECTION",
    "FROM", "TO", "CC", "BCC", "SUBJECT", "DATESENT", "TIMESENT", "DATERCVD", "TIMERCVD", "TIMEZONE", "MESSAGEID",
    "INREPLYTO", "REFERENCES", "EDRM_MSGID", "CASEREF", "INVOICENOS", "DEBTORREF", "DELIVERYSTATUS", "DKIMRESULT",
    "FILENAME", "FILEEXT", "FILESIZE", "SHA256HASH", "MD5HASH", "LOGSEQ", "LEAFHASH", "TLOGPROOF", "REDACTED",
    "NATIVEPATH", "TEXTPATH",
)  # fmt: skip


def entries(case: CaseFile) -> Iterator[FileEntry]:
    """Yield the three files, nothing for readers who do not load them."""
    if not PROFILES[case.purpose].loadfile:
        return
    rows = [row for one in sorted(case.messages, key=lambda one: one.number) for row in _rows(case, one)]
    yield FileEntry(path=f"{NAME}.dat", content="".join(map(_dat, (COLUMNS, *rows))).encode())
    yield FileEntry(path=f"{NAME}.opt", content="".join(_opt(row[0], row[-2] or row[-1]) for row in rows).encode())
    yield FileEntry(path=f"{NAME}.csv", content=csv_bytes(COLUMNS, rows))


def message_hash(message_id: str) -> str:
    """Return the EDRM message identification hash: MD5 of the Message-ID in angle brackets; "" without one."""
    if not message_id:
        return ""
    text = f"<{message_id.strip().strip('<>')}>"
    return hashlib.md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _rows(case: CaseFile, one: CaseMessage) -> Iterator[tuple[str, ...]]:
    """Give the row of a mail, then one for each thing attached."""
    paths = attachment_paths(one)
    children = [f"{one.number}.{place:03d}" for place in range(1, len(paths) + 1)]
    values = _shared(case, one) | {
        "BEGBATES": one.number,
        "ENDBATES": one.number,
        "BEGATTACH": one.number if children else "",
        "ENDATTACH": children[-1] if children else "",
        "ATTACHBATES": "; ".join(children),
        "DOCTYPE": "EMAIL",
        "FILENAME": message_path(one).rpartition("/")[2],
        "FILEEXT": message_path(one).rpartition(".")[2],
        "FILESIZE": str(one.size_bytes),
        "SHA256HASH": one.sha256,
        "MD5HASH": one.mail.md5,
        "NATIVEPATH": "" if one.redacted else _native(message_path(one)),
        "TEXTPATH": _native(message_path(one)) if one.redacted else "",
    }
    yield tuple(values.get(column, "") for column in COLUMNS)
    for number, path, attached in zip(children, paths, one.attachments, strict=True):
        name = path.rpartition("/")[2]
        child = values | {
            "BEGBATES": number,
            "ENDBATES": number,
            "PARENTBATES": one.number,
            "ATTACHBATES": "",
            "DOCTYPE": "ATTACHMENT",
            "FILENAME": attached.name,
            "FILEEXT": name.rpartition(".")[2] if "." in name else "",
            "FILESIZE": str(attached.size_bytes),
            "SHA256HASH": attached.sha256,
            "MD5HASH": "",
            "NATIVEPATH": _native(path),
        }
        yield tuple(child.get(column, "") for column in COLUMNS)


def _shared(case: CaseFile, one: CaseMessage) -> dict[str, str]:
    """Return what a mail and its attachments have in common."""
    is_in = one.direction == Direction.IN
    day, clock = one.at.strftime("%Y-%m-%d"), one.at.strftime("%H:%M:%S")
    return {
        "CUSTODIAN": case.seller_name,
        "DIRECTION": one.direction.value.upper(),
        "FROM": one.sender,
        "TO": one.recipient,
        "CC": one.mail.cc,
        "BCC": one.mail.bcc,
        "SUBJECT": one.subject,
        "DATESENT": one.mail.date[:10],
        "TIMESENT": one.mail.date[11:19],
        "DATERCVD": day if is_in else "",
        "TIMERCVD": clock if is_in else "",
        "TIMEZONE": "UTC",
        "MESSAGEID": f"<{one.message_id}>" if one.message_id else "",
        "INREPLYTO": one.mail.in_reply_to,
        "REFERENCES": one.mail.references,
        "EDRM_MSGID": message_hash(one.message_id),
        "CASEREF": case.case_id,
        "INVOICENOS": "; ".join(one.invoice_numbers),
        "DEBTORREF": case.customer.ref,
        "DELIVERYSTATUS": "" if is_in else one.outcome,
        "DKIMRESULT": one.dkim,
        "LOGSEQ": str(one.log_index),
        "LEAFHASH": one.leaf_sha256,
        "TLOGPROOF": _native(f"data/audit/proofs/{one.log_index:06d}.tlog-proof"),
        "REDACTED": "yes" if one.redacted else "no",
    }


def _native(path: str) -> str:
    return path.replace("/", "\\")


def _dat(values: Sequence[str]) -> str:
    return SEPARATOR.join(f"{QUOTE}{_told(value)}{QUOTE}" for value in values) + "\r\n"


def _told(value: str) -> str:
    shown = visible(value)
    for letter in (QUOTE, LINE_FEED):
        shown = shown.replace(letter, f"[U+{ord(letter):04X}]")
    return shown.replace("\n", LINE_FEED)


def _opt(number: str, path: str) -> str:
    return f"{number},{VOLUME},{path},Y,,,\r\n"
