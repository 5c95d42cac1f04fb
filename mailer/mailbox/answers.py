"""From IMAP responses to values: pure (RFC 3501 §7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from mailer.mailbox.wire import Response, decode_folder

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_SEARCH = re.compile(rb"\* SEARCH((?: [0-9]+)*)", re.IGNORECASE)
_EXISTS = re.compile(rb"\* ([0-9]+) EXISTS", re.IGNORECASE)
_STATED = re.compile(rb"\* OK \[(UIDVALIDITY|UIDNEXT) ([0-9]+)\]", re.IGNORECASE)
_FETCH = re.compile(rb"\* [0-9]+ FETCH \(", re.IGNORECASE)
_FLAGS = re.compile(rb"FLAGS \([^)]*\)", re.IGNORECASE)
_UID = re.compile(rb"[( ]UID ([0-9]+)", re.IGNORECASE)
_SIZE = re.compile(rb"[( ]RFC822\.SIZE ([0-9]+)", re.IGNORECASE)
_ARRIVAL = re.compile(
    rb'[( ]INTERNALDATE "[ ]?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d:\d\d:\d\d) ([+-]\d{4})"', re.IGNORECASE
)
_BODY_LITERAL = re.compile(rb"BODY\[(?:HEADER)?\] \Z", re.IGNORECASE)
_BODY_QUOTED = re.compile(rb'BODY\[(?:HEADER)?\] "((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_LIST = re.compile(rb'\* LIST \(([^)]*)\) (?:NIL|"(?:[^"\\]|\\.)+") (?:"((?:[^"\\]|\\.)*)"|([^" ]+))?', re.IGNORECASE)
#: Uses of folders (RFC 6154 §2) by their lower-case attribute.
_SPECIAL_USES = {
    use.lower(): use for use in ("\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Junk", "\\Sent", "\\Trash")
}
_USUAL_NAMES = {
    "\\Sent": frozenset(
        (
            "sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete elemente", "gesendete objekte",
            "objets envoyés", "éléments envoyés", "elementos enviados", "enviados", "verzonden items", "posta inviata",
        )
    ),
    "\\Junk": frozenset(
        (
            "junk", "junk email", "junk e-mail", "junk-e-mail", "bulk mail", "spam", "spamverdacht",
            "courrier indésirable",
        )
    ),
}  # fmt: skip
#: Servers divide the parts of a name by one of these.
_LAST_PART = re.compile(r"[/.\\]")
_ESCAPED = re.compile(rb"\\(.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchItems:
    """What one FETCH response says of one message; None is "not said"."""

    uid: int
    size: int | None = None
    arrived_at: datetime | None = None
    body: bytes | None = None


def search_uids(responses: Iterable[Response]) -> tuple[int, ...]:
    """Return the numbers of all SEARCH responses, ascending."""
    found = (_SEARCH.match(response[0]) for response in responses)
    return tuple(sorted({int(number) for match in found if match for number in match[1].split()}))


def folder_numbers(responses: Iterable[Response]) -> tuple[int | None, int | None, int]:
    """Return UIDVALIDITY, UIDNEXT (None when not stated) and the number of messages from EXAMINE's responses."""
    stated: dict[bytes, int] = {}
    exists = 0
    for response in responses:
        if match := _STATED.match(response[0]):
            stated[match[1].upper()] = int(match[2])
        elif match := _EXISTS.match(response[0]):
            exists = int(match[1])
    return stated.get(b"UIDVALIDITY"), stated.get(b"UIDNEXT"), exists


def fetch_items(response: Response) -> FetchItems | None:
    """Return what a FETCH response with a UID says, None for any other response."""
    if not _FETCH.match(response[0]):
        return None
    # Flags are words of other people's choosing; literals never take part in the search.
    text = _FLAGS.sub(b"", b" ".join(response[::2]))
    uid = _UID.search(text)
    if uid is None:
        return None
    size = _SIZE.search(text)
    return FetchItems(
        uid=int(uid[1]),
        size=int(size[1]) if size else None,
        arrived_at=_arrived_at(_ARRIVAL.search(text)),
        body=_body(response),
    )


def _body(response: Response) -> bytes | None:
    """Return the octets of BODY[…]: a literal as a rule, a quoted string when short or empty, None for NIL."""
    for place in range(1, len(response), 2):
        if _BODY_LITERAL.search(response[place - 1]):
            return response[place]
    for text in response[::2]:
        if match := _BODY_QUOTED.search(text):
            return _ESCAPED.sub(rb"\1", match[1])
    return None


def _arrived_at(match: re.Match[bytes] | None) -> datetime | None:
    if match is None:
        return None
    day, month, year, time, zone = (group.decode("ascii") for group in match.groups())
    try:
        number = _MONTHS.index(month.title()) + 1
        return datetime.fromisoformat(f"{year}-{number:02}-{day:0>2}T{time}{zone[:3]}:{zone[3:]}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def appended_at(moment: datetime) -> str:
    """Return a moment as APPEND wants it: 07-Sep-2026 09:00:00 +0000, in UTC (RFC 3501 §9, date-time)."""
    utc = moment.astimezone(UTC)
    return f"{utc.day:02}-{_MONTHS[utc.month - 1]}-{utc.year} {utc:%H:%M:%S} +0000"


def search_day(day: date) -> str:
    """Return the day as SEARCH wants it: 1-Feb-2026 (names of months are English, whatever the locale)."""
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"


def folder_names(responses: Iterable[Response]) -> tuple[str, ...]:
    """Return the names of the folders that can be opened, from LIST responses, sorted."""
    return tuple(sorted({name for name, _ in _folders(responses)}))


def special_names(responses: Iterable[Response]) -> dict[str, str]:
    r"""Return folders by the use the server states for them, from LIST responses: "\Sent" → name (RFC 6154 §2).

    Of several with one use the first in the alphabet counts, so that every look finds the same. Where the server states
    none for sent or junk mail, the folder with a usual name that lies least deep is taken.
    """
    folders = sorted(_folders(responses), reverse=True)
    found = {
        use: name
        for name, _ in sorted(folders, key=lambda one: (len(one[0]), one[0]), reverse=True)
        for use, names in _USUAL_NAMES.items()
        if _LAST_PART.split(name)[-1].lower() in names
    }
    for name, attributes in folders:
        found |= {use: name for attribute, use in _SPECIAL_USES.items() if attribute in attributes}
    return found


def _folders(responses: Iterable[Response]) -> Iterator[tuple[str, frozenset[str]]]:
    for response in responses:
        match = _LIST.match(response[0])
        if match is None:
            continue
        attributes = frozenset(match[1].decode("ascii", "replace").lower().split())
        if attributes & {"\\noselect", "\\nonexistent"}:
            continue
        literal = response[1] if len(response) > 1 else b""
        raw = _ESCAPED.sub(rb"\1", match[2]) if match[2] is not None else match[3] or literal
        yield decode_folder(raw.decode("utf-8", "replace")), attributes
