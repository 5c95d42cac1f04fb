from __future__ import annotations

import pytest

from mailer.replies.headers import addresses, decoded, message_ids


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("tom@a.example", [("", "tom@a.example")]),
        ("Tom Ash <TOM@a.example>", [("Tom Ash", "tom@a.example")]),
        ('"Ash, Tom" <tom@a.example>, b@b.example', [("Ash, Tom", "tom@a.example"), ("", "b@b.example")]),
        ('"real@customer.example" <evil@x.example>', [("real@customer.example", "evil@x.example")]),
        ("tom@a.example (a comment, with comma)", [("", "tom@a.example")]),
        ("=?utf-8?q?A=2C_B?= <tom@a.example>", [("A, B", "tom@a.example")]),
        ("undisclosed-recipients:;", []),
        ("<>", []),
        ("Group: a@a.example, b@b.example;", [("", "a@a.example"), ("", "b@b.example")]),
        ('"unfinished <tom@a.example>', [("unfinished", "tom@a.example")]),
        ("a@a.example\r\n ,b@b.example", [("", "a@a.example"), ("", "b@b.example")]),
    ],
)
def test_addresses(value: str, found: list[tuple[str, str]]) -> None:
    assert list(addresses(value)) == found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?B?R3LDvA?=", "Grü"),  # padding forgotten
        ("=?utf-8?B?!?=", ""),
        ("=?utf-8?q?Gr=C3?= =?utf-8?q?=BC=C3=9Fe?=", "Grüße"),  # a letter split over two words
        ("Re: =?utf-8?q?a?= and =?utf-8?q?b?= end", "Re: a and b end"),
        ("=?utf-8*de?q?a_b?=", "a b"),
        ("=?nonsense?q?a=FC?=", "aü"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("folded\r\n\tvalue", "folded value"),
        ("Gr\udcc3\udcbc\udcc3\udc9fe", "Grüße"),  # raw 8-bit bytes
    ],
)
def test_decoded(value: str, text: str) -> None:
    assert decoded(value) == text


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@x> <b@x>\r\n <a@x>", ("a@x", "b@x")),
        ("a@x, b@x", ("a@x", "b@x")),
        ("no id", ()),
        ("<a b@x> <c@x>", ("c@x",)),
    ],
)
def test_message_ids(value: str, ids: tuple[str, ...]) -> None:
    assert message_ids(value) == ids
