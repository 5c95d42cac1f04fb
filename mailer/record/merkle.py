"""The Merkle tree of RFC 6962 §2.1 (RFC 9162 §2.1): roots, proofs, and their verification. SHA-256, hashes as bytes.

A node is (height, number): the perfect subtree over the leaves number·2^height and the 2^height - 1 after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

#: The root of the tree without leaves.
EMPTY = hashlib.sha256().digest()
#: Gives the hash of a node (height, number).
Nodes = Callable[[int, int], bytes]
Range = tuple[int, int]


def leaf_hash(leaf: bytes) -> bytes:
    """Return SHA-256(00 ‖ leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """Return the largest power of two below `size` (> 1): the size of a tree's left half."""
    return 1 << (size - 1).bit_length() - 1


def nodes_of(start: int, end: int) -> list[tuple[int, int]]:
    """Return the perfect subtrees that make up leaves start..end-1, left to right; `start` begins a subtree."""
    found = []
    while start < end:
        room = (end - start).bit_length() - 1
        height = room if start == 0 else min(room, (start & -start).bit_length() - 1)
        found.append((height, start >> height))
        start += 1 << height
    return found


def range_hash(span: Range, nodes: Nodes) -> bytes:
    """Return the hash over leaves start..end-1, a subtree of the tree that ends at `end`; EMPTY for none."""
    return fold([nodes(height, number) for height, number in nodes_of(*span)])


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees of falling size, left to right."""
    if not hashes:
        return EMPTY
    *others, result = hashes
    for left in reversed(others):
        result = node_hash(left, result)
    return result


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return the ranges whose hashes prove that leaf `index` is in the tree (RFC 9162 §2.1.3.1), nearest first."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of size {size}")
    start, end, found = 0, size, []
    while end - start > 1:
        middle = start + split(end - start)
        found.append((middle, end) if index < middle else (start, middle))
        start, end = (start, middle) if index < middle else (middle, end)
    return found[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """Return the ranges whose hashes prove that the tree of `old` leaves began that of `new` (RFC 9162 §2.1.4.1)."""
    if not 0 < old <= new:
        raise ValueError(f"no proof leads from size {old} to size {new}")
    start, end, found = 0, new, []
    while end != old:
        middle = start + split(end - start)
        found.append((middle, end) if old <= middle else (start, middle))
        start, end = (start, middle) if old <= middle else (middle, end)
    return [*([(start, end)] if start else []), *found[::-1]]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows the leaf hash at `index` of the tree with that root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, result = index, size - 1, leaf
    for other in proof:
        if last == 0 or len(other) != len(EMPTY):
            return False
        if place & 1 or place == last:
            result = node_hash(other, result)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            result = node_hash(result, other)
        place, last = place >> 1, last >> 1
    return last == 0 and result == root


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of size `new` extends that of `old` (RFC 9162 §2.1.4.2).

    A tree of size 0 is refused: anything extends it, so it proves nothing.
    """
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if not proof or any(len(one) != len(EMPTY) for one in proof):
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(other, before), node_hash(other, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, other)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


class Frontier:
    """The right edge of a growing tree: what is needed to append a leaf and to give the root, O(log size) of it."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Go on from a tree of that size; `hashes` are those of `nodes_of(0, size)`."""
        self.size = size
        self._edge = list(zip((height for height, _ in nodes_of(0, size)), hashes, strict=True))

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf hash; return every node that it completes as (height, number, hash), the leaf itself first."""
        height, result = 0, leaf
        done = [(0, self.size, leaf)]
        self.size += 1
        while self._edge and self._edge[-1][0] == height:
            result = node_hash(self._edge.pop()[1], result)
            height += 1
            done.append((height, (self.size >> height) - 1, result))
        self._edge.append((height, result))
        return done

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The hashes of `nodes_of(0, size)`."""
        return tuple(one for _, one in self._edge)

    def root(self) -> bytes:
        """Return the root as it is now."""
        return fold(self.hashes)
