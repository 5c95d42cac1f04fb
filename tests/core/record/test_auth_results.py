"""Authentication-Results count when our own server wrote them, and nowhere else."""

from __future__ import annotations

import pytest

from mailer.record.auth_results import trusted_results

OURS = {"mx.acme.example"}
GOOD = b"Authentication-Results: mx.acme.example; dkim=pass header.d=alder.example\r\n"
RECEIVED = b"Received: from x by mx.acme.example; Mon, 7 Sep 2026 09:00:00 +0000\r\n"
REST = b"From: ap@alder.example\r\n\r\nAuthentication-Results: mx.acme.example; dkim=pass\r\n"


def words(raw: bytes, own_received: int = 0) -> list[str]:
    return [one.words for one in trusted_results(raw, OURS, own_received=own_received)]


def test_the_line_of_our_own_server_is_read() -> None:
    raw = (
        b"Return-Path: <ap@alder.example>\r\n"
        b"authentication-results: MX.acme.example (a (nested) one\\)) 1;\r\n"
        b"\tspf=pass (sender; ip) smtp.mailfrom=ap@alder.example;\r\n"
        b' dkim=Pass reason="good; \\"really\\"" header.d = alder.example;\r\n'
        b" dmarc=fail (p=none)\r\n" + RECEIVED + REST
    )
    assert words(raw) == [
        "mx.acme.example: spf=pass smtp.mailfrom=ap@alder.example",
        'mx.acme.example: dkim=pass reason=good; "really" header.d=alder.example',
        "mx.acme.example: dmarc=fail",
    ]


@pytest.mark.parametrize(
    "forged",
    [
        RECEIVED + GOOD + REST,
        REST,
        RECEIVED + REST,
        GOOD.replace(b"mx.acme.example", b"mx.evil.example") + RECEIVED + REST,
        GOOD.replace(b"mx.acme.example", b"mx.acme.example.evil.example") + RECEIVED + REST,
        b"X-" + GOOD + RECEIVED + REST,
        b"Subject: x\r\n " + GOOD + RECEIVED + REST,
        GOOD.replace(b"mx.acme.example;", b"evil (mx.acme.example);") + RECEIVED + REST,
        GOOD.replace(b"mx.acme.example;", b"(mx.acme.example) evil.example;") + RECEIVED + REST,
    ],
)
def test_a_forged_line_does_not_count(forged: bytes) -> None:
    assert words(forged) == []


def test_how_many_lines_of_received_are_ours_is_a_setting() -> None:
    raw = RECEIVED + RECEIVED + GOOD + RECEIVED + GOOD + REST
    assert words(raw, 1) == []
    assert len(words(raw, 2)) == 1


@pytest.mark.parametrize(
    "line",
    [b";", b"", b"mx.acme.example", b"mx.acme.example;", b"mx.acme.example; none", b"mx.acme.example; .=x; =; a.b=c",
     b'mx.acme.example; "', b'"mx.acme.example', b"(((", b")))", b"mx.acme.example; \xff\x00"],
)  # fmt: skip
def test_broken_lines_say_nothing(line: bytes) -> None:
    assert words(b"Authentication-Results: " + line + b"\r\n" + RECEIVED + REST) == []


def test_odd_letters_are_shown_as_such_and_floods_end() -> None:
    raw = b'Authentication-Results: "mx.acme.example"; x=a\xffb\r\n'
    assert words(raw + RECEIVED) == ["mx.acme.example: x=a??b"] or words(raw + RECEIVED) == ["mx.acme.example: x=a?b"]
    many = b"Authentication-Results: mx.acme.example" + b"; spf=pass" * 5000 + b"\r\n"
    assert len(words(many * 30 + RECEIVED)) == 300
