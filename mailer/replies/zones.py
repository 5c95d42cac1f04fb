"""Which words of a mail are the sender's own, which are quoted, which are signature: offsets, nothing is deleted.

Three signs together: the marks of mail programs (">", attribution lines, header blocks), the exact text we sent (so
that a reminder pasted back without marks is seen, and answers written between its lines are kept), and what
signatures look like. Where they disagree the words stay the sender's: losing them is the worse mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from mailer.replies.banner import MOST_LINES, banner_lines
from mailer.replies.signature import signature_start
from mailer.replies.zone_marks import (
    ATTRIBUTION,
    CLOSING,
    HEADER_FROM,
    HEADER_OTHER,
    QUOTED_LINE,
    SEPARATOR,
    WROTE,
    begins_attribution,
    letters_of,
    letters_of_lines,
    may_be_header,
)

_MAX_LINES = 5_000
_MAX_LINE_CHARS = 4_000
#: How many lines a wrapped attribution may have, and how far a header block may reach.
_WRAPPED_LINES = 4
_HEADER_LINES = 10
#: Letters and digits, and words, a line needs before it can be called ours wherever it stands.
_DISTINCT = 20
_DISTINCT_WORDS = 3
#: One equal line is chance.
_KNOWN_LINES = 2
_FUZZY = 25
_SHINGLE = 5
_FUZZY_SHARE = 0.9
#: So many groups of letters are looked for in our text itself: somebody's own line is known by then.
_PROBES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of the body: offsets into `InboundMail.text`, end exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """The three zones of one body, each in order; together with blank lines they cover it."""

    own: tuple[Span, ...] = ()
    quoted: tuple[Span, ...] = ()
    signature: tuple[Span, ...] = ()


@dataclass(slots=True)
class _Line:
    start: int
    text: str
    zone: str = "own"
    is_sent: bool = False
    is_header: bool = False
    #: Taken out of a quotation: the mark before it is not the sender's.
    is_marked: bool = False
    is_blank: bool = False


def zones(mail_text: str, sent_text: str | None, *, sender_name: str = "") -> Zones:
    """Return the zones of a body; `sent_text` is the text of the message it answers, None when not known.

    `sender_name` is the display name of the sender, "" when not known: it stands at the head of many signatures.
    """
    lines = _lines(mail_text)
    for line in lines:
        if ">" in line.text and QUOTED_LINE.match(line.text):
            line.zone = "quoted"
    if sent_text:
        _mark_sent(lines, sent_text)
    for line in lines[: banner_lines([line.text for line in lines[:MOST_LINES]])]:
        line.zone = "signature"
    _mark_history(lines)
    if not any(line.zone == "own" and not line.is_blank for line in lines):
        _rescue(lines)
    for number, run in enumerate(_own_runs(lines)):
        start = signature_start([line.text for line in run], sender_name=sender_name, is_later=number > 0)
        for line in run[start:]:
            line.zone = "signature"
    return Zones(**_spans(lines))


def _rescue(lines: list[_Line]) -> None:
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


def _lines(text: str) -> list[_Line]:
    found: list[_Line] = []
    position = 0
    for line in text.split("\n")[:_MAX_LINES]:
        shown = line[:_MAX_LINE_CHARS]
        found.append(_Line(position, shown, is_blank=not shown or shown.isspace()))
        position += len(line) + 1
    if position <= len(text):  # far beyond what a person writes
        found.append(_Line(position, text[position:][:_MAX_LINE_CHARS], zone="quoted"))
        found[-1].is_blank = not found[-1].text.strip()
    return found


def _spans(lines: list[_Line]) -> dict[str, tuple[Span, ...]]:
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


def _own_runs(lines: list[_Line]) -> list[list[_Line]]:
    runs: list[list[_Line]] = [[]]
    for line in lines:
        if line.zone == "own":
            runs[-1].append(line)
        elif not line.is_blank and runs[-1]:
            runs.append([])
    return [run for run in runs if any(not line.is_blank for line in run)]


def _mark_sent(lines: list[_Line], sent_text: str) -> None:
    """Mark the lines that repeat what we sent: verbatim wherever they are distinct, else where they continue it."""
    sent = letters_of(sent_text)
    ends: frozenset[int] = frozenset()
    greeting = letters_of(sent_text.strip().partition("\n")[0])
    shingles: set[str] = set()
    plain = letters_of_lines([line.text for line in lines])
    following = _following(plain)
    position = -1
    for number, (line, words) in enumerate(zip(lines, plain, strict=True)):
        if not words:
            continue
        is_sent = words in sent
        is_distinct = is_sent and len(words) >= _DISTINCT and _is_telling(line.text)
        at = -1
        if is_distinct or (is_sent and (words == greeting or position >= 0)):
            at = _place_in_sent(words, sent, position, following[number], is_distinct=is_distinct)
            is_next = position >= 0 and sent.startswith(words, position) and not CLOSING.match(line.text)
            if at < 0 and is_next:
                ends = ends or _line_ends(sent_text)
                at = position if position + len(words) in ends else -1  # the wrapped end of a line, an answer below it
        if at >= 0:
            position = at + len(words)
        if at >= 0 or _is_nearly(words, sent, shingles):
            line.is_sent = True
            line.zone = "quoted"


def _line_ends(sent_text: str) -> frozenset[int]:
    """Return where the lines of our text end, counted in letters and digits."""
    return frozenset(accumulate(len(letters_of(line)) for line in sent_text.split("\n")))


def _following(plain: list[str]) -> list[str]:
    result = [""] * len(plain)
    upcoming = ""
    for number in range(len(plain) - 1, -1, -1):
        result[number] = upcoming
        upcoming = plain[number] or upcoming
    return result


def _is_telling(text: str) -> bool:
    """Whether a line says something: a name or "Mit freundlichen Grüßen" stands in everybody's mail."""
    return len(text.split()) >= _DISTINCT_WORDS and not CLOSING.match(text)


