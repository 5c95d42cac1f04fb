from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.dossier.safe_names import MAX_BYTES, MAX_CHARACTERS, safe_names


@pytest.mark.parametrize(
    ("sent", "safe"),
    [
        ("Invoice 7.pdf", "Invoice 7.pdf"),
        ("Größe.PDF", "Größe.PDF"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        ("/etc/shadow", "_etc_shadow"),
        ("C:evil.txt", "C_evil.txt"),
        ("con.txt", "_con.txt"),
        ("CON", "_CON"),
        ("aux.tar.gz", "_aux.tar.gz"),
        ("lpt¹.doc", "_lpt¹.doc"),
        ("console.txt", "console.txt"),
        ("photo\u202egpj.exe", "photo_gpj.exe"),
        ("a\nb\x00c.txt", "a_b_c.txt"),
        ("lone\ud800.txt", "lone_.txt"),
        ("  spaced\u00a0\u2003out .txt . ", "spaced out.txt"),
        ("", "attachment"),
        ("...", "attachment"),
        (".htaccess", "htaccess"),
        ("name.", "name"),
        ("sentence with. a very long ending", "sentence with. a very long ending"),
        ("e\u0301.txt", "é.txt"),
    ],
)
def test_a_name_from_outside_becomes_a_plain_file_name(sent: str, safe: str) -> None:
    assert safe_names([sent]) == (safe,)


def test_doubles_are_told_apart_ignoring_case() -> None:
    assert safe_names(["a.txt", "A.TXT", "a (2).txt", "a.txt"]) == ("a.txt", "A (2).TXT", "a (2) (2).txt", "a (3).txt")


def test_a_taken_name_is_not_used() -> None:
    assert safe_names(["Attachments.csv"], taken=["attachments.csv"]) == ("Attachments (2).csv",)


@pytest.mark.parametrize("letter", ["x", "日", "👩", "."])
def test_a_long_name_keeps_its_extension_and_fits(letter: str) -> None:
    names = safe_names([f"n{letter * 300}e.pdf"] * 12)
    assert all(name.endswith(".pdf") and len(name) <= MAX_CHARACTERS for name in names)
    assert all(len(name.encode()) <= MAX_BYTES for name in names)
    assert len(set(names)) == len(names)


@given(st.lists(st.text(max_size=300), max_size=12))
def test_whatever_is_sent_can_be_stored_anywhere(sent: list[str]) -> None:
    names = safe_names(sent)
    assert len({name.casefold() for name in names}) == len(sent)
    for name in names:
        assert name == name.strip(". ")
        assert name
        assert len(name) <= MAX_CHARACTERS
        assert len(name.encode()) <= MAX_BYTES
        assert not set(name) & set('<>:"/\\|?*')
        assert not any(unicodedata.category(letter)[0] == "C" for letter in name)
