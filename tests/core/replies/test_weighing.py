"""What several findings in one mail mean together, in the languages that are read; and whether a person must look."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.domain.actions import PlaceHold, SuppressAddress
from mailer.domain.agreement import HoldKind
from mailer.domain.reading import Intent, MailKind, Match, MatchMethod, Reading, SenderStanding
from mailer.replies.effect import outlook
from mailer.replies.match import likeliest
from mailer.replies.numbers import bare_subject, short_number_in
from mailer.replies.passage import folded
from mailer.replies.zones import words_of, zones
from tests.core.replies.mails import ALDER, REMINDER, found, understood

KNOWN = Match(customer_id=None, invoice_ids=(), method=MatchMethod.NONE, confidence=0.0, sender=SenderStanding.UNKNOWN)


@pytest.mark.parametrize(
    ("hint", "text", "wanted"),
    [
        ("fr", "Nous réglerons la facture vendredi.", "promise"),
        ("fr", "Le virement a été effectué hier.", "already_paid"),
        ("fr", "Nous contestons cette facture, le matériel est arrivé cassé.", "dispute"),
        ("es", "Pagaremos la factura el viernes.", "promise"),
        ("es", "La transferencia fue enviada ayer.", "already_paid"),
        ("es", "No vamos a pagar ni un euro.", "refusal"),
        ("it", "Pagheremo la fattura venerdì.", "promise"),
        ("it", "Il bonifico è stato effettuato ieri.", "already_paid"),
        ("it", "La società è in liquidazione giudiziale.", "insolvency"),
        ("nl", "We betalen de factuur vrijdag.", "promise"),
        ("nl", "De factuur is gisteren betaald.", "already_paid"),
        ("nl", "Het faillissement is uitgesproken, de curator is benoemd.", "insolvency"),
        ("en", "The Superior Court appointed a receiver in the insolvency.", "insolvency"),
        ("en", "Monday.", "promise"),
    ],
)
def test_a_plain_sentence_says_one_thing(hint: str, text: str, wanted: str) -> None:
    assert {one.intent.value for one in understood(text, hint=hint).findings} == {wanted}


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        ("fr", "Nous ne réglerons pas la facture vendredi."),
        ("es", "No pagaremos la factura el viernes."),
        ("it", "Non pagheremo la fattura venerdì."),
        ("nl", "We betalen de factuur vrijdag niet."),
        ("en", "Once it works we will pay within 10 days."),
        ("de", "Sobald es läuft, zahlen wir innerhalb von 10 Tagen."),
        ("en", "We meet on Monday."),
        ("en", "Was it Monday?"),
    ],
)
def test_denied_asked_and_dependent_words_promise_nothing(hint: str, text: str) -> None:
    assert found(text, Intent.PROMISE, hint=hint) == ()


def test_dated_amounts_without_a_verb_are_a_plan() -> None:
    said = understood("What we can manage:\n\n- Nov 27 £600.00\n- Dec 11 £600.00\n- Jan 15 £620.25")
    assert [one.intent for one in said.findings].count(Intent.PROMISE) == 0
    assert Intent.PLAN_REQUEST in {one.intent for one in said.findings}


def test_mail_about_something_else_says_nothing_besides_unless_it_names_money() -> None:
    assert [one.intent for one in understood("Join our webinar on Thursday?").findings] == [Intent.UNRELATED]
    both = understood("We paid INV-2026-0412 yesterday. PS: join our webinar!")
    assert [one.intent for one in both.findings] == [Intent.ALREADY_PAID]


def test_an_address_alone_sends_us_on() -> None:
    assert found("Kim does that: kim@alder.example", Intent.REDIRECT)[0].contact == "kim@alder.example"


def test_a_person_looks_unless_one_thing_is_said_shortly_by_somebody_known() -> None:
    known = replace(KNOWN, customer_id=ALDER, sender=SenderStanding.KNOWN)
    assert not outlook(understood("We paid it on 12 November."), known, ()).review
    assert outlook(understood("We paid it on 12 November."), KNOWN, ()).why.endswith("it is nobody's mail yet")
    assert outlook(understood("Hm."), known, ()).review
    long = understood("We paid it on 12 November. " + "The weather here is still lovely for the season. " * 5)
    assert outlook(long, known, ()).review


def test_the_effect_follows_the_actions() -> None:
    human = understood("ok")
    stop = PlaceHold(invoice_ids=(), kind=HoldKind.STOP, reason="says: legal")
    assert outlook(human, KNOWN, (stop,)).effect == "stop"
    assert outlook(human, KNOWN, (SuppressAddress(address="a@b.example", reason="asked"),)).effect == "suppress"
    assert outlook(human, KNOWN, ()).effect == "hold"
    absent = Reading(kind=MailKind.AUTO_REPLY, language="en", own="")
    assert outlook(absent, KNOWN, ()).effect == "postpone"
    ticket = outlook(Reading(kind=MailKind.TICKET_ACK, language="en", own=""), KNOWN, ())
    assert (ticket.effect, ticket.review, ticket.why) == ("continue", False, "a machine wrote it (ticket ack)")


def test_nobodys_mail_without_numbers_stays_nobodys() -> None:
    assert likeliest(KNOWN) is KNOWN


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("0412 is paid", True),
        ("the 412 one", True),
        ("we owe £412", False),
        ("412 EUR", False),
        ("PO 412", False),
        ("10.412", False),
    ],
)
def test_last_digits_name_an_invoice(text: str, *, named: bool) -> None:
    assert short_number_in(text, "INV-2026-0412", ("INV-2026-0412", "INV-2026-0413")) is named


@pytest.mark.parametrize(
    ("text", "number", "named"),
    [
        ("the 412 is paid", "100412", True),
        ("0412 is paid", "20260412", True),
        ("0412 is paid", "0412/2026", True),
        ("412 is paid", "0412/26", True),
        ("as of 2026", "0412/2026", False),
        ("500 pieces", "100500", False),
        ("since 2024", "10082024", False),
        ("112", "100412", False),
    ],
)
def test_the_end_of_a_long_number_names_it_too_unless_it_is_round_or_a_year(
    text: str, number: str, *, named: bool
) -> None:
    assert short_number_in(text, number, (number, "100777")) is named


def test_last_digits_that_fit_two_invoices_or_are_too_short_name_none() -> None:
    assert not short_number_in("0412", "INV-2026-0412", ("INV-2026-0412", "RE-0412"))
    assert not short_number_in("12", "INV-0012", ("INV-0012",))
    assert not short_number_in("A", "A", ("A",))


def test_a_subject_loses_its_prefixes() -> None:
    assert bare_subject("Re: AW:  Fwd: Invoice  2041") == "invoice 2041"
    assert bare_subject("[EXTERNAL] Re: Invoice 2041") == "invoice 2041"
    assert bare_subject("RE: [EXT] Invoice 2041") == "invoice 2041"


def test_accents_are_folded_in_place() -> None:
    assert folded("réglé l\u2019été 9 ß") == "regle l'ete 9 ß"


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("It is paid.\n\nRegards\nBev\n\nExchequer Services\nHarrow Council", "It is paid.\n\nRegards\nBev"),
        ("It is paid.\n\nRegards\nBev\n\nAlder School, every child matters.", "It is paid.\n\nRegards\nBev"),
        ("It is paid.\n\nRegards\nBev\n\nPS please call", "It is paid.\n\nRegards\nBev\n\nPS please call"),
        ("It is paid.\n\nBev\n\nA short sentence with many small words.", None),
    ],
)
def test_what_stands_below_a_sign_off(text: str, own: str | None) -> None:
    assert words_of(text, zones(text, None).own) == (own or text)


def test_an_answer_inside_the_quotation_is_not_lost() -> None:
    quoted = "\n".join(f"> {line}" for line in REMINDER.split("\n"))
    text = f"> On 2 Nov 2026, Ellen <e@seller.example> wrote:\n{quoted}\n>\n> Hello Ellen,\n> we paid it."
    assert words_of(text, zones(text, REMINDER).own) == "Hello Ellen,\n\nwe paid it."


def test_a_signature_below_the_pasted_reminder_is_one() -> None:
    text = f"We paid it.\n\nRegards,\n\n{REMINDER}\n\nTom Alder\nAccounts Manager"
    parts = zones(text, REMINDER, sender_name="Tom Alder")
    assert words_of(text, parts.own) == "We paid it.\n\nRegards,"
