from __future__ import annotations

import re

import pytest

from mailer.domain.reading import DISPUTE_REASONS, Intent
from mailer.replies.beginnings import alternatives
from mailer.replies.intents import INTENTS
from mailer.replies.lookouts import words_in
from mailer.replies.patterns import PhraseError, any_of, parted
from mailer.replies.phrases import phrases_from_texts, searchable
from mailer.replies.resolvers import RESOLVERS
from tests.core.replies.mails import CODES, PHRASES, ROOT

ENGLISH = (ROOT / "config" / "phrases" / "en.toml").read_text("utf-8")


def with_legal(more: str) -> str:
    """English with another cue "legal.x"."""
    return f'{ENGLISH}\n[[intents.legal]]\nid = "x"\nweight = 1\n{more}\n'


@pytest.mark.parametrize("code", CODES)
def test_every_intent_has_phrases_in_every_language(code: str) -> None:
    assert set(PHRASES.languages[code].cues) == {intent.value for intent in INTENTS}
    assert set(INTENTS) == set(Intent)


@pytest.mark.parametrize("code", CODES)
def test_phrases_name_only_what_exists(code: str) -> None:
    language = PHRASES.languages[code]
    assert {rule.resolver for rule in language.date_rules} <= set(RESOLVERS)
    assert {rule.kind for rule in language.date_rules} <= {"exact", "by", "approx"}
    assert set(language.reasons) == set(DISPUTE_REASONS) - {"other"}
    assert len(language.months) >= 12
    assert set(language.weekdays.values()) == set(range(7))
    assert all(0 < cue.weight <= 1 for cues in language.cues.values() for cue in cues)
    ids = [cue.id for cues in language.cues.values() for cue in cues]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("code", CODES)
def test_no_pattern_of_words_ends_in_a_space_where_it_could_never_match(code: str) -> None:
    language = PHRASES.languages[code]
    rows = {**language.marks.rows, **language.patterns.rows}
    words = [(name, one) for name, each in rows.items() for row in parted(each)[0] for one in alternatives(row)]
    assert [each for each in words if each[1].endswith(" ")] == []


def test_the_digest_changes_with_any_sign_of_a_file_and_with_its_language() -> None:
    digest = phrases_from_texts({"en": ENGLISH}).digest
    assert phrases_from_texts({"en": ENGLISH}).digest == digest
    assert phrases_from_texts({"en": ENGLISH.replace("weight = 0.9", "weight = 0.8", 1)}).digest != digest
    assert phrases_from_texts({"de": ENGLISH}).digest != digest


def test_spaces_and_word_ends_are_understood() -> None:
    text = with_legal('any = ["our lawyer", "a ?b", "; see", "[x y]z"]')
    pattern = phrases_from_texts({"en": text}).languages["en"].patterns["legal.x"]
    assert pattern.search(searchable("Our   lawyer writes"))
    assert pattern.search("ab")
    assert pattern.search("a b")
    assert pattern.search("done; see below")
    assert pattern.search(" z")
    assert pattern.search("yz")
    assert not pattern.search("our lawyers")
    assert not pattern.search("your lawyer")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (with_legal(""), "phrases/en.toml: 'any'"),
        (with_legal('any = ["("]'), r"legal\.x: .* is no pattern"),
        (with_legal('any = ["[a"]'), r"legal\.x: .* is no pattern"),
        (with_legal('any = ["we {nowhere}"]'), r"legal\.x: .*'nowhere'"),
        (ENGLISH.replace("\nsplit = [", "\nother = ["), "phrases/en.toml: 'split'"),
        (ENGLISH.replace("\n[dates]", "\n[others]"), "phrases/en.toml: 'dates'"),
        (ENGLISH.replace("function_words =", "other ="), "phrases/en.toml: 'function_words'"),
    ],
)
def test_a_broken_phrase_file_says_where(text: str, named: str) -> None:
    with pytest.raises(PhraseError, match=named):
        phrases_from_texts({"en": text}).languages["en"].patterns["legal.x"]


@pytest.mark.parametrize("row", ["(", "{nowhere}", "we are (", "lawyers? {nowhere}", "[a"])
def test_a_broken_row_says_so_when_it_is_first_tried(row: str) -> None:
    language = phrases_from_texts({"en": with_legal(f'any = ["{row}"]')}).languages["en"]
    text = "we are lawyer s and lawyers ("
    with pytest.raises(PhraseError, match=r"legal\.x"):
        language.cue_lookouts["legal"].all_in(text, words_in(text))


def test_a_language_is_parsed_when_it_is_needed_and_says_what_is_wrong_then() -> None:
    phrases = phrases_from_texts({"en": ENGLISH, "xx": 'function_words = "the of"\n\n[words\n'})
    assert phrases.function_words["xx"] == {"the", "of"}
    assert phrases.languages["en"].cues.keys() == PHRASES.languages["en"].cues.keys()
    with pytest.raises(PhraseError, match=r"phrases/xx\.toml: .*line 3"):
        phrases.languages["xx"]
    with pytest.raises(PhraseError, match=r"phrases/xx\.toml"):
        phrases_from_texts({"xx": "function_words = the"})
    assert phrases_from_texts({"en": ENGLISH}).digest != phrases_from_texts({"en": f"{ENGLISH}# a word\n"}).digest


@pytest.mark.parametrize("row", [r"\d[\w./-]{2,} paid", r"\w{3,}x", r"(?:ab){2,}c"])
def test_a_repeat_without_an_end_gets_one(row: str) -> None:
    assert ",}" not in any_of([row], {})


def test_a_repeat_may_ask_for_more_than_its_end_would_be() -> None:
    assert re.search(any_of([r"\d{70,}"], {}), "1" * 70)
