"""What can be wrong with a case file, each with a name of its own, and what a check of it is given and says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Flaw(StrEnum):
    """What is wrong with a case file; the comment says how it shows."""

    NOT_A_CASE_FILE = "not_a_case_file"  # a file that every case file has is missing, or is no such thing
    FILE_CHANGED = "file_changed"  # a file is not what its manifest says
    FILE_ADDED = "file_added"  # a file that no manifest lists
    FILE_MISSING = "file_missing"  # a file that a manifest lists
    KEY_CHANGED = "key_changed"  # the log's key is broken, its two forms differ, or it is not the one that is known
    BAD_SIGNATURE = "bad_signature"  # the head of the log was not signed with the log's key
    TRUNCATED = "truncated"  # the log has fewer entries than were signed
    DROPPED = "dropped"  # entries of the log are missing, those after them moved up
    INSERTED = "inserted"  # entries were put in, those after them moved down
    REORDERED = "reordered"  # entries changed places
    ENTRY_CHANGED = "entry_changed"  # an entry is not written as entries are, or breaks the chain of its case
    FORKED = "forked"  # the entries fit each other, but not what was signed
    WORDS_CHANGED = "words_changed"  # an event is not what its entry commits to
    LEFT_OUT = "left_out"  # an entry of the case is not accounted for
    PROOF_CHANGED = "proof_changed"  # a proof is not the one of its entry
    MAIL_CHANGED = "mail_changed"  # a mail is not the one that its event names
    MAIL_SWAPPED = "mail_swapped"  # a mail is the one that another event names
    MAIL_MISSING = "mail_missing"  # a mail that an event names is neither there nor listed as not retained
    MAIL_ADDED = "mail_added"  # a mail that no event names
    SIGNATURES_CHANGED = "signatures_changed"  # a text about a mail's signatures is not the one that an event names
    SIGNATURES_MISSING = "signatures_missing"  # a text about a mail's signatures that an event names is not there
    STAMP_MISSING = "stamp_missing"  # a time stamp without the head it stamps, or a head without; or none to check
    STAMP_MISMATCH = "stamp_mismatch"  # a time stamp, or the head beside it, is not of these entries
    STAMP_REFUSED = "stamp_refused"  # a time stamp was not signed by whom the reader trusts
    COSIGNATURE_MISSING = "cosignature_missing"  # no head is cosigned by a witness of the reader's
    COSIGNATURE_MISMATCH = "cosignature_mismatch"  # a cosigned head is not of these entries
    COSIGNATURE_FALSE = "cosignature_false"  # a line of a cosigned head fits no key in the folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Flawed:
    """One thing that is wrong: what, in words, and in which file."""

    what: Flaw
    words: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What the log binds in a case file. Lines end in their LF; they are read once, in the order of these fields.

    `proof`: gives a proof's bytes by its path, None when it is not there; `proofs`: how many there are. `mails`:
    SHA-256 (hex) of each file in data/eml by its path. `not_retained`: messages_not_retained.txt. `anchors`: the files
    in the folder of time stamps and cosignatures by their paths. `signatures`: SHA-256 (hex) of each text about a
    mail's signatures.
    """

    vkey: bytes
    pem: bytes
    checkpoint: bytes
    entries: Iterable[bytes]
    events: Iterable[bytes]
    proof: Callable[[str], bytes | None]
    proofs: int
    mails: Mapping[str, str]
    not_retained: bytes
    anchors: Mapping[str, bytes] = field(default_factory=dict)
    signatures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageVerdict:
    """What was checked, and what is wrong. `key_sha256` is that of log.vkey, to compare with what one was told."""

    origin: str = ""
    size: int = 0
    root: str = ""
    key_sha256: str = ""
    events: int = 0
    erased: int = 0
    withheld: int = 0
    mails: int = 0
    not_retained: int = 0
    stamps: int = 0
    cosignatures: int = 0
    signatures: int = 0
    flaws: tuple[Flawed, ...] = ()
