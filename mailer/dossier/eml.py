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


def message_number(position: int, prefix: str = "DULY") -> str:
    """Return the number of the message at that place (1 is the first on record): "DULY000001".

    The flow counts in the order of the log, so that a message keeps its number unless an older mail is assigned to the
    customer later; at most 36 characters and legal as a file name everywhere (Mailbag 1.0).
    """
    return f"{prefix}{position:06d}"


def eml_path(number: str) -> str:
    """Return the path of a mail in the case file. Raises ValueError for a number not made by `message_number`."""
    return f"data/eml/{checked_number(number)}.eml"


def checked_number(number: str) -> str:
    """Return a message number unchanged, or raise ValueError when it could not be a plain file name."""
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"{number!r} is not a message number: use message_number()")
    return number


def entries(message: CaseMessage, content: MessageContent) -> Iterator[FileEntry]:
    """Yield the one file, none for a redacted mail. Raises EvidenceMismatch when the bytes are not those recorded."""
    if content.number != message.number or hashlib.sha256(content.raw).hexdigest() != message.sha256:
        raise EvidenceMismatch(message.number, "the raw mail")
    if not message.redacted:
        yield FileEntry(path=eml_path(message.number), content=content.raw)
