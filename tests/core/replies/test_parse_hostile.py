from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.domain.message import Attachment
from mailer.replies.bounce import _RETURNED
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


def _only_attachment(content_type: bytes) -> Attachment:
    head = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\n"
    mail = parse(head + b"Content-Type: " + content_type + b"\n\nx\n--b--\n")
    assert not mail.defects
    assert mail.text == "hi"
    return mail.attachments[0]


def test_a_media_type_has_no_nul_and_an_end() -> None:
    assert _only_attachment(b"appli\x00cation/pdf").media_type == "application/pdf"
    assert len(_only_attachment(b"a/" + b"b" * 1_500).media_type) == 255


@pytest.mark.parametrize("charset", [b"undefined", b"idna", b"utf\x008", b"x-unknown", b"punycode", b"zip"])
def test_a_charset_that_decodes_nothing_loses_no_word(charset: bytes) -> None:
    raw = b'From: a@b.example\nContent-Type: text/plain; charset="' + charset + b'"\n\nSch\xc3\xb6n: We paid.'
    mail = parse(raw)
    assert (mail.text, mail.from_email, mail.defects) == ("Sch\u00f6n: We paid.", "a@b.example", ())


def test_spaces_in_headers_cost_no_more_than_their_length() -> None:
    raw = b"".join(b"Received: a" + b" " * 8_000 + b"b\n" for _ in range(40))
    started = time.process_time()
    assert parse(raw + b"From: a@b.example\n\nhi").from_email == "a@b.example"
    assert time.process_time() - started < 2  # six on a fast machine, when each space was tried as a beginning


def test_many_parts_together_are_no_larger_than_one_may_be() -> None:
    head = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n"
    mail = parse(head + (b"--b\nContent-Type: text/html\n\n" + b"<p>a</p>" * 30_000 + b"\n") * 12 + b"--b--\n")
    assert len(mail.text) <= MAX_TEXT_CHARS
    assert f"text cut after {MAX_TEXT_CHARS} characters" in mail.defects


def test_lines_of_base64_mean_the_same_in_one_line() -> None:
    content = bytes(range(256)) * 1_000
    head = b"From: a@b.example\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"
    mail = parse(head + base64.encodebytes(content))
    assert mail.attachments == (Attachment(name="a.pdf", media_type="application/pdf", content=content),)


def test_a_nested_message_behind_a_long_space_is_an_attachment_too() -> None:
    mail = parse((b"Content-Type:" + b" " * 40 + b"message/rfc822\n\n") * 3_000)
    assert [one.media_type for one in mail.attachments] == ["message/rfc822"]
    assert mail.defects == ()


def test_too_little_memory_is_no_half_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("mailer.replies.parse.BytesFeedParser", broken)
    with pytest.raises(MemoryError):
        parse(b"From: a@b.example\n\nWe paid.")


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


def test_what_is_said_about_a_mail_holds_nothing_that_a_database_refuses() -> None:
    """A defect that named a header of NULs once kept the whole mail from being read."""
    mail = parse(b"\x00" * 40 + b"name: " + b"y" * 9000 + b"\nFrom: a@b.example\n\nhi\n")
    assert [defect for defect in mail.defects if defect.startswith("header")] == ["header name cut after 8192 bytes"]


def test_a_text_of_blank_lines_is_not_searched_again_from_each_of_them() -> None:
    assert _RETURNED.search("\n \n" * 2000 + "  The header of the original message follows:") is not None
    assert r"^\s" not in _RETURNED.pattern


def test_a_parameter_in_numbered_parts_and_as_a_whole_costs_nothing_but_itself() -> None:
    """The library sorts the parts by number, None among them (found by 100,000 damaged mails, number 86237)."""
    both = "filename*=a'b; filename*0*=utf-8''%41"
    raw = (
        f'From: a@b.example\nContent-Type: multipart/mixed; {both}; boundary="x"\n\n'
        f"--x\nContent-Type: text/plain; charset=utf-8; {both}\n\nWe pay on Friday.\n"
        f"--x\nContent-Type: application/pdf; {both}\nContent-Disposition: attachment; {both}\n\n%PDF\n--x--\n"
    )
    mail = parse(raw.encode())
    assert (mail.text, len(mail.attachments)) == ("We pay on Friday.", 1)
    assert not any(defect.startswith("unreadable") for defect in mail.defects)
