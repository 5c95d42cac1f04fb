"""Rows that say the same thing twice, or two things of one invoice or customer; found in one pass over the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from struct import Struct

from mailer.imports.columns import Format

_HASH_BITS = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two rows that should agree: the lines where they start and the columns in which they do not."""

    first_line: int
    other_line: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """What a whole file repeats.

    `contradictions`: by key, rows of one key that differ. `again`: lines that repeat an earlier line word for word,
    with that line. `customers`: lines whose customer is described otherwise than on an earlier line.
    """

    contradictions: Mapping[str, Difference] = field(default_factory=dict)
    again: Mapping[int, int] = field(default_factory=dict)
    customers: Mapping[int, Difference] = field(default_factory=dict)


class KeyReader:
    """The key of each row in turn, and whether the row belongs to the record before it."""

    def __init__(self, form: Format[object]) -> None:
        self._places = form.places(form.key)
        self._folds = form.folds
        self._previous = ""

    def next(self, values: Sequence[str]) -> tuple[str, bool]:
        """Return (key, whether the row continues the previous one); the key is "" when its first part is blank."""
        key = "\n".join([values[place] for place in self._places]) if values[self._places[0]] else ""
        continues = self._folds and key != "" and key == self._previous
        self._previous = key
        return key, continues


class RepeatFinder:
    """Keeps a fingerprint of 4 bytes per cell for each key and each customer, so 50,000 rows take some megabytes.

    Two different cells share a fingerprint once in four thousand million; such a difference goes unnoticed.
    """

    def __init__(self, form: Format[object]) -> None:
        self._keys = KeyReader(form)
        self._names = tuple(column.name for column in form.columns)
        self._row = Struct(f"<{len(self._names)}I")
        self._customer_names = form.customer[1:]
        self._customer_places = form.places(form.customer)
        self._customer = Struct(f"<{len(self._customer_names)}I")
        self._rows_seen: dict[str, tuple[int, bytes]] = {}
        self._customers_seen: dict[str, tuple[int, bytes]] = {}
        self._contradictions: dict[str, Difference] = {}
        self._again: dict[int, int] = {}
        self._customers: dict[int, Difference] = {}

    def add(self, line: int, values: Sequence[str]) -> None:
        """Take one row into account."""
        key, continues = self._keys.next(values)
        if key:
            self._add_row(
                line, key, self._row.pack(*[hash(value) & _HASH_BITS for value in values]), continues=continues
            )
        if self._customer_places and values[self._customer_places[0]]:
            self._add_customer(line, values)

    def _add_row(self, line: int, key: str, prints: bytes, *, continues: bool) -> None:
        first_line, first = self._rows_seen.setdefault(key, (line, prints))
        if first_line == line:
            return
        if first == prints:
            if not continues:
                self._again[line] = first_line
            return
        differ = self._row.unpack(first), self._row.unpack(prints)
        columns = tuple(name for name, one, other in zip(self._names, *differ, strict=True) if one != other)
        self._contradictions.setdefault(key, Difference(first_line=first_line, other_line=line, columns=columns))

    def _add_customer(self, line: int, values: Sequence[str]) -> None:
        ref, *described = [values[place] for place in self._customer_places]
        # hash("") is 0: a blank cell says nothing and agrees with everything.
        prints = self._customer.pack(*[hash(text.casefold()) & _HASH_BITS for text in described])
        first_line, known = self._customers_seen.setdefault(ref, (line, prints))
        if known == prints:
            return
        before, now = self._customer.unpack(known), self._customer.unpack(prints)
        columns = tuple(
            name
            for name, one, other in zip(self._customer_names, before, now, strict=True)
            if one and other and one != other
        )
        if columns:
            self._customers[line] = Difference(first_line=first_line, other_line=line, columns=columns)
        merged = self._customer.pack(*[one or other for one, other in zip(before, now, strict=True)])
        self._customers_seen[ref] = (first_line, merged)

    def repeats(self) -> Repeats:
        """Return what was found."""
        return Repeats(contradictions=self._contradictions, again=self._again, customers=self._customers)
