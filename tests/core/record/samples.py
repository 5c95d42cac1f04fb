"""Trees and logs to try things on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mailer.record.commitment import commitment, committed_bytes
from mailer.record.leaf import Leaf, leaf_bytes
from mailer.record.merkle import Nodes, fold, leaf_hash, node_hash
from mailer.record.tampering import Entry, EventFacts

START = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(naive_root(leaves[:half]), naive_root(leaves[half:]))


def nodes_over(leaves: Sequence[bytes]) -> Nodes:
    def node(height: int, number: int) -> bytes:
        return naive_root(leaves[number << height : (number + 1) << height])

    return node


def facts(number: int, tag: str, words: bytes = b"{}", salt: bytes | None = b"s" * 16, **changed: Any) -> EventFacts:
    event_id, payload = f"evt_{number}", hashlib.sha256(words).digest()
    committed = committed_bytes(
        event_id=event_id, customer_id="cus_1", case_id=None, policy_version="", refs={}, payload_sha256=payload
    )
    return EventFacts(
        id=event_id,
        at=changed.get("at", START + timedelta(seconds=number)),
        type=changed.get("type", "note.added"),
        actor="person:1",
        case_tag=tag,
        commit=commitment(salt or b"s" * 16, committed),
        customer_id="cus_1",
        case_id=None,
        policy_version="",
        refs={},
        salt=salt,
        payload_sha256=payload if salt else b"",
    )


def log_of(tags: str, first: int = 0) -> list[Entry]:
    """A log with a leaf for each letter, its case; "-" for an event of no case."""
    entries: list[Entry] = []
    last: dict[str, tuple[int, str]] = {}
    for number, letter in enumerate(tags):
        tag = "" if letter == "-" else letter * 32
        event = facts(number, tag, words=f"{{{number}}}".encode())
        seq, link = last.get(tag, (0, ""))
        leaf = Leaf(
            seq=number,
            at=START + timedelta(seconds=number),
            type=event.type,
            actor=event.actor,
            case_tag=tag,
            case_seq=seq + 1 if tag else 0,
            commit=event.commit,
            prev_case=link,
        )
        body = leaf_bytes(leaf)
        if tag:
            last[tag] = (leaf.case_seq, leaf_hash(body).hex())
        entries.append(Entry(index=number, hash=leaf_hash(body), body=body, event=event))
    return entries[first:]


def root_of(entries: Sequence[Entry]) -> bytes:
    return naive_root([one.body for one in entries])


def folded(hashes: Sequence[bytes]) -> bytes:
    return fold(hashes)
