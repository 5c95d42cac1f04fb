"""What a pattern cannot do without: a letter too many would hide words."""

from __future__ import annotations

import re

import pytest

from mailer.replies.needles import needles


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        ("pay", ("pay",)),
        (r"\?", ("?",)),
        (r"\w{0,40}zahl\w{0,40}", ("zahl",)),
        (r"\w{1,40}(?:aria|erian?)", ("aria", "eria")),
        ("bills?|sums", ("bill", "sums")),
        ("(?:so )?we paid", ("we paid",)),
        ("to {1,4}your {0,4}all", ("your",)),
        ("no(?! worries)", ("no",)),
        ("(?<=gone )by", ("by",)),
        (r"[ab]\d.^x$", ("x",)),
        ("we|[ab]", ("",)),
        (r"\w+", ("",)),
        ("(?:we)?", ("",)),
    ],
)
def test_the_letters_that_a_pattern_needs_are_known_or_none(pattern: str, letters: tuple[str, ...]) -> None:
    assert needles(pattern) == letters


def test_a_text_that_matches_holds_one_of_the_letters() -> None:
    pattern = r"(?:never|not|\w{1,40}n't)(?: yet| ever){0,8} {1,4}(?:received|come)"
    for text in ("it has not yet come", "hasn't  received"):
        assert re.search(pattern, text)
        assert any(one in text for one in needles(pattern))
