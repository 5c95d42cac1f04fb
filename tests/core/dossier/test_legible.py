"""Nothing reaches the typesetter that its typeface cannot show, and no line is wider than the page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.dossier.legible import composed_line, legible, legible_line, wrapped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, Ωμέγα, Привет, ابن", "Grüße, Ωμέγα, Привет, ابن"),
        ("a\r\nb\rc\td", "a\nb\nc       d"),
        ("\u202eevil\x00\x07\u200d\ud800", "[U+202E]evil[U+0000 U+0007 U+200D U+D800]"),
        ("中文 🎉", "[U+4E2D U+6587] [U+1F389]"),
        ("\ue000\u21a9", "[U+E000 U+21A9]"),
        ("e\u0301\u0302\u0303\u0304", "e\u0301\u0302[U+0303 U+0304]"),
        ("\x00" * 66, f"[{' '.join(['U+0000'] * 64)} and 2 more]"),
    ],
)
def test_what_cannot_be_shown_is_named(text: str, shown: str) -> None:
    assert legible(text) == shown


def test_one_line_has_no_line_feed_and_a_composed_one_is_written_from_the_left() -> None:
    assert legible_line(" a\nb ") == "a b"
    assert composed_line("from ابن on 2026-01-01") == "from [U+0627 U+0628 U+0646] on 2026-01-01"


def test_lines_are_wrapped_at_a_blank_where_there_is_one() -> None:
    assert wrapped("we pay on\nMonday or on Tuesday", 12) == ["we pay on", "Monday or ↩", "on Tuesday"]
    assert wrapped("x" * 25, 10) == ["xxxxxxxxx↩", "xxxxxxxxx↩", "xxxxxxx"]
    assert wrapped("x" * 12, 10, mark="") == ["x" * 10, "xx"]
    assert wrapped("", 10) == [""]


@given(st.text(max_size=300), st.integers(min_value=2, max_value=40))
def test_no_line_is_too_long_and_no_character_is_lost(text: str, columns: int) -> None:
    shown = legible(text)
    assert legible(shown) == shown
    lines = wrapped(shown, columns)
    assert max(map(len, lines)) <= columns
    assert "".join(lines).replace("↩", "") == shown.replace("\n", "")
