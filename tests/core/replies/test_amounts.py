from __future__ import annotations

import pytest

from mailer.replies.amounts import find_amounts


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("£1,200.50", "1200.50", "GBP"),
        ("1.200,50 €", "1200.50", "EUR"),
        ("1'200.50 CHF", "1200.50", "CHF"),
        ("1 200,50 EUR", "1200.50", "EUR"),
        ("EUR 1200", "1200.00", "EUR"),
        ("1.200 Euro", "1200.00", "EUR"),
        ("$1.2k", "1200.00", "USD"),
        ("5k", "5000.00", None),
        ("US$ 300", "300.00", "USD"),
        ("300 dollars", "300.00", "USD"),
        ("1,250.00", "1250.00", None),
        ("747,20", "747.20", None),
        ("£0.50", "0.50", "GBP"),
        ("€12,5", "12.50", "EUR"),
    ],
)
def test_amounts_in_all_spellings(text: str, amount: str, currency: str | None) -> None:
    found = find_amounts(f"we pay {text} now")
    assert [(one.claim.text, one.claim.amount, one.claim.currency) for one in found] == [(text, amount, currency)]


@pytest.mark.parametrize(
    "text", ["INV-2041", "invoice 2041", "8.30", "on 4.12.2026", "12/11", "17 units", "+44 20 7946"]
)
def test_bare_numbers_are_no_amounts(text: str) -> None:
    assert find_amounts(text) == ()


@pytest.mark.parametrize("text", ["half", "the other half", "50 %", "die Hälfte"])
def test_a_share_is_a_claim_without_a_number(text: str) -> None:
    assert [(one.claim.text, one.claim.amount) for one in find_amounts(f"we pay {text} now")] == [(text, None)]


def test_amounts_come_in_order_with_their_place() -> None:
    text = "half now, £300 later"
    assert [text[one.start : one.end] for one in find_amounts(text)] == ["half", "£300"]


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("I'll pay 500 on the 30th", "500.00", None),
        ("Priya will send you the 481 tomorrow", "481.00", None),
        ("How about 600 cash money Tuesday", "600.00", None),
        ("I can manage 150 a month", "150.00", None),
        ("we owe you two thousand", "2000.00", None),
        ("five hundred pounds on Friday", "500.00", "GBP"),
        ("3 grand now", "3000.00", None),
        ("10k on Friday", "10000.00", None),
        ("1.2k on Friday", "1200.00", None),
        ("wir zahlen 500 am Freitag", "500.00", None),
        ("wir überweisen zweitausend Euro", "2000.00", "EUR"),
        ("dreihundert Euro im Monat", "300.00", "EUR"),
        ("5 Tsd. Euro", "5000.00", "EUR"),
        ("250,- € sofort", "250.00", "EUR"),
        ("je paie 500 demain", "500.00", None),
        ("deux mille euros", "2000.00", "EUR"),
        ("cinq cents euros par mois", "500.00", "EUR"),
        ("les 30 306,50 sont partis", "30306.50", None),
        ("pagamos 500 el viernes", "500.00", None),
        ("dos mil euros", "2000.00", "EUR"),
        ("quinientos euros", "500.00", "EUR"),
        ("unos 500 dólares por semana", "500.00", "USD"),
        ("ik betaal 300 op vrijdag", "300.00", None),
        ("tweeduizend euro", "2000.00", "EUR"),
        ("vijfhonderd euro per maand", "500.00", "EUR"),
        ("vi verso 400 entro venerdì", "400.00", None),
        ("duemila euro", "2000.00", "EUR"),
        ("cinquecento euro al mese", "500.00", "EUR"),
        ("lo sconto di 2.600 manca", "2600.00", None),
        ("the second half of it (7,971.00) left", "7971.00", None),
    ],
)
def test_amounts_without_figures_or_currency(text: str, amount: str, currency: str | None) -> None:
    numbers = [one.claim for one in find_amounts(text) if one.claim.amount]
    assert [(one.amount, one.currency) for one in numbers] == [(amount, currency)]


@pytest.mark.parametrize(
    "text",
    [
        "we pay 30 days after the invoice",
        "we paid 12 of the invoices",
        "we will pay in 2026",
        "please send 20 copies",
        "we pay invoice 2041 on Friday",
        "the 25 tablets for the 3 schools",
        "zahlen wir am 25. an Sie",
        "Rechnung Nr. 4711 zahlen wir",
        "a thousand apologies",
        "check 20417 mailed",
        "mille mercis",
        "half an hour late",
        "a quarter past",
        "the rest of the week",
        "a metà mese",
        "a mitad de mes",
    ],
)
def test_counts_years_and_names_are_no_amounts(text: str) -> None:
    assert find_amounts(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "l'autre moitié", "la mitad", "de helft", "la metà", "ein Drittel", "un tiers", "the rest", "der Rest",
        "le solde", "el resto", "il resto", "the balance", "50 Prozent", "a third", "the remainder",
    ],
)  # fmt: skip
def test_shares_in_six_languages(text: str) -> None:
    assert [(one.claim.text, one.claim.amount) for one in find_amounts(f"so {text} am 1.")] == [(text, None)]
