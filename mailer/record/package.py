"""What a case file holds of the log, in the formats that its checks read: whoever writes it and who checks it share it.

`entries.ndjson`: every leaf, verbatim, one per line. `events.ndjson`: one line per event of the case, in the order of
the log, in one of four forms, each with the index of its leaf:

    {"seq":7,"salt":"<64 hex>","committed":{…},"payload":{…}}   its row and its words, as they were committed to
    {"seq":7,"salt":"<32 hex>","payload":{…}}                   the same from before the log: only its words were
    {"seq":7,"erased":true}                                     its words and their salt are gone
    {"seq":7,"withheld":true}                                   left out of this case file

The JSON of `committed` and `payload` is byte for byte what was hashed, so that stock tools can cut it out and hash it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailer.record.commitment import SALT_BYTES
from mailer.record.merkle import node_hash

FOLDER = "data/audit"
ENTRIES = f"{FOLDER}/entries.ndjson"
EVENTS = f"{FOLDER}/events.ndjson"
CHECKPOINT = f"{FOLDER}/checkpoint"
PUBLIC_PEM = f"{FOLDER}/log.pub.pem"
VKEY = f"{FOLDER}/log.vkey"
PROOFS = f"{FOLDER}/proofs"
ANCHORS = f"{FOLDER}/anchors"
#: Among the anchors: the keys of the witnesses, a vkey a line, whose cosignatures are in the files with this suffix.
WITNESSES, COSIGNED_HEAD = f"{ANCHORS}/witnesses.txt", ".cosigned"
SIGNATURES = f"{FOLDER}/dkim"
NOT_RETAINED = "messages_not_retained.txt"
MAILS = "data/eml"
#: Types of events that name a mail by its SHA-256 in their payload: the k-th of them in a case is mail number k.
MESSAGE_TYPES = ("mail.fetched", "mail.sent_by_hand", "reminder.queued")
#: The type of events that name, by its SHA-256 in their payload, the text of what was found of a mail's signatures.
AUTHENTICATED = "mail.authenticated"
#: What parts the two halves of a line; in JSON without spaces it cannot stand inside a text.
CUT = b',"payload":'


def shown_line(seq: int, salt: bytes, committed: bytes, payload: bytes) -> bytes:
    """Return the line of an event with its words; `committed` only counts with a salt as long as those of the log."""
    row = b'"committed":' + committed + CUT if len(salt) == SALT_BYTES else CUT[1:]
    return b'{"seq":%d,"salt":"%s",%s%s}\n' % (seq, salt.hex().encode(), row, payload)


def erased_line(seq: int) -> bytes:
    """Return the line of an event whose words were erased."""
    return b'{"seq":%d,"erased":true}\n' % seq


def withheld_line(seq: int) -> bytes:
    """Return the line of an event that is left out; why is told elsewhere, for the log does not bind it."""
    return b'{"seq":%d,"withheld":true}\n' % seq


def proof_path(seq: int) -> str:
    """Return the path of the proof of a leaf."""
    return f"{PROOFS}/{seq:06d}.tlog-proof"


def stamp_path(size: int) -> str:
    """Return the path of the time stamp over the head of so many entries."""
    return f"{ANCHORS}/{size}.tsr"


def head_path(size: int) -> str:
    """Return the path of the head that was stamped, as it was signed then."""
    return f"{ANCHORS}/{size}.checkpoint"


def signatures_path(seq: int) -> str:
    """Return the path of the text about a mail's signatures that the event of a leaf names."""
    return f"{SIGNATURES}/{seq:06d}.txt"


def message_number(place: int) -> str:
    """Return the number of the mail that the event at that place among those of mails (1 is the first) names."""
    return f"DULY{place:06d}"


def mail_path(number: str) -> str:
    """Return the path of a mail."""
    return f"{MAILS}/{number}.eml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """All nodes of a tree, level by level from the leaves up; a node without a right neighbour moves up unchanged.

    That gives the tree of RFC 6962: its nodes at the right edge are those of the ranges that end there.
    """

    levels: tuple[tuple[bytes, ...], ...]

    @property
    def root(self) -> bytes:
        """The root; there is at least one leaf."""
        return self.levels[-1][0]

    def root_of(self, size: int) -> bytes:
        """Return the root over the first leaves, at least one and no more than there are."""
        found = b""
        for height in range(size.bit_length()):
            if size >> height & 1:
                node = self.levels[height][(size >> height) - 1]
                found = node_hash(node, found) if found else node
        return found

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the hashes that prove a leaf, nearest first (RFC 9162 §2.1.3.1)."""
        found = []
        for level in self.levels[:-1]:
            if (other := index ^ 1) < len(level):
                found.append(level[other])
            index >>= 1
        return tuple(found)


def tree_of(hashes: Sequence[bytes]) -> Tree:
    """Return the tree over leaf hashes, at least one."""
    levels = [tuple(hashes)]
    while len(below := levels[-1]) > 1:
        pairs = [node_hash(below[place], below[place + 1]) for place in range(0, len(below) - 1, 2)]
        levels.append((*pairs, *below[len(below) & ~1 :]))
    return Tree(levels=tuple(levels))
