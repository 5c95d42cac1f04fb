"""What config/demo/customers.toml says, as values."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from workers.demo.calendar_days import business_days


class Says(StrEnum):
    """What an answer is meant to say; the oracle and the table know it, Duly has only the words."""

    NOTHING = ""
    PROMISE = "promise"
    DISPUTE = "dispute"
    ALREADY_PAID = "already_paid"
    AWAY = "away"
    UNCLEAR = "unclear"


class MailboxKind(StrEnum):
    """What the customer's mail server does with mail to him."""

    ARRIVES = "arrives"
    REFUSED = "refused"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What a customer does so many business days after reading his reminder number `reminder` (from 1)."""

    reminder: int
    after_business_days: int
    invoices: tuple[str, ...]
    says: Says = Says.NOTHING
    text: str = ""
    away_until: date | None = None
    promises_in_business_days: int | None = None
    pays_in_business_days: int | None = None
    #: How much of each invoice; None for all that is open.
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One simulated customer."""

    id: str
    email: str
    person: str
    language: str
    time_zone: str
    mailbox: MailboxKind = MailboxKind.ARRIVES
    reactions: tuple[Reaction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Somebody nobody knows, who writes on business day number `day` (from 1)."""

    day: int
    sender: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The whole script. `rounds` are local times of a day in `time_zone`; `seller` are values for the settings."""

    days: tuple[date, ...]
    rounds: tuple[time, ...]
    time_zone: str
    export: str
    seller: dict[str, str | list[str]]
    customers: tuple[Script, ...]
    strangers: tuple[Stranger, ...]

    @property
    def seller_address(self) -> str:
        """Where replies go."""
        return str(self.seller["address"])


def load_scenario(path: Path) -> Scenario:
    """Return the script in a TOML file; raises KeyError, TypeError or ValueError when it is not one."""
    values = tomllib.loads(path.read_text("utf-8"))
    return Scenario(
        days=business_days(values["first_day"], values["business_days"]),
        rounds=tuple(datetime.strptime(text, "%H:%M").time() for text in values["rounds"]),  # noqa: DTZ007 - local time
        time_zone=values["time_zone"],
        export=values["export"],
        seller=values["seller"],
        customers=tuple(_script(one) for one in values["customers"]),
        strangers=tuple(Stranger(**one) for one in values["strangers"]),
    )


def _script(values: dict[str, Any]) -> Script:
    reactions = tuple(_reaction(one) for one in values.get("reactions", ()))
    mailbox = MailboxKind(values.get("mailbox", "arrives"))
    return Script(**{**values, "reactions": reactions, "mailbox": mailbox})


def _reaction(values: dict[str, Any]) -> Reaction:
    amount = values.get("amount")
    return Reaction(
        **{
            **values,
            "says": Says(values.get("says", "")),
            "text": values.get("text", "").strip() + "\n",
            "invoices": tuple(values["invoices"]),
            "amount": Decimal(amount) if amount else None,
        }
    )
