"""What real mail systems write when a mail does not arrive: who is to blame, who it was for, and which mail it was."""

from __future__ import annotations

import pytest

from mailer.domain.reading import MailKind
from mailer.replies.bounce import read_bounce
from mailer.replies.complaint import read_complaint
from mailer.replies.keys import keys
from mailer.replies.parse import parse
from mailer.replies.route import route
from mailer.replies.token import MARK_HEADER, message_mark
from tests.core.replies.failure_corpus import FAILURES, NO_FAILURES
from tests.core.replies.failures import ADDRESS, OURS, REPLACED, TO, Back, Failure
from tests.core.replies.mails import KEY, OUTBOX

OWN = ("accounts@seller.example",)


@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
@pytest.mark.parametrize("one", FAILURES, ids=lambda one: one.name)
def test_a_failure_is_what_it_is(one: Failure, crlf: bool) -> None:  # noqa: FBT001 - a table's column
    mail = parse(one.raw.replace(b"\n", b"\r\n") if crlf else one.raw)
    bounce = read_bounce(mail)
    assert bounce is not None
    assert (bounce.cause, bounce.delayed, bounce.failed_address) == (one.cause, one.delayed, one.address), bounce
    is_hard = one.cause is ADDRESS and not one.delayed
    assert route(mail, own_addresses=OWN, key=KEY) is (MailKind.BOUNCE_HARD if is_hard else MailKind.BOUNCE_SOFT)


@pytest.mark.parametrize("one", FAILURES, ids=lambda one: one.name)
def test_it_names_the_very_message_not_the_one_before_in_its_thread(one: Failure) -> None:
    found = keys(parse(one.raw), KEY)
    assert found.outbox_ids[:1] == (() if one.back is Back.NOT else (OUTBOX,))


@pytest.mark.parametrize("one", NO_FAILURES, ids=lambda one: one.name)
def test_a_success_is_no_failure_and_nobody_has_answered(one: Failure) -> None:
    mail = parse(one.raw)
    assert read_bounce(mail) is None
    assert route(mail, own_addresses=OWN, key=KEY) is MailKind.TICKET_ACK
    assert keys(mail, KEY).returned_ids[:1] == (OUTBOX,)


def test_there_are_enough_of_them() -> None:
    assert len({one.name for one in FAILURES}) == len(FAILURES) >= 50


ARF = """Return-Path: <>
From: {sender}
To: abuse@seller.example
Subject: {subject}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report for a message received from 192.0.2.7.
--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: ReportGenerator/1.0
Version: 1
{rcpt}
--b
Content-Type: message/rfc822

{ours}
Dear Tom
--b--
"""


@pytest.mark.parametrize(
    ("sender", "kind", "rcpt", "address"),
    [
        ("feedback@arf.mail.yahoo.example", "abuse", f"Original-Rcpt-To: {TO}\n", TO),
        ("complaints@email-abuse.amazonses.com", "abuse", f"Original-Rcpt-To: <{TO}>\n", TO),
        ("fbl@seznam.example", "opt-out", f"Removal-Recipient: {TO}\n", TO),
        ("scomp@aol.example", "abuse", "Original-Mail-From: accounts@seller.example\n", ""),
    ],
)
def test_a_complaint_names_who_and_which_message(sender: str, kind: str, rcpt: str, address: str) -> None:
    for ours in (OURS, REPLACED):
        raw = ARF.format(sender=sender, subject="FW: Invoice", kind=kind, rcpt=rcpt, ours=ours)
        mail = parse(raw.encode())
        assert read_complaint(mail) == address
        assert route(mail, own_addresses=OWN, key=KEY) is MailKind.COMPLAINT
        assert keys(mail, KEY).returned_ids[:1] == (OUTBOX,)


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_feedback_that_is_no_complaint_is_none(kind: str) -> None:
    mail = parse(ARF.format(sender="fbl@x.example", subject="x", kind=kind, rcpt="", ours=OURS).encode())
    assert read_complaint(mail) is None
    assert route(mail, own_addresses=OWN, key=KEY) is MailKind.TICKET_ACK


JMRP = f"""From: {{sender}}
To: abuse@seller.example
Subject: complaint about message from 192.0.2.7
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: message/rfc822

X-HmXmrOriginalRecipient: {TO}
{OURS}
Dear Tom
--b--
"""


def test_microsofts_junk_report_is_a_complaint_and_only_microsofts() -> None:
    mail = parse(JMRP.format(sender="staff@hotmail.com").encode())
    assert read_complaint(mail) == TO
    assert keys(mail, KEY).returned_ids[:1] == (OUTBOX,)
    assert read_complaint(parse(JMRP.format(sender="tom@alder.example").encode())) is None


def test_a_mark_is_verified_like_every_other_way_back() -> None:
    mark = message_mark(OUTBOX, KEY)
    assert keys(parse(f"{MARK_HEADER}: {mark}\n\nx".encode()), KEY).own_ids == (OUTBOX,)
    for forged in (message_mark(OUTBOX, b"guess"), mark[:-1], mark[:-1] + "u", mark.replace(".", "")):
        assert keys(parse(f"{MARK_HEADER}: {forged}\n\nx".encode()), KEY).own_ids == ()
