"""Where customers' money goes on its way to the seller's ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Money for one invoice, in the seller's ledger on the morning of a day; `amount` None = all that is open."""

    on: date
    number: str
    amount: Decimal | None


class Bank:
    """Takes orders from customers; the seller's bookkeeper sees what has arrived."""

    def __init__(self) -> None:
        self._orders: list[Transfer] = []

    def order(self, transfers: Iterable[Transfer]) -> None:
        """Take orders of payment."""
        self._orders.extend(transfers)

    def arrived(self, today: date) -> list[Transfer]:
        """Hand over what has arrived by this morning, once."""
        here = [one for one in self._orders if one.on <= today]
        self._orders = [one for one in self._orders if one.on > today]
        return here
