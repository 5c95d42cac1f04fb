from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.replies.caps import MAX_HEADER_BLOCK_BYTES, MAX_HEADER_BYTES, capped
from mailer.replies.parse import MAX_ATTACHMENTS, MAX_TEXT_CHARS, parse

#: What cost gigabytes, minutes or the stack in a parser without caps.
BOMBS = {
    "a subject of 16,000 encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 16_000 + b"\n\nx",
    "5,000 nested messages": b"Content-Type: message/rfc822\n\n" * 5_000,
    "100,000 brackets in From": b"From: " + b"(" * 100_000 + b"\n\nhi",
    "unfinished quotes": b"From: " + b'"\\' * 4_000 + b"\nTo: " + b'"\\"' * 4_000 + b"\n\nhi",
    "20,000 parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 20_000,
    "3,000 nested multiparts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(3_000)
    ),
    "a million parameters": b'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b; x="'
    + b";" * 1_000_000,
    "a digest of digests": b"Content-Type: multipart/digest; boundary=b\n\n" + b"--b\n\nSubject: x\n\ny\n" * 5_000,
    "30,000 headers": b"To: a@b\n" * 30_000 + b"From: x@y\n\nhi",
    "700,000 lines": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"x\n" * 700_000,
    "unfinished tags": b"Content-Type: text/html\n\n" + b"<a " * 100_000,
    "unfinished comments": b"Content-Type: text/html\n\n" + b'<!--<a href="x' * 40_000,
    "deep quotes": b"Content-Type: text/html\n\n" + b"<blockquote>a</div>" * 15_000,
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_bomb_is_parsed_in_seconds_and_raises_nothing(what: str) -> None:
    started = time.process_time()
    mail = parse(BOMBS[what])
    assert time.process_time() - started < 10  # minutes without the caps; a loaded machine is slow
    assert len(mail.text) <= MAX_TEXT_CHARS
    assert len(mail.attachments) <= MAX_ATTACHMENTS


def test_a_long_header_is_cut_and_named_and_the_sender_survives() -> None:
    mail = parse(b"Subject: " + b"x" * 20_000 + b"\nFrom: tom@alder.example\n\nhello")
    assert len(mail.subject) <= MAX_HEADER_BYTES
    assert mail.defects == (f"header subject cut after {MAX_HEADER_BYTES} bytes",)
    assert (mail.from_email, mail.text) == ("tom@alder.example", "hello")


def test_a_header_flood_loses_the_flood_and_keeps_who_wrote() -> None:
    flood = b"".join(b"X-%d: %s\n" % (i, b"y" * 500) for i in range(300))
    safe = capped(flood + b"From: tom@alder.example\nDate: Wed, 18 Nov 2026 10:00:00 +0000\n\nhello")
    head = safe.content.partition(b"\n\n")[0]
    assert len(head) < MAX_HEADER_BLOCK_BYTES + 1_000
    assert b"From: tom@alder.example" in head
    assert any("headers dropped" in defect for defect in safe.defects)


def test_too_large_a_mail_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.replies.caps.MAX_RAW_BYTES", 100)
    assert parse(b"From: a@b.example\n\n" + b"x" * 500).defects == ("cut after 100 bytes",)


def test_too_long_a_text_is_cut_and_says_so() -> None:
    mail = parse(b"From: a@b.example\n\n" + b"pay now " * 300_000)
    assert len(mail.text) == MAX_TEXT_CHARS
    assert mail.defects == (f"text cut after {MAX_TEXT_CHARS} characters",)


def test_what_breaks_the_parser_still_reaches_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr("mailer.replies.parse.BytesFeedParser", broken)
    mail = parse(b"From: a@b.example\n\nWe paid.")
    assert "We paid." in mail.text
    assert mail.defects == ("unreadable: RecursionError",)


SEED = b"""From: Tom <tom@alder.example>
To: accounts@seller.example
Subject: =?utf-8?q?Re=3A_INV-2041?=
Date: Wed, 18 Nov 2026 10:00:00 +0000
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

We will pay =C2=A3100 on Friday.
--b
Content-Type: text/html

<p>We will <b>pay</b></p><blockquote>old</blockquote>
--b--
"""


@given(st.binary(max_size=2_000))
@settings(max_examples=150, deadline=None)
def test_no_bytes_raise(raw: bytes) -> None:
    assert "\x00" not in parse(raw).text


@given(st.lists(st.tuples(st.integers(0, len(SEED) - 1), st.binary(max_size=3)), min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_no_mutation_of_an_honest_mail_raises(changes: list[tuple[int, bytes]]) -> None:
    raw = bytearray(SEED)
    for place, instead in changes:
        raw[place : place + 1] = instead
    mail = parse(bytes(raw))
    mail.text.encode("utf-8")  # nothing in it that a database would refuse
    assert "\x00" not in mail.text + mail.subject


@given(st.text(alphabet="<>/!-abpdiv scriptstyleblockquote\"'=&;# \n", max_size=400))
@settings(max_examples=150, deadline=None)
def test_no_html_raises(source: str) -> None:
    parse(b"Content-Type: text/html\n\n" + source.encode())
