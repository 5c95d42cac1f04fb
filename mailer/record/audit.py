"""Checking a whole log against itself, its events, and the heads that were signed: every leaf, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailer.record.leaf import Leaf, NotALeaf, leaf_of
from mailer.record.matching import Matching
from mailer.record.merkle import Frontier, leaf_hash
from mailer.record.tampering import Entry, EventFacts, Finding, Head, KeptBytes, Tampering
from mailer.record.tiles import level_of

#: As many findings of a kind are told one by one; more would say nothing new.
MOST = 20
HASH_BYTES = 32
#: Findings that explain by themselves why the roots differ.
_STRUCTURAL = frozenset(Tampering) - {
    Tampering.EVENT_CHANGED,
    Tampering.WORDS_CHANGED,
    Tampering.SWAPPED,
    Tampering.BAD_SIGNATURE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where to begin: after `size` leaves, with the hashes of `nodes_of(0, size)` and each tag's last (seq, hash)."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()
    tags: Mapping[str, tuple[int, bytes]]


class Audit:
    """Takes the entries of a log one by one, in the order of their index, and says what is wrong with it.

    `heads`: signed heads, whose signatures are checked already. `nodes`: the kept hashes of level 1 and above, by
    (level, number). Memory: 32 bytes a leaf, and a little for each case.
    """

    def __init__(self, heads: Sequence[Head], nodes: Mapping[tuple[int, int], bytes], start: Start) -> None:
        self._start = start
        self._tree = Frontier(start.size, start.hashes)
        self._next = start.size
        self._heads = sorted(heads, key=lambda head: head.size)
        self._nodes = nodes
        self._tags = dict(start.tags)
        #: Whom the last leaf of each tag is about, by its hash; "" where that was not read.
        self._lasts = {hashed: "" for _, hashed in start.tags.values()}
        self._hashes = bytearray()
        self._found: list[Finding] = []
        self._missing: list[int] = []
        self._misplaced: list[tuple[int, int]] = []
        self._unreadable = False
        self._chains: list[Finding] = []
        self._matching = Matching()
        self._roots: dict[int, bytes] = {start.size: self._tree.root()}
        self._wanted = {head.size for head in heads}

    def take(self, entry: Entry) -> None:
        """Check the next entry."""
        while self._next < entry.index:
            self._missing.append(self._next)
            self._grow(bytes(HASH_BYTES))
        hashed = leaf_hash(entry.body)
        self._grow(hashed)
        try:
            if hashed != entry.hash:
                raise NotALeaf("its bytes are not what its hash says")  # noqa: TRY301 - told like any other
            leaf = leaf_of(entry.body)
        except NotALeaf as problem:
            self._unreadable = True
            self._say(Tampering.LEAF_CHANGED, f"leaf {entry.index}: {problem}", entry.index)
            return
        if leaf.seq != entry.index:
            self._misplaced.append((entry.index, leaf.seq))
        elif leaf.case_tag:
            self._link(leaf, hashed, entry.event)
        self._matching.take(entry, leaf)

    def keep(self, kept: KeptBytes) -> None:
        """Check bytes that an event names."""
        self._matching.keep(kept)

    def stray(self, event_id: str) -> None:
        """Note an event that lies before the log's end and has no leaf."""
        self._say(Tampering.INSERTED, f"{event_id} lies between events of the log, and the log never took it up")

    def finish(self) -> tuple[Finding, ...]:
        """Return everything that is wrong, the plainest explanation first; nothing: the log is as it was signed."""
        self._judge_places()
        self._found += self._matching.findings()
        if not any(one.what in _STRUCTURAL for one in self._found):
            self._judge_heads()
        return tuple(_fewer(self._found))

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._next

    def _grow(self, hashed: bytes) -> None:
        """Append to the tree; compare the nodes that this completes with those that are kept."""
        for height, number, value in self._tree.append(hashed):
            level = level_of(height)
            if level and not self._missing and self._nodes.get((level, number)) != value:
                self._say(Tampering.TREE_CHANGED, f"node {number} of level {level} is not the hash of its leaves")
        self._hashes += hashed
        self._next += 1
        if self._next in self._wanted:
            self._roots[self._next] = self._tree.root()

    def _link(self, leaf: Leaf, hashed: bytes, event: EventFacts | None) -> None:
        """Follow the chain of the leaf's case."""
        seq, before = self._tags.get(leaf.case_tag, (0, b""))
        about = (event.case_id or event.customer_id or "") if event else ""
        if leaf.case_seq > seq + 1:
            words = f"before leaf {leaf.seq}, {leaf.case_seq - seq - 1} of the same case are missing"
            self._chains.append(Finding(what=Tampering.DROPPED, words=words, seq=leaf.seq))
        elif leaf.case_seq != seq + 1 or not self._follows(bytes.fromhex(leaf.prev_case), before, about):
            words = f"leaf {leaf.seq} does not follow the one before of its case"
            self._chains.append(Finding(what=Tampering.LEAF_CHANGED, words=words, seq=leaf.seq))
        self._tags[leaf.case_tag] = (leaf.case_seq, hashed)
        self._lasts.pop(before, None)
        self._lasts[hashed] = about

    def _follows(self, link: bytes, before: bytes, about: str) -> bool:
        """Whether a leaf that names `link` comes after `before`, the last of its tag (b"": it is the first).

        The first may name the last leaf of another tag, when both are about the same.
        """
        if link == before:
            return True
        return not before and link in self._lasts and self._lasts[link] in ("", about)

    def _judge_places(self) -> None:
        """Say what missing and misplaced leaves mean."""
        if not self._misplaced and not self._unreadable:  # else the chains only show that
            self._found += self._chains
        if self._missing and not self._chains:
            words = (
                f"{len(self._missing)} leaves are missing, and no case that is left misses any: {_some(self._missing)}"
            )
            self._say(Tampering.CASE_DELETED, words, self._missing[0])
        elif self._missing:
            self._say(Tampering.DROPPED, f"leaves are missing: {_some(self._missing)}", self._missing[0])
        if not self._misplaced:
            return
        index, seq = self._misplaced[0]
        if {one for one, _ in self._misplaced} == {one for _, one in self._misplaced}:
            places = _some([one for one, _ in self._misplaced])
            self._say(Tampering.REORDERED, f"leaves changed places: {places}", index)
        elif any(self._hash_at(index) == self._hash_at(seq) for index, seq in self._misplaced):
            self._say(Tampering.DUPLICATED, f"leaf {index} is leaf {seq} again", index)
        elif seq > index:
            self._say(
                Tampering.DROPPED, f"{seq - index} leaves before leaf {seq} are missing, the rest moved up", index
            )
        else:
            self._say(Tampering.INSERTED, f"a leaf was put in before leaf {seq}, the rest moved down", index)

    def _hash_at(self, index: int) -> bytes:
        place = (index - self._start.size) * HASH_BYTES
        return bytes(self._hashes[place : place + HASH_BYTES]) if place >= 0 else b""

    def _judge_heads(self) -> None:
        """Hold the tree against what was signed."""
        is_cut = any(head.here and head.size > self._next for head in self._heads)
        for head in self._heads:
            if head.size > self._next:
                if is_cut and not head.here:
                    continue  # that its newest leaves are gone, the database says itself
                what = Tampering.TRUNCATED if head.here else Tampering.RESTORED
                words = f"the log has {self._next} leaves, but {head.where} says that {head.size} were signed"
                self._say(what, words)
            elif head.size >= self._start.size and self._roots[head.size] != head.root:
                words = f"the first {head.size} leaves are not those that were signed, says {head.where}"
                self._say(Tampering.FORKED, words, head.size - 1)

    def _say(self, what: Tampering, words: str, seq: int | None = None) -> None:
        self._found.append(Finding(what=what, words=words, seq=seq))


def _fewer(found: Sequence[Finding]) -> Iterator[Finding]:
    told: dict[Tampering, int] = {}
    for one in found:
        told[one.what] = told.get(one.what, 0) + 1
        if told[one.what] <= MOST:
            yield one


def _some(numbers: Sequence[int], most: int = 6) -> str:
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return ", ".join(map(str, numbers[:most])) + more
