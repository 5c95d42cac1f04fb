"""Checking what the log binds in a case file. The commands in its VERIFY.txt check the same, step by step.

Both read bytes by the same patterns and never interpret JSON, so that their verdicts cannot differ. What is checked:
the key's two forms, the signed head, every leaf (place, chain of its case, root), every event of the case against its
leaf, that no leaf of the case is left out, every proof, and every mail (and text about its signatures) against the
event that names it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

from mailer.record.checkpoint import Checkpoint, checkpoint_of
from mailer.record.merkle import leaf_hash
from mailer.record.note import BadKey, BadNote, Verifier, verifier_of
from mailer.record.package import CHECKPOINT, ENTRIES, PUBLIC_PEM, VKEY, Tree, tree_of
from mailer.record.package_case import (
    Events,
    Leaves,
    event_flaws,
    left_out,
    listed_numbers,
    mail_flaws,
    proof_flaws,
    signature_flaws,
)
from mailer.record.package_flaws import Flaw, Flawed, PackageVerdict, Packed
from mailer.record.package_stamps import stamp_flaws
from mailer.record.package_witnesses import cosignature_flaws, cosignatures_in
from mailer.record.stamp import Trusted

_WORD = rb"[A-Za-z0-9_.:@/-]{1,120}"
_NUMBER = rb"0|[1-9][0-9]{0,17}"
_LEAF = re.compile(
    rb'\{"actor":"' + _WORD + rb'","case_seq":(' + _NUMBER + rb'),"case_tag":"([0-9a-f]{32}|)","commit":"([0-9a-f]{64})'
    rb'","prev_case":"([0-9a-f]{64}|)","seq":('
    + _NUMBER
    + rb'),"ts":"[0-9TZ:.-]{27}","type":"('
    + _WORD
    + rb')","v":1\}'
)
_VKEY = re.compile(rb"[A-Za-z0-9._/-]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n")
_HEAD = re.compile(
    rb"[^\n]+\n[1-9][0-9]{0,17}\n[A-Za-z0-9+/]{43}=\n\n\xe2\x80\x94 [A-Za-z0-9._/-]+ [A-Za-z0-9+/]{91}=\n"
)
_PLAIN = re.compile(rb"[ -~]+\n")


def check_package(
    packed: Packed, trusted: Trusted | None = None, witnesses: Sequence[Verifier] | None = None
) -> PackageVerdict:
    """Return what is wrong with what the log binds; nothing: every file of it is as the log has it.

    `trusted`: whose time stamps count; None: whose they are is not checked. `witnesses`: the reader's own
    keys of witnesses, of which one must have cosigned a head; None: cosignatures are held to the keys in the folder.
    """
    flaws: list[Flawed] = list(_key_flaws(packed))
    head = None if flaws else _head(packed, flaws)
    if head is None:
        return PackageVerdict(flaws=tuple(flaws))
    leaves = Leaves()
    flaws.extend(_leaf_flaws(packed.entries, head, leaves))
    if flaws:
        return PackageVerdict(origin=head.origin, size=head.size, flaws=tuple(flaws))
    tree = tree_of(leaves.hashes)
    if tree.root != head.root:
        words = f"the {head.size} entries are not those that {head.origin} signed"
        return PackageVerdict(flaws=(Flawed(what=Flaw.FORKED, words=words, file=ENTRIES),))
    known = Events()
    flaws.extend(event_flaws(packed.events, leaves, known))
    if not flaws:
        flaws.extend(_case_flaws(packed, tree, leaves, known))
        flaws += (*stamp_flaws(packed.anchors, tree, trusted), *cosignature_flaws(packed.anchors, tree, witnesses))
    return PackageVerdict(
        origin=head.origin,
        size=head.size,
        root=head.root.hex(),
        key_sha256=hashlib.sha256(packed.vkey).hexdigest(),
        events=len(known.listed),
        erased=known.erased,
        withheld=known.withheld,
        mails=len(packed.mails),
        not_retained=max(0, len(listed_numbers(packed.not_retained)) - 1),
        signatures=len(packed.signatures),
        stamps=sum(path.endswith(".tsr") for path in packed.anchors),
        cosignatures=cosignatures_in(packed.anchors),
        flaws=tuple(flaws),
    )


def _case_flaws(packed: Packed, tree: Tree, leaves: Leaves, known: Events) -> Iterator[Flawed]:
    yield from left_out(leaves, known)
    yield from proof_flaws(packed, tree, known)
    yield from mail_flaws(packed, leaves, known)
    yield from signature_flaws(packed, leaves, known)


def _key_flaws(packed: Packed) -> Iterator[Flawed]:
    verifier = _verifier(packed.vkey)
    if verifier is None:
        yield Flawed(what=Flaw.KEY_CHANGED, words="this is no public key of a log (name+id+base64)", file=VKEY)
    elif packed.pem != verifier.pem.encode():
        yield Flawed(what=Flaw.KEY_CHANGED, words=f"this is not the key of {VKEY}", file=PUBLIC_PEM)


def _verifier(vkey: bytes) -> Verifier | None:
    if not _VKEY.fullmatch(vkey):
        return None
    try:
        return verifier_of(vkey.decode().removesuffix("\n"))
    except BadKey:
        return None


def _head(packed: Packed, flaws: list[Flawed]) -> Checkpoint | None:
    words = "the head is not three lines, an empty one, and the signature of the log"
    if _HEAD.fullmatch(packed.checkpoint):
        try:
            return checkpoint_of(packed.checkpoint.decode(), verifier_of(packed.vkey.decode().removesuffix("\n")))
        except (BadNote, UnicodeDecodeError) as problem:
            words = str(problem)
    flaws.append(Flawed(what=Flaw.BAD_SIGNATURE, words=words, file=CHECKPOINT))
    return None


def _leaf_flaws(lines: Iterable[bytes], head: Checkpoint, leaves: Leaves) -> Iterator[Flawed]:
    chains: dict[bytes, tuple[int, bytes]] = {}
    lasts: dict[bytes, bytes] = {}
    broken = 0
    for index, line in enumerate(lines):
        hashed = leaf_hash(line[:-1])
        leaves.hashes.append(hashed)
        found = _LEAF.fullmatch(line[:-1]) if _PLAIN.fullmatch(line) else None
        if found is None:
            words = f"line {index + 1} is no entry of a log"
            yield Flawed(what=Flaw.ENTRY_CHANGED, words=words, file=ENTRIES)
            return
        place, tag, commit, before, seq, type_ = found.groups()
        leaves.seqs.append(int(seq))
        leaves.commits.append(commit)
        leaves.types.append(type_)
        leaves.tags.append(tag)
        last, link = chains.get(tag, (0, b"")) if tag else (-1, b"")
        if not last and before in lasts:  # the first of its tag follows the last of another, whose key was lost
            leaves.heirs.append((tag, lasts[before]))
        elif before != link:
            broken = broken or index + 1
        if int(place) != last + 1:
            broken = broken or index + 1
        lasts.pop(link, None)
        chains[tag] = (int(place), hashed.hex().encode())
        if tag:
            lasts[chains[tag][1]] = tag
    yield from _misplaced(leaves, head.size)
    if broken and leaves.seqs == list(range(head.size)):
        words = f"line {broken} does not follow the one before of its case"
        yield Flawed(what=Flaw.ENTRY_CHANGED, words=words, file=ENTRIES)


def _misplaced(leaves: Leaves, size: int) -> Iterator[Flawed]:
    """Say what it means that the entries are not those numbered 0 to size - 1."""
    seqs, many = leaves.seqs, len(leaves.seqs)
    if seqs == list(range(size)):
        return
    index = next((index for index, seq in enumerate(seqs) if index != seq), many)
    if index == many:
        what, words = (
            (Flaw.TRUNCATED, f"there are {many} entries, but {size} were signed")
            if many < size
            else (Flaw.INSERTED, f"there are {many} entries, but only {size} were signed")
        )
    elif sorted(seqs) == list(range(size)):
        what, words = Flaw.REORDERED, f"line {index + 1} is entry {seqs[index]}: entries changed places"
    elif many < size:
        what, words = Flaw.DROPPED, f"line {index + 1} is entry {seqs[index]}: entries before it are missing"
    else:
        what, words = Flaw.INSERTED, f"line {index + 1} is entry {seqs[index]}: entries were put in or replaced"
    yield Flawed(what=what, words=words, file=ENTRIES)
