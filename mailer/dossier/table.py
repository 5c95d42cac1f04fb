"""CSV that spreadsheets, Python and archives read alike: RFC 4180, every field quoted, UTF-8 without a mark."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from mailer.dossier.visible import visible

Cell = str | int | Decimal | date | None

#: What a spreadsheet may take for a formula (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return the table as CRLF lines; texts are made visible and harmless, numbers and dates are plain."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def utc_text(at: datetime) -> str:
    """Return an aware UTC time to the second ("2026-11-03T09:00:00Z")."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _cell(value: Cell) -> str:
    return harmless(value) if isinstance(value, str) else cell_text(value)


def cell_text(value: Cell) -> str:
    """Return a value as tables write it; a text as it came."""
    match value:
        case None:
            return ""
        case datetime():
            return utc_text(value)
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case int():
            return str(value)
        case _:
            return value


def harmless(text: str) -> str:
    """Return a text that no spreadsheet runs: one that starts like a formula, after blanks too, gets a ' in front."""
    shown = visible(text)
    starts = text.startswith(_FORMULA_STARTS) or shown.lstrip().startswith(_FORMULA_STARTS)
    return f"'{shown}" if starts else shown
