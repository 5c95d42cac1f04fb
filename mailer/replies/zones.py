"""Which words of a mail are the sender's own, which are quoted, which are signature: offsets, nothing is deleted.

Three signs together: the marks of mail programs (">", attribution lines, header blocks), the exact text we sent (so
that a reminder pasted back without marks is seen, and answers written between its lines are kept), and what
signatures look like. Where they disagree the words stay the sender's: losing them is the worse mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from mailer.replies.banner import MOST_LINES, banner_lines, is_of_desk
from mailer.replies.body_lines import Line, lines_of, mark_sent
from mailer.replies.signature import postscript, signature_start
from mailer.replies.zone_marks import (
    ATTRIBUTION,
    HEADER_BARE,
    HEADER_FROM,
    HEADER_OTHER,
    LEFT_OUT,
    ORIGINAL,
    QUOTED_LINE,
    SAID_AT,
    SEPARATOR,
    WROTE,
    begins_attribution,
    may_be_header,
    undashed,
)

#: How many lines a wrapped attribution may have, and how far a header block may reach.
_WRAPPED_LINES = 4
_HEADER_LINES = 10
#: One equal line is chance.
_KNOWN_LINES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of the body: offsets into `InboundMail.text`, end exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """The three zones of one body, each in order; together with blank lines they cover it.

    `signature` holds all that nobody wrote in this mail: cards, footers, and the banners that gateways put above it.
    """

    own: tuple[Span, ...] = ()
    quoted: tuple[Span, ...] = ()
    signature: tuple[Span, ...] = ()


def zones(mail_text: str, sent_text: str | None, *, sender_name: str = "") -> Zones:
    """Return the zones of a body; `sent_text` is the text of the message it answers, None when not known.

    `sender_name` is the display name of the sender, "" when not known: it stands at the head of many signatures.
    """
    lines = lines_of(mail_text)
    for line in lines:
        if (">" in line.text and QUOTED_LINE.match(line.text)) or ("[" in line.text and LEFT_OUT.match(line.text)):
            line.zone = "quoted"
    if sent_text:
        mark_sent(lines, sent_text)
    for line in lines[: banner_lines([line.text for line in lines[:MOST_LINES]])]:
        line.zone = "signature"
    _mark_history(lines)
    if not any(line.zone == "own" and not line.is_blank for line in lines):
        _rescue(lines)
    for number, run in enumerate(_own_runs(lines)):
        texts = [line.text for line in run]
        first, last = postscript(texts)  # it may stand below the signature
        start = signature_start(texts[:first], sender_name=sender_name, is_later=number > 0)
        for line in (*run[start:first], *run[last:]):
            line.zone = "signature"
    return Zones(**_spans(lines))


def _rescue(lines: list[Line]) -> None:
    """Take what follows our text inside a quotation for the sender's words when there are no others.

    Some web mailers put the cursor below the quoted mail, inside its container.
    """
    places = [number for number, line in enumerate(lines) if line.is_sent]
    if len(places) < _KNOWN_LINES:
        return
    for line in lines[places[-1] + 1 :]:
        if not line.is_header and line.text.strip("> \t"):
            bare = line.text.lstrip("> \t")
            line.start += len(line.text) - len(bare)
            line.text, line.zone, line.is_marked, line.is_blank = bare, "own", True, not bare.strip()


def words_of(mail_text: str, spans: tuple[Span, ...]) -> str:
    """Return the words of some spans, a blank line between them."""
    return "\n\n".join(mail_text[span.start : span.end] for span in spans)


def _spans(lines: list[Line]) -> dict[str, tuple[Span, ...]]:
    """Return the spans of each zone; neighbouring lines of one zone are one span."""
    ends: dict[str, list[tuple[int, int]]] = {"own": [], "quoted": [], "signature": []}
    previous = ""
    for line in lines:
        if line.is_blank:
            continue
        mine, end = ends[line.zone], line.start + len(line.text.rstrip())
        if line.zone == previous and not line.is_marked:
            mine[-1] = (mine[-1][0], end)
        else:
            mine.append((line.start + len(line.text) - len(line.text.lstrip()), end))
        previous = line.zone
    return {zone: tuple([Span(start=start, end=end) for start, end in found]) for zone, found in ends.items()}


def _own_runs(lines: list[Line]) -> list[list[Line]]:
    runs: list[list[Line]] = [[]]
    for line in lines:
        if line.zone == "own":
            runs[-1].append(line)
        elif not line.is_blank and runs[-1]:
            runs.append([])
    return [run for run in runs if any(not line.is_blank for line in run)]


def _mark_history(lines: list[Line]) -> None:
    """Mark attribution lines and everything below an unmarked quotation or a header block."""
    number = 0
    while number < len(lines):
        if lines[number].zone != "own" or lines[number].is_blank:
            number += 1
            continue
        end = _attribution_end(lines, number)
        is_block = not end
        end = end or _header_end(lines, number)
        if not end:
            number += 1
            continue
        for line in lines[number:end]:
            line.zone, line.is_header = "quoted", True
        below = next((line for line in lines[end:] if not line.is_blank), None)
        if is_block or below is None or not QUOTED_LINE.match(below.text):
            _quote_tail(lines, end)
        number = end


def _attribution_end(lines: list[Line], number: int) -> int:
    if not begins_attribution(lines[number].text[:200]):
        return 0
    joined = ""
    for end in range(number, min(number + _WRAPPED_LINES, len(lines))):
        if lines[end].is_blank:
            break
        joined = undashed(f"{joined} {lines[end].text.strip()}"[:1000].strip())
        below = next((line.text for line in lines[end + 1 : end + 4] if not line.is_blank), "")
        is_above_quote = bool(QUOTED_LINE.match(below)) and WROTE.search(joined)
        if joined.endswith(":") and (is_above_quote or ATTRIBUTION.match(joined.strip())):
            return end + 1
    return 0


def _header_end(lines: list[Line], number: int) -> int:
    """Return the line after a block of From/Sent/To/Subject that begins here (perhaps with a rule), else 0."""
    first = number
    if not may_be_header(lines[number].text):
        return 0
    if SEPARATOR.match(lines[number].text):
        first = next((i for i in range(number + 1, min(number + 4, len(lines))) if not lines[i].is_blank), number)
    if first > number and lines[0].zone == "signature" and is_of_desk(lines[0].text):
        said_at = next((i for i in range(first, min(first + 5, len(lines))) if SAID_AT.match(lines[i].text)), None)
        if said_at is not None:
            return said_at + 1
    block = [line.text for line in lines[first : first + _HEADER_LINES]]
    is_bare = "@" in block[0] and bool(ORIGINAL.match(lines[number].text) and HEADER_BARE.match(block[0]))
    if not (is_bare or HEADER_FROM.match(block[0]) or HEADER_OTHER.match(block[0])):
        return 0
    others = sum(bool(HEADER_OTHER.match(text)) for text in block)
    is_block = others > 1 and any(HEADER_FROM.match(text) for text in block)  # one field may be prose
    if not (is_bare or is_block):
        return 0
    end = first
    while end < min(first + _HEADER_LINES, len(lines)) and not (lines[end].is_blank and end > first + 1):
        end += 1
    return end


def _quote_tail(lines: list[Line], start: int) -> None:
    """Quote everything from a line on, but keep what was written between the lines of the text we sent.

    These lines stand in one message: what lies between two of them and headers is another message of the thread.
    """
    sent = sum(line.is_sent for line in lines[start:])
    heads = [n for n in range(start, len(lines)) if sent >= _KNOWN_LINES and _is_head(lines, n)]
    for first, last in pairwise([start, *heads, len(lines)]):
        message = lines[first:last]
        places = [number for number, line in enumerate(message) if line.is_sent]
        for number, line in enumerate(message):
            is_answer = len(places) >= _KNOWN_LINES and number > places[0] and not line.is_sent
            if line.zone == "own" and not is_answer:
                line.zone = "quoted"


def _is_head(lines: list[Line], number: int) -> bool:
    line = lines[number]
    return line.zone == "own" and not line.is_blank and _header_end(lines, number) > 0
