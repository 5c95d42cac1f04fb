from __future__ import annotations

from datetime import timedelta

import pytest

from mailer.replies.parse import parse


def lines(*parts: str) -> bytes:
    return "\r\n".join(parts).encode("utf-8")


def test_a_plain_mail_becomes_values() -> None:
    mail = parse(
        lines(
            "From: =?utf-8?q?J=C3=B6rg_M=C3=BCller?= <Joerg@Alder.example>",
            "To: Accounts <accounts+dABC@seller.example>, other@seller.example",
            "Cc: third@seller.example",
            "Delivered-To: real@seller.example",
            "X-Original-To: orig@seller.example",
            "Reply-To: answers@alder.example",
            "Date: Wed, 18 Nov 2026 23:30:00 -0500",
            "Message-ID: <m1@alder.example>",
            "In-Reply-To: <duly.1@seller.example>",
            "References: <a@x>",
            " <b@x>",
            "Subject: =?iso-8859-1?Q?Zahlung_f=FCr?= =?iso-8859-1?Q?_Sie?=",
            "",
            "Hello",
        )
    )
    assert (mail.from_name, mail.from_email) == ("Jörg Müller", "joerg@alder.example")
    assert mail.recipients == (
        "real@seller.example",
        "orig@seller.example",
        "accounts+dabc@seller.example",
        "other@seller.example",
        "third@seller.example",
    )
    assert mail.reply_to == ("answers@alder.example",)
    assert mail.sent_at is not None
    assert mail.sent_at.utcoffset() == timedelta(hours=-5)
    assert mail.sent_at.date().isoformat() == "2026-11-18"  # the sender's day, not ours
    assert (mail.message_id, mail.in_reply_to, mail.references) == (
        "m1@alder.example",
        ("duly.1@seller.example",),
        ("a@x", "b@x"),
    )
    assert mail.subject == "Zahlung für Sie"
    assert mail.text == "Hello"
    assert mail.header("X-Original-To") == "orig@seller.example"
    assert mail.defects == ()


def test_of_alternatives_the_plain_text_is_read_unless_it_is_empty() -> None:
    def alternative(plain: str) -> str:
        return parse(
            lines(
                "Content-Type: multipart/alternative; boundary=b",
                "",
                "--b",
                "Content-Type: text/plain; charset=utf-8",
                "",
                plain,
                "--b",
                "Content-Type: text/html; charset=utf-8",
                "",
                "<p>from html</p>",
                "--b--",
            )
        ).text

    assert alternative("from plain") == "from plain"
    assert alternative("  ") == "from html"


def test_texts_of_a_mixed_mail_follow_each_other_and_files_become_attachments() -> None:
    mail = parse(
        lines(
            "Content-Type: multipart/mixed; boundary=b",
            "",
            "--b",
            "Content-Type: text/plain",
            "",
            "above",
            "--b",
            "Content-Type: application/pdf; name*=utf-8''remit%20INV-2041.pdf",
            "Content-Transfer-Encoding: base64",
            "",
            "SGVsbG8=",
            "--b",
            "Content-Type: text/plain; name=note.txt",
            "",
            "a file",
            "--b",
            "Content-Type: text/plain",
            "",
            "below",
            "--b",
            "Content-Type: text/csv",
            "Content-Disposition: attachment",
            "",
            "1;2",
            "--b--",
        )
    )
    assert mail.text == "above\nbelow"
    assert [(one.name, one.media_type, one.content) for one in mail.attachments] == [
        ("remit INV-2041.pdf", "application/pdf", b"Hello"),
        ("note.txt", "text/plain", b"a file"),
        ("part-3", "text/csv", b"1;2"),
    ]


def test_a_forwarded_message_is_an_attachment_named_by_its_subject() -> None:
    mail = parse(
        lines(
            "Content-Type: multipart/mixed; boundary=b",
            "",
            "--b",
            "",
            "see below",
            "--b",
            "Content-Type: message/rfc822",
            "",
            "Subject: Invoice INV-2041/2026",
            "",
            "Dear Tom",
            "--b--",
        )
    )
    assert [(one.name, one.media_type) for one in mail.attachments] == [("Invoice INV-2041_2026.eml", "message/rfc822")]
    assert mail.report == ""


def test_a_delivery_report_is_kept_apart_with_the_returned_headers() -> None:
    mail = parse(
        lines(
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
            "",
            "--b",
            "Content-Type: text/plain",
            "",
            "sorry",
            "--b",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx",
            "",
            "Final-Recipient: rfc822; tom@alder.example",
            "Action: failed",
            "--b",
            "Content-Type: message/rfc822",
            "",
            "Message-ID: <duly.x@seller.example>",
            "",
            "the body that we sent",
            "--b--",
        )
    )
    assert mail.text == "sorry"
    assert "Action: failed" in mail.report
    assert "Message-ID: <duly.x@seller.example>" in mail.report
    assert "the body that we sent" not in mail.report


@pytest.mark.parametrize(
    ("charset", "content", "shown"),
    [
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        ("utf-8", "Grüße".encode("latin-1"), "Grüße"),  # a lie
        ("x-unknown", "Grüße".encode(), "Grüße"),
        ("unicode_escape", b"\\x41", "\\x41"),
        ("hex", b"41", "41"),
        ("utf-8\x00", b"plain", "plain"),
        ("us-ascii", "Grüße".encode(), "Grüße"),
    ],
)
def test_a_wrong_or_unknown_charset_costs_no_words(charset: str, content: bytes, shown: str) -> None:
    raw = f'Content-Type: text/plain; charset="{charset}"\nContent-Transfer-Encoding: 8bit\n\n'.encode() + content
    assert parse(raw).text == shown


def test_nul_and_invisible_characters_disappear_and_odd_spaces_become_plain() -> None:
    mail = parse("Subject: a\x00b\n\nw\x00e\u200b pay\u00a0£1\u202f200\ufeff".encode())
    assert mail.text == "we pay £1 200"
    assert "\x00" not in mail.subject


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nonsense",
        "Wed, 99 Nov 2026 10:00:00 +0000",
        "Mon, 1 Jan 1601 00:00:00 +0000",
        "18 Nov 2026 10:00 +9999999999",
    ],
)
def test_an_unreadable_date_is_none(value: str) -> None:
    assert parse(f"Date: {value}\n\nx".encode()).sent_at is None


def test_a_date_without_zone_counts_as_utc() -> None:
    sent_at = parse(b"Date: Wed, 18 Nov 2026 10:00:00 -0000\n\nx").sent_at
    assert sent_at is not None
    assert sent_at.utcoffset() == timedelta(0)


def test_two_different_senders_are_no_identity() -> None:
    mail = parse(b"From: tom@alder.example, ceo@alder.example\n\nx")
    assert mail.from_email == ""
    assert "several senders" in mail.defects


def test_the_same_sender_twice_is_one() -> None:
    assert parse(b"From: Tom <tom@alder.example>, TOM@alder.example\n\nx").from_email == "tom@alder.example"


def test_html_only_mail_is_read_as_text() -> None:
    mail = parse(b"Content-Type: text/html; charset=utf-8\n\n<p>We will pay<br>on Friday</p>")
    assert mail.text == "We will pay\non Friday"


def test_a_broken_transfer_encoding_keeps_what_can_be_read() -> None:
    mail = parse(b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nnot base64 at all!")
    assert mail.text  # whatever it decodes to, nothing raised
