"""What rows of a file say about customers, laid over what is kept. What a file does not say stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mailer.clock import new_id
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId
from mailer.flows.ledger_changes import Changed
from mailer.flows.time_zones import zone_of
from mailer.imports.rows import CustomerRow, InvoiceRow
from mailer.imports.vocabulary import countries, languages, time_zones
from mailer.settings import CustomerDefaults, SettingsError

_FIELDS = ("email", "contact_name", "other_emails", "language", "country", "time_zone", "policy", "tags")
_NAME = 1
_BITS = {name: 2 << place for place, name in enumerate(_FIELDS)}

#: Which fields of which customer a file has said already, as bits by the customer's number.
Told = dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The customers of some rows: all of them by number, the new ones, and those the rows change."""

    by_ref: Mapping[str, Customer]
    new: tuple[Customer, ...] = ()
    changed: tuple[Changed[Customer], ...] = ()
    told: Told = field(default_factory=dict)


def check_defaults(defaults: CustomerDefaults) -> None:
    """Raise SettingsError when the settings' values for new customers are no language, country or time zone."""
    for name, value, allowed in (
        ("language", defaults.language, languages()),
        ("country", defaults.country, countries()),
        ("time_zone", defaults.time_zone, time_zones()),
    ):
        if value not in allowed:
            raise SettingsError(f"the setting customers.{name} is {value!r}, which is none: correct it in config.toml")


def ref_of(row: InvoiceRow | CustomerRow) -> str:
    """Return the customer's number of a row."""
    return row.customer_ref if isinstance(row, InvoiceRow) else row.ref


def merge(
    rows: Iterable[InvoiceRow | CustomerRow], kept: Mapping[str, Customer], told: Told, defaults: CustomerDefaults
) -> People:
    """Return what becomes of the customers that some rows describe.

    `kept` are those known already, by number. Within one file the first word on a field counts: `told` are the words
    of earlier rows, and the result's `told` those of these rows too (customers of these rows only).
    """
    said: dict[str, dict[str, Any]] = {}
    bits: Told = {}
    for row in rows:
        ref = ref_of(row)
        words = said.setdefault(ref, {})
        bits[ref] = _listen(row, words, bits.get(ref, told.get(ref, 0)))
    by_ref: dict[str, Customer] = {}
    new: list[Customer] = []
    changed: list[Changed[Customer]] = []
    for ref, words in said.items():
        before = kept.get(ref)
        after = _new(ref, words, defaults) if before is None else replace(before, **words) if words else before
        by_ref[ref] = after
        if before is None:
            new.append(after)
        elif after != before:
            changed.append(Changed(before=before, after=after))
    return People(by_ref=by_ref, new=tuple(new), changed=tuple(changed), told=bits)


def _listen(row: InvoiceRow | CustomerRow, words: dict[str, Any], bits: int) -> int:
    """Add what a row is the first to say to `words`; return the bits of all that was said."""
    name = row.customer_name if isinstance(row, InvoiceRow) else row.name
    if name and not bits & _NAME:
        words["name"] = name
        bits |= _NAME
    for one in _FIELDS:
        if bits & _BITS[one] or not (value := getattr(row, one, None)):
            continue
        words[one] = value
        bits |= _BITS[one]
    return bits


def _new(ref: str, words: dict[str, Any], defaults: CustomerDefaults) -> Customer:
    country = words.get("country", defaults.country)
    zone = defaults.time_zone if country == defaults.country else zone_of(country) or defaults.time_zone
    given = {"name": ref, "email": "", "language": defaults.language, "country": country, "time_zone": zone, **words}
    return Customer(id=CustomerId(new_id("cus")), ref=ref, **given)
