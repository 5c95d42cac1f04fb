"""Where patterns may begin: a place too many costs time, a place too few would hide words."""

from __future__ import annotations

import pytest

from mailer.replies.beginnings import Beginnings, alternatives
from mailer.replies.lookouts import Lookout, Memory, words_in
from mailer.replies.phrases import searchable
from tests.core.replies.mails import PHRASES, ROOT

SENTENCES = ROOT / "tests" / "corpus" / "sentences"


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        ("pay", {"pay"}),
        ("we|i", {"we", "i"}),
        ("(?:the )?end of", {"the e", "the  ", "end o", "end  "}),
        (r"\d{1,2}th", {"0th", "00th"}),
        (r"\d{1,3}", {"0", "00"}),
        (r"\d{2,3}", {"0"}),
        ("\\w{1,40}['\u2019]ll", {"\x01"}),
        ("i \\w+['\u2019]ll", {"i ", "i  "}),
        (r"[\d.]{1,60} paid", {"0 pai", "0  ", ". pai", ".  ", "00", "0.", ".0", ".."}),
        ("[dm]ay", {"day", "may"}),
        ("(?P<day>first|1st) week", {"first", "0st w", "0st  "}),
        ("no(?! worries)", {"no"}),
        ("a{0,2}b", {"a", "b"}),
        (r"st\.? patrick", {"st. p", "st.  ", "st pa", "st  "}),
        (r"\w{0,40}zahl", None),
        (" and", None),
        ("(?:so )?", None),
    ],
)
def test_the_first_letters_of_a_pattern_are_known_or_any(pattern: str, letters: set[str] | None) -> None:
    found = [Beginnings({}).of(one) for one in alternatives(pattern)]
    assert set().union(*(begun or () for begun in found)) == (letters or set())
    assert (None in found) is (letters is None)


def test_blocks_are_read_where_they_are_named() -> None:
    beginnings = Beginnings({"we": "(?:we|our {office})", "office": "(?:office|bank)"})
    assert beginnings.of("{we} pay") == frozenset({"we pa", "we  ", "our o", "our b", "our  "})
    assert beginnings.of("{office} pay") == frozenset({"offic", "bank "})


@pytest.mark.parametrize("code", ["de", "en", "es", "fr", "it", "nl"])
def test_a_lookout_finds_what_searching_finds(code: str) -> None:
    language = PHRASES.languages[code]
    patterns = {**language.marks, **language.patterns}
    lookout = Lookout({**language.marks.rows, **language.patterns.rows}, Memory(language.patterns.blocks))
    lines = (SENTENCES / f"{code}-b.tsv").read_text(encoding="utf-8").splitlines()
    lines = lines[:: -(-len(lines) // 200)]
    for text in (searchable(line.partition("\t")[2]) for line in lines):
        found = lookout.all_in(text, words_in(text))
        assert found == {name for name, pattern in patterns.items() if pattern.search(text)}


def test_marks_of_punctuation_are_found_behind_letters_too() -> None:
    lookout = Lookout({"asks": [r"\?", "why"]})
    assert lookout.all_in("now?", words_in("now?")) == {"asks"}
    assert lookout.all_in("whyever", words_in("whyever")) == set()
