"""pymerkle, somebody else's tree of RFC 9162, agrees with ours on every pair of sizes."""

from __future__ import annotations

from functools import cache

import pytest
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from mailer.record.merkle import Frontier, consistency_ranges, inclusion_ranges, is_consistent, leaf_hash, range_hash
from tests.core.record.samples import nodes_over

SIZES = 300
SOME = range(1, SIZES + 1, 23)
LEAVES = [f"entry {number}".encode() for number in range(SIZES)]


@cache
def oracle() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for leaf in LEAVES:
        tree.append_entry(leaf)
    return tree


@cache
def roots() -> list[bytes]:
    """Our root of each size, the empty tree's first."""
    tree = Frontier()
    found = [tree.root()]
    for leaf in LEAVES:
        tree.append(leaf_hash(leaf))
        found.append(tree.root())
    return found


@cache
def node(height: int, number: int) -> bytes:
    return nodes_over(LEAVES)(height, number)


@pytest.mark.parametrize("size", SOME)
def test_every_leaf_of_a_size_is_proven_alike(size: int) -> None:
    _inclusion(size)


@pytest.mark.parametrize("new", SOME)
def test_every_earlier_size_is_proven_alike(new: int) -> None:
    _consistency(new)


@pytest.mark.full
def test_every_pair_of_sizes_is_proven_alike() -> None:
    for size in range(1, SIZES + 1):
        _inclusion(size)
        _consistency(size)


def _inclusion(size: int) -> None:
    """The same hashes in the same order, and their proof leads to our root."""
    for index in range(size):
        theirs = oracle().prove_inclusion(index + 1, size)
        mine = [range_hash(span, node) for span in inclusion_ranges(index, size)]
        assert theirs.path == [leaf_hash(LEAVES[index]), *mine]
        verify_inclusion(leaf_hash(LEAVES[index]), roots()[size], theirs)


def _consistency(new: int) -> None:
    """Their proof, which is another than that of RFC 9162, leads from our old root to our new one; so does ours."""
    for old in range(1, new + 1):
        verify_consistency(roots()[old], roots()[new], oracle().prove_consistency(old, new))
        mine = [range_hash(span, node) for span in consistency_ranges(old, new)]
        assert is_consistent(old, new, roots()[old], roots()[new], mine)
