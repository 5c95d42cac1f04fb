"""Cuts hostile mail down to size before any parser sees it.

The standard library's parser is linear for ordinary mail, but its header parser costs gigabytes for a long `Subject`,
it recurses for nested messages, and parameters of `Content-Type` cost the square of their length. All of that is
bounded here on the raw bytes, so that `mailer.replies.parse` needs no limits of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.replies.headers import clean

MAX_RAW_BYTES = 40_000_000
MAX_LINES = 600_000
MAX_HEADER_BLOCK_BYTES = 64 * 1024
MAX_HEADER_BYTES = 8 * 1024
MAX_HEADERS = 500
#: Of a Content-… field below the first header block; the library pays for every parameter many times.
MAX_PART_HEADER_BYTES = 2 * 1024
#: Every level of nesting needs one "multipart/"; six are rare in honest mail.
MAX_MULTIPARTS = 20
#: Every part begins with such a line.
MAX_DASHED_LINES = 2_000

#: Kept (twice at most) when the header block is too long; everything else is dropped from its end.
_ESSENTIAL = frozenset(
    b"from to cc reply-to subject date message-id in-reply-to references delivered-to x-original-to return-path"
    b" auto-submitted content-type content-transfer-encoding content-disposition mime-version".split()
)
# Each begins with a plain line end: what searches for one byte runs over 40 MB in no time.
_CONTENT_HEADER = re.compile(rb"\n(?i:content-[a-z-]{1,40}):[^\n]*(?:\n[ \t][^\n]*)*")
# A nested message stays a leaf: its type is renamed so that the parser neither recurses nor splits it.
# The space before a type is whatever `str.strip` takes away, however long.
_NESTED = re.compile(rb"(\n(?i:content-type):[\s\x1c-\x1f]*+)(?i:message/)")
_DIGEST = re.compile(rb"(\n(?i:content-type):[\s\x1c-\x1f]*+(?i:multipart/))(?i:digest)")
#: Lines of base64, which means the same in one line, and which a line parser pays for one by one.
_BULK = re.compile(rb"\n(?:[A-Za-z0-9+/]{40,200}\n)++")
_BULK_BYTES = 100_000

#: What the main type of a nested message is called after `capped`.
NESTED_MAIN_TYPE = "x-message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capped:
    """Bytes that are safe to parse, and what was cut."""

    content: bytes
    defects: tuple[str, ...]


def capped(raw: bytes) -> Capped:
    """Return the mail with line ends unified to LF, at most the sizes above, and nested messages as leaves."""
    defects: list[str] = []
    if len(raw) > MAX_RAW_BYTES:
        defects.append(f"cut after {MAX_RAW_BYTES} bytes")
        raw = raw[:MAX_RAW_BYTES]
    content = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    if len(content) > _BULK_BYTES:
        content = _BULK.sub(_in_one_line, content)
    content = _cut_at(content, b"\n", MAX_LINES, "lines", defects)
    head, gap, body = content.partition(b"\n\n")
    head = _short_headers(head, defects)
    content = b"\n" + head + gap + _CONTENT_HEADER.sub(lambda found: found[0][:MAX_PART_HEADER_BYTES], body)
    content = _cut_at(content, b"\n--", MAX_DASHED_LINES, "part boundaries", defects)
    content = _DIGEST.sub(rb"\1mixed", _NESTED.sub(rb"\1" + NESTED_MAIN_TYPE.encode() + b"/", content))
    content = _cut_at(content, b"multipart/", MAX_MULTIPARTS, "multipart levels", defects)
    return Capped(content=content[1:], defects=tuple(defects))


def _in_one_line(found: re.Match[bytes]) -> bytes:
    if found.end() - found.start() < _BULK_BYTES:
        return found[0]
    return b"\n" + found[0].replace(b"\n", b"") + b"\n"


def header_block(raw: bytes) -> bytes:
    """Return the header block alone, for when the whole mail costs too much."""
    start = raw[: 4 * MAX_HEADER_BLOCK_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    return start.partition(b"\n\n")[0] + b"\n\n"


def _cut_at(content: bytes, mark: bytes, most: int, what: str, defects: list[str]) -> bytes:
    """Return the content before the mark (lower case, found in any case) that is one too many."""
    lowered = content.lower() if mark.strip(b"\n-") else content
    if lowered.count(mark) <= most:
        return content
    place = -1
    for _ in range(most + 1):
        place = lowered.find(mark, place + 1)
    defects.append(f"cut after {most} {what}")
    return content[:place]


def _short_headers(head: bytes, defects: list[str]) -> bytes:
    fields = re.split(rb"\n(?![ \t])", head)
    if len(head) <= MAX_HEADER_BYTES and len(fields) <= MAX_HEADERS:
        return head
    kept: list[bytes] = []
    seen: dict[bytes, int] = {}
    size = 0
    for number, field in enumerate(fields):
        short = field[:MAX_HEADER_BYTES]
        name = short.partition(b":")[0].strip().lower()[:100]
        seen[name] = seen.get(name, 0) + 1
        if len(short) < len(field):
            shown = clean(name.decode("ascii", "replace"))[:40]
            defects.append(f"header {shown} cut after {MAX_HEADER_BYTES} bytes")
        fits = size + len(short) <= MAX_HEADER_BLOCK_BYTES and number < MAX_HEADERS
        if fits or (name in _ESSENTIAL and seen[name] <= 2):  # noqa: PLR2004 - the second shows a contradiction
            kept.append(short)
            size += len(short)
    if len(kept) < len(fields):
        defects.append(f"{len(fields) - len(kept)} headers dropped")
    return b"\n".join(kept)
