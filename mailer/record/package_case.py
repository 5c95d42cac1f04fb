"""The part of a case file that is about its case: events against their leaves, completeness, proofs, and mails."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailer.record.checkpoint import made
from mailer.record.commitment import commitment
from mailer.record.package import (
    AUTHENTICATED,
    CHECKPOINT,
    CUT,
    EVENTS,
    MESSAGE_TYPES,
    NOT_RETAINED,
    Tree,
    mail_path,
    message_number,
    proof_path,
    signatures_path,
)
from mailer.record.package_flaws import Flaw, Flawed, Packed

_NUMBER = rb"0|[1-9][0-9]{0,17}"
_SHOWN = re.compile(rb'\{"seq":(' + _NUMBER + rb'),"salt":"([0-9a-f]{32}|[0-9a-f]{64})",(.*)\}', re.DOTALL)
_NOT_SHOWN = re.compile(rb'\{"seq":(' + _NUMBER + rb'),"(erased|withheld)":true\}', re.DOTALL)
_TEXT = re.compile(rb"[ -\xff]+\n")
_NAMED = re.compile(rb'[{,]"sha256":"([0-9a-f]{64})"(?=[,}])')
_LISTING = re.compile(rb"[\t\n -\xff]*\n")
_COMMITTED = b'"committed":'
_EARLY_SALT = 32


@dataclass(slots=True)
class Leaves:
    """What is remembered of the leaves: 32 bytes and a little for each.

    `heirs`: tags whose first leaf follows the last of another tag, and that one.
    """

    hashes: list[bytes] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)
    commits: list[bytes] = field(default_factory=list)
    types: list[bytes] = field(default_factory=list)
    tags: list[bytes] = field(default_factory=list)
    heirs: list[tuple[bytes, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class Events:
    """What is remembered of the events of the case, by the index of their leaf; `named`: the SHA-256 in its payload.

    `shown`: those with their words.
    """

    listed: list[int] = field(default_factory=list)
    named: dict[int, frozenset[str]] = field(default_factory=dict)
    shown: set[int] = field(default_factory=set)
    erased: int = 0
    withheld: int = 0


def event_flaws(lines: Iterable[bytes], leaves: Leaves, known: Events) -> Iterator[Flawed]:
    """Check the lines of events.ndjson against the leaves, and remember what they say."""
    for number, line in enumerate(lines, start=1):
        found = (_NOT_SHOWN.fullmatch(line[:-1]) or _SHOWN.fullmatch(line[:-1])) if _TEXT.fullmatch(line) else None
        seq = int(found[1]) if found else -1
        before = known.listed[-1] if known.listed else -1
        if found is None or not before < seq < len(leaves.seqs):
            words = f"line {number} is no event, or not one that comes after the line before"
            yield Flawed(what=Flaw.WORDS_CHANGED, words=words, file=EVENTS)
            return
        known.listed.append(seq)
        payload: bytes | None = b""
        if found.re is _NOT_SHOWN:
            known.erased += found[2] == b"erased"
            known.withheld += found[2] == b"withheld"
        else:
            known.shown.add(seq)
            payload = _committed_payload(found[2], found[3], leaves.commits[seq])
        known.named[seq] = frozenset(one.decode() for one in _NAMED.findall(payload or b""))
        if payload is None:
            words = f"the event of entry {seq} (line {number}) is not what the entry commits to"
            yield Flawed(what=Flaw.WORDS_CHANGED, words=words, file=EVENTS)
    if not known.listed:
        yield Flawed(what=Flaw.WORDS_CHANGED, words="a case has at least one event", file=EVENTS)


def _committed_payload(salt: bytes, rest: bytes, commit: bytes) -> bytes | None:
    """Return the payload of a line when the leaf commits to it, else None."""
    row, cut, payload = (b"," + rest).partition(CUT)
    row = row[1:]
    if not cut or not payload.startswith(b"{") or not payload.endswith(b"}"):
        return None
    raw, digest = bytes.fromhex(salt.decode()), hashlib.sha256(payload)
    if len(salt) == _EARLY_SALT:
        good = not row and hashlib.sha256(raw + payload).hexdigest().encode() == commit
    else:
        committed = row.removeprefix(_COMMITTED)
        names_it = b',"payload_sha256":"%s",' % digest.hexdigest().encode() in committed
        good = row.startswith(_COMMITTED) and names_it and commitment(raw, committed).encode() == commit
    return payload if good else None


def left_out(leaves: Leaves, known: Events) -> Iterator[Flawed]:
    """Check that every leaf with a tag of the case is among the events, and that no tag of it is left out."""
    listed = set(known.listed)
    mine = {leaves.tags[seq] for seq in known.listed} - {b""}
    for seq, tag in enumerate(leaves.tags):
        if tag in mine and seq not in listed:
            words = f"entry {seq} is of this case, and is neither shown nor said to be erased or withheld"
            yield Flawed(what=Flaw.LEFT_OUT, words=words, file=EVENTS)
    for heir, tag in leaves.heirs:
        if (heir in mine) != (tag in mine):
            missing = tag if heir in mine else heir
            words = (
                f"the entries with the tag {missing.decode()} are of this case, too, and none of them is accounted for"
            )
            yield Flawed(what=Flaw.LEFT_OUT, words=words, file=EVENTS)


def proof_flaws(packed: Packed, tree: Tree, known: Events) -> Iterator[Flawed]:
    """Check that there is exactly the proof of each event."""
    note = packed.checkpoint.decode()
    for seq in known.listed:
        path = proof_path(seq)
        if packed.proof(path) != made(seq, tree.path(seq), note).text.encode():
            words = f"this is not the proof of entry {seq} in {CHECKPOINT}"
            yield Flawed(what=Flaw.PROOF_CHANGED, words=words, file=path)
    if packed.proofs != len(known.listed):
        words = f"there are {packed.proofs} proofs of {len(known.listed)} events"
        yield Flawed(what=Flaw.PROOF_CHANGED, words=words, file=EVENTS)


def mail_flaws(packed: Packed, leaves: Leaves, known: Events) -> Iterator[Flawed]:
    """Check that each mail is the one that its event names, and that what is missing is listed."""
    naming = [seq for seq in known.listed if leaves.types[seq].decode() in MESSAGE_TYPES]
    others = frozenset[str]().union(*known.named.values())
    gone = listed_numbers(packed.not_retained)
    if not _LISTING.fullmatch(packed.not_retained):
        yield Flawed(what=Flaw.NOT_A_CASE_FILE, words="this is no list of messages", file=NOT_RETAINED)
    rest = set(packed.mails)
    for place, seq in enumerate(naming, start=1):
        file = mail_path(number := message_number(place))
        rest.discard(file)
        digest = packed.mails.get(file)
        if digest is None:
            if number.encode() not in gone:
                words = f"entry {seq} names this mail, and it is neither here nor listed as not retained"
                yield Flawed(what=Flaw.MAIL_MISSING, words=words, file=file)
        elif digest not in known.named[seq]:
            what = Flaw.MAIL_SWAPPED if digest in others else Flaw.MAIL_CHANGED
            yield Flawed(what=what, words=f"this is not the mail that entry {seq} names", file=file)
    for file in sorted(rest):
        yield Flawed(what=Flaw.MAIL_ADDED, words="no event of the case names this mail", file=file)


def signature_flaws(packed: Packed, leaves: Leaves, known: Events) -> Iterator[Flawed]:
    """Check that the texts about signatures are those that their events name, one each."""
    rest = set(packed.signatures)
    for seq in known.listed:
        if leaves.types[seq] != AUTHENTICATED.encode() or seq not in known.shown:
            continue
        file = signatures_path(seq)
        rest.discard(file)
        digest = packed.signatures.get(file)
        if digest is None:
            words = f"entry {seq} names this text, and it is not here"
            yield Flawed(what=Flaw.SIGNATURES_MISSING, words=words, file=file)
        elif digest not in known.named[seq]:
            words = f"this is not the text that entry {seq} names"
            yield Flawed(what=Flaw.SIGNATURES_CHANGED, words=words, file=file)
    for file in sorted(rest):
        yield Flawed(what=Flaw.SIGNATURES_CHANGED, words="no event of the case names this text", file=file)


def listed_numbers(listing: bytes) -> frozenset[bytes]:
    """Return what begins the lines of messages_not_retained.txt, its heading among them."""
    return frozenset(line.partition(b"\t")[0] for line in listing.split(b"\n") if b"\t" in line)
