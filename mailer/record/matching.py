"""Leaves against the events they were made from, and events against the words and bytes they committed to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.record.commitment import commitment, committed_bytes, early_commitment
from mailer.record.leaf import Leaf, opaque
from mailer.record.tampering import Entry, EventFacts, Finding, KeptBytes, Tampering

#: So many entries whose words do not fit are compared with each other to find those that changed places.
MOST_COMPARED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Misfit:
    leaf: Leaf
    event: EventFacts


class Matching:
    """Collects what does not fit while a log is read, and says at the end what it means."""

    def __init__(self) -> None:
        self._leaves_of: Counter[str] = Counter()
        self._gone: list[Leaf] = []
        self._rows: list[_Misfit] = []
        self._words: list[_Misfit] = []
        self._bytes: list[KeptBytes] = []

    def take(self, entry: Entry, leaf: Leaf) -> None:
        """Compare a leaf with its event."""
        self._leaves_of[leaf.case_tag] += 1
        event = entry.event
        if event is None:
            self._gone.append(leaf)
            return
        same = (opaque(event.type), opaque(event.actor), event.at, event.case_tag, event.commit)
        if same != (leaf.type, leaf.actor, leaf.at, leaf.case_tag, leaf.commit):
            self._rows.append(_Misfit(leaf=leaf, event=event))
        elif event.salt is not None and not _is_committed(event, event, leaf):
            self._words.append(_Misfit(leaf=leaf, event=event))

    def keep(self, kept: KeptBytes) -> None:
        """Compare bytes with their name."""
        if kept.named != kept.present:
            self._bytes.append(kept)

    def findings(self) -> Iterator[Finding]:
        """Give everything that does not fit."""
        gone = Counter(leaf.case_tag for leaf in self._gone)
        whole = {tag for tag, many in gone.items() if tag and many == self._leaves_of[tag]}
        for leaf in self._gone:
            if leaf.case_tag not in whole:
                yield Finding(what=Tampering.DROPPED, words=f"the event of leaf {leaf.seq} is gone", seq=leaf.seq)
        for tag in sorted(whole):
            words = f"all {gone[tag]} events of the case with the tag {tag} are gone"
            yield Finding(what=Tampering.CASE_DELETED, words=words)
        yield from self._rows_found()
        yield from self._words_found()
        swapped = {one.named for one in self._bytes}
        for kept in self._bytes:
            if kept.present in swapped:
                yield Finding(what=Tampering.SWAPPED, words=f"{kept.of} holds the bytes of another one")
            else:
                yield Finding(what=Tampering.WORDS_CHANGED, words=f"{kept.of} is not the mail that the record names")

    def _rows_found(self) -> Iterator[Finding]:
        named = {one.leaf.commit for one in self._rows}
        for one in self._rows:
            if one.event.commit != one.leaf.commit and one.event.commit in named:
                words = f"leaf {one.leaf.seq} was made from another event than the one at its place now"
                yield Finding(what=Tampering.REORDERED, words=words, seq=one.leaf.seq)
            else:
                words = f"{one.event.id} is not what its leaf {one.leaf.seq} says"
                yield Finding(what=Tampering.EVENT_CHANGED, words=words, seq=one.leaf.seq)

    def _words_found(self) -> Iterator[Finding]:
        compared = self._words[:MOST_COMPARED]
        for one in self._words:
            # With whose salt and words would this row be right?
            is_swapped = any(other is not one and _is_committed(one.event, other.event, one.leaf) for other in compared)
            what = Tampering.SWAPPED if is_swapped else Tampering.WORDS_CHANGED
            words = "are those of another event" if is_swapped else "are not those that were committed to"
            yield Finding(what=what, words=f"the words of {one.event.id} {words}", seq=one.leaf.seq)


def _is_committed(row: EventFacts, words: EventFacts, leaf: Leaf) -> bool:
    """Whether the leaf commits to this row with these words, in the way of now or of the time before the log."""
    salt = words.salt or b""
    committed = committed_bytes(
        event_id=row.id,
        customer_id=row.customer_id,
        case_id=row.case_id,
        policy_version=row.policy_version,
        refs=row.refs,
        payload_sha256=words.payload_sha256,
    )
    return commitment(salt, committed) == leaf.commit or early_commitment(salt, words.payload) == leaf.commit
