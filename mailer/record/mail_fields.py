"""The header fields of a raw mail, as they stand there: in their order, folded as they came, none decoded.

In linear time: a mail may be anything.
"""

from __future__ import annotations

import re

#: A field's name as dkimpy takes it, so that both count the fields alike.
_NAME = re.compile(rb"([\x21-\x39\x3b-\x7e]+):")
_END = re.compile(rb"\r?\n\r?\n")
_FIELD_ENDS = re.compile(rb"\r?\n(?![ \t])")
_LINE_ENDS = re.compile(rb"\r?\n")


def fields(raw: bytes) -> list[tuple[str, bytes]]:
    """Return (name in lower case, value without the line breaks of folding) from the top down; odd lines are left out.

    RFC 5322 §2.2.
    """
    end = _END.search(raw)
    return [
        (name[1].decode("ascii").lower(), _LINE_ENDS.sub(b"", field[name.end() :]))
        for field in _FIELD_ENDS.split(raw[: end.start()] if end else raw)
        if (name := _NAME.match(field))
    ]


def without_comments(text: str) -> str:
    """Return a value without its comments, which may be nested (RFC 5322 §3.2.2)."""
    kept, depth, quoted, escaped = [], 0, False, False
    for letter in text:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == '"' and not depth:
            quoted = not quoted
        elif letter == "(" and not quoted:
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
            continue
        if not depth:
            kept.append(letter)
    return "".join(kept)
