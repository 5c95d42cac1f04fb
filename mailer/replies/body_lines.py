"""The lines of a body, and which of them repeat the text we sent."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from mailer.replies.zone_marks import CLOSING, GREETING, TO_ANYBODY, letters_of, letters_of_lines

_MAX_LINES = 5_000
_MAX_LINE_CHARS = 4_000
#: Letters and digits, and words, a line needs before it can be called ours wherever it stands.
_DISTINCT = 20
_DISTINCT_WORDS = 3
#: So many letters are no chance even in a line that stands alone.
_SURE = 30
_FUZZY = 25
_SHINGLE = 5
_FUZZY_SHARE = 0.9
#: So many groups of letters are looked for in our text itself: somebody's own line is known by then.
_PROBES = 20


@dataclass(slots=True)
class Line:
    """A line: its offset into the body, its words (of 4,000 letters), and the zone it stands in."""

    start: int
    text: str
    zone: str = "own"
    is_sent: bool = False
    is_header: bool = False
    #: Taken out of a quotation: the mark before it is not the sender's.
    is_marked: bool = False
    is_blank: bool = False


def lines_of(text: str) -> list[Line]:
    """Return the lines of a body; what lies beyond the first 5,000 is one line, and quoted."""
    found: list[Line] = []
    position = 0
    for line in text.split("\n")[:_MAX_LINES]:
        shown = line[:_MAX_LINE_CHARS]
        found.append(Line(position, shown, is_blank=not shown or shown.isspace()))
        position += len(line) + 1
    if position <= len(text):  # far beyond what a person writes
        found.append(Line(position, text[position:][:_MAX_LINE_CHARS], zone="quoted"))
        found[-1].is_blank = not found[-1].text.strip()
    return found


def mark_sent(lines: list[Line], sent_text: str) -> None:
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
        if at >= 0 or (len(words) >= _FUZZY and _is_telling(line.text) and _is_nearly(words, sent, shingles)):
            line.is_sent = True
            line.zone = "quoted"
    if position >= 0:
        _spare_chance(lines, plain)


def _spare_chance(lines: list[Line], plain: list[str]) -> None:
    """Give back a single short line without figures: our firm's name in somebody's own words."""
    filled = [number for number, words in enumerate(plain) if words]
    for before, number, after in zip([-1, *filled], filled, [*filled[1:], -1], strict=False):
        is_alone = not any(lines[one].is_sent for one in (before, after) if one >= 0)
        words = plain[number]
        is_short = len(words) < _SURE and words.isalpha() and not GREETING.match(lines[number].text)
        if lines[number].is_sent and is_alone and is_short:
            is_marked = ">" in lines[number].text[:4]
            lines[number].is_sent, lines[number].zone = False, "quoted" if is_marked else "own"


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
    """Whether a line says something: a name, "Mit freundlichen Grüßen" or "Dear Sirs" stands in everybody's mail."""
    return len(text.split()) >= _DISTINCT_WORDS and not (CLOSING.match(text) or TO_ANYBODY.match(text))


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
