"""A leaf is written in one way, holds nothing that names anybody, and is read back as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailer.record.leaf import MOST_BYTES, Leaf, NotALeaf, case_tag, leaf_bytes, leaf_of, opaque

LEAF = Leaf(
    seq=12345,
    at=datetime(2026, 11, 22, 9, 15, 2, 123456, tzinfo=UTC),
    type="mail.accepted",
    actor="worker:smtp-2",
    case_tag="0123456789abcdef0123456789abcdef",
    case_seq=42,
    commit="c" * 64,
    prev_case="d" * 64,
)


def test_its_bytes_are_canonical_json() -> None:
    raw = leaf_bytes(LEAF)
    assert raw == (
        b'{"actor":"worker:smtp-2","case_seq":42,"case_tag":"0123456789abcdef0123456789abcdef",'
        b'"commit":"' + b"c" * 64 + b'","prev_case":"' + b"d" * 64 + b'","seq":12345,'
        b'"ts":"2026-11-22T09:15:02.123456Z","type":"mail.accepted","v":1}'
    )
    assert len(raw) < MOST_BYTES
    assert leaf_of(raw) == LEAF


def test_a_whole_second_keeps_its_zeros() -> None:
    even = replace(LEAF, at=datetime(2026, 11, 22, 9, 15, 2, tzinfo=UTC))
    assert json.loads(leaf_bytes(even))["ts"] == "2026-11-22T09:15:02.000000Z"
    assert leaf_of(leaf_bytes(even)) == even


@pytest.mark.parametrize("word", ["Ada Lovelace", "ada\n", "ü", ""])
def test_words_that_could_name_somebody_are_hashed(word: str) -> None:
    raw = leaf_bytes(replace(LEAF, actor=word))
    assert json.loads(raw)["actor"] == opaque(word)
    assert opaque(word).startswith("sha256:")
    assert opaque("person:1000") == "person:1000"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"7",
        b'{"v":1}',
        b"\xff",
        leaf_bytes(LEAF) + b" ",
        leaf_bytes(LEAF).replace(b'"v":1', b'"v":2'),
        leaf_bytes(LEAF).replace(b'"v":1', b'"v":1,"x":2'),
        leaf_bytes(LEAF).replace(b"12345", b'"12345"'),
        leaf_bytes(LEAF).replace(b"12345", b"12345.0"),
        leaf_bytes(LEAF).replace(b"12345", b"true"),
        leaf_bytes(LEAF).replace(b"09:15", b"25:15"),
        leaf_bytes(LEAF).replace(b"-11-", b"-19-"),
        leaf_bytes(LEAF).replace(b"mail.accepted", b"mail accepted"),
        leaf_bytes(LEAF).replace(b'"mail.accepted"', b"7"),
        leaf_bytes(LEAF) + b" " * MOST_BYTES,
        b"[" * 1000,
    ],
)
def test_other_bytes_are_no_leaf(raw: bytes) -> None:
    with pytest.raises(NotALeaf):
        leaf_of(raw)


def test_a_tag_is_the_cases_else_the_customers_else_none() -> None:
    key = b"k" * 32
    assert case_tag(key, "case_1", "cus_1") == case_tag(key, "case_1", None) != case_tag(key, None, "cus_1")
    assert case_tag(key, None, None) == ""
    assert len(case_tag(key, "case_1", None)) == 32
    assert case_tag(key, "case_1", None) != case_tag(b"j" * 32, "case_1", None)
