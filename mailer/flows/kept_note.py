"""The signed head in a file that somebody kept: the head itself, or the mail that it came in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mailer.domain.message import InboundMail
from mailer.record.mailed import note_in
from mailer.record.note import BadNote, parts_of
from mailer.sandbox.sandbox import SandboxRefused


async def kept_note(raw: bytes, parse: Callable[[bytes], Awaitable[InboundMail]]) -> str:
    """Return the note in the bytes of a file, "" for no bytes; what is neither note nor mail comes back as it is.

    Taken are a note, a text with the two lines around it, and a whole mail (RFC 5322), also as part of an answer. Whose
    it is, is not looked at here. `parse`: takes a mail apart. Raises SandboxUnavailable.
    """
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    if not text.strip() or _is_note(text):
        return text
    if _is_note(found := note_in(text)):
        return found
    try:
        found = note_in((await parse(raw)).text)
    except SandboxRefused:
        return text
    return found if _is_note(found) else text


def _is_note(text: str) -> bool:
    try:
        parts_of(text)
    except BadNote:
        return False
    return True
