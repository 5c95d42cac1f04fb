"""The lines between the parts of a mail with marks in place of their names, the same few marks in every mail.

The library makes a pattern of the name that a mail gives to these lines. Every mail has a name of its own, and making
the pattern takes longer than all the rest of reading the mail's structure; one of a mark is made once.
"""

from __future__ import annotations

import re

#: Names that mail programs give. One of other signs keeps its own.
_NAMED = re.compile(rb'(?i)boundary="?([\w=+./-]{1,100})(?=["\s;])')
_MOST = 20
_MARK = re.compile("\0\\d\\d\0")
_END = b"--"


def with_marks(content: bytes) -> tuple[bytes, dict[str, str]]:
    """Return a mail with marked lines between its parts, and the mark for each name; ({} when nothing is marked).

    Only whole lines are marked, as the library knows them: two dashes, the name, perhaps two dashes, blanks.
    """
    if b"\0" in content:
        return content, {}  # it may look like a mark
    names = list(dict.fromkeys(_NAMED.findall(content)))[:_MOST]
    if any(name.endswith(_END) for name in names):
        return content, {}  # the last line of one may be one of another
    marks = {name: b"\0%02d\0" % number for number, name in enumerate(names)}
    for name, mark in marks.items():
        content = _marked(content, name, mark)
    return content, {name.decode(): mark.decode() for name, mark in marks.items()}


def _marked(content: bytes, name: bytes, mark: bytes) -> bytes:
    pieces: list[bytes] = []
    done, line = 0, b"\n--" + name
    while (at := content.find(line, done)) >= 0:
        behind = at + len(line)
        end = content.find(b"\n", behind)
        rest = content[behind : end if end >= 0 else len(content)]
        is_whole = rest.removeprefix(_END).strip(b" \t") == b""
        pieces += (content[done:at], b"\n--" + mark if is_whole else line)
        done = behind
    return b"".join((*pieces, content[done:])) if pieces else content


def without_marks(text: str, marks: dict[str, str]) -> str:
    """Return a text with the names again: a line with a name stands in words, too, where a program quotes it."""
    if "\0" not in text:
        return text
    names = {mark: name for name, mark in marks.items()}
    return _MARK.sub(lambda hit: names[hit[0]], text)
