"""Sums, instalments and references of findings: one mail says several things, each with its own money."""

from __future__ import annotations

from datetime import date

import pytest

from mailer.domain.reading import Evidence, Finding, Intent
from mailer.replies.fill import filled
from mailer.replies.instalments import instalments
from mailer.replies.passage import passage
from mailer.replies.references import reference_in
from mailer.replies.thresholds import CERTAIN
from tests.core.replies.mails import PHRASES, WEDNESDAY


def fill(own: str, *proofs: tuple[Intent, str], language: str = "en") -> tuple[Finding, ...]:
    """The findings of a mail when somebody has named the words that prove each."""
    words = passage(own, language=PHRASES.languages[language], anchor=WEDNESDAY, country="GB")
    found = []
    for intent, text in proofs:
        start = own.index(text)
        proof = Evidence(start=start, end=start + len(text), text=text, rule="model")
        found.append(Finding(intent=intent, confidence=0.9, evidence=(proof,)))
    return filled(tuple(found), words)


def amounts(*args: tuple[Intent, str], own: str, language: str = "en") -> list[str | None]:
    return [one.amount.amount if one.amount else None for one in fill(own, *args, language=language)]


@pytest.mark.parametrize(
    ("language", "own", "promised", "disputed", "wanted"),
    [
        ("en", "Credit us £96.12 for the price. We pay £650.25 on Friday.", "We pay", "Credit us", ["650.25", "96.12"]),
        ("en", "We pay £600 of the £1,000 on Friday. The rest is wrong.", "We pay", "is wrong", ["600.00", None]),
        ("en", "You billed 6,389.00, we ordered 6,000.00, so 389.00 too much. We pay Friday.", "We pay", "You billed",
         [None, "389.00"]),
        ("en", "The third pallet came broken. That is £420 off. We pay on Friday.", "We pay", "came broken",
         [None, "420.00"]),
        ("en", "Gross 727.50, net 705.68, the 21.82 was agreed. Paid Friday.", "Paid Friday", "was agreed",
         [None, "21.82"]),
        ("de", "Zwei Geräte sind defekt, wir kürzen um 300,00 €. Die 900,00 € zahlen wir am Freitag.", "zahlen wir",
         "defekt", ["900.00", "300.00"]),
        ("fr", "Il manque un carton : avoir de 120,00 € svp. Nous réglons 880,00 € vendredi.", "Nous réglons",
         "Il manque", ["880.00", "120.00"]),
    ],
)  # fmt: skip
def test_each_sum_goes_where_it_belongs(
    language: str, own: str, promised: str, disputed: str, wanted: list[str | None]
) -> None:
    proofs = ((Intent.PROMISE, promised), (Intent.DISPUTE, disputed))
    assert amounts(*proofs, own=own, language=language) == wanted


def test_a_share_is_kept_when_no_sum_is_said() -> None:
    found = fill("We pay half on Friday.", (Intent.PROMISE, "We pay half"))[0]
    assert (found.amount and found.amount.text, str(found.on)) == ("half", "2026-11-20")


def test_what_is_paid_has_day_sum_and_reference_behind_it() -> None:
    own = "But I paid this! On the 14th of October, £928.00. Our ref 3000419887."
    found = fill(own, (Intent.ALREADY_PAID, "I paid this"))[0]
    assert (found.amount and found.amount.amount, found.reference) == ("928.00", "3000419887")


def test_a_finding_without_a_day_or_sum_stays_as_it_is() -> None:
    own = "We will pay. Our lawyers were told."
    found = fill(own, (Intent.PROMISE, "We will pay"), (Intent.LEGAL, "Our lawyers"))
    assert [(one.on, one.amount, one.instalments) for one in found] == [(None, None, ()), (None, None, ())]


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("paid by BACS, our ref 3000419887", "3000419887"),
        ("conf # 7XK22", "7XK22"),
        ("Check # 20417 went in the mail", "20417"),
        ("a cheque went first class, number 001182", "001182"),
        ("Ck 8841 cut and mailed", "8841"),
        ("ref ALDROWE 0402 on the slip", "ALDROWE 0402"),
        ("CRO 0306912345678901", "0306912345678901"),
        ("€ 898,00 o.v.v. 26-10588", "26-10588"),
        ("Our ref        TBH-FP-55817", "TBH-FP-55817"),
        ("Zahlungsavis Nr. 1900034417", "1900034417"),
        ("Verwendungszweck: AB-4711", "AB-4711"),
        ("ref INV-2041", None),
        ("number 12.11.2026", None),
        ("no reference at all", None),
    ],
)
def test_references(text: str, reference: str | None) -> None:
    assert reference_in(text) == reference


