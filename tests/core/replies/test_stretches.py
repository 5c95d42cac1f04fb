"""The stretch of words around a day: what the rest of a clause denies, asks or supposes is not about it."""

from __future__ import annotations

import pytest

from mailer.replies.passage import passage
from mailer.replies.stretches import meant_day
from tests.core.replies.mails import PHRASES, WEDNESDAY


def day_of(text: str, *, language: str = "en") -> str:
    words = passage(text, language=PHRASES.languages[language], anchor=WEDNESDAY, country="GB")
    found = [day for clause in words.clauses if (day := meant_day(words, clause))]
    return found[0].on.isoformat() if found else ""


@pytest.mark.parametrize(
    ("language", "text", "day"),
    [
        ("en", "The twelve good ones I pay on Monday, the broken three never.", "2026-11-23"),
        ("en", "If nobody objects I'll transfer the first part on the 30th.", "2026-11-30"),
        ("en", "I'll do it tonight once the shop is shut.", "2026-11-18"),
        ("de", "Die Hälfte überweisen wir am Freitag, mehr geht nicht.", "2026-11-20"),
        ("fr", "Le solde part vendredi, mais pas les frais.", "2026-11-20"),
        ("nl", "De rest maak ik vrijdag over, daar hoef je niets voor te doen.", "2026-11-20"),
        ("es", "Los demás los pago el viernes, esos dos no.", "2026-11-20"),
        ("it", "Il resto lo verso venerdì, senza discutere.", "2026-11-20"),
    ],
)
def test_the_day_of_what_is_meant(language: str, text: str, day: str) -> None:
    assert day_of(text, language=language) == day


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The money will not be with you on Monday, whatever you write."),
        ("en", "Can the rest wait, and would you take it on Friday?"),
        ("en", "Once you have corrected it, I'll pay tomorrow."),
        ("en", "It is not that simple, on Friday."),
        ("en", "As soon as it works we transfer all of it within ten days."),
        ("de", "Am Freitag zahlen wir sicher nichts, das ist klar."),
        ("de", "Bis Freitag hätte ich es geschafft, wäre die Ware da."),
        ("fr", "Vendredi nous ne réglerons rien, vous le savez."),
        ("es", "El viernes no pago nada, se lo dije."),
    ],
)
def test_no_day_of_what_is_denied_asked_or_supposed(language: str, text: str) -> None:
    assert day_of(text, language=language) == ""
