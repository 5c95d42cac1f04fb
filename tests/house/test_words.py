"""Names say what a thing is, and no file points outside the project."""

from __future__ import annotations

import re

import pytest

from tests.house.tree import ROOT, own_files, python_files

EMPTY_NAMES = re.compile(r"^_*(util|helper|common|base|manager|service|misc|tool)s?$")

# Written so that the patterns do not find themselves.
FORBIDDEN = {
    "the developers' shared folder": re.compile(r"\.\./[s]hared\b|/work/[s]hared\b"),
    "a package registry's host": re.compile(
        r"\b(py[p]i\.org|pythonhoste[d]\.org|npmj[s]\.(org|com)|deb[.]debian[.]org|crates[.]io)\b"
    ),
    "an uncovered line without a reason": re.compile(r"#\s*pragma: no[ ]cover\s*$", re.MULTILINE),
}


def test_no_module_has_a_name_that_says_nothing() -> None:
    found = {str(path) for path in python_files() for part in path.with_suffix("").parts if EMPTY_NAMES.match(part)}
    assert found == set()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_mentions(what: str) -> None:
    found = []
    for path in own_files():
        text = (ROOT / path).read_text(encoding="utf-8", errors="replace")
        found += [f"{path}: {match.group()}" for match in FORBIDDEN[what].finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("the developers' shared folder", "see ../" + "shared/architecture.md"),
        ("the developers' shared folder", "/work/" + "shared"),
        ("a package registry's host", "https://py" + "pi.org/simple"),
        ("a package registry's host", "files.python" + "hosted.org"),
        ("an uncovered line without a reason", "x = 1  # pragma: no" + " cover"),
    ],
)
def test_the_patterns_find_what_they_forbid(what: str, text: str) -> None:
    assert FORBIDDEN[what].search(text)
