"""Where a signature begins in a run of the sender's own lines."""

from __future__ import annotations

import re

from mailer.replies.zone_marks import CLOSING, CONTACT, DEVICE, DISCLAIMER, TITLE

_MAX_SIGNATURE_LINES = 25
_MAX_LINE_CHARS = 90
#: Name, title, firm.
_CARD_LINES = 3
#: What people write about, never in a signature.
_MATTER = re.compile(
    r"\?|[€£$¥]\s?\d|\d\s?(?:€|£|eur|gbp|usd|chf)\b|\b(?:invoice|rechnung|re|inv)[- #.:nr]{0,5}\d", re.IGNORECASE
)

#: "Hazel Dunn | Buyer | Copperline", "Shelly Kane / Granite Peak / (303) 555-0144".
_LISTED = re.compile(r"^[^|/·•]{3,50} [|/·•] [^|/·•]{3,60}(?: [|/·•] |$)")


def signature_start(lines: list[str]) -> int:
    """Return the index of the first signature line, `len(lines)` when there is none.

    The closing line and the name under it are the sender's own words; titles, numbers and firms below are not.
    """
    for number, line in enumerate(lines):
        if line.strip() in {"--", "\u2014", "\u2013\u2013"} or DEVICE.match(line):
            return number
    paragraphs = _paragraphs(lines)
    closings = [number for number, line in enumerate(lines) if CLOSING.match(line)]
    start = len(lines)
    for first, last in reversed(paragraphs):
        block = lines[first:last]
        is_below_closing = bool(closings) and first > closings[-1]
        repeats = _repeats_name(lines[:first], block)
        is_card = repeats and len(block) <= _CARD_LINES
        is_near_end = len(lines) - first <= _MAX_SIGNATURE_LINES
        if not (is_card or (is_near_end and _is_signature(block, is_below=is_below_closing or repeats))):
            break
        start = first
    if start > 0:
        start = _cut_below_name(lines, start, closings)
    # A mail that is nothing but a signature is somebody's words in an odd shape.
    return start if any(line.strip() for line in lines[:start]) else len(lines)


def _paragraphs(lines: list[str]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start = -1
    for number, line in enumerate([*lines, ""]):
        if line.strip():
            start = number if start < 0 else start
        elif start >= 0:
            found.append((start, number))
            start = -1
    return found


def _is_signature(block: list[str], *, is_below: bool) -> bool:
    text = "\n".join(block)
    if DISCLAIMER.search(text) and not _MATTER.search(text):
        return True
    if any(len(line) > _MAX_LINE_CHARS for line in block) or _MATTER.search(text) or CLOSING.match(block[0]):
        return False
    contacts = sum(bool(CONTACT.search(line)) for line in block) + any(_LISTED.search(line) for line in block)
    titles = sum(bool(TITLE.search(line)) for line in block)
    talks = sum(line.rstrip().endswith((".", "!", ",")) and len(line.split()) > 4 for line in block)  # noqa: PLR2004
    if talks:
        return False
    return contacts + titles > 0 if is_below else contacts > 0 and (len(block) > 1 or contacts + titles > 1)


def _repeats_name(above: list[str], block: list[str]) -> bool:
    """Whether a block begins with the name just typed above it ("Tom" / "Tom Alder RIBA, Partner")."""
    typed = next((line for line in reversed(above) if line.strip()), "")
    words = re.findall(r"[^\W\d_]{3,}", typed)
    if not words or len(typed.split()) > 4 or _MATTER.search("\n".join(block)):  # noqa: PLR2004
        return False
    return words[-1].casefold() in block[0].casefold().split() or words[0].casefold() in block[0].casefold().split()


def _cut_below_name(lines: list[str], start: int, closings: list[int]) -> int:
    """Return the first line below "Best regards, / Dana Smith" that is title or number in the same paragraph."""
    if not closings:
        return start
    name = next((i for i in range(closings[-1] + 1, start) if lines[i].strip()), start)
    for number in range(name + 1, start):
        line = lines[number]
        if not line.strip():
            break
        if len(line) <= _MAX_LINE_CHARS and not _MATTER.search(line) and (CONTACT.search(line) or TITLE.search(line)):
            rest = [other for other in lines[number:start] if other.strip()]
            if all(len(other) <= _MAX_LINE_CHARS and not _MATTER.search(other) for other in rest):
                return number
    return start
