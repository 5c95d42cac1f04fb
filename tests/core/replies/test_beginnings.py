"""Where patterns may begin: a place too many costs time, a place too few would hide words."""

from __future__ import annotations

import pytest

from mailer.replies.beginnings import beginnings
from mailer.replies.lookouts import Lookout, words_in
from mailer.replies.phrases import searchable
from tests.core.replies.mails import PHRASES, ROOT

SENTENCES = ROOT / "tests" / "corpus" / "sentences"


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        ("pay", {"pay"}),
        ("we|i", {"we", "i"}),
        ("(?:the )?end of", {"the e", "end o"}),
        (r"\d{1,2}th", {"0th", "00th"}),
        (r"\d{1,3}", {"0", "00"}),
        (r"\d{2,3}", {"0"}),
        ("\\w{1,40}['\u2019]ll", {"\x01"}),
        ("i \\w{1,40}['\u2019]ll", {"i "}),
        (r"[\d.]{1,60} paid", {"0 pai", ". pai", "00", "0.", ".0", ".."}),
        ("[dm]ay", {"day", "may"}),
        ("(?P<day>first|1st) week", {"first", "0st w"}),
        ("no(?! worries)", {"no"}),
        ("a{0,2}b", {"a", "b"}),
        (r"st\.? patrick", {"st. p", "st pa"}),
        (r"\w{0,40}zahl", None),
        (" and", None),
        ("(?:so )?", None),
    ],
)
def test_the_first_letters_of_a_pattern_are_known_or_any(pattern: str, letters: set[str] | None) -> None:
    of_words = rf"(?<!\w)(?:{pattern})(?!\w)"
    found = list(beginnings(of_words))
    assert set().union(*(begun or () for _, begun in found)) == (letters or set())
    assert [text for text, begun in found if begun is None] == ([] if letters else [of_words])


@pytest.mark.parametrize("code", ["de", "en", "es", "fr", "it", "nl"])
def test_a_lookout_finds_what_searching_finds(code: str) -> None:
    language = PHRASES.languages[code]
    patterns = {**language.marks, **language.patterns}
    lookout = Lookout({**language.marks.texts, **language.patterns.texts})
    lines = (SENTENCES / f"{code}-b.tsv").read_text(encoding="utf-8").splitlines()
    lines = lines[:: -(-len(lines) // 200)]
    for text in (searchable(line.partition("\t")[2]) for line in lines):
        found = lookout.all_in(text, words_in(text))
        assert found == {name for name, pattern in patterns.items() if pattern.search(text)}


def test_marks_of_punctuation_are_found_behind_letters_too() -> None:
    lookout = Lookout({"asks": r"\?|(?<!\w)(?:why)(?!\w)"})
    assert lookout.all_in("now?", words_in("now?")) == {"asks"}
    assert lookout.all_in("whyever", words_in("whyever")) == set()
