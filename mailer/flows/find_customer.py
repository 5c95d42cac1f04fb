"""Finding the one customer that somebody means."""

from __future__ import annotations

from mailer.domain.customer import Customer
from mailer.store import customers
from mailer.store.session import Tx


class NotOneCustomer(LookupError):
    """What was said fits nobody, or several customers; the sentence names them."""


async def the_customer(tx: Tx, said: str) -> Customer:
    """Return the customer meant by a case id, customer id, seller's number, invoice number, address or name.

    Raises NotOneCustomer.
    """
    found = await customers.find(tx, said)
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotOneCustomer(f"nobody and no invoice is called {said!r}: `duly customers list` shows who there is")
    names = ", ".join(f"{one.name} ({one.ref})" for one in found[:5])
    raise NotOneCustomer(f"{said!r} fits {len(found)} customers: {names}; give the number in brackets")
