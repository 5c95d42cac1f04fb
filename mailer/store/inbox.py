"""Mail of the mailboxes, theirs and our own side's: the raw bytes, and what was made of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from mailer.domain.ids import CustomerId, InvoiceId, MailId, OutboxId
from mailer.store.mail_tables import mails
from mailer.store.session import Tx, upsert
from mailer.store.tables import customer_emails, payloads

#: States of a stored mail.
STORED, MATCHED, DONE, QUARANTINED = "stored", "matched", "done", "quarantined"
#: Whose side it is: theirs, or ours (found in the Sent folder or an archive).
IN, OUT = "in", "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """One mail. `payload_id` "" once its raw bytes were let go; `history`, and what is not IN: never reacted to."""

    id: MailId
    mailbox: str
    folder: str
    uidvalidity: int
    uid: int
    sha256: str
    size: int
    payload_id: str
    fetched_at: datetime
    internal_at: datetime | None
    history: bool
    state: str = STORED
    kind: str = ""
    customer_id: CustomerId | None = None
    outbox_id: OutboxId | None = None
    invoice_ids: tuple[InvoiceId, ...] = ()
    method: str = ""
    confidence: float = 0.0
    sender_standing: str = ""
    message_id: str = ""
    from_email: str = ""
    subject: str = ""
    sent_at: datetime | None = None
    why: str = ""
    needs_person: bool = False
    direction: str = IN


async def known_hashes(tx: Tx, mailbox: str, hashes: Iterable[str], *, direction: str = IN) -> set[str]:
    """Return which raw mails (SHA-256, hex) of that direction this mailbox has given us before, under whatever UID."""
    mine = (mails.c.mailbox == mailbox) & (mails.c.direction == direction)
    rows = await tx.all(select(mails.c.sha256).where(mine, mails.c.sha256.in_(sorted(set(hashes)))))
    return {row.sha256 for row in rows}


async def add(tx: Tx, stored: Sequence[StoredMail]) -> None:
    """Insert mails. Raises Taken when one is stored under its UID already."""
    await tx.run(insert(mails), [_values(m) for m in stored])


async def save(tx: Tx, mail: StoredMail, *, was: str) -> bool:
    """Overwrite what was made of a mail that is in state `was`; returns False when another worker was faster."""
    mine = (mails.c.id == mail.id) & (mails.c.state == was)
    return await tx.run(update(mails).where(mine).values(_values(mail))) == 1


async def answer(tx: Tx, mail_id: MailId) -> bool:
    """Take a mail off the list of a person; returns False when it was not on it."""
    waiting = (mails.c.id == mail_id) & mails.c.needs_person.is_(True)
    return await tx.run(update(mails).where(waiting).values(needs_person=False)) == 1


async def load(tx: Tx, mail_id: str) -> StoredMail | None:
    """Return one mail, None when unknown."""
    row = await tx.first(select(mails).where(mails.c.id == mail_id))
    return _mail(row) if row else None


async def by_message_ids(tx: Tx, message_ids: Sequence[str]) -> list[StoredMail]:
    """Return the stored mails with these Message-IDs (no angle brackets) that belong to a customer."""
    if not message_ids:
        return []
    theirs = mails.c.message_id.in_(message_ids) & mails.c.customer_id.is_not(None)
    return [_mail(row) for row in await tx.all(select(mails).where(theirs))]


async def unread(tx: Tx) -> list[MailId]:
    """Return the mails that were stored but not read to the end, in the order they were fetched."""
    statement = select(mails.c.id).where(mails.c.state.in_((STORED, MATCHED)))
    rows = await tx.all(statement.order_by(mails.c.fetched_at, mails.c.uid, mails.c.id))
    return [MailId(row.id) for row in rows]


async def listing(
    tx: Tx,
    *,
    needs_person: bool | None = None,
    customer_id: CustomerId | None = None,
    limit: int | None = None,
) -> list[StoredMail]:
    """Return mails, newest first."""
    statement = select(mails).order_by(mails.c.fetched_at.desc(), mails.c.uid.desc(), mails.c.id).limit(limit)
    if needs_person is not None:
        statement = statement.where(mails.c.needs_person.is_(needs_person))
    if customer_id is not None:
        statement = statement.where(mails.c.customer_id == customer_id)
    return [_mail(row) for row in await tx.all(statement)]


async def unclaimed_before(tx: Tx, before: datetime) -> list[StoredMail]:
    """Return mails read to the end, tied to nobody, by no known address, fetched before then, with their raw bytes.

    Whether its domain, a token or a number in it leads to a customer is for the caller to find out.
    """
    known = select(customer_emails.c.email).where(customer_emails.c.email == func.lower(mails.c.from_email))
    statement = select(mails).where(
        mails.c.direction == IN,
        mails.c.state == DONE,
        mails.c.customer_id.is_(None),
        mails.c.payload_id.is_not(None),
        mails.c.fetched_at < before,
        ~known.exists(),
    )
    return [_mail(row) for row in await tx.all(statement.order_by(mails.c.fetched_at))]


async def let_go(tx: Tx, mail: StoredMail, why: str) -> bool:
    """Delete the raw bytes of a mail; its hash, UID and the reason stay.

    Returns False, with nothing deleted, when it became somebody else's or is being read again meanwhile.
    """
    same = (mails.c.id == mail.id) & mails.c.customer_id.is_not_distinct_from(mail.customer_id)
    if await tx.first(select(mails.c.id).where(same).with_for_update()) is None:
        return False
    bare = replace(mail, payload_id="", from_email="", subject="", why=why, needs_person=False)
    if not await save(tx, bare, was=mail.state):
        return False
    await tx.run(delete(payloads).where(payloads.c.id == mail.payload_id))
    return True


async def claim_payload(tx: Tx, mail: StoredMail) -> None:
    """Make the raw bytes of a mail belong to its customer, so that erasure finds them."""
    mine = payloads.c.id == mail.payload_id
    await tx.run(update(payloads).where(mine).values(subject_id=mail.customer_id or ""))


async def readable(tx: Tx, *, since: datetime | None = None) -> list[MailId]:
    """Return the mails that came in (since then), were read or put aside, and whose bytes are kept; oldest first."""
    statement = select(mails.c.id).where(
        mails.c.direction == IN, mails.c.state.in_((DONE, QUARANTINED)), mails.c.payload_id.is_not(None)
    )
    if since is not None:
        statement = statement.where(mails.c.fetched_at >= since)
    return [MailId(row.id) for row in await tx.all(statement.order_by(mails.c.fetched_at, mails.c.uid, mails.c.id))]


async def counts(tx: Tx) -> tuple[int, int, int]:
    """Return how many mails came in, wait for a person, and belong to nobody."""
    row = await tx.first(
        select(
            func.count().label("every"),
            func.count().filter(mails.c.needs_person.is_(True)).label("waiting"),
            func.count().filter(mails.c.customer_id.is_(None)).label("nobody"),
        )
        .select_from(mails)
        .where(mails.c.direction == IN)
    )
    return (row.every, row.waiting, row.nobody) if row else (0, 0, 0)


async def keep_reading(tx: Tx, mail: StoredMail, *, salt: bytes, reading: dict[str, Any]) -> None:
    """Keep what was read from a mail (with the words that prove it), replacing an earlier reading."""
    body = json.dumps(reading, sort_keys=True, ensure_ascii=False, default=str).encode()
    subject = mail.customer_id or ""
    row = {"id": _reading_id(mail.id), "subject_id": subject, "kind": "reading", "salt": salt, "body": body}
    await upsert(tx, payloads, row)


async def reading_of(tx: Tx, mail_id: str) -> dict[str, Any]:
    """Return what was read from a mail, as it was kept; {} when it was never read, or the reading was erased."""
    row = await tx.first(select(payloads.c.body).where(payloads.c.id == _reading_id(mail_id)))
    values: dict[str, Any] = json.loads(bytes(row.body)) if row else {}
    return values


def _reading_id(mail_id: str) -> str:
    return mail_id.replace("mail_", "read_", 1)


def _values(mail: StoredMail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "mailbox": mail.mailbox,
        "folder": mail.folder,
        "uidvalidity": mail.uidvalidity,
        "uid": mail.uid,
        "sha256": mail.sha256,
        "size": mail.size,
        "payload_id": mail.payload_id or None,
        "fetched_at": mail.fetched_at,
        "internal_at": mail.internal_at,
        "history": mail.history,
        "state": mail.state,
        "kind": mail.kind or None,
        "customer_id": mail.customer_id,
        "outbox_id": mail.outbox_id,
        "invoice_ids": list(mail.invoice_ids),
        "method": mail.method or None,
        "confidence": mail.confidence,
        "sender_standing": mail.sender_standing or None,
        "message_id": mail.message_id[:998],
        "from_email": mail.from_email[:998],
        "subject": mail.subject,
        "sent_at": mail.sent_at,
        "why": mail.why,
        "needs_person": mail.needs_person,
        "direction": mail.direction,
    }


def _mail(row: Any) -> StoredMail:
    return StoredMail(
        id=MailId(row.id),
        mailbox=row.mailbox,
        folder=row.folder,
        uidvalidity=row.uidvalidity,
        uid=row.uid,
        sha256=row.sha256,
        size=row.size,
        payload_id=row.payload_id or "",
        fetched_at=row.fetched_at,
        internal_at=row.internal_at,
        history=row.history,
        state=row.state,
        kind=row.kind or "",
        customer_id=CustomerId(row.customer_id) if row.customer_id else None,
        outbox_id=OutboxId(row.outbox_id) if row.outbox_id else None,
        invoice_ids=tuple(InvoiceId(i) for i in row.invoice_ids),
        method=row.method or "",
        confidence=row.confidence or 0.0,
        sender_standing=row.sender_standing or "",
        message_id=row.message_id,
        from_email=row.from_email,
        subject=row.subject,
        sent_at=row.sent_at,
        why=row.why,
        needs_person=row.needs_person,
        direction=row.direction,
    )
