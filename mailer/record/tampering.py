"""What can be wrong with a log, each with a name of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Tampering(StrEnum):
    """What was done to the record; the comment says how it shows."""

    DROPPED = "dropped"  # a leaf or its event is missing, and its neighbours are there
    CASE_DELETED = "case_deleted"  # everything that is missing of a case is all of it
    INSERTED = "inserted"  # an event or a leaf between others that the log has never taken up
    DUPLICATED = "duplicated"  # the same leaf twice
    REORDERED = "reordered"  # all are there, in another order
    TRUNCATED = "truncated"  # the newest leaves are missing, a signed head in the database counts them
    RESTORED = "restored"  # the whole database is older than a signed head that is kept elsewhere
    FORKED = "forked"  # complete in itself, but not the history that was signed
    SWAPPED = "swapped"  # the words or bytes of two entries changed places
    EVENT_CHANGED = "event_changed"  # an event's row is not what its leaf says
    WORDS_CHANGED = "words_changed"  # a payload or a mail is not what was committed to
    LEAF_CHANGED = "leaf_changed"  # a leaf is not what its hash, its place or its case's chain says
    TREE_CHANGED = "tree_changed"  # a kept node of the tree is not the hash of what is below it
    BAD_SIGNATURE = "bad_signature"  # a head that the log's key did not sign
    STAMP_MISSING = "stamp_missing"  # a time stamp that the record tells of is gone
    STAMP_ADDED = "stamp_added"  # a time stamp that no event tells of
    STAMP_CHANGED = "stamp_changed"  # a time stamp is not the one that the record names
    STAMP_OF_OTHER_DATA = "stamp_of_other_data"  # it stamps something else than the head that was signed
    STAMP_ALTERED = "stamp_altered"  # its signature does not hold, and did when it came
    STAMP_UNTRUSTED = "stamp_untrusted"  # its signer does not lead to the authority of the settings, and did
    COSIGNATURE_MISSING = "cosignature_missing"  # a witness's cosignature that the record tells of is gone
    COSIGNATURE_ADDED = "cosignature_added"  # one that no event tells of
    COSIGNATURE_CHANGED = "cosignature_changed"  # one that is not the one that the record names
    COSIGNATURE_FALSE = "cosignature_false"  # one that does not hold over the head that was signed
    WITNESS_DISAGREES = "witness_disagrees"  # a witness has seen another or a longer log under this name


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: what, in words, and where (`seq`: a leaf's index, None when it is about the whole)."""

    what: Tampering
    words: str
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """An event's row as the database shows it now; `salt` None (hash and payload b"") once its payload is erased."""

    id: str
    at: datetime
    type: str
    actor: str
    case_tag: str
    commit: str
    customer_id: str | None
    case_id: str | None
    policy_version: str
    refs: Mapping[str, str]
    salt: bytes | None
    payload_sha256: bytes
    payload: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A leaf as the database keeps it (`body` verbatim), and the event it was made from, None when that is gone."""

    index: int
    hash: bytes
    body: bytes
    event: EventFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBytes:
    """Bytes (a mail) that an event names by their SHA-256 (hex), and the SHA-256 of what is kept under its name."""

    of: str
    named: str
    present: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A signed head to hold the log against, and where it is kept; `here`: in the very database that is checked."""

    size: int
    root: bytes
    where: str
    here: bool
