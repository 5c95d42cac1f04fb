"""Days in the words of six languages: one table each, checked against the rules of the labels (docs/reading.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.replies.passage import passage
from mailer.replies.slots import chosen_day, days_ahead, paid_day
from tests.core.replies.mails import PHRASES, WEDNESDAY

TABLES = Path(__file__).parent / "days"
COUNTRIES = {"en": "GB", "de": "DE", "fr": "FR", "es": "ES", "nl": "NL", "it": "IT"}


def rows(code: str) -> list[tuple[str, str, str]]:
    lines = (TABLES / f"{code}.txt").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if line and line[0] != "#"]
    return [(code, one[0], " ".join(one[1:])) for one in cells]


@pytest.mark.parametrize("code", COUNTRIES)
def test_every_day_of_the_table_is_read(code: str) -> None:
    table = rows(code)
    wrong = [(text, found, wanted) for _, text, wanted in table if (found := day_of(code, text)) != wanted]
    assert wrong == [], "\n".join(map(str, wrong))
    assert len(table) > 60


def day_of(code: str, text: str) -> str:
    """The day as the table writes it: of a payment made after "<", else of one promised."""
    language = PHRASES.languages[code]
    own = text.removeprefix("<").strip()
    words = passage(own, language=language, anchor=WEDNESDAY, country=COUNTRIES[code])
    if text.startswith("<"):
        found = paid_day(words.clauses)
        return str(found.past_on) if found else "-"
    chosen = [chosen_day(words, clause, days_ahead(words, clause)) for clause in words.clauses]
    days = [one for one in chosen if one]
    return f"{days[-1].on} {days[-1].kind}" if days else "- -"
