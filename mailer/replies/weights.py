"""Linear weights for sentences: how much each key of a sentence speaks for each intent and each reason of a dispute.

One file (config/reading/): gzip of a JSON line, the keys with a line each, an empty line, a byte per key and name.
A byte is a weight from -128 on; a sentence is summed with one addition of long integers per key, all names at once.
Trained by tests/corpus/train.py; nothing here decides anything.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from struct import unpack
from types import MappingProxyType
from typing import Any

from mailer.replies.features import keys_of_pairs, keys_of_word, tokens

#: Bytes of a sum: over the keys of 2,000 characters it stays far below 2**32.
_WIDE = 4
_BITS = 8 * _WIDE
_ZERO = 128
_MOST_CACHED = 50_000


class WeightsError(ValueError):
    """A file of weights is cut, altered, or of another version of the program."""


class _Integers(dict[int, int]):
    """The integers of the rows by the place at which each ends, made when first asked for: a mail needs very few."""

    def __init__(self, table: bytes, names: int) -> None:
        super().__init__()
        self._table, self._names, self._counting_one = table, names, 1 << (_BITS * names)

    def __missing__(self, end: int) -> int:
        self[end] = number = self.total([end])
        return number

    def total(self, ends: list[int]) -> int:
        """Return the sum of some rows without remembering them: words share few."""
        total = len(ends) * self._counting_one
        for end in ends:
            wide = bytearray(_WIDE * self._names)
            wide[::_WIDE] = self._table[end - self._names : end]
            total += int.from_bytes(wide, "little")
        return total


class _Words(dict[str, int]):
    """The sum of all integers of a word, remembered for the latest words."""

    def __init__(self, rows: Mapping[str, int], integers: _Integers) -> None:
        super().__init__()
        self._rows, self._integers = rows, integers

    def __missing__(self, word: str) -> int:
        number = self._integers.total([end for key in keys_of_word(word) if (end := self._rows.get(key))])
        if len(self) >= _MOST_CACHED:
            self.clear()
        self[word] = number
        return number


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """Weights for `names` by key: one integer, four bytes for each name, and above them a one that counts.

    `rows` has the place of each key among the integers.

    `mail` holds the second step (`mailer.replies.judging`): per intent, bias first.

    `sure` holds the third step (`mailer.replies.sureness`), bias first.

    `digest` becomes part of the engine's name; `data` is the SHA-256 of what the weights were trained on.
    """

    names: tuple[str, ...]
    scales: tuple[float, ...]
    biases: tuple[float, ...]
    rows: Mapping[str, int]
    integers: _Integers
    mail: Mapping[str, tuple[float, ...]]
    sure: tuple[float, ...]
    digest: str
    data: str
    _words: _Words = field(init=False)

    def __post_init__(self) -> None:
        """Begin to remember words."""
        object.__setattr__(self, "_words", _Words(self.rows, self.integers))

    def scores(self, text: str) -> tuple[float, ...]:
        """Return the log-odds of each name for a sentence or clause, in the order of `names`; words count once."""
        return self.scores_of(tokens(text))

    def scores_of(self, words: list[str]) -> tuple[float, ...]:
        """Return the same for the words and marks of a text (`tokens`)."""
        known = filter(None, map(self.rows.get, set(keys_of_pairs(words))))
        total = sum(map(self._words.__getitem__, set(words))) + sum(map(self.integers.__getitem__, known))
        fields = len(self.names)
        count = total >> (_BITS * fields)
        if not count:
            return self.biases
        sums = unpack(f"<{fields + 1}I", total.to_bytes(_WIDE * (fields + 1), "little"))
        none, root = _ZERO * count, sqrt(count)
        return tuple(
            [
                bias + scale * (one - none) / root
                for one, scale, bias in zip(sums[:fields], self.scales, self.biases, strict=True)
            ]
        )

    def known(self, words: Sequence[str]) -> int:
        """Return how many of some words, each time they are said, have a weight."""
        return sum(map(self.rows.__contains__, map("w".__add__, words)))


def weights_from_bytes(content: bytes) -> Weights:
    """Return the weights of a file; raises WeightsError."""
    try:
        plain = gzip.decompress(content)
        head, _, rest = plain.partition(b"\n")
        keys, _, table = rest.partition(b"\n\n")
        return weights_from_parts(json.loads(head), keys.decode().split("\n"), table, digest=f"{zlib.crc32(plain):08x}")
    except (OSError, EOFError, zlib.error, KeyError, TypeError, ValueError) as problem:
        raise WeightsError(f"the weights cannot be read: {problem}") from problem


def weights_from_parts(head: Mapping[str, Any], keys: Sequence[str], table: bytes, *, digest: str = "") -> Weights:
    """Return weights; `table` has one byte per key and name, 128 for nothing. Raises WeightsError."""
    if len(table) != len(keys) * len(head["names"]):
        raise WeightsError(f"{len(keys)} keys and {len(head['names'])} names do not fit {len(table)} bytes")
    size = len(head["names"])
    return Weights(
        names=tuple(head["names"]),
        scales=tuple(head["scales"]),
        biases=tuple(head["biases"]),
        rows=dict(zip(keys, range(size, size * len(keys) + 1, size), strict=True)),
        integers=_Integers(table, size),
        mail=MappingProxyType({name: tuple(row) for name, row in head["mail"].items()}),
        sure=tuple(head["sure"]),
        digest=digest,
        data=str(head["data"]),
    )


def weights_to_bytes(head: Mapping[str, Any], keys: Sequence[str], table: bytes) -> bytes:
    """Return the file of weights, the same bytes for the same weights."""
    line = json.dumps(head, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return gzip.compress(line.encode() + b"\n" + "\n".join(keys).encode() + b"\n\n" + table, compresslevel=9, mtime=0)
