from __future__ import annotations

import pytest

from mailer.domain.message import InboundMail
from mailer.domain.reading import MailKind
from mailer.replies.bounce import read_bounce
from mailer.replies.complaint import read_complaint
from mailer.replies.reading import read
from mailer.replies.zones import zones
from tests.core.replies.mails import PHRASES, mail

DAEMON = "MAILER-DAEMON@mx.alder.example"
REPORT = (("content-type", "multipart/report; report-type=delivery-status"),)


def report(status: str, words: str, *, action: str = "failed") -> InboundMail:
    who = "Final-Recipient: rfc822; Tom@Alder.example"
    text = f"{who}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {words}"
    return mail("could not be delivered", from_email=DAEMON, headers=REPORT, report=text)


@pytest.mark.parametrize(
    ("status", "words", "hard"),
    [
        (
            "5.1.1",
            "550 5.1.1 <tom@alder.example>: Recipient address rejected: User unknown in virtual mailbox table",
            True,
        ),
        ("5.1.1", "550-5.1.1 The email account that you tried to reach does not exist.", True),
        ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", True),
        ("5.1.2", "Host or domain name not found. Name service error for name=alder.example type=A", True),
        ("5.4.4", "unable to look up host", True),
        ("5.0.0", "550 No such user here", True),
        ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", True),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied.", True),
        ("5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account", True),
        ("5.2.2", "552 5.2.2 The email account that you tried to reach is over quota", False),
        ("5.1.1", "552 mailbox full, user unknown to have space", False),
        ("4.2.1", "450 4.2.0 Greylisted, try again later", False),
        ("4.4.1", "connect to mx.alder.example: Connection timed out", False),
        ("5.7.1", "554 5.7.1 Service unavailable; Client host blocked using zen.spamhaus.org", False),
        ("5.7.26", "550-5.7.26 This mail is unauthenticated, SPF and DKIM did not pass", False),
        ("5.3.4", "552 5.3.4 message size exceeds fixed limit", False),
        ("5.1.8", "553 5.1.8 sender address rejected: domain of sender not found", False),
        ("5.0.0", "554 transaction failed", False),
        ("4.3.0", "451 internal error", False),
        ("5.1.1", "550 5.1.1 unknown user, rejected by our spam policy", True),
    ],
)
def test_hard_is_only_what_will_not_change_and_is_not_our_fault(status: str, words: str, hard: bool) -> None:  # noqa: FBT001
    bounce = read_bounce(report(status, words))
    assert bounce is not None
    assert bounce.hard is hard
    assert bounce.failed_address == "tom@alder.example"
    assert bounce.failure.startswith(status.replace("5.0.0", "5.0.0"))


def test_a_delay_is_no_failure() -> None:
    bounce = read_bounce(report("4.4.1", "connection refused", action="delayed"))
    assert bounce is not None
    assert (bounce.hard, bounce.delayed) == (False, True)


def test_a_delivery_is_no_bounce() -> None:
    assert read_bounce(report("2.0.0", "250 ok", action="delivered")) is None


QMAIL = """Hi. This is the qmail-send program at alder.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<tom@alder.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <accounts@seller.example>
550 5.7.1 spam spam spam
"""


def test_qmail_explains_itself_in_words() -> None:
    bounce = read_bounce(mail(QMAIL, subject="failure notice", from_email=DAEMON))
    assert bounce is not None
    assert (bounce.hard, bounce.failed_address) == (True, "tom@alder.example")
    assert bounce.failure.startswith("5.1.1")


def test_exim_names_the_address_in_a_header() -> None:
    text = "A message that you sent could not be delivered.\n\n  tom@alder.example\n    Unrouteable address"
    bounce = read_bounce(
        mail(
            text,
            subject="Mail delivery failed",
            from_email=DAEMON,
            headers=(("x-failed-recipients", "Tom@alder.example"),),
        )
    )
    assert bounce is not None
    assert (bounce.hard, bounce.failed_address) == (True, "tom@alder.example")


@pytest.mark.parametrize(
    ("subject", "text", "is_bounce"),
    [
        ("Unzustellbar: Rechnung", "Ihre Nachricht konnte nicht zugestellt werden. Empfänger unbekannt.", True),
        ("Re: Rechnung", "Ich bin nicht im Haus.", False),
        ("Returned mail: see transcript", "nothing that we know", False),
    ],
)
def test_the_null_return_path_alone_proves_nothing(subject: str, text: str, is_bounce: bool) -> None:  # noqa: FBT001
    bounce = read_bounce(mail(text, subject=subject, headers=(("return-path", "<>"),)))
    assert (bounce is not None) is is_bounce


def test_a_daemon_by_name_needs_only_one_sign() -> None:
    assert read_bounce(mail("nothing", subject="Undeliverable: x", from_email=DAEMON)) is not None
    assert read_bounce(mail("nothing", subject="Hello", from_email=DAEMON)) is None


def test_a_failure_without_an_address_names_none() -> None:
    bounce = read_bounce(mail("it failed", subject="Undeliverable: x", from_email=DAEMON))
    assert bounce is not None
    assert (bounce.failed_address, bounce.hard) == ("", False)


def test_a_complaint_names_who_complained() -> None:
    headers = (("content-type", "multipart/report; report-type=feedback-report"),)
    said = mail(report="Feedback-Type: abuse\nOriginal-Rcpt-To: <Tom@alder.example>", headers=headers)
    assert read_complaint(said) == "tom@alder.example"
    assert read_complaint(mail(report="Feedback-Type: abuse", headers=headers)) == ""
    assert read_complaint(mail("abuse")) is None


@pytest.mark.parametrize(
    ("one", "kind", "address", "failure"),
    [
        (report("5.1.1", "550 User unknown"), MailKind.BOUNCE_HARD, "tom@alder.example", "5.1.1: no such address"),
        (report("4.4.1", "busy", action="delayed"), MailKind.BOUNCE_SOFT, "tom@alder.example", "delayed: 4.4.1"),
        (mail("not a bounce"), MailKind.BOUNCE_SOFT, "", ""),
    ],
)
def test_the_reading_carries_address_and_failure(one: InboundMail, kind: MailKind, address: str, failure: str) -> None:
    reading = read(one, zones(one.text, None), kind=kind, language_hint="en", country="GB", phrases=PHRASES)
    assert reading.failed_address == address
    assert reading.failure.startswith(failure)
    assert reading.findings == ()


def test_the_reading_of_a_complaint_carries_its_address() -> None:
    headers = (("content-type", "multipart/report; report-type=feedback-report"),)
    one = mail(report="Feedback-Type: abuse\nRemoval-Recipient: tom@alder.example", headers=headers)
    reading = read(one, zones("", None), kind=MailKind.COMPLAINT, language_hint="en", country="GB", phrases=PHRASES)
    assert (reading.failed_address, reading.failure) == ("tom@alder.example", "complaint")
