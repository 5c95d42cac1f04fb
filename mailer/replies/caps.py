"""Cuts hostile mail down to size before any parser sees it.

The standard library's parser is linear for ordinary mail, but its header parser costs gigabytes for a long `Subject`,
it recurses for nested messages, and parameters of `Content-Type` cost the square of their length. All of that is
bounded here on the raw bytes, so that `mailer.replies.parse` needs no limits of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_RAW_BYTES = 40_000_000
MAX_LINES = 600_000
MAX_HEADER_BLOCK_BYTES = 64 * 1024
MAX_HEADER_BYTES = 8 * 1024
MAX_HEADERS = 500
#: Every level of nesting needs one "multipart/"; six are rare in honest mail.
MAX_MULTIPARTS = 20
#: Every part begins with such a line.
MAX_DASHED_LINES = 2_000

#: Kept (twice at most) when the header block is too long; everything else is dropped from its end.
_ESSENTIAL = frozenset(
    b"from to cc reply-to subject date message-id in-reply-to references delivered-to x-original-to return-path"
    b" auto-submitted content-type content-transfer-encoding content-disposition mime-version".split()
)
_CONTENT_HEADER = re.compile(rb"(?im)^content-[a-z-]{1,40}:[^\n]*(?:\n[ \t][^\n]*)*")
# A nested message stays a leaf: its type is renamed so that the parser neither recurses nor splits it.
_NESTED = re.compile(rb"(?im)^(content-type:[ \t\n]{0,20})message/")
_DIGEST = re.compile(rb"(?im)^(content-type:[ \t\n]{0,20}multipart/)digest")
_MULTIPART = re.compile(rb"(?i)multipart/")
_DASHED = re.compile(rb"(?m)^--")
_LINE = re.compile(rb"\n")

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
    content = _cut_at(content, _LINE, MAX_LINES, "lines", defects)
    head, gap, body = content.partition(b"\n\n")
    head = _short_headers(head, defects)
    content = head + gap + _cut_at(body, _DASHED, MAX_DASHED_LINES, "part boundaries", defects)
    content = _CONTENT_HEADER.sub(lambda found: found[0][:MAX_HEADER_BYTES], content)
    content = _DIGEST.sub(rb"\1mixed", _NESTED.sub(rb"\1" + NESTED_MAIN_TYPE.encode() + b"/", content))
    content = _cut_at(content, _MULTIPART, MAX_MULTIPARTS, "multipart levels", defects)
    return Capped(content=content, defects=tuple(defects))


def _cut_at(content: bytes, pattern: re.Pattern[bytes], most: int, what: str, defects: list[str]) -> bytes:
    for count, found in enumerate(pattern.finditer(content)):
        if count == most:
            defects.append(f"cut after {most} {what}")
            return content[: found.start()]
    return content


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
            defects.append(f"header {name.decode('ascii', 'replace')[:40]} cut after {MAX_HEADER_BYTES} bytes")
        fits = size + len(short) <= MAX_HEADER_BLOCK_BYTES and number < MAX_HEADERS
        if fits or (name in _ESSENTIAL and seen[name] <= 2):  # noqa: PLR2004 - the second shows a contradiction
            kept.append(short)
            size += len(short)
    if len(kept) < len(fields):
        defects.append(f"{len(fields) - len(kept)} headers dropped")
    return b"\n".join(kept)
