"""Everything the decisions look at, for some customers, in a handful of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import func, select

from mailer.domain.case import CaseFacts, StepDone, StepHow
from mailer.domain.ids import CaseId, CustomerId, InvoiceId, StepId
from mailer.domain.reading import MailKind
from mailer.store import agreements, contacts, customers, invoices, state
from mailer.store.columns import among
from mailer.store.inbox import OUT
from mailer.store.mail_tables import mails, outbox, step_claims
from mailer.store.session import Tx
from mailer.store.tables import cases
from mailer.store.tables import contacts as contact_table

#: Invoices paid or closed longer ago than this are of no interest to any decision.
RECENT_DAYS = 60

T = TypeVar("T")


async def load(
    tx: Tx, ids: Sequence[CustomerId], *, now: datetime, without_outbox: Collection[str] = ()
) -> dict[CustomerId, CaseFacts]:
    """Return the facts of some customers. `without_outbox`: leave those messages out of `last_contact_at`."""
    people = await customers.by_ids(tx, ids)
    recent_since = (now - timedelta(days=RECENT_DAYS)).date()
    owed = _grouped(await invoices.of_customers(tx, ids, recent_since=recent_since))
    held = _grouped(await agreements.holds_of(tx, ids))
    promised = _grouped(await agreements.promises_of(tx, ids))
    disputed = _grouped(await agreements.disputes_of(tx, ids))
    to_do = _grouped(await contacts.open_tasks(tx, ids))
    steps = await _steps(tx, ids)
    spoken = await _last_contact(tx, ids, without_outbox)
    running = await _running_cases(tx, ids)
    known = {one: who.emails for one, who in people.items()}
    blocked = await agreements.suppressed(tx, [email for emails in known.values() for email in emails])
    as_of = await state.ledger_as_of(tx)
    return {
        one: CaseFacts(
            customer=who,
            invoices=tuple(owed[one]),
            steps=tuple(steps[one]),
            promises=tuple(promised[one]),
            disputes=tuple(disputed[one]),
            holds=tuple(held[one]),
            tasks=tuple(to_do[one]),
            suppressed=tuple((email, blocked[email]) for email in known[one] if email in blocked),
            last_contact_at=spoken.get(one),
            data_as_of=as_of,
            case_id=running.get(one),
        )
        for one, who in people.items()
    }


async def load_one(
    tx: Tx, customer_id: CustomerId, *, now: datetime, without_outbox: Collection[str] = ()
) -> CaseFacts | None:
    """Return the facts of one customer, None when unknown."""
    return (await load(tx, [customer_id], now=now, without_outbox=without_outbox)).get(customer_id)


def _grouped(items: Iterable[T]) -> dict[CustomerId, list[T]]:
    groups: dict[CustomerId, list[T]] = defaultdict(list)
    for item in items:
        groups[item.customer_id].append(item)  # type: ignore[attr-defined]
    return groups


async def _steps(tx: Tx, ids: Sequence[CustomerId]) -> dict[CustomerId, list[StepDone]]:
    found: dict[CustomerId, list[StepDone]] = defaultdict(list)
    for part in customers.chunks(ids):
        statement = select(step_claims).where(among(step_claims.c.customer_id, part)).order_by(step_claims.c.at)
        for row in await tx.all(statement):
            found[CustomerId(row.customer_id)].append(_step(row))
    return found


def _step(row: Any) -> StepDone:
    return StepDone(
        invoice_id=InvoiceId(row.invoice_id),
        step_id=StepId(row.step_id),
        cycle=row.cycle,
        how=StepHow(row.how),
        at=row.at,
    )


async def _last_contact(
    tx: Tx, ids: Sequence[CustomerId], without_outbox: Collection[str]
) -> dict[CustomerId, datetime]:
    """Return when each customer was last written to (sent, perhaps sent, or about to be) or spoken with."""
    found: dict[CustomerId, datetime] = {}
    about = ("queued", "deferred", "leased", "in_data")
    when = func.coalesce(outbox.c.finished_at, outbox.c.created_at)
    for part in customers.chunks(ids):
        said = select(outbox.c.customer_id, func.max(when).label("at")).where(
            among(outbox.c.customer_id, part),
            outbox.c.state.in_(("sent", "unknown", *about)),
            outbox.c.id.not_in(list(without_outbox)),
        )
        by_hand = select(contact_table.c.customer_id, func.max(contact_table.c.at).label("at")).where(
            among(contact_table.c.customer_id, part), contact_table.c.kind != "note"
        )
        # What people of ours wrote themselves, found in the Sent folder; when it was put there is the server's word.
        put_at = func.coalesce(mails.c.internal_at, mails.c.fetched_at)
        written = select(mails.c.customer_id, func.max(put_at).label("at")).where(
            among(mails.c.customer_id, part), mails.c.direction == OUT, mails.c.kind != MailKind.OWN.value
        )
        ways = (said, outbox.c.customer_id), (by_hand, contact_table.c.customer_id), (written, mails.c.customer_id)
        for statement, column in ways:
            for row in await tx.all(statement.group_by(column)):
                one = CustomerId(row.customer_id)
                found[one] = max(row.at, found.get(one, row.at))
    return found


async def _running_cases(tx: Tx, ids: Sequence[CustomerId]) -> dict[CustomerId, CaseId]:
    found: dict[CustomerId, CaseId] = {}
    for part in customers.chunks(ids):
        rows = await tx.all(select(cases.c.id, cases.c.open_key).where(among(cases.c.open_key, part)))
        found.update({CustomerId(row.open_key): CaseId(row.id) for row in rows})
    return found
