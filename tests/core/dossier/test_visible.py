from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.dossier.visible import visible, visible_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, Größe, 日本", "plain text, Größe, 日本"),
        ("bell\x07 nul\x00 del\x7f", "bell[U+0007] nul[U+0000] del[U+007F]"),
        ("invoice\u202egpj.exe", "invoice[U+202E]gpj.exe"),
        ("\u2066isolate\u2069 \u200fmark", "[U+2066]isolate[U+2069] [U+200F]mark"),
        ("zero\u200bwidth \ufeffmark soft\u00adhyphen", "zero[U+200B]width [U+FEFF]mark soft[U+00AD]hyphen"),
        ("line\u2028par\u2029", "line[U+2028]par[U+2029]"),
        ("lone \ud800 tag \U000e0041", "lone [U+D800] tag [U+E0041]"),
        (
            "family 👩\u200d👧 joined, \u0645\u06cc\u200c\u062e\u0648 apart",
            "family 👩\u200d👧 joined, \u0645\u06cc\u200c\u062e\u0648 apart",
        ),
        ("a\r\nb\rc\n\td", "a\nb\nc\n\td"),
    ],
)
def test_what_could_mislead_a_reader_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_on_one_line_there_is_one_line() -> None:
    assert visible_line(" a\r\nb\tc\u2028d\n") == "a b c[U+2028]d"


@given(st.text())
def test_anything_can_be_written_and_nothing_is_changed_twice(text: str) -> None:
    once = visible(text)
    once.encode()
    assert visible(once) == once
    assert "\n" not in visible_line(text)
