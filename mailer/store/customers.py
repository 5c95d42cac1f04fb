"""Customers, their known addresses, and their cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import delete, insert, or_, select, update

from mailer.domain.case import Case
from mailer.domain.customer import Customer
from mailer.domain.ids import CaseId, CustomerId
from mailer.store.columns import among
from mailer.store.session import Tx
from mailer.store.tables import cases, customer_emails, customers, holds, invoices, promises, tasks

T = TypeVar("T")

#: How many values go into one IN (…) list; SQLite allows 32,766 parameters.
CHUNK = 500


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterable[Sequence[T]]:
    """Yield slices of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def save(tx: Tx, new: Sequence[Customer], changed: Sequence[Customer] = ()) -> None:
    """Insert new customers and overwrite changed ones, with their address index. Raises Taken for a known `ref`."""
    await tx.run(insert(customers), [_values(c) for c in new])
    for one in changed:
        await tx.run(update(customers).where(customers.c.id == one.id).values(_values(one)))
        await tx.run(delete(customer_emails).where(customer_emails.c.customer_id == one.id))
    addresses = [
        {"email": email, "customer_id": c.id, "domain": email.rpartition("@")[2]}
        for c in (*new, *changed)
        for email in c.emails
    ]
    await tx.run(insert(customer_emails), addresses)


async def by_refs(tx: Tx, refs: Iterable[str]) -> dict[str, Customer]:
    """Return the customers with these seller's numbers, by number."""
    found: dict[str, Customer] = {}
    for part in chunks(sorted(set(refs))):
        for row in await tx.all(select(customers).where(among(customers.c.ref, part))):
            found[row.ref] = customer_of(row)
    return found


async def by_ids(tx: Tx, ids: Iterable[CustomerId]) -> dict[CustomerId, Customer]:
    """Return customers by id."""
    found: dict[CustomerId, Customer] = {}
    for part in chunks(sorted(set(ids))):
        for row in await tx.all(select(customers).where(among(customers.c.id, part))):
            found[CustomerId(row.id)] = customer_of(row)
    return found


async def every(tx: Tx, *, limit: int | None = None) -> list[Customer]:
    """Return all customers by name."""
    return [customer_of(row) for row in await tx.all(select(customers).order_by(customers.c.name).limit(limit))]


async def find(tx: Tx, said: str) -> tuple[Customer, ...]:
    """Return the customers meant by a case id, customer id, seller's number, invoice number, name or address.

    Exact keys come before addresses, these before names. Several customers are returned when it fits several: one's
    number may be the number of another's invoice.
    """
    by_key = select(customers).where(or_(customers.c.id == said, customers.c.ref == said))
    by_case = select(customers).join(cases, cases.c.customer_id == customers.c.id).where(cases.c.id == said)
    by_number = (
        select(customers).join(invoices, invoices.c.customer_id == customers.c.id).where(invoices.c.number == said)
    )
    by_email = (
        select(customers)
        .join(customer_emails, customer_emails.c.customer_id == customers.c.id)
        .where(customer_emails.c.email == said.lower())
    )
    by_name = select(customers).where(customers.c.name.icontains(said, autoescape=True)).limit(20)
    # One customer's number may be another's invoice number: both are meant then, and a person must say which.
    exact = [row for statement in (by_key, by_case, by_number) for row in await tx.all(statement)]
    if exact:
        return tuple({row.id: customer_of(row) for row in exact}.values())
    for statement in (by_email, by_name):
        if rows := await tx.all(statement):
            return tuple(customer_of(row) for row in rows)
    return ()


async def lock(tx: Tx, customer_id: CustomerId) -> None:
    """Make others who lock this customer wait until this transaction ends (SQLite: there is one writer anyway)."""
    if tx.dialect != "sqlite":
        await tx.first(select(customers.c.id).where(customers.c.id == customer_id).with_for_update())


