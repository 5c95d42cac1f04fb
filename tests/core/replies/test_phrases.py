from __future__ import annotations

import tomllib
from typing import Any

import pytest

from mailer.domain.reading import DISPUTE_REASONS, Intent
from mailer.replies.beginnings import alternatives
from mailer.replies.intents import INTENTS
from mailer.replies.patterns import parted
from mailer.replies.phrases import PhraseError, phrases_from_texts, phrases_from_values, searchable
from mailer.replies.resolvers import RESOLVERS
from tests.core.replies.mails import CODES, PHRASES, ROOT


def english() -> dict[str, Any]:
    return tomllib.loads((ROOT / "config" / "phrases" / "en.toml").read_text("utf-8"))


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


def test_the_digest_changes_with_any_word_and_with_nothing_else() -> None:
    values = english()
    assert phrases_from_values({"en": values}).digest == phrases_from_values({"en": english()}).digest
    values["intents"]["promise"][0]["weight"] = 0.5
    assert phrases_from_values({"en": values}).digest != phrases_from_values({"en": english()}).digest


def test_spaces_and_word_ends_are_understood() -> None:
    values = english()
    values["intents"]["legal"] = [{"id": "x", "weight": 1, "any": ["our lawyer", "a ?b", "; see", "[x y]z"]}]
    pattern = phrases_from_values({"en": values}).languages["en"].patterns["legal.x"]
    assert pattern.search(searchable("Our   lawyer writes"))
    assert pattern.search("ab")
    assert pattern.search("a b")
    assert pattern.search("done; see below")
    assert pattern.search(" z") is None or pattern.search("yz")
    assert not pattern.search("our lawyers")
    assert not pattern.search("your lawyer")


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("intents", "promise"), [{"id": "x", "weight": 1}], "any"),
        (("intents", "promise"), [{"id": "x", "weight": 1, "any": ["("]}], "pattern"),
        (("intents", "promise"), [{"id": "x", "weight": 1, "any": ["{nowhere}"]}], "nowhere"),
        (("clauses",), {}, "split"),
        (("dates",), None, "phrases/en.toml"),
        (("function_words",), 3, "phrases/en.toml"),
    ],
)
def test_a_broken_phrase_file_says_where(path: tuple[str, ...], value: object, named: str) -> None:
    values = english()
    table = values
    for name in path[:-1]:
        table = table[name]
    table[path[-1]] = value
    with pytest.raises(PhraseError, match=named):
        phrases_from_values({"en": values})


def test_a_language_is_parsed_when_it_is_needed_and_says_what_is_wrong_then() -> None:
    text = (ROOT / "config" / "phrases" / "en.toml").read_text("utf-8")
    phrases = phrases_from_texts({"en": text, "xx": 'function_words = "the of"\n\n[words\n'})
    assert phrases.function_words["xx"] == {"the", "of"}
    assert phrases.languages["en"].cues.keys() == PHRASES.languages["en"].cues.keys()
    with pytest.raises(PhraseError, match=r"phrases/xx\.toml: .*line 3"):
        phrases.languages["xx"]
    with pytest.raises(PhraseError, match=r"phrases/xx\.toml"):
        phrases_from_texts({"xx": "function_words = the"})
    assert phrases_from_texts({"en": text}).digest != phrases_from_texts({"en": f"{text}# a word\n"}).digest
