"""What leaves the house names nobody, and what comes back can be found again in the mail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.replies.redaction import redacted

WORDS = frozenset("we will pay the you".split())


def clean(own: str, *names: str, firms: tuple[str, ...] = ()) -> str:
    return redacted(own, names=names, firms=firms, words=WORDS).text


@pytest.mark.parametrize(
    ("own", "text"),
    [
        ("Write to tom.rowe+x@alder.example.", "Write to [EMAIL]."),
        ("See https://alder.example/pay?id=7 now", "See [LINK] now"),
        ("Our IBAN is DE89 3704 0044 0532 0130 00.", "Our IBAN is [IBAN]."),
        ("IBAN GB33BUKB20201555555555, please", "IBAN [IBAN], please"),
        ("Call +44 (0)20 7946 0102 today", "Call [PHONE] today"),
        ("Call 020 7946 0102 or 030/123456", "Call [PHONE] or [PHONE]"),
        ("Call (555) 123-4567", "Call [PHONE]"),
        ("account 1234567890", "account [NUMBER]"),
        ("Sort code 20-00-00, account no. 55779911", "Sort code [ACCOUNT], account no. [ACCOUNT]"),
        ("Konto 532013000, BLZ 370 400 44", "Konto [ACCOUNT], BLZ [ACCOUNT]"),
        ("It is root@localhost", "It is [EMAIL]"),
        ("We moved to 12 Old Mill Road.", "We moved to [STREET]."),
        ("Jetzt Hauptstraße 12a, Berlin", "Jetzt [STREET], Berlin"),
        ("Écrire 12 rue de la Paix svp", "Écrire [STREET] svp"),
    ],
)
def test_addresses_accounts_and_numbers_go(own: str, text: str) -> None:
    assert clean(own) == text


@pytest.mark.parametrize(
    "own",
    [
        "We will pay 1.250,00 EUR on 04.12.2026 and 500.00 on 04.12. latest",
        "INV-2026-0041 and BW-1004 of 01/12/2026, 05/12, 2026-12-04",
        "We pay 3 invoices on the way, via bank transfer, within 30 days.",
        "Half of (1 200.00) by the 15th, the rest in KW 50.",
        "sent 2026-12-04 09:00:00Z; your account 2026-12-04, account of May 2026",
    ],
)
def test_what_a_reply_is_about_stays(own: str) -> None:
    assert clean(own) == own


def test_names_go_whole_and_in_parts_and_firms_whole() -> None:
    own = "hi ellen, tom here. Tom Rowe of Alder & Rowe Ltd pays. Rowe\n"
    text = clean(own, "Tom Rowe", "Ellen Marsh", firms=("Alder & Rowe Ltd",))
    assert text == "hi [NAME], [NAME] here. [NAME] of [FIRM] pays. [NAME]\n"


def test_only_what_is_asked_for_goes_and_what_is_known_stays_or_goes() -> None:
    own = '2026110047 by tom@alder.example, <"odd one"@alder> or (0)20 7946 01, 1234567890'
    asked = redacted(own, labels=("EMAIL", "NUMBER"), addresses=('"odd one"@alder',), kept=("2026110047",))
    assert asked.text == "2026110047 by [EMAIL], <[EMAIL]> or (0)20 7946 01, [NUMBER]"


def test_a_text_full_of_addresses_takes_no_time() -> None:
    assert clean("a@b.c " * 20_000) == "[EMAIL] " * 20_000


def test_a_name_that_is_a_little_word_goes_only_with_a_capital() -> None:
    assert clean("Will here: we will pay. Al", "Will Hunt", "Al", "") == "[NAME] here: we will pay. Al"


def test_a_quote_finds_its_way_back_with_whole_placeholders() -> None:
    own = "Dear Ellen, write to tom@alder.example: we pay on Friday."
    asked = redacted(own, names=("Ellen Marsh",), words=WORDS)
    start = asked.text.index("[EMAIL]")
    assert own[slice(*asked.own_span(start, start + 7))] == "tom@alder.example"
    assert own[slice(*asked.own_span(start + 2, start + 4))] == "tom@alder.example"
    start = asked.text.index("we pay")
    assert own[slice(*asked.own_span(start, len(asked.text)))] == "we pay on Friday."


@given(st.text(alphabet="ab 1.@+-\n/T", max_size=60))
def test_whatever_stands_between_the_placeholders_is_the_mail(own: str) -> None:
    asked = redacted(own, names=("Tab Bat",), words=WORDS)
    edges = [0, *(edge for first, last, _, _ in asked.pieces for edge in (first, last)), len(asked.text)]
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if first < last:
            assert own[slice(*asked.own_span(first, last))] == asked.text[first:last]
