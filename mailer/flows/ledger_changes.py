"""What differs between a thing as it is kept and as a file says it is: for the report and for the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Generic, TypeVar

from mailer.domain.customer import Customer
from mailer.domain.invoice import Invoice

Thing = TypeVar("Thing", Invoice, Customer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that differs, as text before and after ("" for nothing)."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Generic[Thing]):
    """An invoice or a customer that differs, before and after."""

    before: Thing
    after: Thing

    @property
    def changes(self) -> tuple[Change, ...]:
        """The fields that differ, in the order in which they are declared."""
        names = (field.name for field in fields(self.before))
        pairs = ((name, getattr(self.before, name), getattr(self.after, name)) for name in names)
        return tuple(Change(field=name, old=text(old), new=text(new)) for name, old, new in pairs if old != new)


def text(value: object) -> str:
    """Return a field's value for people and for the record ("EUR 12.50", "2026-12-04", "vip|wholesale")."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return "|".join(map(str, value)) if isinstance(value, tuple) else str(value)


def as_payload(changes: Sequence[Change]) -> dict[str, object]:
    """Return changes as an event's payload keeps them: by field, old and new."""
    return {change.field: {"old": change.old, "new": change.new} for change in changes}
