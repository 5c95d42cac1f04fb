from __future__ import annotations

from mailer.replies.keys import keys
from mailer.replies.token import message_id, reply_token
from tests.core.replies.mails import KEY, OTHER_OUTBOX, OUTBOX, mail

OURS = message_id(OUTBOX, KEY, "seller.example")
OTHER = message_id(OTHER_OUTBOX, KEY, "seller.example")
TO = f"accounts+d{reply_token(OUTBOX, KEY)}@seller.example"


def test_every_way_back_is_verified_and_kept_apart() -> None:
    found = keys(mail(recipients=(TO,), in_reply_to=(OTHER,), references=("a@x", OURS, OTHER)), KEY)
    assert found.token_ids == (OUTBOX,)
    assert found.reply_ids == (OTHER_OUTBOX,)
    assert found.reference_ids == (OTHER_OUTBOX, OUTBOX)  # the last of the thread first
    assert found.outbox_ids == (OUTBOX, OTHER_OUTBOX)
    assert found.message_ids == (OTHER, OURS, "a@x")
    assert (found.sender, found.domain) == ("tom@alder.example", "alder.example")


def test_forged_marks_are_no_keys() -> None:
    forged = mail(
        recipients=(f"accounts+d{reply_token(OUTBOX, b'guess')}@seller.example",),
        in_reply_to=(message_id(OUTBOX, b"guess", "seller.example"),),
    )
    assert keys(forged, KEY).outbox_ids == ()


def test_a_bounce_gives_up_our_id_wherever_it_hides() -> None:
    assert keys(mail(report=f"Reply-To: {TO}"), KEY).returned_ids == (OUTBOX,)
    assert keys(mail(f"> Message-ID: <{OURS}>\n"), KEY).returned_ids == (OUTBOX,)
    found = keys(mail(report=f"Message-ID: <ses-made-this@relay.example>\nReferences: <{OURS}>"), KEY)
    assert found.returned_ids == (OUTBOX,)
    assert found.raw_returned == ("ses-made-this@relay.example", OURS)


def test_a_mail_without_sender_has_no_domain() -> None:
    found = keys(mail(from_email=""), KEY)
    assert (found.sender, found.domain) == ("", "")
