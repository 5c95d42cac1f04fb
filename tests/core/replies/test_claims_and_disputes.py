from __future__ import annotations

import pytest

from mailer.domain.reading import Intent
from tests.core.replies.mails import found, understood

PAID = [
    ("en", "We paid this invoice on 12 November.", "2026-11-12"),
    ("en", "This has already been paid.", ""),
    ("en", "Payment was sent yesterday.", "2026-11-17"),
    ("en", "I transferred the money last Friday.", "2026-11-13"),
    ("en", "The invoice was settled on 3 November by bank transfer.", "2026-11-03"),
    ("en", "Already paid!", ""),
    ("en", "Paid this morning.", "2026-11-18"),
    ("en", "Funds were wired on 10 Nov, reference A-88231.", "2026-11-10"),
    ("en", "A cheque was mailed to you last week.", ""),
    ("en", "Our records show that this invoice was cleared on 30 October.", "2026-10-30"),
    ("en", "The money left our account on Monday.", "2026-11-16"),
    ("en", "I have just paid it.", ""),
    ("en", "Sent the payment an hour ago.", ""),
    ("en", "This invoice is paid.", ""),
    ("de", "Die Rechnung haben wir bereits am 12.11. bezahlt.", "2026-11-12"),
    ("de", "Wurde am 10.11. überwiesen.", "2026-11-10"),
    ("de", "Das ist schon bezahlt.", ""),
    ("de", "Wir haben den Betrag gestern überwiesen.", "2026-11-17"),
    ("de", "Die Zahlung ist bereits erfolgt.", ""),
    ("de", "Bereits bezahlt.", ""),
    ("de", "Ist erledigt, gestern überwiesen.", "2026-11-17"),
    ("de", "Wir haben Ihnen 480,00 EUR überwiesen, bitte bestätigen Sie den Eingang.", ""),
]
NOT_PAID = [
    "We have not paid this yet.",
    "This should have been paid last week.",
    "It will be paid on Friday.",
    "Has this been paid?",
    "Once you have paid the deposit we can talk.",
    "We would have paid it.",
    "We haven't sent the payment.",
    "The invoice is paid on 4 December 2026.",
    "Wir haben noch nicht bezahlt.",
    "Die Rechnung wurde nicht bezahlt.",
    "Wurde das schon bezahlt?",
    "Das hätte längst bezahlt werden sollen.",
    "Wird am Freitag bezahlt.",
]


@pytest.mark.parametrize(("hint", "sentence", "day"), PAID)
def test_a_claim_of_payment_is_heard_with_its_day(hint: str, sentence: str, day: str) -> None:
    reading = understood(sentence, hint=hint)
    claims = [one for one in reading.findings if one.intent is Intent.ALREADY_PAID]
    assert len(claims) == 1
    if day:
        assert claims[0].on is not None
        assert claims[0].on.isoformat() == day
    assert Intent.PROMISE not in {one.intent for one in reading.findings}


@pytest.mark.parametrize("sentence", NOT_PAID)
def test_what_is_not_paid_is_not_claimed(sentence: str) -> None:
    for hint in ("en", "de"):
        assert found(sentence, Intent.ALREADY_PAID, hint=hint) == ()


def test_the_slots_of_a_claim() -> None:
    claim = found("We paid £1,250.00 on 12 November, ref. AB-4711.", Intent.ALREADY_PAID)[0]
    assert claim.amount is not None
    assert (claim.amount.amount, claim.amount.currency, claim.reference) == ("1250.00", "GBP", "AB-4711")
    assert claim.confidence > 0.8


def test_a_hedged_or_distant_claim_counts_less() -> None:
    assert found("I think we paid it.", Intent.ALREADY_PAID)[0].confidence < 0.7
    story = "They were released during a long meeting with everybody from upstairs"
    assert found(story, Intent.ALREADY_PAID) == ()  # about anything but money


