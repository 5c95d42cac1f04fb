"""The text of a PDF, read inside the child: as much of it as a few seconds and a few pages give."""

from __future__ import annotations

import io
import logging
import time
from typing import Any

from mailer.replies.headers import clean

MAX_PAGES = 40
MAX_CHARS = 100_000
#: No further page is begun after this; a single page that takes longer is the parent's to end.
MAX_SECONDS = 3.0

#: Why the text of a PDF is missing, or not all of it.
ENCRYPTED, BROKEN, CUT, EMPTY = "encrypted", "broken", "cut", "empty"


def pdf_text(raw: bytes) -> tuple[dict[str, Any], bytes]:
    """Return {"text", "flaw"}: the text of the first pages, LF line ends, without control characters.

    `flaw` is "" when that is all of it. Never raises for anything a PDF may hold, but for want of memory. A PDF that
    is encrypted with the empty password, as banks do to forbid changes, is read.
    """
    found: list[str] = []
    try:
        flaw = _read(raw, found)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - broken PDFs break the library in any way; what was read before stays
        flaw = BROKEN
    text = clean("\n".join(found).replace("\r\n", "\n").replace("\r", "\n"))
    return {"text": text[:MAX_CHARS], "flaw": flaw or ("" if text.strip() else EMPTY)}, b""


def _read(raw: bytes, found: list[str]) -> str:
    """Add the text of each page; return what is wrong."""
    from pypdf import PdfReader  # noqa: PLC0415 - its import takes longer than reading most mails: only for a PDF
    from pypdf.errors import DependencyError, FileNotDecryptedError  # noqa: PLC0415 - the same

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of every oddity, and nobody listens here
    start = time.monotonic()
    try:
        reader = PdfReader(io.BytesIO(raw), strict=False)
        left = MAX_CHARS
        for number, page in enumerate(reader.pages):
            if number >= MAX_PAGES or left <= 0 or time.monotonic() - start > MAX_SECONDS:
                return CUT
            found.append(page.extract_text()[: left + 1])
            left -= len(found[-1]) + 1
    except (FileNotDecryptedError, DependencyError):
        return ENCRYPTED
    return "" if left >= 0 else CUT
