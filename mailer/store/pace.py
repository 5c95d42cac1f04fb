"""How much an account has sent lately: read from the attempts, so it outlives restarts and all workers share it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from mailer.domain.delivery import OutboxState
from mailer.reminders.pace import DAY, MINUTE, DomainPace, PaceLimits, Sent, Window, domain_of
from mailer.store.freezes import WENT_OUT
from mailer.store.mail_tables import attempts, outbox
from mailer.store.session import Tx


async def sent_lately(tx: Tx, account: str, limits: PaceLimits, now: datetime) -> Sent:
    """Return what the pace of an account (user@host, as in its attempts) is reckoned from; only what `limits` ask for.

    Messages leased or in DATA count as in flight, whoever holds them: this house has one account.
    """
    none = Window()
    flying = await tx.all(
        select(outbox.c.recipient).where(outbox.c.state.in_((OutboxState.LEASED.value, OutboxState.IN_DATA.value)))
    )
    return Sent(
        minute=await _window(tx, account, now - MINUTE) if limits.per_minute else none,
        day=await _window(tx, account, now - DAY) if limits.per_day else none,
        in_flight=len(flying),
        domains=await _domains(tx, account, [row.recipient for row in flying], now - limits.spacing),
    )


async def _window(tx: Tx, account: str, since: datetime) -> Window:
    """Count what was handed over after `since`; a message whose worker died in DATA counts from when that was seen."""
    row = await tx.first(
        select(func.count().label("many"), func.min(attempts.c.at).label("at")).where(*_handed_over(account, since))
    )
    known = exists().where(attempts.c.outbox_id == outbox.c.id, attempts.c.outcome.in_(WENT_OUT))
    lost = await tx.first(
        select(func.count().label("many"), func.min(outbox.c.finished_at).label("at")).where(
            outbox.c.state == OutboxState.UNKNOWN.value, outbox.c.finished_at > since, ~known
        )
    )
    both = [found for found in (row, lost) if found is not None and found.many]
    return Window(many=sum(found.many for found in both), oldest_at=min((found.at for found in both), default=None))


async def _domains(tx: Tx, account: str, flying: list[str], since: datetime) -> dict[str, DomainPace]:
    rows: list[Any] = []
    statement = select(outbox.c.recipient, func.max(attempts.c.at).label("at"))
    statement = statement.join(outbox, outbox.c.id == attempts.c.outbox_id).where(*_handed_over(account, since))
    rows.extend(await tx.all(statement.group_by(outbox.c.recipient)))
    in_flight = Counter(domain_of(address) for address in flying)
    last: dict[str, datetime] = {}
    for row in rows:
        domain = domain_of(row.recipient)
        last[domain] = max(row.at, last.get(domain, row.at))
    names = {*in_flight, *last}
    return {name: DomainPace(in_flight=in_flight[name], last_at=last.get(name)) for name in names}


def _handed_over(account: str, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return attempts.c.account == account, attempts.c.at > since, attempts.c.outcome.in_(WENT_OUT)
