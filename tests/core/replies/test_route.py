from __future__ import annotations

import pytest

from mailer.domain.message import InboundMail
from mailer.domain.reading import MailKind
from mailer.replies.route import route
from mailer.replies.token import message_id
from tests.core.replies.mails import KEY, OUTBOX, mail

OWN = ("Accounts@seller.example",)


def kind_of(one: InboundMail) -> MailKind:
    return route(one, own_addresses=OWN, key=KEY)


def headers(**values: str) -> tuple[tuple[str, str], ...]:
    return tuple((name.replace("_", "-"), value) for name, value in values.items())


@pytest.mark.parametrize("address", ["accounts@seller.example", "accounts+dabc@seller.example"])
def test_our_own_mail_is_own_even_when_it_looks_like_an_answer(address: str) -> None:
    assert (
        kind_of(mail("We will pay", from_email=address, headers=headers(auto_submitted="auto-generated")))
        is MailKind.OWN
    )


def test_our_message_id_makes_it_own_whoever_sends_it_back() -> None:
    assert kind_of(mail(message_id=message_id(OUTBOX, KEY, "seller.example"))) is MailKind.OWN
    assert kind_of(mail(message_id=message_id(OUTBOX, b"other", "seller.example"))) is MailKind.HUMAN


@pytest.mark.parametrize(
    ("extra", "subject", "text", "kind"),
    [
        ({"auto_submitted": "auto-replied"}, "Re: x", "I am away", MailKind.AUTO_REPLY),
        ({"auto_submitted": "auto-replied; owner-email=x"}, "", "away", MailKind.AUTO_REPLY),
        ({"auto_submitted": "no"}, "Re: x", "I will pay", MailKind.HUMAN),
        ({"x_autoreply": "yes"}, "", "away", MailKind.AUTO_REPLY),
        ({"x_autoreply": "no"}, "", "hello", MailKind.HUMAN),
        ({"precedence": "auto_reply"}, "", "away", MailKind.AUTO_REPLY),
        ({"precedence": "bulk"}, "Re: INV-1", "We will pay on Friday", MailKind.HUMAN),
        ({"x_auto_response_suppress": "All"}, "Re: INV-1", "We will pay on Friday", MailKind.HUMAN),
        ({"x_auto_response_suppress": "All"}, "Automatic reply: INV-1", "away", MailKind.AUTO_REPLY),
        ({}, "Automatische Antwort: Rechnung", "Ich bin im Urlaub", MailKind.AUTO_REPLY),
        ({}, "Abwesenheitsnotiz", "weg", MailKind.AUTO_REPLY),
        ({}, "Réponse automatique : facture", "absent", MailKind.AUTO_REPLY),
        ({}, "Respuesta automática: factura", "fuera", MailKind.AUTO_REPLY),
        ({}, "Automatisch antwoord: factuur", "weg", MailKind.AUTO_REPLY),
        ({}, "Risposta automatica: fattura", "via", MailKind.AUTO_REPLY),
        ({}, "Out of Office: Invoice", "away", MailKind.AUTO_REPLY),
        ({}, "Re: Automatic reply: Invoice", "I am back, we will pay", MailKind.HUMAN),
        ({}, "Automatic reply: x", "a long letter " * 300, MailKind.HUMAN),
        ({"auto_submitted": "auto-generated"}, "[T-1] x", "Your request has been received.", MailKind.TICKET_ACK),
        ({"auto_submitted": "auto-replied"}, "x", "Ihr Anliegen: Vorgangsnummer 4711", MailKind.TICKET_ACK),
        ({"auto_submitted": "auto-generated"}, "Remittance", "We paid INV-1 today", MailKind.HUMAN),
        ({"auto_submitted": "auto-generated", "return_path": "<>"}, "Closed", "We are closed", MailKind.AUTO_REPLY),
        (
            {"auto_submitted": "auto-replied"},
            "Case 12 opened",
            "I am on leave, your case was logged",
            MailKind.AUTO_REPLY,
        ),
        ({"return_path": "<>"}, "Re: INV-1", "We will pay on Friday", MailKind.HUMAN),
    ],
)
def test_only_a_proven_machine_is_a_machine(extra: dict[str, str], subject: str, text: str, kind: MailKind) -> None:
    assert kind_of(mail(text, subject=subject, headers=headers(**extra))) is kind


def test_a_read_receipt_or_a_report_of_success_says_nothing() -> None:
    report = headers(content_type="multipart/report; report-type=disposition-notification")
    assert kind_of(mail("read", report="Disposition: displayed", headers=report)) is MailKind.TICKET_ACK
    assert kind_of(mail("ok", report="Action: delivered\nStatus: 2.0.0", headers=report)) is MailKind.TICKET_ACK


def test_a_complaint_is_known_by_its_feedback_type() -> None:
    report = headers(content_type="multipart/report; report-type=feedback-report")
    assert (
        kind_of(mail("spam", report="Feedback-Type: abuse\nOriginal-Rcpt-To: t@a.example", headers=report))
        is MailKind.COMPLAINT
    )


def test_a_person_who_sends_us_a_bounce_is_a_person() -> None:
    told = mail(
        "Look what I got: Undeliverable. User unknown. We will pay anyway.",
        subject="Undelivered Mail Returned to Sender",
        report="Action: failed\nStatus: 5.1.1",
    )
    assert kind_of(told) is MailKind.HUMAN


NULL_PATH = {"return_path": "<>", "auto_submitted": "auto-generated"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("REMITTANCE ADVICE\nPayment date: 12.11.2026\nTotal EUR 1,695.20", MailKind.HUMAN),
        ("You received a payment. Amount: EUR 640.00. This mailbox is not monitored.", MailKind.HUMAN),
        ("Invoice Number: 2026-1339\nInvoice Status: Rejected", MailKind.HUMAN),
        ("Your request #REQ0018834 has been received: Invoice 2026-1324: payment reminder", MailKind.TICKET_ACK),
        ("I am out of the office. Payments: write to Orla.", MailKind.AUTO_REPLY),
    ],
)
def test_what_a_program_tells_without_being_asked_is_read(text: str, kind: MailKind) -> None:
    assert kind_of(mail(text, subject="Payment 2000045512", headers=headers(**NULL_PATH))) is kind


def test_an_absence_under_the_null_path_needs_no_other_mark() -> None:
    one = mail("I have started parental leave. Out of office until May.", headers=headers(return_path="<>"))
    assert kind_of(one) is MailKind.AUTO_REPLY


def test_a_person_may_write_under_the_subject_of_an_automatic_answer() -> None:
    one = mail("This is really me: it was paid on 6 November.", subject="Automatic reply: Invoice")
    assert kind_of(one) is MailKind.HUMAN


def test_spamcop_complains() -> None:
    one = mail(
        "[ SpamCop V5.5.0 ]", from_email="1@reports.spamcop.net", headers=headers(x_spamcop_sourceip="192.0.2.1")
    )
    assert kind_of(one) is MailKind.COMPLAINT


def test_a_postmasters_notice_without_a_report_is_a_failure() -> None:
    text = "Votre message n'a pas été remis. L'adresse c.fournier@alder.example n'existe plus."
    marks = headers(return_path="<>", auto_submitted="auto-replied")
    assert kind_of(mail(text, from_email="postmaster@alder.example", headers=marks)) is MailKind.BOUNCE_HARD