def _place_in_sent(words: str, sent: str, position: int, following: str, *, is_distinct: bool) -> int:
    if position >= 0 and sent.startswith(words, position):
        after = position + len(words)
        if is_distinct or after == len(sent) or (following and sent.startswith(following, after)):
            return position
    if not is_distinct and following and sent.startswith(words + following):
        return 0  # the greeting, when the text goes on as ours does
    return sent.find(words) if is_distinct else -1


def _is_nearly(words: str, sent: str, shingles: set[str]) -> bool:
    """Whether nearly all groups of letters stand in our text; `shingles` is filled when a line is worth it."""
    if len(words) < _FUZZY:
        return False
    pieces = len(words) - _SHINGLE + 1
    missing, least = 0, _FUZZY_SHARE * pieces
    for number in range(pieces):
        if number == _PROBES and not shingles:
            shingles.update(sent[i : i + _SHINGLE] for i in range(len(sent)))
        if words[number : number + _SHINGLE] not in (sent if number < _PROBES else shingles):
            missing += 1
            if pieces - missing < least:
                return False
    return True


def _mark_history(lines: list[_Line]) -> None:
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


def _attribution_end(lines: list[_Line], number: int) -> int:
    if not begins_attribution(lines[number].text[:200]):
        return 0
    joined = ""
    for end in range(number, min(number + _WRAPPED_LINES, len(lines))):
        if lines[end].is_blank:
            break
        joined = f"{joined} {lines[end].text.strip()}"[:1000]
        below = next((line.text for line in lines[end + 1 : end + 4] if not line.is_blank), "")
        is_above_quote = bool(QUOTED_LINE.match(below)) and WROTE.search(joined)
        if joined.endswith(":") and (is_above_quote or ATTRIBUTION.match(joined.strip())):
            return end + 1
    return 0


def _header_end(lines: list[_Line], number: int) -> int:
    """Return the line after a block of From/Sent/To/Subject that begins here (perhaps with a rule), else 0."""
    first = number
    if not may_be_header(lines[number].text):
        return 0
    if SEPARATOR.match(lines[number].text):
        first = next((i for i in range(number + 1, min(number + 4, len(lines))) if not lines[i].is_blank), number)
    if not (HEADER_FROM.match(lines[first].text) or HEADER_OTHER.match(lines[first].text)):
        return 0
    block = [line.text for line in lines[first : first + _HEADER_LINES]]
    others = sum(bool(HEADER_OTHER.match(text)) for text in block)
    if others < 2 or not any(HEADER_FROM.match(text) for text in block):  # noqa: PLR2004 - one field may be prose
        return 0
    end = first
    while end < min(first + _HEADER_LINES, len(lines)) and not (lines[end].is_blank and end > first + 1):
        end += 1
    return end


def _quote_tail(lines: list[_Line], start: int) -> None:
    """Quote everything from a line on, but keep what was written between the lines of the text we sent."""
    tail = lines[start:]
    places = [number for number, line in enumerate(tail) if line.is_sent]
    for number, line in enumerate(tail):
        is_answer = len(places) >= _KNOWN_LINES and number > places[0] and not line.is_sent
        if line.zone == "own" and not is_answer:
            line.zone = "quoted"
