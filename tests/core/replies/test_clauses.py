"""How a clause is meant, in six languages: what is no money, what is usual, what only sounds denied."""

from __future__ import annotations

from datetime import date

import pytest

from mailer.domain.reading import Intent
from mailer.replies.intents import INTENTS
from mailer.replies.passage import Passage, passage
from mailer.replies.phrases import searchable
from mailer.replies.thresholds import CERTAIN
from tests.core.replies.mails import PHRASES

WEDNESDAY = date(2026, 11, 18)


def words(text: str, language: str) -> Passage:
    return passage(text, language=PHRASES.languages[language], anchor=WEDNESDAY, country="GB")


def promised(text: str, language: str) -> list[str]:
    return [str(one.on) for one in INTENTS[Intent.PROMISE](words(text, language))]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I'll send you the photographs on Monday."),
        ("en", "We will send the signed contract on Friday."),
        ("de", "Den Lieferschein schicken wir Ihnen am Montag."),
        ("fr", "Je vous enverrai les documents lundi."),
        ("es", "El lunes le mando el contrato."),
        ("nl", "Ik stuur u donderdag de getekende overeenkomst."),
        ("it", "Lunedì vi mando il contratto."),
    ],
)
def test_a_thing_that_is_no_money_is_no_promise(language: str, text: str) -> None:
    assert promised(text, language) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "We normally pay on the 25th."),
        ("de", "Wir zahlen in der Regel am 25."),
        ("fr", "Nous payons toujours le 25."),
        ("es", "Siempre pagamos el 25."),
        ("nl", "Wij betalen doorgaans op de 25e."),
        ("it", "Di solito paghiamo il 25."),
    ],
)
def test_what_is_usual_is_no_promise(language: str, text: str) -> None:
    assert promised(text, language) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The job must be signed off first and then I'll pay you straight away."),
        ("en", "Send me your routing number and I'll wire it straight away."),
        ("de", "Mein Gehalt ist noch nicht da, danach überweise ich sofort."),
        ("nl", "Hij zit nog in de goedkeuring, daarna betalen we hem meteen."),
    ],
)
def test_at_once_after_something_without_a_day_has_none(language: str, text: str) -> None:
    assert promised(text, language) == []


@pytest.mark.parametrize("text", ["I'll pay straight away.", "We will pay immediately."])
def test_at_once_is_today_and_never_certain(text: str) -> None:
    found = INTENTS[Intent.PROMISE](words(text, "en"))
    assert [one.on for one in found] == [WEDNESDAY]
    assert all(one.confidence < CERTAIN for one in found)


@pytest.mark.parametrize(
    ("language", "text", "day"),
    [
        ("en", "We will pay on Friday without fail.", "2026-11-20"),
        ("en", "No need to worry, we will pay you on Friday.", "2026-11-20"),
        ("de", "Wir zahlen am Freitag, nicht später.", "2026-11-20"),
        ("fr", "Nous réglons vendredi sans faute.", "2026-11-20"),
        ("es", "Pagaremos el viernes sin falta.", "2026-11-20"),
        ("nl", "Wij betalen vrijdag, niet later.", "2026-11-20"),
        ("it", "Pagheremo entro e non oltre venerdì.", "2026-11-20"),
    ],
)
def test_what_only_sounds_denied_is_not(language: str, text: str, day: str) -> None:
    assert promised(text, language) == [day]


@pytest.mark.parametrize(
    "text", ["We will not pay before Friday.", "We pay not before the 15th.", "There is no way we pay on Friday."]
)
def test_what_is_denied_stays_denied(text: str) -> None:
    assert promised(text, "en") == []


@pytest.mark.parametrize("text", ["PAY \u0130T NOW", "Stra\u00dfe \u1e9e", "plain"])
def test_small_letters_keep_the_length(text: str) -> None:
    assert len(searchable(text)) == len(text)
    assert searchable(text.upper()) == searchable(searchable(text.upper()))
