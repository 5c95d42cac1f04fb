"""The words of a PDF as whoever searches or copies gets them: codes of its fonts by their ToUnicode tables."""

from __future__ import annotations

import re
from pathlib import Path

import pikepdf

_PAIRS = re.compile(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>\s*(?:<([0-9a-fA-F]+)>)?\s*\n")


def text_of(file: Path) -> str:
    """All pages, a line feed wherever a new line begins; what stands together on paper may be apart here."""
    with pikepdf.open(file) as pdf:
        return "\n".join(_page(page) for page in pdf.pages)


def _page(page: pikepdf.Page) -> str:
    tables = {name: _table(font) for name, font in page.Resources.get("/Font", {}).items()}
    said: list[str] = []
    table: dict[int, str] = {}
    for one in pikepdf.parse_content_stream(page):
        operands = one.operands
        match str(one.operator):
            case "Tf":
                table = tables[str(operands[0])]
            case "Tj":
                said.append(_words(bytes(operands[0]), table))
            case "TJ":
                said += [_words(bytes(part), table) for part in operands[0] if isinstance(part, pikepdf.String)]
            case "Tm" | "Td" | "BT":
                said.append("\n")
            case _:
                pass
    return re.sub(r"\n+", "\n", "".join(said))


def _words(codes: bytes, table: dict[int, str]) -> str:
    return "".join(table[int.from_bytes(codes[at : at + 2])] for at in range(0, len(codes), 2))


def _table(font: pikepdf.Object) -> dict[int, str]:
    found: dict[int, str] = {}
    for block in re.findall(rb"begin(bfchar|bfrange)\n(.*?)end", bytes(font.ToUnicode.read_bytes()), re.DOTALL):
        for first, second, third in _PAIRS.findall(block[1]):
            text = bytes.fromhex((third or second).decode()).decode("utf-16-be")
            last = int(second, 16) if third else int(first, 16)
            for code in range(int(first, 16), last + 1):
                found[code] = text[:-1] + chr(ord(text[-1]) + code - int(first, 16))
    return found
