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
