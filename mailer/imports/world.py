"""A seller's books in one file: customers, their contacts, what they owe and what was sent to them.

It stands in for the database where files are read and nothing is kept (`duly inbox read FILE --world WORLD.json`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mailer.domain.ids import CustomerId, InvoiceId, OutboxId

_MAX_BYTES = 50_000_000


class WorldRefused(ValueError):
    """The file cannot be read as a world; the sentence says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSent:
    """A reminder that went out. `message_id` without angle brackets; `token` is what its reply address carries."""

    id: OutboxId
    sent_at: datetime
    recipient: str
    message_id: str
    token: str
    subject: str
    text: str
    invoice_ids: tuple[InvoiceId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldCustomer:
    """A customer; addresses and domain in lower case; an invoice's id is its number. `sent`: oldest first."""

    id: CustomerId
    name: str
    domain: str
    country: str
    language: str
    addresses: tuple[str, ...]
    invoice_ids: tuple[InvoiceId, ...]
    sent: tuple[WorldSent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that a reply may be about. `mailbox` is the seller's own address, lower case."""

    mailbox: str
    customers: tuple[WorldCustomer, ...]


def world_from(content: bytes) -> World:
    """Return the world of a JSON file; raises WorldRefused."""
    if len(content) > _MAX_BYTES:
        raise WorldRefused(f"the world is larger than {_MAX_BYTES // 1_000_000} MB")
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise WorldRefused(f"the world is no JSON: {problem}") from problem
    place = "the world"
    try:
        customers: list[WorldCustomer] = []
        for number, row in enumerate(values["customers"]):
            place = f"customers[{number}]"
            customers.append(_customer(row))
        place = "seller"
        return World(mailbox=_text(values["seller"], "mailbox").lower(), customers=tuple(customers))
    except KeyError as problem:
        raise WorldRefused(f"in the world, {place} lacks {problem}") from problem
    except (TypeError, AttributeError, ValueError) as problem:
        raise WorldRefused(f"in the world, {place} is not of the right form: {problem}") from problem


def _customer(row: Mapping[str, Any]) -> WorldCustomer:
    sent = [_sent(one) for one in row.get("sent") or ()]
    return WorldCustomer(
        id=CustomerId(_text(row, "id")),
        name=_text(row, "name"),
        domain=_optional(row, "domain").lower(),
        country=_optional(row, "country").upper(),
        language=_optional(row, "language").lower()[:2],
        addresses=tuple(_text(one, "email").lower() for one in row.get("contacts") or ()),
        invoice_ids=tuple(InvoiceId(_text(one, "number")) for one in row.get("invoices") or ()),
        sent=tuple(sorted(sent, key=lambda one: one.sent_at)),
    )


def _sent(row: Mapping[str, Any]) -> WorldSent:
    at = datetime.fromisoformat(_text(row, "at"))
    return WorldSent(
        id=OutboxId(_text(row, "id")),
        sent_at=at if at.tzinfo else at.replace(tzinfo=UTC),
        recipient=_optional(row, "to").lower(),
        message_id=_optional(row, "message_id").strip("<> "),
        token=_optional(row, "reply_token").lower(),
        subject=_optional(row, "subject"),
        text=_optional(row, "text"),
        invoice_ids=tuple(InvoiceId(str(number)) for number in row.get("invoices") or ()),
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be text")
    return value


def _optional(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name) or ""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text")
    return value
