"""IMAP's spelling: responses cut out of a byte stream, quoted strings, folder names (RFC 3501 §4, §5.1.3, §9)."""

from __future__ import annotations

import base64
import re

#: One response without its line ends: text, literal, text, literal, …, text. Literals stand at odd places.
Response = tuple[bytes, ...]

#: Messages of up to 50 MB are asked for; sizes that servers state are not always exact.
MAX_LITERAL_OCTETS = 64 * 1024 * 1024
#: A SEARCH over a million messages fits.
MAX_LINE_OCTETS = 16 * 1024 * 1024

_ANNOUNCEMENT = re.compile(rb"\{([0-9]{1,19})\}\Z")
#: Responses that end in words for people; "{5}" at the end of those announces nothing.
_SPOKEN = re.compile(rb"(?:\+|(?:\*|[A-Za-z0-9]+) (?:OK|NO|BAD|BYE|PREAUTH)\b)", re.IGNORECASE)
_DIRECT = re.compile(r"[ -%'-~]+")
_RUNS = re.compile(r"(?P<direct>[ -%'-~]+)|(?P<ampersand>&)|(?P<other>[^ -~]+)")
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")


class WireError(Exception):
    """The peer does not speak IMAP, or sends more than anybody asked for."""


class ResponseReader:
    """Cuts what arrives into responses, in a loop and by the grammar alone.

    A response goes on after a line end only when that line announces a literal ("{n}"); counting parentheses, as
    aioimaplib does, goes wrong with any "(" inside a quoted string, and recursion per line ends at 1,000 messages.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._literal_octets: int | None = None

    def feed(self, data: bytes) -> list[Response]:
        """Take the next bytes, return the responses that they complete.

        Raises:
            WireError: a line or literal beyond all bounds.
        """
        scan_from = max(len(self._buffer) - 1, 0)
        self._buffer += data
        position = 0
        responses: list[Response] = []
        while True:
            if self._literal_octets is not None:
                end = position + self._literal_octets
                if len(self._buffer) < end:
                    break
                self._parts.append(self._cut(position, end))
                position, self._literal_octets = end, None
            end = self._buffer.find(b"\r\n", max(position, scan_from))
            if end < 0:
                break
            if self._end_of_line(self._cut(position, end)):
                responses.append(tuple(self._parts))
                self._parts = []
            position = end + 2
            scan_from = position
        del self._buffer[:position]
        if self._literal_octets is None and len(self._buffer) > MAX_LINE_OCTETS:
            raise WireError(f"a line of more than {MAX_LINE_OCTETS} octets")
        return responses

    def _end_of_line(self, line: bytes) -> bool:
        """Keep one line; tell whether the response ends with it."""
        spoken = not self._parts and _SPOKEN.match(line)
        announced = None if spoken else _ANNOUNCEMENT.search(line)
        if announced is None:
            self._parts.append(line)
            return True
        self._parts.append(line[: announced.start()])
        self._literal_octets = int(announced[1])
        if self._literal_octets > MAX_LITERAL_OCTETS:
            raise WireError(f"a literal of {self._literal_octets} octets")
        return False

    def _cut(self, start: int, end: int) -> bytes:
        with memoryview(self._buffer) as view:
            return bytes(view[start:end])


def quoted(text: str) -> str:
    """Return the text as an IMAP quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encode_folder(name: str) -> str:
    """Return a folder's name in modified UTF-7: "Entwürfe" → "Entw&APw-rfe" (RFC 3501 §5.1.3)."""
    if _DIRECT.fullmatch(name):
        return name
    return "".join(_encoded(run) for run in _RUNS.finditer(name))


def decode_folder(name: str) -> str:
    """Return a folder's name as people write it; a name that is not proper modified UTF-7 comes back as it is."""
    try:
        return _SHIFTED.sub(lambda shifted: _decoded(shifted[1]), name)
    except ValueError:
        return name


def _encoded(run: re.Match[str]) -> str:
    if run["direct"]:
        return run["direct"]
    if run["ampersand"]:
        return "&-"
    packed = base64.b64encode(run["other"].encode("utf-16-be"), altchars=b"+,")
    return "&" + packed.decode("ascii").rstrip("=") + "-"


def _decoded(packed: str) -> str:
    if not packed:
        return "&"
    padded = packed + "=" * (-len(packed) % 4)
    return base64.b64decode(padded, altchars=b"+,", validate=True).decode("utf-16-be")
