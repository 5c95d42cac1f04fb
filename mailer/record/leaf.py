"""One event as the log keeps it: a line of canonical JSON without personal data, at most 1 kB."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

#: The longest leaf, in bytes (`_LEAF` gives no room for more); C2SP tlog-tiles would allow 65,535.
MOST_BYTES = 1024
#: `type` and `actor` are opaque words of ours; anything else could name a person, and has no place here.
_WORD = re.compile(r"[A-Za-z0-9_.:@/-]{1,120}")
#: A leaf as it is written, and in no other way: RFC 8785, for ASCII values sorted keys and no spaces.
_LEAF = re.compile(
    rb'\{"actor":"([A-Za-z0-9_.:@/-]{1,120})","case_seq":(0|[1-9][0-9]{0,17}),"case_tag":"([0-9a-f]{32}|)",'
    rb'"commit":"([0-9a-f]{64})","prev_case":"([0-9a-f]{64}|)","seq":(0|[1-9][0-9]{0,17}),'
    rb'"ts":"([0-9]{4}-[01][0-9]-[0-3][0-9]T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z)",'
    rb'"type":"([A-Za-z0-9_.:@/-]{1,120})","v":1\}'
)


class NotALeaf(ValueError):
    """These bytes are not a leaf exactly as this module writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What a leaf says.

    `seq` is its index in the tree, from 0. `case_tag` stands for the case, or for the customer when no case was
    running, or is "" for an event about neither (then `case_seq` is 0 and `prev_case` ""). `case_seq` counts the leaves
    of a tag from 1; `prev_case` is the leaf hash (hex) of the one before. For the first it is "", or the hash of the
    last leaf about the same under another tag, whose key was lost. `commit` is the event's commitment (hex).
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


@lru_cache(maxsize=1024)
def opaque(word: str) -> str:
    """Return a word as a leaf may hold it: as it is, or by its hash when it is not one of ours."""
    return word if _WORD.fullmatch(word) else f"sha256:{hashlib.sha256(word.encode()).hexdigest()[:32]}"


def moment(at: datetime) -> str:
    """Return a moment as a leaf writes it: UTC, to the microsecond."""
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return f"{in_utc.isoformat(timespec='microseconds')[:-6]}Z"


def leaf_bytes(leaf: Leaf) -> bytes:
    """Return the leaf as it is hashed, kept and given out: as `_LEAF` says."""
    return written(leaf.seq, leaf.at, leaf.type, leaf.actor, leaf.case_tag, leaf.case_seq, leaf.commit, leaf.prev_case)


def written(
    seq: int, at: datetime, type_: str, actor: str, tag: str, case_seq: int, commit: str, prev_case: str
) -> bytes:
    """Return a leaf's bytes, of its fields in their order; making the value first would take half the time.

    What would need escaping in JSON is never in one of ours.
    """
    return (
        f'{{"actor":"{opaque(actor)}","case_seq":{case_seq},"case_tag":"{tag}","commit":"{commit}",'
        f'"prev_case":"{prev_case}","seq":{seq},"ts":"{moment(at)}","type":"{opaque(type_)}","v":1}}'
    ).encode()


def leaf_of(raw: bytes) -> Leaf:
    """Return what a leaf says; raises NotALeaf unless the bytes are exactly those `leaf_bytes` gives for it."""
    found = _LEAF.fullmatch(raw)
    if found is None:
        raise NotALeaf("these bytes are not a leaf as one is written")
    actor, case_seq, tag, commit, before, seq, at, type_ = found.groups()
    try:
        moment_ = datetime.fromisoformat(at.decode())
    except ValueError as problem:
        raise NotALeaf("a leaf's moment is none") from problem
    return Leaf(
        seq=int(seq),
        at=moment_,
        type=type_.decode(),
        actor=actor.decode(),
        case_tag=tag.decode(),
        case_seq=int(case_seq),
        commit=commit.decode(),
        prev_case=before.decode(),
    )