@pytest.mark.parametrize(
    ("language", "own", "parts"),
    [
        ("en", "Could we pay £500 on 1 December, £500 on 1 January and £250 on 1 February?",
         ["2026-12-01 500.00", "2027-01-01 500.00", "2027-02-01 250.00"]),
        ("en", "Could we do:\n- 10k on Dec 15\n- 10k on Dec 30\n- 6,592.15 on Jan 13",
         ["2026-12-15 10000.00", "2026-12-30 10000.00", "2027-01-13 6592.15"]),
        ("en", "Can I pay £116 a month, three months, first one on 1 December?",
         ["2026-12-01 116.00", "2027-01-01 116.00", "2027-02-01 116.00"]),
        ("en", "Could I do 300 on the 1st of each month starting in January?", ["2027-01-01 300.00"]),
        ("en", "Can I pay £50 a week from 20 November, in two instalments?", ["2026-11-20 50.00", "2026-11-27 50.00"]),
        ("en", "Can I do half on Monday and the other half the Monday after?", ["2026-11-23 -", "2026-11-30 -"]),
        ("de", "Könnte ich am 30.11. 300 Euro und am 15.12. 524,20 Euro überweisen?",
         ["2026-11-30 300.00", "2026-12-15 524.20"]),
        ("de", "Ich zahle monatlich 200 Euro ab 31. Dezember, drei Raten.",
         ["2026-12-31 200.00", "2027-01-31 200.00", "2027-02-28 200.00"]),
        ("fr", "Serait-il possible de payer en trois fois : 15 décembre, 15 janvier et 15 février ?",
         ["2026-12-15 -", "2027-01-15 -", "2027-02-15 -"]),
        ("es", "En dos: 100,00 € el 30 de noviembre y 200,00 € el 30 de diciembre.",
         ["2026-11-30 100.00", "2026-12-30 200.00"]),
        ("nl", "Kan het in twee delen: € 500 op 1 december en € 300 op 4 januari?",
         ["2026-12-01 500.00", "2027-01-04 300.00"]),
        ("it", "Possiamo pagare 1.000,00 € il 30 novembre e 500,00 € il 31 dicembre?",
         ["2026-11-30 1000.00", "2026-12-31 500.00"]),
        ("en", "Can I pay £500 on 1 December?", []),
        ("en", "Can I pay £50 a month?", []),
    ],
)  # fmt: skip
def test_instalments(language: str, own: str, parts: list[str]) -> None:
    words = passage(own, language=PHRASES.languages[language], anchor=WEDNESDAY, country="GB")
    found = instalments(words, words.clauses[:1])
    assert [f"{one.on} {(one.amount and one.amount.amount) or '-'}" for one in found] == parts
    assert instalments(words, ()) == ()


def test_a_promise_is_in_parts_only_with_sums() -> None:
    own = "We pay £500 on 25 November. We pay £700 on 15 December."
    assert len(fill(own, (Intent.PROMISE, "We pay £500"))[0].instalments) == 2
    assert fill("We pay on 25 November or 15 December.", (Intent.PROMISE, "We pay"))[0].instalments == ()


@pytest.mark.parametrize(
    ("language", "own", "proof", "day"),
    [
        ("en", "We'll pay on Thursday. No, sorry, Friday it is.", "We'll pay", "2026-11-20"),
        ("en", "We'll pay on Thursday - sorry, Friday.", "We'll pay", "2026-11-20"),
        ("de", "Wir zahlen am Montag - Quatsch, da ist der Chef weg. Am Dienstag also.", "Wir zahlen", "2026-11-24"),
        ("fr", "Le virement part jeudi, pardon, vendredi.", "Le virement", "2026-11-20"),
        ("nl", "Donderdag gaat het weg. Nee wacht, donderdag is hij er niet: vrijdag.", "gaat het weg", "2026-11-20"),
        ("es", "Pagamos el jueves, perdón, el viernes.", "Pagamos", "2026-11-20"),
        ("it", "Paghiamo giovedì, anzi venerdì.", "Paghiamo", "2026-11-20"),
    ],
)
def test_a_day_that_is_taken_back_is_not_the_day_promised(language: str, own: str, proof: str, day: str) -> None:
    assert str(fill(own, (Intent.PROMISE, proof), language=language)[0].on) == day


def test_a_promise_with_a_day_taken_back_is_never_certain() -> None:
    own = "We'll pay on Thursday. No, sorry, Friday it is."
    words = passage(own, language=PHRASES.languages["en"], anchor=WEDNESDAY, country="GB")
    proof = Evidence(start=0, end=10, text="We'll pay", rule="model")
    sure = Finding(intent=Intent.PROMISE, confidence=1.0, evidence=(proof,), on=date(2026, 11, 19))
    assert filled((sure,), words)[0].confidence < CERTAIN


def test_an_excuse_takes_no_day_back() -> None:
    own = "We'll pay on Thursday. Sorry for the trouble, and see you at the fair on the 27th."
    assert str(fill(own, (Intent.PROMISE, "We'll pay"))[0].on) == "2026-11-19"
