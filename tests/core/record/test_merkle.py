"""The tree against the vectors of Certificate Transparency, against a naive one, and against every wrong proof."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.record.merkle import (
    EMPTY,
    Frontier,
    consistency_ranges,
    inclusion_ranges,
    is_consistent,
    is_included,
    leaf_hash,
    nodes_of,
    range_hash,
)
from mailer.record.tiles import kept_for, level_of, nodes_from, tile, tile_path
from tests.core.record.samples import naive_root, nodes_over

#: The leaves and roots that RFC 6962's authors test with (google/certificate-transparency, transparency-dev/merkle).
LEAVES = [
    bytes.fromhex(one)
    for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
#: (index, size, proof)
INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
#: (old size, new size, proof)
CONSISTENCY = [
    (1, 1, []),
    (1, 8, INCLUSION[1][2]),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]
WRONG = b"w" * 32
MANY = [str(number).encode() for number in range(300)]


@cache
def root(size: int) -> bytes:
    tree = Frontier()
    for leaf in MANY[:size]:
        tree.append(leaf_hash(leaf))
    return tree.root()


@cache
def node(height: int, number: int) -> bytes:
    return nodes_over(MANY)(height, number)


@cache
def span_hash(span: tuple[int, int]) -> bytes:
    return range_hash(span, node)


def inclusion(index: int, size: int) -> list[bytes]:
    return [span_hash(span) for span in inclusion_ranges(index, size)]


def consistency(old: int, new: int) -> list[bytes]:
    return [span_hash(span) for span in consistency_ranges(old, new)]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_known_roots(size: int) -> None:
    tree = Frontier()
    for leaf in LEAVES[:size]:
        tree.append(leaf_hash(leaf))
    assert tree.root().hex() == naive_root(LEAVES[:size]).hex() == ROOTS[size - 1]
    assert range_hash((0, size), nodes_over(LEAVES)) == tree.root()


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY == naive_root([])


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_the_known_inclusion_proofs(index: int, size: int, proof: list[str]) -> None:
    made = [range_hash(span, nodes_over(LEAVES)) for span in inclusion_ranges(index, size)]
    assert [one.hex() for one in made] == proof
    assert is_included(leaf_hash(LEAVES[index]), index, size, made, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_the_known_consistency_proofs(old: int, new: int, proof: list[str]) -> None:
    made = [range_hash(span, nodes_over(LEAVES)) for span in consistency_ranges(old, new)]
    assert [one.hex() for one in made] == proof
    assert is_consistent(old, new, bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1]), made)


@pytest.mark.parametrize("sizes", [range(1, 66), (127, 128, 129, 200), (255, 256, 257, 300)])
def test_every_pair_of_these_sizes_is_proven(sizes: Sequence[int]) -> None:
    for size in sizes:
        for index in range(size):
            assert is_included(leaf_hash(MANY[index]), index, size, inclusion(index, size), root(size))
            assert is_consistent(index + 1, size, root(index + 1), root(size), consistency(index + 1, size))


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_a_wrong_proof_of_inclusion_proves_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    leaf, proof, head = leaf_hash(MANY[index]), inclusion(index, size), root(size)
    wrong = [
        (leaf, index - 1, size, proof, head),
        (leaf, index + 1, size, proof, head),
        (leaf, size, size, proof, head),
        (leaf, index, 0, proof, head),
        (WRONG, index, size, proof, head),
        (leaf, index, size, proof, WRONG),
        (leaf, index, size, [*proof, WRONG], head),
        (leaf, index, size, [WRONG, *proof], head),
        (leaf, index, size, [*proof, b""], head),
        *((leaf, index, size, [*proof[:at], _flipped(one), *proof[at + 1 :]], head) for at, one in enumerate(proof)),
        *((leaf, index, size, [*proof[:at], one[:-1], *proof[at + 1 :]], head) for at, one in enumerate(proof)),
        *((leaf, index, size, [*proof[:at], *proof[at + 1 :]], head) for at in range(len(proof))),
    ]
    assert not any(is_included(*one) for one in wrong)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_a_wrong_proof_of_consistency_proves_nothing(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 300))
    old = data.draw(st.integers(1, new))
    proof, before, after = consistency(old, new), root(old), root(new)
    wrong = [
        (0, new, EMPTY, after, []),
        (new + 1, new, before, after, proof),
        (old, new, WRONG, after, proof),
        (old, new, before, WRONG, proof),
        (old, new, before, after, [*proof, WRONG]),
        (old, new, before, after, [*proof, b""]),
        (old, new, before, after, [WRONG, *proof]),
        *((old, new, before, after, [*proof[:at], _flipped(one), *proof[at + 1 :]]) for at, one in enumerate(proof)),
        *((old, new, before, after, [*proof[:at], *proof[at + 1 :]]) for at in range(len(proof))),
    ]
    assert not any(is_consistent(*one) for one in wrong)
    if old < new:
        assert not is_consistent(old, new, after, before, proof)
        assert not is_consistent(old, new, before, before, [])


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 300), st.integers(0, 299), st.data())
def test_a_rewritten_leaf_is_never_consistent_with_the_old_head(old: int, place: int, data: st.DataObject) -> None:
    old, new = min(old, 299), data.draw(st.integers(min(old, 299) + 1, 300))
    rewritten = [*MANY]
    rewritten[place % old] = b"rewritten"
    proof = [range_hash(span, nodes_over(rewritten)) for span in consistency_ranges(old, new)]
    assert not is_consistent(old, new, root(old), naive_root(rewritten[:new]), proof)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 300), st.integers(0, 300))
def test_a_tree_goes_on_from_its_right_edge(before: int, after: int) -> None:
    before, after = sorted((before, after))
    tree = Frontier(before, [node(height, number) for height, number in nodes_of(0, before)])
    for number in range(before, after):
        done = tree.append(leaf_hash(MANY[number]))
        assert all(value == node(height, place) for height, place, value in done)
    assert tree.root() == naive_root(MANY[:after])


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 700), st.data())
def test_the_kept_hashes_are_enough_for_every_proof(size: int, data: st.DataObject) -> None:
    leaves = [str(number).encode() for number in range(size)]
    tree, kept = Frontier(), {}
    for leaf in leaves:
        for height, number, value in tree.append(leaf_hash(leaf)):
            if (level := level_of(height)) is not None:
                kept[level, number] = value
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    for spans in ([(0, size)], inclusion_ranges(index, size), consistency_ranges(old, size)):
        few = {place: kept[place] for place in kept_for(spans)}
        hashes = [range_hash(span, nodes_from(few)) for span in spans]
        assert hashes == [range_hash(span, nodes_over(leaves)) for span in spans]
        assert len(few) <= 256 * 3


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 1), (1, 1)])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_ranges(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 1), (2, 1)])
def test_there_is_no_proof_from_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no proof"):
        consistency_ranges(old, new)


def test_tiles_lie_where_tlog_tiles_says() -> None:
    assert tile_path(0, 0) == "tile/0/000"
    assert tile_path(1, 1234067) == "tile/1/x001/x234/067"
    assert tile_path(0, 70, 5) == "tile/0/070.p/5"
    assert tile([b"a" * 32, b"b" * 32]) == b"a" * 32 + b"b" * 32


def _flipped(one: bytes) -> bytes:
    return bytes([one[0] ^ 8]) + one[1:]
