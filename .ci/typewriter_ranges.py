"""Prints `mailer/dossier/typewriter.py`: every character that the report's typewriter face can show, upright and bold.

The face, DejaVu Sans Mono, is inside typst's binary; fontTools reads it there. Run it when typst moves to another
version: python .ci/typewriter_ranges.py > mailer/dossier/typewriter.py (with typst and fontTools installed).
"""

from __future__ import annotations

import io
import re
import struct
import unicodedata
from importlib import util
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError

FACES = ("DejaVu Sans Mono", "DejaVu Sans Mono Bold")
#: Controls, formats (bidi, zero width), surrogates, private use, unassigned; separators of lines and paragraphs.
UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: A font's own picture of what has no character, and the mark that a wrapped line ends with.
OURS = frozenset({0xFFFC, 0xFFFD, 0x21A9})
_RECORD = struct.Struct(">4sIII")


def binary() -> bytes:
    """The bytes of typst's extension module."""
    found = util.find_spec("typst")
    if found is None or found.origin is None:
        raise SystemExit("typst is not installed")
    return next(Path(found.origin).parent.glob("_typst*")).read_bytes()


def faces(whole: bytes) -> dict[str, frozenset[int]]:
    """The characters of each face that is found, by the face's full name."""
    found: dict[str, frozenset[int]] = {}
    for start in re.finditer(rb"\x00\x01\x00\x00\x00[\x06-\x20]", whole):
        place, tables = start.start(), whole[start.start() + 5]
        try:
            records = [_RECORD.unpack_from(whole, place + 12 + 16 * one) for one in range(tables)]
            end = max(offset + length for _, _, offset, length in records)
            font = TTFont(io.BytesIO(whole[place : place + end]))
            found[str(font["name"].getDebugName(4))] = frozenset(font.getBestCmap())
        except (TTLibError, struct.error, KeyError, ValueError, AssertionError, TypeError):
            continue  # bytes that only look like the head of a font
    return found


def main() -> None:
    """Print the module."""
    found = faces(binary())
    both = frozenset.intersection(*(found[name] for name in FACES)) - OURS
    shown = sorted(one for one in both if unicodedata.category(chr(one)) not in UNSHOWN)
    runs: list[list[int]] = []
    for one in shown:
        if runs and runs[-1][1] == one - 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    words = " ".join(f"{first:X}-{last:X}" if last > first else f"{first:X}" for first, last in runs)
    lines = re.findall(r".{1,110}(?: |$)", words)
    print('"""What the typewriter face of the report can show: made by .ci/typewriter_ranges.py, not by hand."""\n')
    print("from __future__ import annotations\n")
    print("#: Code points in hex, from-to, of DejaVu Sans Mono 2.37 as typst carries it.")
    print("RANGES = (\n" + "\n".join(f'    "{line}"' for line in lines) + "\n)")


if __name__ == "__main__":
    main()
