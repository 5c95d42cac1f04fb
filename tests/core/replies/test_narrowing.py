"""Several days in one promise: the first part of a payment counts, and the day within a week that is named with it."""

from __future__ import annotations

from datetime import date

import pytest

from mailer.domain.reading import Evidence, Finding, Intent
from mailer.replies.fill import filled
from mailer.replies.passage import passage
from mailer.replies.thresholds import CERTAIN
from tests.core.replies.mails import PHRASES, WEDNESDAY


def promised(language: str, own: str, proof: str, *, on: date | None = None, sure: float = 0.9) -> Finding:
    """The promise of a mail when somebody has named the words that prove it."""
    words = passage(own, language=PHRASES.languages[language], anchor=WEDNESDAY, country="GB")
    start = own.index(proof)
    evidence = Evidence(start=start, end=start + len(proof), text=proof, rule="model")
    return filled((Finding(intent=Intent.PROMISE, confidence=sure, evidence=(evidence,), on=on),), words)[0]


@pytest.mark.parametrize(
    ("language", "own", "proof", "day"),
    [
        ("en", "You get £400 on 24 November, the rest on 8 December.", "the rest", "2026-11-24"),
        ("en", "Half goes out on Friday and the other half on 4 December.", "Half goes out", "2026-11-20"),
        ("en", "We pay in two instalments on 27 November and 31 December.", "We pay", "2026-11-27"),
        ("de", "Wir zahlen 400 € am 24.11., den Rest am 8.12.", "den Rest", "2026-11-24"),
        ("de", "Die Hälfte geht am Freitag raus, die andere Hälfte am 4.12.", "die andere", "2026-11-20"),
        ("fr", "Nous réglons 400 € le 24 novembre et le solde le 8 décembre.", "le solde", "2026-11-24"),
        ("nl", "Wij betalen 400 euro op 24 november en de rest op 8 december.", "Wij betalen", "2026-11-24"),
        ("es", "Pagamos 400 € el 24 de noviembre y el resto el 8 de diciembre.", "Pagamos", "2026-11-24"),
        ("it", "Paghiamo 400 € il 24 novembre, il saldo l'8 dicembre.", "il saldo", "2026-11-24"),
    ],
)
def test_the_first_part_of_a_payment_is_what_is_promised(language: str, own: str, proof: str, day: str) -> None:
    assert str(promised(language, own, proof).on) == day


@pytest.mark.parametrize(
    ("language", "own", "day"),
    [
        ("en", "We pay next week, on Tuesday.", "2026-11-24"),
        ("en", "We pay in the week commencing 30 November, on the Wednesday.", "2026-12-02"),
        ("de", "Wir zahlen in KW 49, am Donnerstag.", "2026-12-03"),
        ("es", "Pagamos la semana que viene, el martes.", "2026-11-24"),
        ("en", "We pay next week.", "2026-11-27"),
        ("en", "We pay next week. On Tuesday we are closed.", "2026-11-27"),
        ("en", "Mate flat out this week, will get it paid on Monday.", "2026-11-23"),
        ("en", "We pay this week, on Monday at the latest.", "2026-11-23"),
    ],
)
def test_the_day_of_a_week_is_that_day(language: str, own: str, day: str) -> None:
    assert str(promised(language, own, own[:8]).on) == day


@pytest.mark.parametrize(
    ("own", "day"),
    [
        ("The van comes on Friday, and we pay the balance on 8 December.", "2026-12-08"),
        ("We pay on 8 December, the rest of the order comes on 15 December.", "2026-12-08"),
        ("We are closed on Friday and pay on 24 November.", "2026-11-24"),
    ],
)
def test_a_day_of_something_else_is_no_part(own: str, day: str) -> None:
    assert str(promised("en", own, "pay").on) == day


def test_two_promises_keep_their_two_days() -> None:
    own = "You get £400 on 24 November, the rest on 8 December."
    words = passage(own, language=PHRASES.languages["en"], anchor=WEDNESDAY, country="GB")
    days = {"You get £400": date(2026, 11, 24), "the rest": date(2026, 12, 8)}
    found = tuple(
        Finding(
            intent=Intent.PROMISE,
            confidence=0.9,
            evidence=(Evidence(start=own.index(proof), end=own.index(proof) + len(proof), text=proof, rule="model"),),
            on=day,
        )
        for proof, day in days.items()
    )
    assert [one.on for one in filled(found, words)] == list(days.values())


def test_what_was_moved_is_never_certain() -> None:
    own = "You get £400 on 24 November, the rest on 8 December."
    moved = promised("en", own, "the rest", on=date(2026, 12, 8), sure=1.0)
    assert (str(moved.on), moved.confidence < CERTAIN) == ("2026-11-24", True)
    assert promised("en", "We pay on 24 November.", "We pay", on=date(2026, 11, 24), sure=1.0).confidence == 1.0


@pytest.mark.parametrize(
    ("language", "own", "day"),
    [
        ("de", "Wir zahlen heute in 14 Tagen.", "2026-12-02"),
        ("de", "Wir zahlen morgn, versprochen.", "2026-11-19"),
        ("de", "Wir zahlen am Montag, aber lieber am Dienstag.", "2026-11-24"),
        ("es", "Pagamos el jueves, pero mejor pongamos el viernes.", "2026-11-20"),
        ("it", "Paghiamo giovedì, ma facciamo venerdì.", "2026-11-20"),
    ],
)
def test_other_ways_to_say_a_day(language: str, own: str, day: str) -> None:
    word = {"de": "zahlen", "es": "Pagamos", "it": "Paghiamo"}[language]
    assert str(promised(language, own, word).on) == day
