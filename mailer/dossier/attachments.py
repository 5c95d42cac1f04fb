"""data/attachments: what was attached, decoded, under safe names, with a list that keeps the names as sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from mailer.dossier.eml import EvidenceMismatch, checked_number
from mailer.dossier.entry import FileEntry
from mailer.dossier.model import CaseMessage, MessageContent
from mailer.dossier.safe_names import safe_names
from mailer.dossier.table import csv_bytes

LIST_NAME = "attachments.csv"
#: A list of files must have their names, and a spreadsheet must not run them.
_FORMULA = ("=", "+", "-", "@")
#: The columns of Mailbag 1.0, in its order.
_HEADER = ("Original-Filename", "Mailbag-Filename", "MimeType", "Content-ID")


def attachment_paths(message: CaseMessage) -> tuple[str, ...]:
    """Return where the attachments of a message lie in the case file, in their order."""
    folder = f"data/attachments/{checked_number(message.number)}"
    names = safe_names((one.name for one in message.attachments), taken=(LIST_NAME,))
    kept = [
        name if name == attached.name and not name.startswith(_FORMULA) else _plain(message, place, name)
        for place, (name, attached) in enumerate(zip(names, message.attachments, strict=True), start=1)
    ]
    return tuple(f"{folder}/{name}" for name in kept)


def _plain(message: CaseMessage, place: int, name: str) -> str:
    """Return the name that Mailbag gives to what cannot keep its own: "DULY000002-1.pdf"."""
    _, dot, extension = name.rpartition(".")
    return f"{message.number}-{place}" + (f".{extension}" if dot and extension.isascii() else "")


def entries(message: CaseMessage, content: MessageContent) -> Iterator[FileEntry]:
    """Yield the list and the files, nothing when nothing was attached. Raises EvidenceMismatch."""
    if message.redacted:
        return
    if len(content.attachments) != len(message.attachments):
        raise EvidenceMismatch(message.number, "the number of attachments")
    if not message.attachments:
        return
    paths = attachment_paths(message)
    rows = [
        (one.name or "unknown", path.rpartition("/")[2], one.media_type, "")
        for one, path in zip(message.attachments, paths, strict=True)
    ]
    yield FileEntry(path=f"data/attachments/{message.number}/{LIST_NAME}", content=csv_bytes(_HEADER, rows))
    for one, path, data in zip(message.attachments, paths, content.attachments, strict=True):
        if hashlib.sha256(data).hexdigest() != one.sha256:
            raise EvidenceMismatch(message.number, "an attachment")
        yield FileEntry(path=path, content=data)
