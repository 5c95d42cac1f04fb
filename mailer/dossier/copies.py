"""data/redacted: of each mail that a redacted case file leaves out, a copy for reading with words blacked out."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.dossier.eml import checked_number, eml_path
from mailer.dossier.entry import FileEntry
from mailer.dossier.model import CaseMessage, Direction, MessageContent
from mailer.dossier.table import utc_text
from mailer.dossier.visible import visible, visible_line

_TOP = """\
REDACTED COPY FOR READING. This is not the mail, and the log does not bind it.
The mail itself is left out of this case file; it has the SHA-256 below. [EMAIL], [PHONE] and the like stand for what
was blacked out, [LEFT OUT] for a text of which nothing is shown.

"""


FOLDER = "data/redacted"


def copy_path(number: str) -> str:
    """Return the path of the copy. Raises ValueError for a number not made by `message_number`."""
    return f"{FOLDER}/{checked_number(number)}.txt"


def message_path(message: CaseMessage) -> str:
    """Return the path of what is there of a mail: the mail, or its copy."""
    return copy_path(message.number) if message.redacted else eml_path(message.number)


def entries(message: CaseMessage, _: MessageContent) -> Iterator[FileEntry]:
    """Yield the one file, nothing for a mail that is here as it was."""
    if not message.redacted:
        return
    is_in = message.direction is Direction.IN
    facts = {
        "Number": message.number,
        "Way": "received" if is_in else "sent",
        "Fetched" if is_in else "Handed over": utc_text(message.at),
        "SHA-256 of the mail": message.sha256,
        "Entry of the log": str(message.log_index),
        "Date": message.mail.date,
        "From": message.sender,
        "To": message.recipient,
        "Cc": message.mail.cc,
        "Bcc": message.mail.bcc,
        "Subject": message.subject,
    }
    head = "".join(f"{name}: {visible_line(text)}\n" for name, text in facts.items() if text)
    yield FileEntry(path=copy_path(message.number), content=f"{_TOP}{head}\n{visible(message.text)}\n".encode())
