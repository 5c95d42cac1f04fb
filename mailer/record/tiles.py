"""Which hashes are kept, and where: those of C2SP tlog-tiles, whose tiles hold 256 hashes of every eighth height.

Level L keeps the nodes of height 8·L: level 0 the leaf hashes, level 1 one hash for each 256 leaves, and so on. Tile N
of level L holds its hashes 256·N to 256·N + 255. Source: https://c2sp.org/tlog-tiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mailer.record.merkle import Nodes, Range, node_hash, nodes_of

HEIGHT = 8
WIDTH = 1 << HEIGHT


def level_of(height: int) -> int | None:
    """Return the level that keeps nodes of this height, None when none does."""
    return None if height % HEIGHT else height // HEIGHT


def kept_for(ranges: Iterable[Range]) -> set[tuple[int, int]]:
    """Return the kept hashes, as (level, number), from which the hashes of these ranges are computed."""
    found: set[tuple[int, int]] = set()
    for span in ranges:
        for height, number in nodes_of(*span):
            level, steps = divmod(height, HEIGHT)
            first = number << steps
            found.update((level, one) for one in range(first, first + (1 << steps)))
    return found


def nodes_from(kept: Mapping[tuple[int, int], bytes]) -> Nodes:
    """Return the nodes as computed from kept hashes; asking for one that is not covered raises KeyError."""

    def node(height: int, number: int) -> bytes:
        level, steps = divmod(height, HEIGHT)
        first = number << steps
        row = [kept[level, one] for one in range(first, first + (1 << steps))]
        while len(row) > 1:
            row = [node_hash(row[place], row[place + 1]) for place in range(0, len(row), 2)]
        return row[0]

    return node


def tile_path(level: int, number: int, width: int = WIDTH) -> str:
    """Return the path of a tile under the log's address: "tile/0/x001/234", ".p/W" after it when it is not full."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03d}")
    return f"tile/{level}/{'/'.join(groups)}{'' if width == WIDTH else f'.p/{width}'}"


def tile(hashes: Sequence[bytes]) -> bytes:
    """Return a tile's content: its hashes in a row."""
    return b"".join(hashes)
