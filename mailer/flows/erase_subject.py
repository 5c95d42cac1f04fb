"""A customer's end in the record (GDPR art. 17): what says anything about it is destroyed; that this was done stays.

What is still needed for a claim is not erased (art. 17(3)(e)): the refusal is recorded with its reasons.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from mailer.domain.customer import Customer
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import CustomerId
from mailer.flows.find_customer import the_customer
from mailer.flows.recording import happened
from mailer.store import customers, events, inbox, invoices, outbox, state, subjects
from mailer.store.session import Store, Tx
from mailer.store.subjects import Erased

_MOVING = {
    OutboxState.QUEUED,
    OutboxState.LEASED,
    OutboxState.IN_DATA,
    OutboxState.DEFERRED,
    OutboxState.UNKNOWN,
}
#: The day (UTC) on which retention was last applied.
_APPLIED = "retention_applied_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What came of it: `refused` says why nothing was erased (empty: it was)."""

    customer_id: CustomerId
    refused: tuple[str, ...] = ()
    erased: Erased | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A customer whose data is older than the settings keep it."""

    customer_id: CustomerId
    ref: str
    name: str


async def erase_subject(store: Store, said: str, *, because: str, actor: str, now: datetime) -> Erasure:
    """Erase a customer, or record why not. Raises NotOneCustomer, StoreUnreachable (then do it again)."""
    async with store.transaction() as tx:
        customer = await the_customer(tx, said)
        await customers.lock(tx, customer.id)
        reasons = await reasons_to_keep(tx, customer)
        erased = None if reasons else await subjects.erase(tx, customer.id)
        type_ = "subject.erasure_refused" if reasons else "subject.erased"
        payload: dict[str, object] = {"because": because}
        payload |= {"reasons": list(reasons)} if erased is None else asdict(erased)
        made = happened(type_, now=now, actor=actor, customer_id=customer.id, payload=payload)
        await events.record(tx, [made])
    if erased is not None:
        await subjects.wipe(store)
    return Erasure(customer_id=customer.id, refused=reasons, erased=erased)


async def reasons_to_keep(tx: Tx, customer: Customer) -> tuple[str, ...]:
    """Return why a customer's data is still needed, empty when it is not."""
    reasons = []
    if held := await state.get(tx, _hold_fact(customer.id)):
        reasons.append(f"legal hold, to be looked at on {json.loads(held)['review_on'] or 'no day yet'}")
    owed = [one.number for one in await invoices.of_customers(tx, [customer.id]) if one.is_open]
    if owed:
        reasons.append(f"open invoices: {', '.join(owed[:6])}{' …' if len(owed) > 6 else ''}")  # noqa: PLR2004 - enough
    if await customers.cases_of(tx, customer.id, running_only=True):
        reasons.append("a case is running (`duly case close`)")
    if any(one.state in _MOVING for one in await outbox.listing(tx, customer_id=customer.id)):
        reasons.append("messages are on their way, or in doubt (`duly outbox list`)")
    if await inbox.listing(tx, customer_id=customer.id, needs_person=True, limit=1):
        reasons.append("a mail waits for a decision (`duly inbox list`)")
    return tuple(reasons)


async def hold_subject(
    store: Store, said: str, *, because: str, review_on: date | None, actor: str, now: datetime
) -> Customer:
    """Forbid erasing a customer until that is released; `review_on`: when somebody should ask again."""
    async with store.transaction() as tx:
        customer = await the_customer(tx, said)
        day = review_on.isoformat() if review_on else ""
        await state.put(tx, _hold_fact(customer.id), json.dumps({"review_on": day}))
        payload: dict[str, object] = {"because": because, "review_on": day}
        made = happened("legal_hold.placed", now=now, actor=actor, customer_id=customer.id, payload=payload)
        await events.record(tx, [made])
    return customer


async def release_subject(store: Store, said: str, *, because: str, actor: str, now: datetime) -> Customer:
    """Allow erasing a customer again."""
    async with store.transaction() as tx:
        customer = await the_customer(tx, said)
        await state.put(tx, _hold_fact(customer.id), "")
        payload: dict[str, object] = {"because": because}
        made = happened("legal_hold.released", now=now, actor=actor, customer_id=customer.id, payload=payload)
        await events.record(tx, [made])
    return customer


def _hold_fact(customer_id: CustomerId) -> str:
    return f"legal_hold:{customer_id}"


async def due_subjects(store: Store, *, keep_days: int, now: datetime) -> tuple[Due, ...]:
    """Return the customers about whom nothing happened for so many days (0: none), and whom nothing keeps."""
    if not keep_days:
        return ()
    async with store.reading() as tx:
        ids = await subjects.quiet_since(tx, now - timedelta(days=keep_days))
        known = await customers.by_ids(tx, ids)
        free = [one for one in known.values() if not await reasons_to_keep(tx, one)]
    return tuple(Due(customer_id=one.id, ref=one.ref, name=one.name) for one in free)


async def apply_retention(store: Store, *, keep_days: int, switched_on: bool, now: datetime) -> int:
    """Erase what is due, once a day and only when switched on; returns how many customers."""
    if not switched_on or not keep_days:
        return 0
    async with store.reading() as tx:
        if await state.get(tx, _APPLIED) == now.date().isoformat():
            return 0
    due = await due_subjects(store, keep_days=keep_days, now=now)
    for one in due:
        because = f"nothing happened for {keep_days} days (retention.keep_days)"
        await erase_subject(store, one.customer_id, because=because, actor="system:retention", now=now)
    async with store.transaction() as tx:
        await state.put(tx, _APPLIED, now.date().isoformat())
    return len(due)
