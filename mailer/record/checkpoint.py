"""Signed tree heads (https://c2sp.org/tlog-checkpoint) and proofs that stand alone (https://c2sp.org/tlog-proof)."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.record import note
from mailer.record.merkle import EMPTY, is_included, leaf_hash
from mailer.record.note import BadNote, Signer, Verifier, exact_base64

_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_PROOF = "c2sp.org/tlog-proof@v1"
_LINES = 3


class BadProof(ValueError):
    """This is not a proof, or it does not prove what it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of a log: whose (`origin`), of how many leaves, and the root hash over them (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That the entry at `index` is in the tree of a checkpoint; `signed` is the checkpoint's note, as it was signed."""

    index: int
    path: tuple[bytes, ...]
    signed: str

    @property
    def text(self) -> str:
        """The proof as a .tlog-proof file."""
        lines = [_PROOF, f"index {self.index}", *(base64.b64encode(one).decode() for one in self.path)]
        return "\n".join(lines) + "\n\n" + self.signed


def signed(head: Checkpoint, signer: Signer) -> str:
    """Return the head as a signed note."""
    return note.sign(head.text, signer)


def checkpoint_of(signed_note: str, verifier: Verifier) -> Checkpoint:
    """Return the head that the log itself signed. Raises BadNote for any other, and for a tree of size 0."""
    lines = note.opened(signed_note, verifier).removesuffix("\n").split("\n")
    if len(lines) != _LINES or lines[0] != verifier.name or not _NUMBER.fullmatch(lines[1]):
        raise BadNote("a checkpoint is three lines: the log's name, its size, its root")
    try:
        root = exact_base64(lines[2])
    except ValueError as problem:
        raise BadNote("the root of a checkpoint is canonical base64") from problem
    head = Checkpoint(origin=lines[0], size=int(lines[1]), root=root)
    if head.size == 0 or len(root) != len(EMPTY):
        raise BadNote("a checkpoint of an empty tree proves nothing")
    return head


def proof_of(text: str) -> Proof:
    """Return a proof as written, not yet checked. Raises BadProof."""
    head, gap, signed_note = text.partition("\n\n")
    first, *lines = head.split("\n")
    if lines and lines[0].startswith("extra "):
        lines = lines[1:]  # it is not authenticated, and we have no use for it
    word, _, number = lines[0].partition(" ") if lines else ("", "", "")
    if not gap or first != _PROOF or word != "index" or not _NUMBER.fullmatch(number):
        raise BadProof("this is not a tlog-proof")
    try:
        path = tuple(exact_base64(line) for line in lines[1:])
    except ValueError as problem:
        raise BadProof("a proof's hashes are canonical base64") from problem
    return Proof(index=int(number), path=path, signed=signed_note)


def proven(entry: bytes, proof: Proof, verifier: Verifier) -> Checkpoint:
    """Return the head in whose tree the proof shows the entry. Raises BadProof, BadNote."""
    head = checkpoint_of(proof.signed, verifier)
    if not is_included(leaf_hash(entry), proof.index, head.size, proof.path, head.root):
        raise BadProof("the proof does not lead from this entry to the signed root")
    return head


def made(index: int, path: Sequence[bytes], signed_note: str) -> Proof:
    """Return the proof for an entry: the hashes of its `inclusion_ranges` and the signed head."""
    return Proof(index=index, path=tuple(path), signed=signed_note)
