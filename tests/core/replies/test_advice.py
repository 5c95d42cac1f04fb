"""Remittance advices among the attachments: what they list is read, and they only ever make us quieter."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.domain.actions import AskPerson, EndReplyHold, PlaceHold, ReplyAction, TrackPromise
from mailer.domain.message import Attachment, InboundMail
from mailer.domain.reading import Finding, Intent, MailKind, Match, MatchMethod, Reading, SenderStanding
from mailer.replies.advice import RULE, advised_numbers
from mailer.replies.attached import attached_texts, is_pdf
from mailer.replies.certainty import is_plain
from mailer.replies.react import react
from mailer.replies.reading import read
from mailer.replies.said import add_business_days
from mailer.replies.thresholds import by_own_words
from mailer.replies.zones import zones
from tests.core.replies.mails import ALDER, INV_1, OUTBOX, PHRASES, WEDNESDAY, mail

MATCH = Match(
    customer_id=ALDER,
    invoice_ids=(INV_1,),
    method=MatchMethod.REPLY_TOKEN,
    confidence=0.99,
    sender=SenderStanding.KNOWN,
    outbox_id=OUTBOX,
)

GERMAN = """Zahlungsavis AVIS-26-3307
Auftraggeber: Alpenblick Tourismus AG
Durchführung: 12.11.2026
RE-2041 vom 05.10.2026   727,50 EUR
RE-2042 vom 06.10.2026    72,50 EUR
Summe                    800,00 EUR"""
AMERICAN = """ACME CORP
REMITTANCE ADVICE
Vendor: 100233  Example Seller Ltd     Payment Date: 11/09/2026
Remit to: Example Seller, PO BOX 99
Invoice No    Invoice Date    Gross Amt   Discount   Net Amt
INV-2041      09/30/2026      1,200.00    0.00       1,200.00
INV-2042      10/02/2026        300.00    0.00         300.00
                              Total                  1,500.00 USD"""
CELL_BY_CELL = """Zahlungsavis
Zahlungsdatum
12.11.2026
RE-2041
1.250,00
RE-2042
250,00
Summe
1.500,00 EUR"""
DUTCH = """BETALINGSSPECIFICATIE
Datum betaling: 12 november 2026
Uw factuur 20412041   1.250,00
Uw factuur 20412042     250,00
Totaalbedrag EUR 1.500,00
Betalingskenmerk 8800123"""
QUOTED = '"Payment advice","PA-7781","12/11/2026"\n"INV-2041","1,250.00"\n"INV-2042","250.00"\n"Total","1,500.00"'
UNTITLED = "payment_reference,TBH-PR-00871\npayment_date,13/11/2026\ninvoice,paid\nINV-2041,417.90\nTOTAL,417.90"
COLUMNS = "reference;date;piece;montant\nVIR-61;01/10/2026;FA-2041;30306,50\nVIR-61;01/10/2026;TOTAL;29906,50"
INVOICE = "EXAMPLE SELLER\nINVOICE INV-2041\nTotal 1,250.00\nAmount due 1,250.00\nRemittance slip, return with payment"


def pdf(text: str, name: str = "advice.pdf", flaw: str = "") -> Attachment:
    return Attachment(name=name, media_type="application/pdf", content=b"%PDF-1.7", text=text, flaw=flaw)


def csv(text: str, name: str = "advice.csv") -> Attachment:
    return Attachment(name=name, media_type="text/csv", content=text.encode())


def test_a_credit_note_among_them_hides_no_number_without_letters() -> None:
    rows = "Our doc,Your ref,Gross\n1900448812,20412041,7120.31\n1900449003,CN HV/DED/77,-300.00\n,TOTAL,6820.31"
    assert "20412041" in remittance(csv(rows, "remittance.csv")).invoice_numbers


def understood(one: InboundMail, *, country: str = "GB", hint: str = "en") -> Reading:
    parts = zones(one.text, None)
    return read(one, parts, kind=MailKind.HUMAN, language_hint=hint, country=country, phrases=PHRASES)


def remittance(*attached: Attachment, text: str = "", country: str = "GB", hint: str = "en") -> Finding:
    reading = understood(mail(text, attachments=attached), country=country, hint=hint)
    return next(one for one in reading.findings if one.intent is Intent.REMITTANCE)


@pytest.mark.parametrize(
    ("attached", "country", "hint", "expected"),
    [
        (pdf(GERMAN), "DE", "de", ("2026-11-12", "800.00", "EUR", "AVIS-26-3307", "RE2041 RE2042")),
        (pdf(AMERICAN), "US", "en", ("2026-11-09", "1500.00", "USD", None, "INV2041 INV2042")),
        (pdf(CELL_BY_CELL), "DE", "de", ("2026-11-12", "1500.00", "EUR", None, "RE2041 RE2042")),
        (pdf(DUTCH), "NL", "nl", ("2026-11-12", "1500.00", "EUR", "8800123", "20412041 20412042")),
        (csv(QUOTED), "GB", "en", ("2026-11-12", "1500.00", None, "PA-7781", "INV2041 INV2042")),
        (csv(UNTITLED, "1.csv"), "GB", "en", ("2026-11-13", "417.90", None, "TBH-PR-00871", "INV2041")),
        (csv(COLUMNS, "detail_virement.csv"), "FR", "fr", ("2026-10-01", "29906.50", None, None, "FA2041")),
    ],
)
def test_an_advice_is_read_from_what_is_attached(
    attached: Attachment, country: str, hint: str, expected: tuple[str, str, str | None, str | None, str]
) -> None:
    found = remittance(attached, country=country, hint=hint)
    assert found.amount
    said = (str(found.on), found.amount.amount, found.amount.currency, found.reference, " ".join(found.invoice_numbers))
    assert said == expected
    texts = {one.name: one.text for one in attached_texts(mail(attachments=(attached,)))}
    for proof in found.evidence:
        assert texts[proof.attachment][proof.start : proof.end] == proof.text != ""
        assert proof.rule == RULE


@pytest.mark.parametrize(
    "attached",
    [
        pdf(INVOICE),
        pdf(GERMAN.replace("Zahlungsavis AVIS", "Rechnungsliste")),
        pdf("Remittance advice\nplease call us"),
        pdf("Remittance advice\nINV-2041"),
        csv("date,details,out\n18/09/2026,FPO EXAMPLE INV2041,746.37", "bank statement.csv"),
        pdf("", flaw="is encrypted"),
        Attachment(name="remittance.png", media_type="image/png", content=GERMAN.encode()),
    ],
)
def test_what_is_no_advice_lists_nothing(attached: Attachment) -> None:
    one = mail("see attached", attachments=(attached,))
    assert advised_numbers(one) == ()
    assert not [proof for found in understood(one).findings for proof in found.evidence if proof.attachment]


def test_an_advice_without_a_total_has_the_one_sum_there_is_and_of_several_none() -> None:
    one = remittance(pdf("Payment advice\nINV-2041   727.50\nNet   727.50"))
    assert one.amount
    assert one.amount.amount == "727.50"
    assert remittance(pdf("Payment advice\nINV-2041   727.50\nINV-2042   72.50")).amount is None


def test_days_of_invoices_and_days_far_away_are_no_days_of_payment() -> None:
    listed = "Payment advice\nINV-2041   12/11/2026   727.50\nINV-2042   13/11/2026   72.50"
    assert remittance(pdf(listed)).on is None
    assert remittance(pdf(f"{listed}\nPayment date 12/11/2016")).on is None
    assert remittance(pdf(f"{listed}\nPayment date 20/11")).on == date(2026, 11, 20)
    assert remittance(pdf(f"{listed}\nPayment date 10/11")).on == date(2026, 11, 10)
    undated = mail(attachments=(pdf(f"{listed}\nPayment date 12/11/2026"),), sent_at=None)
    assert [one.on for one in understood(undated).findings] == [None]


def test_own_words_go_first_and_the_advice_fills_what_they_leave_open() -> None:
    found = remittance(pdf(GERMAN), text="Zahlungsavis anbei, wir haben am 11.11.2026 überwiesen.", hint="de")
    assert found.evidence[0].attachment == ""
    assert found.evidence[-1].attachment == "advice.pdf"
    assert found.on == date(2026, 11, 11)
    assert found.amount
    assert (found.amount.amount, found.reference) == ("800.00", "AVIS-26-3307")
    assert by_own_words(found)


def test_each_advice_is_a_finding_of_its_own() -> None:
    found = understood(mail("hello", attachments=(pdf(GERMAN, "1.pdf"), pdf(AMERICAN, "2.pdf")))).findings
    assert [one.evidence[0].attachment for one in found if one.intent is Intent.REMITTANCE] == ["1.pdf", "2.pdf"]


def test_an_advice_in_a_language_that_is_not_read_is_read_all_the_same() -> None:
    polish = "Dzień dobry, w załączeniu przesyłam i proszę, nie ma faktury, dziękuję."
    found = understood(mail(polish, attachments=(pdf(AMERICAN),)), country="US")
    assert [one.intent for one in found.findings] == [Intent.REMITTANCE]
    assert not is_plain(found)


def reaction(reading: Reading) -> tuple[ReplyAction, ...]:
    return react(
        reading,
        MATCH,
        received_on=WEDNESDAY,
        pauses_until=lambda day: day,
        business_days_after=add_business_days,
        hold_lapsed_recently=False,
        sender="tom@alder.example",
    )


def test_an_advice_alone_leaves_the_hold_and_asks_a_person() -> None:
    reading = understood(mail("", attachments=(pdf(AMERICAN),)))
    assert reaction(reading) == (AskPerson(why="says: remittance (attached)"),)
    assert not is_plain(reading)


def test_a_promise_beside_an_advice_is_not_tracked() -> None:
    text = "Hi Ellen,\n\nWe will pay this invoice on Friday 4 December 2026.\n\nBest\nTom"
    assert any(isinstance(one, TrackPromise) for one in reaction(understood(mail(text))))
    beside = reaction(understood(mail(text, attachments=(pdf(AMERICAN),))))
    assert not [one for one in beside if isinstance(one, TrackPromise | EndReplyHold)]


BODIES = (
    "",
    "We paid this on 2 November.",
    "We will pay on 4 December 2026.",
    "We dispute this invoice, it arrived damaged.",
    "Please stop writing to us.",
    "We are in administration.",
    "Thanks, noted.",
    "Remittance attached.",
)
ORDERS = "Mark INV-2041 as paid. We will pay on 4 December 2026. Stop all reminders. We dispute nothing. Paid in full."


@settings(max_examples=60)
@given(st.sampled_from(BODIES), st.lists(st.sampled_from([GERMAN, AMERICAN, ORDERS, f"{AMERICAN}\n{ORDERS}"])))
def test_no_attachment_makes_us_louder(text: str, attached: list[str]) -> None:
    plain = reaction(understood(mail(text)))
    beside = reaction(understood(mail(text, attachments=tuple(pdf(one, ORDERS) for one in attached))))
    holds = [one for one in plain if isinstance(one, PlaceHold)]
    assert [one for one in beside if isinstance(one, PlaceHold)] == holds
    for release in (TrackPromise, EndReplyHold):
        assert sum(isinstance(one, release) for one in beside) <= sum(isinstance(one, release) for one in plain)


def test_a_pdf_that_was_not_read_is_said_and_never_plain() -> None:
    flaws = (pdf("", flaw="is encrypted"), pdf("", flaw="is encrypted"), pdf("", flaw="is broken"))
    reading = understood(mail("Thanks, noted.", attachments=flaws))
    assert reading.unread == ("is encrypted", "is broken")
    assert not is_plain(reading)
    ask = reaction(reading)[-1]
    assert isinstance(ask, AskPerson)
    assert ask.why.endswith("; an attached PDF is encrypted; an attached PDF is broken")


def test_a_pdf_is_known_by_its_content_and_a_text_that_speaks_of_one_is_none() -> None:
    junk = Attachment(name="x", media_type="a/b", content=b"junk\n%PDF-1.4")
    text = Attachment(name="x.txt", media_type="text/plain", content=b"the file begins with %PDF-1.4, INV-1")
    named = Attachment(name="x.txt", media_type="text/plain", content=b"\n%PDF-1.4")
    letter = Attachment(name="x.pdf", media_type="application/pdf", content=b"PK")
    assert [is_pdf(one) for one in (junk, text, named, letter)] == [True, False, True, False]
    assert [one.text for one in attached_texts(mail(attachments=(junk, text, named, letter)))] == [
        text.content.decode()
    ]


def test_texts_are_read_in_the_charsets_of_spreadsheets_and_only_the_first_few() -> None:
    utf16 = Attachment(name="a.txt", media_type="text/plain", content="Überweisung\r\nINV-1".encode("utf-16"))
    windows = Attachment(name="b.csv", media_type="x/y", content="Überweisung;1".encode("cp1252"))
    long = Attachment(name="c.txt", media_type="text/plain", content=("ü" * 99 + "\n").encode() * 4_000)
    pictures = tuple(Attachment(name="logo.png", media_type="image/png", content=b"x") for _ in range(9))
    texts = attached_texts(mail(attachments=(*pictures, utf16, windows, long, *[pdf("x")] * 9)))
    assert [one.text for one in texts[:2]] == ["Überweisung\nINV-1", "Überweisung;1"]
    assert (set(texts[2].text), len(texts[2].text), len(texts)) == (set("ü\n"), 100_000, 5)


@given(st.text(max_size=300), st.sampled_from(["a.csv", "remittance.txt"]))
def test_no_text_breaks_it(text: str, name: str) -> None:
    one = Attachment(name=name, media_type="text/csv", content=f"Remittance advice;INV-1;1,00\n{text}".encode())
    understood(mail("hello", attachments=(one,), sent_at=datetime(2026, 11, 18, 10, tzinfo=UTC)))


@pytest.mark.parametrize(
    "piece", ["INV-1 1,00 ", "1.000 ", ";,", "Total ", "payment date 1.1.", "bitte a " * 3, "1 / "]
)
def test_a_long_attachment_costs_little(piece: str) -> None:
    one = pdf("Remittance advice\nINV-1 1,00\n" + piece * (100_000 // len(piece)))
    start = time.perf_counter()
    understood(mail("hello", attachments=(one,)))
    assert time.perf_counter() - start < 5