DISPUTES = [
    ("en", "We dispute this invoice.", "other"),
    ("en", "The price we agreed was 1,000 and you charged 1,200.", "price"),
    ("en", "You overcharged us by 200.", "price"),
    ("en", "We never received the goods.", "not_received"),
    ("en", "The parcel hasn't arrived.", "not_received"),
    ("en", "The delivery was two weeks late.", "late"),
    ("en", "The goods arrived damaged.", "damaged"),
    ("en", "The software does not work as specified.", "quality"),
    ("en", "We ordered blue chairs but got red ones.", "wrong_item"),
    ("en", "Only 8 of the 10 units were delivered.", "quantity"),
    ("en", "Your technician didn't show up.", "service"),
    ("en", "You billed us twice for the same job.", "duplicate"),
    ("en", "Nobody here authorised this purchase.", "not_ordered"),
    ("en", "VAT should not have been charged.", "tax"),
    ("en", "You charged us freight that we never agreed to.", "freight"),
    ("en", "You forgot our discount.", "discount"),
    ("en", "We cancelled this order in August.", "cancelled"),
    ("en", "We returned these items in September.", "returned"),
    ("en", "You still owe us a credit of 300.", "credit_due"),
    ("en", "The invoice should be addressed to a different company, Foo Ltd.", "wrong_entity"),
    ("en", "No PO exists for this charge and we reject the invoice.", "missing_po"),
    ("en", "We dispute it because the signed timesheets are missing.", "missing_documents"),
    ("de", "Wir bestreiten die Forderung.", "other"),
    ("de", "Der Preis entspricht nicht dem Angebot.", "price"),
    ("de", "Es wurden nur 8 von 10 Stück geliefert.", "quantity"),
    ("de", "Die Ware ist nie angekommen.", "not_received"),
    ("de", "Die Lieferung kam zwei Wochen zu spät.", "late"),
    ("de", "Die Geräte kamen beschädigt an.", "damaged"),
    ("de", "Die Ware ist mangelhaft.", "quality"),
    ("de", "Sie haben die falschen Teile geliefert.", "wrong_item"),
    ("de", "Das haben wir nie bestellt.", "not_ordered"),
    ("de", "Die Rechnung wurde doppelt gestellt.", "duplicate"),
    ("de", "Der vereinbarte Rabatt fehlt.", "discount"),
    ("de", "Frachtkosten waren nicht vereinbart.", "freight"),
    ("de", "Den Auftrag haben wir im August storniert.", "cancelled"),
    ("de", "Die Ware haben wir zurückgeschickt.", "returned"),
    ("de", "Die Gutschrift steht noch aus.", "credit_due"),
    ("de", "Der Techniker ist nie erschienen.", "service"),
]
NO_DISPUTES = [
    "We do not dispute the amount.",
    "We will pay on Friday.",
    "Please send a copy of the invoice.",
    "The invoice is correct and will be paid.",
    "Thanks for the reminder, noted.",
    "The invoice was approved yesterday.",
    "Sorry for the late reply.",
    "Our cash flow is tight at the moment.",
    "Wir bestreiten die Forderung nicht.",
    "Die Rechnung ist korrekt.",
    "Entschuldigen Sie die verspätete Antwort.",
]


@pytest.mark.parametrize(("hint", "sentence", "reason"), DISPUTES)
def test_a_dispute_is_heard_with_its_reason(hint: str, sentence: str, reason: str) -> None:
    disputes = found(sentence, Intent.DISPUTE, hint=hint)
    assert [one.reason for one in disputes] == [reason]


@pytest.mark.parametrize("sentence", NO_DISPUTES)
def test_no_dispute_is_read_into_other_words(sentence: str) -> None:
    for hint in ("en", "de"):
        assert found(sentence, Intent.DISPUTE, hint=hint) == ()


def test_a_question_about_a_fault_is_a_weaker_dispute() -> None:
    asked = found("Why did the goods arrive damaged?", Intent.DISPUTE)[0]
    assert asked.confidence < found("The goods arrived damaged.", Intent.DISPUTE)[0].confidence
