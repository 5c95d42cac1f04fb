"""What a case file needs beyond the facts of decisions: what has ended as well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from mailer.domain.agreement import Hold, HoldKind
from mailer.domain.ids import CustomerId, HoldId, InvoiceId, MailId
from mailer.store.session import Tx
from mailer.store.tables import holds


@dataclass(frozen=True, slots=True, kw_only=True)
class PastHold:
    """A hold, and when it was released; None while it is there."""

    hold: Hold
    released_at: datetime | None


async def holds_ever(tx: Tx, customer_id: CustomerId) -> list[PastHold]:
    """Return every hold a customer ever had, oldest first."""
    statement = select(holds).where(holds.c.customer_id == customer_id).order_by(holds.c.placed_at, holds.c.id)
    return [PastHold(hold=_hold(row), released_at=row.released_at) for row in await tx.all(statement)]


def _hold(row: Any) -> Hold:
    return Hold(
        id=HoldId(row.id),
        customer_id=CustomerId(row.customer_id),
        invoice_ids=tuple(InvoiceId(i) for i in row.invoice_ids),
        kind=HoldKind(row.kind),
        reason=row.reason,
        placed_at=row.placed_at,
        until_on=row.until_on,
        deadline_on=row.deadline_on,
        mail_id=MailId(row.mail_id) if row.mail_id else None,
        alarmed=row.alarmed_at is not None,
    )
