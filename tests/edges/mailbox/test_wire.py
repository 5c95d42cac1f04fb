"""Responses are cut by the grammar alone, wherever the network cuts the stream; names are spelled as IMAP wants."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from mailer.mailbox.answers import fetch_items, folder_names, search_day, special_names
from mailer.mailbox.batches import batches
from mailer.mailbox.wire import ResponseReader, WireError, decode_folder, encode_folder, quoted

STREAM = (
    b"* OK ready {3}\r\n"
    b"* 1 FETCH (UID 1 BODY[] {0}\r\n)\r\n"
    b"* 2 FETCH (BODY[] {12}\r\n* ) A1 OK\r\n{ UID 2)\r\n"
    b'* 3 FETCH (BODY[HEADER] {2}\r\n\r\n X "(" {1}\r\n) UID 3)\r\n'
    b"* SEARCH\r\n"
    b"A1 OK done {9}\r\n"
    b"+ more {4}\r\n"
)
RESPONSES = [
    (b"* OK ready {3}",),
    (b"* 1 FETCH (UID 1 BODY[] ", b"", b")"),
    (b"* 2 FETCH (BODY[] ", b"* ) A1 OK\r\n{", b" UID 2)"),
    (b"* 3 FETCH (BODY[HEADER] ", b"\r\n", b' X "(" ', b")", b" UID 3)"),
    (b"* SEARCH",),
    (b"A1 OK done {9}",),
    (b"+ more {4}",),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(STREAM)])
def test_the_cuts_of_the_network_do_not_matter(size: int) -> None:
    reader = ResponseReader()
    pieces = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert [response for piece in pieces for response in reader.feed(piece)] == RESPONSES


def test_every_single_cut() -> None:
    for place in range(len(STREAM)):
        reader = ResponseReader()
        assert reader.feed(STREAM[:place]) + reader.feed(STREAM[place:]) == RESPONSES


def test_a_stream_without_end_is_not_kept() -> None:
    reader = ResponseReader()
    reader.feed(b"x" * 16 * 1024 * 1024)
    with pytest.raises(WireError, match="octets"):
        reader.feed(b"x")
    with pytest.raises(WireError, match="9999999999 octets"):
        ResponseReader().feed(b"* 1 FETCH (BODY[] {9999999999}\r\n")


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("INBOX", "INBOX"),
        ("Entwürfe", "Entw&APw-rfe"),
        ("R&D", "R&-D"),
        ("&", "&-"),
        ("日本語", "&ZeVnLIqe-"),
        ("😀/x", "&2D3eAA-/x"),
        ("台北 & ~peter/mail", "&U,BTFw- &- ~peter/mail"),
        ("", ""),
    ],
)
def test_folder_names_in_modified_utf7(name: str, spelled: str) -> None:
    assert encode_folder(name) == spelled
    assert decode_folder(spelled) == name


@pytest.mark.parametrize("name", ["A&B", "&!-", "&AA-", "plain"])
def test_a_name_that_is_no_modified_utf7_is_shown_as_it_is(name: str) -> None:
    assert decode_folder(name) == name


def test_quoting() -> None:
    assert quoted('a"b\\c') == '"a\\"b\\\\c"'


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ((b'* LIST (\\HasNoChildren) "/" "Alte \\"Post\\""',), ('Alte "Post"',)),
        ((b'* LIST () "." INBOX',), ("INBOX",)),
        ((b"* LIST () NIL Entw&APw-rfe",), ("Entwürfe",)),
        ((b'* LIST () "\\\\" ', b"a\nb", b""), ("a\nb",)),
        ((b'* LIST (\\Noselect) "/" [Gmail]',), ()),
        ((b"* 5 EXISTS",), ()),
    ],
)
def test_lists_of_folders(line: tuple[bytes, ...], names: tuple[str, ...]) -> None:
    assert folder_names([line]) == names


def test_folders_with_a_use_stated_or_usual() -> None:
    google = [
        (b'* LIST (\\HasNoChildren \\Sent) "/" "[Gmail]/Gesendet"',),
        (b'* LIST (\\HasNoChildren \\junk) "/" "[Gmail]/Spam"',),
    ]
    assert special_names(google) == {"\\Sent": "[Gmail]/Gesendet", "\\Junk": "[Gmail]/Spam"}
    exchange = [
        (b'* LIST (\\HasNoChildren) "/" "Archive/2019/Sent Items"',),
        (b'* LIST (\\HasNoChildren) "/" "Sent Items"',),
        (b'* LIST (\\Noselect) "/" "Junk"',),
        (b'* LIST (\\HasNoChildren) "/" "Junk Email"',),
        (b'* LIST (\\HasNoChildren) "/" "Not Sent"',),
    ]
    assert special_names(exchange) == {"\\Sent": "Sent Items", "\\Junk": "Junk Email"}


@pytest.mark.parametrize(
    ("stated", "arrived_at"),
    [
        (b"17-Jul-1996 02:44:25 -0700", datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)),
        (b" 7-JUL-2026 02:44:25 +0530", datetime(2026, 7, 6, 21, 14, 25, tzinfo=UTC)),
        (b"31-Feb-2026 02:44:25 +0000", None),
        (b"01-Foo-2026 02:44:25 +0000", None),
        (b"yesterday", None),
    ],
)
def test_arrival_times(stated: bytes, arrived_at: datetime | None) -> None:
    item = fetch_items((b'* 1 FETCH (UID 4 INTERNALDATE "' + stated + b'" BODY[] NIL)',))
    assert item is not None
    assert (item.arrived_at, item.body) == (arrived_at, None)


def test_days_are_english() -> None:
    assert search_day(date(2026, 5, 1)) == "1-May-2026"


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [
        ([], []),
        ([1000] * 120, [50, 50, 20]),
        ([500_000] * 45, [20, 20, 5]),
        ([1, 6_000_000, 1, 1], [1, 1, 2]),
        ([9_000_000, 9_000_000], [1, 1]),
        ([4_000_000] * 5, [2, 2, 1]),
    ],
)
def test_batches_are_small_enough(sizes: list[int], groups: list[int]) -> None:
    cut = batches(dict(enumerate(sizes)))
    assert [len(group) for group in cut] == groups
    assert [uid for group in cut for uid in group] == list(range(len(sizes)))
