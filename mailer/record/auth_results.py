"""What our own mail server said of a mail in Authentication-Results (RFC 8601), and nothing that a sender wrote there.

Two conditions: the field bears the name of a server that is trusted, and it stands above every line that the sender
could have written. The topmost Received was added by the last server of ours; with `own_received` more of them are.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from mailer.record.mail_fields import fields, without_comments

#: More fields, longer ones, or more results in one than these are not read.
MOST_FIELDS, MOST_CHARS, MOST_RESULTS = 10, 8192, 30
_ID = re.compile(r'\s*(?:"([^"\\]*)"|([^\s;"=]+))\s*(?:[0-9]+\s*)?(?:;|$)')
_PAIR = re.compile(r'([A-Za-z0-9_-]+(?:\s*/\s*[0-9]+)?(?:\s*\.\s*[A-Za-z0-9_-]+)?)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]+)')
_PIECE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^;"])+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One result: which server said it, the method ("spf", "dkim", "dmarc", …), its result, and what else it names."""

    server: str
    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> str:
        """It in one line: "mx.example: dkim=pass header.d=alder.example"."""
        more = "".join(f" {name}={value}" for name, value in self.properties)
        return f"{self.server}: {self.method}={self.result}{more}"


def trusted_results(raw: bytes, trusted: Collection[str], *, own_received: int = 0) -> tuple[Result, ...]:
    """Return the results of the trusted servers (names in lower case), from the top down. RFC 8601 §2.2, §5, §7.1.

    `own_received`: above how many Received fields of our own servers such a field may come to stand. Never raises for
    anything a mail may contain.
    """
    found: list[Result] = []
    received = read = 0
    for name, value in fields(raw):
        received += name == "received"
        if received > own_received or read == MOST_FIELDS:
            break
        if name == "authentication-results":
            read += 1
            found += _results(without_comments(value.decode("ascii", "replace")[:MOST_CHARS]), trusted)
    return tuple(found)


def _results(text: str, trusted: Collection[str]) -> list[Result]:
    begin = _ID.match(text)
    server = (begin[1] or begin[2] or "").lower() if begin else ""
    if begin is None or server not in trusted:
        return []
    found = []
    for piece in _PIECE.findall(text, begin.end())[:MOST_RESULTS]:
        pairs = [(_bare(name), _shown(value)) for name, value in _PAIR.findall(piece)]
        if pairs and "." not in pairs[0][0]:
            (method, result), *more = pairs
            found.append(Result(server=server, method=method, result=result.lower(), properties=tuple(more)))
    return found


def _bare(name: str) -> str:
    return "".join(name.split()).lower()


def _shown(value: str) -> str:
    bare = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
    return "".join(letter if letter.isprintable() and letter.isascii() else "?" for letter in bare)[:255]
