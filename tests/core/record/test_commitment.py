from __future__ import annotations

import hashlib

from mailer.record.commitment import commitment, payload_bytes


def test_the_same_words_are_committed_to_alike_in_whatever_order_they_came() -> None:
    assert payload_bytes({"b": 1, "a": "é"}) == payload_bytes({"a": "é", "b": 1}) == '{"a":"é","b":1}'.encode()


def test_an_outsider_can_check_a_commitment_with_sha256_alone() -> None:
    body = payload_bytes({"text": "we will pay"})
    assert commitment(b"salt" * 4, body) == hashlib.sha256(b"salt" * 4 + body).hexdigest()


def test_the_same_words_under_another_salt_look_different() -> None:
    assert commitment(b"a" * 16, b"{}") != commitment(b"b" * 16, b"{}")
