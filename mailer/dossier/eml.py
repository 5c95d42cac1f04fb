"""data/eml: every mail as it was handed to SMTP or fetched by IMAP, byte for byte."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from mailer.dossier.entry import FileEntry
from mailer.dossier.model import CaseMessage, MessageContent

_NUMBER = re.compile(r"[A-Z]{1,20}[0-9]{6,12}")


class EvidenceMismatch(ValueError):
    """Stored bytes are not those that were recorded: they must not be exported as evidence; `number` names the mail."""

    def __init__(self, number: str, what: str) -> None:
        self.number = number
        super().__init__(f"{what} of message {number} differs from what was recorded: look at the database's backups")


def eml_path(number: str) -> str:
    """Return the path of a mail in the case file. Raises ValueError for a number not made by `message_number`."""
    return f"data/eml/{checked_number(number)}.eml"


def checked_number(number: str) -> str:
    """Return a message number unchanged, or raise ValueError when it could not be a plain file name."""
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"{number!r} is not a message number: use message_number()")
    return number


def entries(message: CaseMessage, content: MessageContent) -> Iterator[FileEntry]:
    """Yield the one file. Raises EvidenceMismatch when the bytes do not have the recorded SHA-256."""
    if content.number != message.number or hashlib.sha256(content.raw).hexdigest() != message.sha256:
        raise EvidenceMismatch(message.number, "the raw mail")
    yield FileEntry(path=eml_path(message.number), content=content.raw)
