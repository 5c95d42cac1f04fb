"""One event as the log keeps it: a line of canonical JSON without personal data, at most 1 kB."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

#: The longest leaf, in bytes; C2SP tlog-tiles would allow 65,535.
MOST_BYTES = 1024
#: `type` and `actor` are opaque words of ours; anything else could name a person, and has no place here.
_WORD = re.compile(r"[A-Za-z0-9_.:@/-]{1,120}")
_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


class NotALeaf(ValueError):
    """These bytes are not a leaf exactly as this module writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What a leaf says.

    `seq` is its index in the tree, from 0. `case_tag` stands for the case, or for the customer when no case was
    running, or is "" for an event about neither (then `case_seq` is 0 and `prev_case` ""). `case_seq` counts the leaves
    of a tag from 1; `prev_case` is the leaf hash (hex) of the one before, "" for the first. `commit` is the event's
    commitment (hex).
    """

    seq: int
    at: datetime
    type: str
    actor: str
    case_tag: str
    case_seq: int
    commit: str
    prev_case: str


def case_tag(key: bytes, case_id: str | None, customer_id: str | None) -> str:
    """Return the tag of a case (else of a customer, else ""): HMAC-SHA256 of its id, 16 bytes as hex.

    Without the key nobody can tell whose tag it is; with it, that no leaf of a case is left out can be shown.
    """
    meant = case_id or customer_id or ""
    return hmac.new(key, meant.encode(), hashlib.sha256).digest()[:16].hex() if meant else ""


def opaque(word: str) -> str:
    """Return a word as a leaf may hold it: as it is, or by its hash when it is not one of ours."""
    return word if _WORD.fullmatch(word) else f"sha256:{hashlib.sha256(word.encode()).hexdigest()[:32]}"


def moment(at: datetime) -> str:
    """Return a moment as a leaf writes it: UTC, to the microsecond."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def leaf_bytes(leaf: Leaf) -> bytes:
    """Return the leaf as it is hashed, kept and given out: RFC 8785, for ASCII values sorted keys and no spaces."""
    # Written out, for it is done for every event; what would need escaping in JSON is never in a leaf of ours.
    return (
        f'{{"actor":"{opaque(leaf.actor)}","case_seq":{leaf.case_seq},"case_tag":"{leaf.case_tag}",'
        f'"commit":"{leaf.commit}","prev_case":"{leaf.prev_case}","seq":{leaf.seq},'
        f'"ts":"{moment(leaf.at)}","type":"{opaque(leaf.type)}","v":1}}'
    ).encode()


def leaf_of(raw: bytes) -> Leaf:
    """Return what a leaf says; raises NotALeaf unless the bytes are exactly those `leaf_bytes` gives for it."""
    try:
        if len(raw) > MOST_BYTES:
            raise NotALeaf("a leaf has at most 1,024 bytes")
        value = json.loads(raw)
        leaf = Leaf(
            seq=value["seq"],
            at=datetime.strptime(value["ts"], _FORMAT).replace(tzinfo=UTC),
            type=value["type"],
            actor=value["actor"],
            case_tag=value["case_tag"],
            case_seq=value["case_seq"],
            commit=value["commit"],
            prev_case=value["prev_case"],
        )
        same = leaf_bytes(leaf) == raw
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise NotALeaf("these bytes are not a leaf") from problem
    if not same:
        raise NotALeaf("a leaf is written in one way only, and this is another")
    return leaf
