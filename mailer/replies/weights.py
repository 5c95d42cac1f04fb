"""Weights of sentences and of whole mails: how much each key of a sentence speaks for each intent, and what follows.

One file (config/reading/): gzip of a JSON line, the keys with a line each, an empty line, a byte per key and name.
A byte is a weight from -128 on. Trained by tests/corpus/train.py; nothing here decides anything.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mailer.replies.features import keys_of_pairs, keys_of_word, tokens

_ZERO = 128
_MOST_CACHED = 50_000

Numbers = NDArray[np.float64]


class WeightsError(ValueError):
    """A file of weights is cut, altered, or of another version of the program."""


class _Words(dict[str, tuple[int, ...]]):
    """The rows of a word, remembered for the latest words."""

    def __init__(self, rows: Mapping[str, int]) -> None:
        super().__init__()
        self._rows = rows

    def __missing__(self, word: str) -> tuple[int, ...]:
        found = tuple(filter(None, map(self._rows.get, keys_of_word(word))))
        if len(self) >= _MOST_CACHED:
            self.clear()
        self[word] = found
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Net:
    """One hidden layer: `inner` is numbers + 1 by hidden, `outer` hidden + 1 by names; the last row of each a bias."""

    inner: Numbers
    outer: Numbers

    def log_odds(self, numbers: Numbers) -> Numbers:
        """Return the log-odds of each name for the numbers of a mail."""
        hidden = np.maximum(numbers @ self.inner[:-1] + self.inner[-1], 0.0)
        log_odds: Numbers = hidden @ self.outer[:-1] + self.outer[-1]
        return log_odds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """Weights for `names` by key: `table` has a row for each key, at the place that `rows` names; that is never 0.

    `mail` is the second step (`mailer.replies.judging`), `reason` says why a mail disputes (`mailer.replies.reasons`).

    `sure` holds the third step (`mailer.replies.sureness`), bias first.

    `digest` becomes part of the engine's name; `data` is the SHA-256 of what the weights were trained on.
    """

    names: tuple[str, ...]
    scales: Numbers
    biases: Numbers
    rows: Mapping[str, int]
    table: NDArray[np.uint8]
    mail: Net
    reason: Net
    sure: tuple[float, ...]
    digest: str
    data: str
    _words: _Words = field(init=False)

    def __post_init__(self) -> None:
        """Begin to remember words."""
        object.__setattr__(self, "_words", _Words(self.rows))

    def scores(self, text: str) -> Numbers:
        """Return the log-odds of each name for a sentence or clause, in the order of `names`; words count once."""
        sums, count = self.sums(tokens(text))
        scores: Numbers = self.scores_of(sums[None], np.array([count]))[0]
        return scores

    def sums(self, words: list[str]) -> tuple[NDArray[np.int64], int]:
        """Return the sum of the weights of the words and marks of a text (`tokens`), and how many keys it has."""
        known = list(filter(None, map(self.rows.get, set(keys_of_pairs(words)))))
        known += chain.from_iterable(map(self._words.__getitem__, set(words)))
        rows = self.table.take(known, axis=0)
        return np.add.reduce(rows, axis=0, dtype=np.int64) - _ZERO * len(known), len(known)

    def scores_of(self, sums: NDArray[np.int64], counts: NDArray[np.int64]) -> Numbers:
        """Return the log-odds of each name, a row for each row of sums, which may be those of several texts."""
        scores: Numbers = self.biases + self.scales * sums / np.sqrt(np.maximum(counts, 1))[:, None]
        return scores

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
    names = tuple(head["names"])
    if len(table) != len(keys) * len(names):
        raise WeightsError(f"{len(keys)} keys and {len(names)} names do not fit {len(table)} bytes")
    return Weights(
        names=names,
        scales=np.array(head["scales"]),
        biases=np.array(head["biases"]),
        rows=dict(zip(keys, range(1, len(keys) + 1), strict=True)),
        table=np.frombuffer(bytes([_ZERO]) * len(names) + table, dtype=np.uint8).reshape(-1, len(names)),
        mail=net_from(head["mail"]),
        reason=net_from(head["reason"]),
        sure=tuple(head["sure"]),
        digest=digest,
        data=str(head["data"]),
    )


def net_from(layers: Mapping[str, Any]) -> Net:
    """Return a net from its layers, each a list of rows; raises WeightsError."""
    inner, outer = np.array(layers["inner"], dtype=np.float64), np.array(layers["outer"], dtype=np.float64)
    if inner.ndim != 2 or outer.ndim != 2 or inner.shape[1] + 1 != len(outer):  # noqa: PLR2004 - rows and columns
        raise WeightsError(f"layers of {inner.shape} and {outer.shape} do not fit each other")
    return Net(inner=inner, outer=outer)


def weights_to_bytes(head: Mapping[str, Any], keys: Sequence[str], table: bytes) -> bytes:
    """Return the file of weights, the same bytes for the same weights."""
    line = json.dumps(head, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return gzip.compress(line.encode() + b"\n" + "\n".join(keys).encode() + b"\n\n" + table, compresslevel=9, mtime=0)
