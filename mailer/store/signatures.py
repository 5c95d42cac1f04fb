"""The signatures of mails as they were checked, with their keys: kept as they came, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from mailer.domain.ids import CustomerId, MailId
from mailer.record.dkim_values import CheckedSignature, Verdict
from mailer.store.inbox import IN, STORED
from mailer.store.mail_tables import authentications, mail_signatures, mails
from mailer.store.session import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAuthentication:
    """One look at the signatures of a customer's mail; fields as `mailer.record.dkim_text.Authentication` has them."""

    id: str
    mail_id: MailId
    customer_id: CustomerId
    attempt: int
    received_at: datetime
    checked_at: datetime
    from_domain: str
    verdict: Verdict
    reason: str
    many: int
    results: tuple[str, ...]
    signatures: tuple[CheckedSignature, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """A mail whose latest look has to be taken again: which it was, and when."""

    mail_id: MailId
    attempt: int
    checked_at: datetime


async def put(tx: Tx, kept: KeptAuthentication) -> None:
    """Keep a look at a mail's signatures. Raises Taken when another worker has kept the same attempt."""
    row = {column: getattr(kept, column) for column in _COLUMNS}
    await tx.run(insert(authentications), [{**row, "verdict": kept.verdict.value, "results": list(kept.results)}])
    if kept.signatures:
        await tx.run(insert(mail_signatures), [_values(kept.id, one) for one in kept.signatures])


async def missing(tx: Tx, since: datetime, most: int) -> list[MailId]:
    """Return mails of customers, fetched since then, at whose signatures nobody has looked for that customer."""
    seen = select(authentications.c.id).where(
        authentications.c.mail_id == mails.c.id, authentications.c.customer_id == mails.c.customer_id
    )
    statement = select(mails.c.id).where(
        mails.c.direction == IN,
        mails.c.state != STORED,
        mails.c.customer_id.is_not(None),
        mails.c.payload_id.is_not(None),
        mails.c.fetched_at >= since,
        ~seen.exists(),
    )
    rows = await tx.all(statement.order_by(mails.c.fetched_at, mails.c.id).limit(most))
    return [MailId(row.id) for row in rows]


async def postponed(tx: Tx, most_attempts: int, since: datetime) -> list[Postponed]:
    """Return mails whose key could not be asked for at the latest look (since then), of fewer than so many looks."""
    later = authentications.alias()
    newer = select(later.c.id).where(
        later.c.mail_id == authentications.c.mail_id,
        later.c.customer_id == authentications.c.customer_id,
        later.c.attempt > authentications.c.attempt,
    )
    statement = select(authentications.c.mail_id, authentications.c.attempt, authentications.c.checked_at).where(
        authentications.c.verdict == Verdict.TEMPERROR.value,
        authentications.c.attempt < most_attempts,
        authentications.c.checked_at >= since,
        ~newer.exists(),
    )
    rows = await tx.all(statement.order_by(authentications.c.checked_at))
    return [Postponed(mail_id=MailId(row.mail_id), attempt=row.attempt, checked_at=row.checked_at) for row in rows]


async def last_attempt(tx: Tx, mail_id: str, customer_id: str) -> int:
    """Return the number of the latest look at a mail for that customer, 0 for none."""
    mine = (authentications.c.mail_id == mail_id) & (authentications.c.customer_id == customer_id)
    row = await tx.first(select(func.max(authentications.c.attempt)).where(mine))
    return int(row[0] or 0) if row else 0


async def of_mail(tx: Tx, mail_id: str) -> list[KeptAuthentication]:
    """Return every look at a mail's signatures, the latest first."""
    newest = (authentications.c.checked_at.desc(), authentications.c.attempt.desc(), authentications.c.id)
    rows = await tx.all(select(authentications).where(authentications.c.mail_id == mail_id).order_by(*newest))
    ids = [row.id for row in rows]
    order = (mail_signatures.c.authentication_id, mail_signatures.c.number)
    wanted = mail_signatures.c.authentication_id.in_(ids)
    signed: dict[str, list[CheckedSignature]] = {}
    for row in await tx.all(select(mail_signatures).where(wanted).order_by(*order)):
        signed.setdefault(row.authentication_id, []).append(_signature(row))
    return [_kept(row, signed.get(row.id, ())) for row in rows]


_COLUMNS = (
    "id", "mail_id", "customer_id", "attempt", "received_at", "checked_at", "from_domain", "verdict", "reason", "many",
    "results",
)  # fmt: skip


def _values(authentication_id: str, one: CheckedSignature) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in one.__slots__}
    return {**row, "authentication_id": authentication_id, "verdict": one.verdict.value, "weak": list(one.weak)}


def _signature(row: Any) -> CheckedSignature:
    return CheckedSignature(
        number=row.number,
        domain=row.domain,
        selector=row.selector,
        name=row.name,
        verdict=Verdict(row.verdict),
        reason=row.reason,
        weak=tuple(row.weak),
        alignment=row.alignment,
        record=bytes(row.record),
        resolver=row.resolver,
        asked_at=row.asked_at,
    )


def _kept(row: Any, signatures: Sequence[CheckedSignature]) -> KeptAuthentication:
    return KeptAuthentication(
        id=row.id,
        mail_id=MailId(row.mail_id),
        customer_id=CustomerId(row.customer_id),
        attempt=row.attempt,
        received_at=row.received_at,
        checked_at=row.checked_at,
        from_domain=row.from_domain,
        verdict=Verdict(row.verdict),
        reason=row.reason,
        many=row.many,
        results=tuple(row.results),
        signatures=tuple(signatures),
    )
