"""What is attached, as text: plain texts and tables (CSV) as they are, PDFs as the sandbox has read them."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from mailer.domain.message import Attachment, InboundMail
from mailer.replies.headers import clean, text_of

MAX_TEXTS = 5
MAX_TEXT_CHARS = 100_000
_MAX_BYTES = 4 * MAX_TEXT_CHARS
_TEXT_TYPES = frozenset({"text/plain", "text/csv", "text/tab-separated-values"})
_TEXT_NAMES = (".txt", ".csv", ".tsv")
_TABLE_NAMES = (".csv", ".tsv")
#: Readers look for it here, whatever stands before (PDF Reference 1.7, appendix H, note 13).
_PDF_MARK, _PDF_MARK_WITHIN = b"%PDF-", 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedText:
    """The beginning of what an attachment says, LF line ends; `is_table`: its cells stand between separators."""

    name: str
    text: str
    is_table: bool = False


def is_pdf(one: Attachment) -> bool:
    """Whether the content of an attachment is a PDF, whatever it is called; a text that speaks of one is none."""
    head = one.content[:_PDF_MARK_WITHIN]
    return head.lstrip().startswith(_PDF_MARK) or (_PDF_MARK in head and not _claims_text(one))


def _claims_text(one: Attachment) -> bool:
    return one.media_type in _TEXT_TYPES or one.name.lower().endswith(_TEXT_NAMES)


def attached_texts(mail: InboundMail) -> tuple[AttachedText, ...]:
    """Return the first few attachments that have a text; what each of them says is only its sender's claim."""
    found: list[AttachedText] = []
    for one in mail.attachments:
        name = one.name.lower()
        text = one.text
        if not text and _claims_text(one) and not is_pdf(one):
            text = _plain(one.content)
        if text:
            is_table = name.endswith(_TABLE_NAMES) or one.media_type in _TEXT_TYPES - {"text/plain"}
            found.append(AttachedText(name=one.name, text=text[:MAX_TEXT_CHARS], is_table=is_table))
        if len(found) == MAX_TEXTS:
            break
    return tuple(found)


def _plain(content: bytes) -> str:
    """Return bytes as text; a long one ends with a line, so that no character is cut in two."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # "Unicode text" of spreadsheets
        text = content[:_MAX_BYTES].decode("utf-16", "replace")
    else:
        if len(content) > _MAX_BYTES:
            content = content[:_MAX_BYTES].rpartition(b"\n")[0]
        text = text_of(content.replace(b"\0", b" "), None)
    return clean(text.replace("\r\n", "\n").replace("\r", "\n"))
