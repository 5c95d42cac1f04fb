from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.dossier.table import csv_bytes, harmless


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n+", "\u00a0@"])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert harmless(f"{start}cmd|' /C calc'!A0").startswith("'")


@pytest.mark.parametrize("text", ["INV-1", "a=b", "", "10-11", "O'Brien"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_numbers_and_dates_are_written_plainly() -> None:
    row = (None, 3, Decimal("-50.00"), Decimal("1E+3"), date(2026, 11, 3), datetime(2026, 11, 3, 9, tzinfo=UTC), 'a"b')
    assert csv_bytes(("n", "i", "d", "e", "on", "at", "t"), [row]) == (
        b'"n","i","d","e","on","at","t"\r\n"","3","-50.00","1000","2026-11-03","2026-11-03T09:00:00Z","a""b"\r\n'
    )


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=8))
def test_any_text_keeps_the_table_whole(rows: list[list[str]]) -> None:
    table = csv_bytes(("a", "b"), rows)
    read = list(csv.reader(io.StringIO(table.decode("utf-8"), newline=""), strict=True))
    assert len(read) == len(rows) + 1
    assert all(len(row) == 2 for row in read)
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for row in read for cell in row)
