"""What marks a mail as not to be shown to a court, and what only sounds like it."""

from __future__ import annotations

import pytest

from mailer.dossier.privilege import marked_without_prejudice


@pytest.mark.parametrize(
    "text",
    [
        "WITHOUT PREJUDICE",
        "Without prejudice save as to costs: we would pay half.",
        "> > without\n> > prejudice, we offer 200",
        "This is a confidential settlement proposal.",
        "Wir bieten unpräjudiziell 300 EUR an.",
        "Ohne Präjudiz und ohne Anerkennung einer Rechtspflicht",
        "Unser vertrauliches Vergleichsangebot",
        "Sans préjudice, nous proposons un règlement.",
        "Une négociation confidentielle est en cours.",
        "Le hacemos una oferta confidencial.",
        "Vertrouwelijk schikkingsvoorstel",
        "Riservata personale: vi proponiamo la metà.",
    ],
)
def test_a_mark_is_seen_with_its_words(text: str) -> None:
    assert marked_without_prejudice("", text)
    assert marked_without_prejudice(text, "")


@pytest.mark.parametrize(
    "text",
    [
        "Without prejudice to our rights we paid the undisputed part.",
        "This e-mail is strictly confidential and intended only for the addressee.",
        "Ohne Präjudiz für andere Rechnungen",
        "Sans préjudice des droits de notre société",
        "Sin perjuicio de nuestros derechos",
        "Diese Nachricht ist vertraulich.",
        "He showed no prejudice.",
    ],
)
def test_a_reservation_and_a_disclaimer_mark_nothing(text: str) -> None:
    assert marked_without_prejudice("Invoice INV-1", text) == ""
