"""The registry of what a case file holds, and the ways out: a new kind of file is one module and one line here.

The flow goes: for each message, oldest first, load its bytes, write `message_entries`, let go of them; then write
`case_entries`; then write `closing_entries` with the sums of everything written. At no time is more than one message
in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mailer.dossier import (
    account,
    attachments,
    bag,
    certificate,
    chronology,
    copies,
    custody,
    eml,
    loadfile,
    placement,
    printable,
    readme,
    verify_text,
)
from mailer.dossier.entry import Entry
from mailer.dossier.model import CaseFile, CaseMessage, MessageContent

CaseFormat = Callable[[CaseFile], Iterator[Entry]]
MessageFormat = Callable[[CaseMessage, MessageContent], Iterator[Entry]]

#: Files made from a message and its bytes.
MESSAGE_FORMATS: dict[str, MessageFormat] = {
    "eml": eml.entries,
    "attachments": attachments.entries,
    "copies": copies.entries,
}
#: Files made from the case as a whole, without the bytes of its mails.
FORMATS: dict[str, CaseFormat] = {
    "chronology": chronology.entries,
    "printable": printable.entries,
    "account": account.entries,
    "custody": custody.entries,
    "certificate": certificate.entries,
    "loadfile": loadfile.entries,
    "placement": placement.entries,
    "bag": bag.entries,
    "readme": readme.entries,
    "verify": verify_text.entries,
}


def message_entries(message: CaseMessage, content: MessageContent) -> Iterator[Entry]:
    """Yield the files of one message. Raises EvidenceMismatch when its bytes are not those that were recorded."""
    for write in MESSAGE_FORMATS.values():
        yield from write(message, content)


def case_entries(case: CaseFile) -> Iterator[Entry]:
    """Yield the files that need no bytes of mails, as bytes or as values to render."""
    for write in FORMATS.values():
        yield from write(case)


def entries(case: CaseFile, contents: Iterable[MessageContent] = ()) -> Iterator[Entry]:
    """Yield every file but the manifests; `contents` may be a generator, each is asked for once, in any order.

    Raises KeyError for a content whose message is not in the case, ValueError when a message's content is missing.
    """
    waiting = {message.number: message for message in case.messages}
    for content in contents:
        yield from message_entries(waiting.pop(content.number), content)
    if waiting:
        raise ValueError(f"the bytes of {', '.join(sorted(waiting))} are missing: a case file is complete or not made")
    yield from case_entries(case)
