"""A commitment binds an event's row and words, and says nothing about them without its salt."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from mailer.record.commitment import SALT_BYTES, commitment, committed_bytes, early_commitment, payload_bytes

ROW: dict[str, Any] = {
    "event_id": "evt_1",
    "customer_id": "cus_1",
    "case_id": "case_1",
    "policy_version": "standard@1",
    "refs": {"mail": "mail_1"},
    "payload_sha256": hashlib.sha256(b"{}").digest(),
}


def test_a_payload_has_one_serialisation() -> None:
    assert payload_bytes({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()


def test_the_salt_decides() -> None:
    committed = committed_bytes(**ROW)
    assert commitment(b"1" * SALT_BYTES, committed) != commitment(b"2" * SALT_BYTES, committed)
    inner = hashlib.sha256(committed).digest()
    expected = hashlib.sha256(b"duly/commit/v1\x00" + b"1" * SALT_BYTES + inner).hexdigest()
    assert commitment(b"1" * SALT_BYTES, committed) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("event_id", "evt_2"),
        ("customer_id", None),
        ("case_id", "case_2"),
        ("policy_version", "standard@2"),
        ("refs", {"mail": "mail_2"}),
        ("payload_sha256", hashlib.sha256(b"[]").digest()),
    ],
)
def test_everything_a_leaf_does_not_show_is_bound(name: str, value: object) -> None:
    salt = b"1" * SALT_BYTES
    assert commitment(salt, committed_bytes(**ROW)) != commitment(salt, committed_bytes(**{**ROW, name: value}))


def test_what_was_committed_to_before_the_log_is_still_known_and_nothing_else_passes_for_it() -> None:
    salt = b"1" * 16
    assert early_commitment(salt, b"{}") == hashlib.sha256(salt + b"{}").hexdigest()
    purpose, digest = b"duly/commit/v1\x00", hashlib.sha256(committed_bytes(**ROW)).digest()
    forged = (purpose + b"1" * 32 + digest)[16:]
    assert commitment(b"1" * 32, committed_bytes(**ROW)) != early_commitment(purpose + b"1", forged)