async def lock_all(tx: Tx, ids: Iterable[CustomerId]) -> None:
    """Lock several customers as `lock` does, always in the same order, so that no two wait for each other."""
    if tx.dialect != "sqlite":
        for part in chunks(sorted(set(ids))):
            statement = select(customers.c.id).where(among(customers.c.id, part)).order_by(customers.c.id)
            await tx.all(statement.with_for_update())


async def in_motion(tx: Tx, *, paid_since: date) -> list[CustomerId]:
    """Return everybody about whom there may be something to decide.

    They owe something, paid on or after that day, have a case running, or a hold, promise or task that is not over.
    """
    owing = select(invoices.c.customer_id).where(invoices.c.open_minor > 0, invoices.c.closing.is_(None))
    paid = select(invoices.c.customer_id).where(invoices.c.paid_on >= paid_since)
    running = select(cases.c.open_key.label("customer_id")).where(cases.c.open_key.is_not(None))
    held = select(holds.c.customer_id).where(holds.c.released_at.is_(None))
    promised = select(promises.c.customer_id).where(promises.c.state.in_(("tracked", "confirmed")))
    to_do = select(tasks.c.customer_id).where(tasks.c.closed_at.is_(None))
    rows = await tx.all(owing.union(paid, running, held, promised, to_do).order_by("customer_id"))
    return [CustomerId(row.customer_id) for row in rows]


async def known_senders(tx: Tx, email: str, domain: str) -> tuple[list[CustomerId], list[CustomerId]]:
    """Return who has exactly this address, and who has any address at this domain (at most 20 each)."""
    exact = await tx.all(
        select(customer_emails.c.customer_id).where(customer_emails.c.email == email.lower()).limit(20)
    )
    near = await tx.all(
        select(customer_emails.c.customer_id).where(customer_emails.c.domain == domain.lower()).distinct().limit(20)
    )
    return [CustomerId(r.customer_id) for r in exact], [CustomerId(r.customer_id) for r in near]


async def open_cases(tx: Tx, opened: Sequence[tuple[CaseId, CustomerId]], now: datetime) -> None:
    """Open cases; raises Taken when one is running for one of the customers."""
    rows = [
        {"id": case_id, "customer_id": owner, "open_key": owner, "opened_at": now, "outcome": ""}
        for case_id, owner in opened
    ]
    await tx.run(insert(cases), rows)


async def close_case(tx: Tx, case_id: CaseId, outcome: str, now: datetime) -> None:
    """Close a case with its outcome ("paid", "handed_over", "written_off", …)."""
    await tx.run(update(cases).where(cases.c.id == case_id).values(open_key=None, closed_at=now, outcome=outcome))


async def cases_of(tx: Tx, customer_id: CustomerId | None = None, *, running_only: bool = False) -> list[Case]:
    """Return cases, newest first, of one customer or of all."""
    statement = select(cases).order_by(cases.c.opened_at.desc(), cases.c.id)
    if customer_id is not None:
        statement = statement.where(cases.c.customer_id == customer_id)
    if running_only:
        statement = statement.where(cases.c.open_key.is_not(None))
    return [
        Case(
            id=CaseId(r.id),
            customer_id=CustomerId(r.customer_id),
            opened_at=r.opened_at,
            closed_at=r.closed_at,
            outcome=r.outcome,
        )
        for r in await tx.all(statement)
    ]


def customer_of(row: Any) -> Customer:
    """Return the value for a row of `customers`."""
    return Customer(
        id=CustomerId(row.id),
        ref=row.ref,
        name=row.name,
        email=row.email,
        contact_name=row.contact_name,
        other_emails=tuple(row.other_emails),
        language=row.language,
        country=row.country,
        time_zone=row.time_zone,
        policy=row.policy,
        tags=tuple(row.tags),
    )


def _values(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "ref": customer.ref,
        "name": customer.name,
        "email": customer.email,
        "contact_name": customer.contact_name,
        "other_emails": list(customer.other_emails),
        "language": customer.language,
        "country": customer.country,
        "time_zone": customer.time_zone,
        "policy": customer.policy,
        "tags": list(customer.tags),
    }
