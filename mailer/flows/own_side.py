"""Our own side of the correspondence: copies of what Duly sent, and what people of ours wrote to customers themselves.

A Sent folder is somebody's whole correspondence. Only what concerns a customer may be kept: of any other mail the raw
bytes are never written to the database, so that no copy of it is left in its pages, logs or backups; what stays is its
hash and UID, to know it again. Only the header block is read for that, within the caps of `mailer.replies.parse`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from mailer.clock import new_salt
from mailer.domain.ids import CustomerId, InvoiceId, OutboxId
from mailer.domain.message import InboundMail
from mailer.domain.reading import MailKind, MatchMethod
from mailer.flows.intake import ACTOR, Intake
from mailer.flows.recording import Happened, happened
from mailer.replies.parse import parse
from mailer.replies.token import outbox_of_message_id, tokens_in, verify
from mailer.store import customers, events, inbox, outbox
from mailer.store.events import Payload
from mailer.store.folders import SENT, Cursor
from mailer.store.inbox import DONE, StoredMail
from mailer.store.outbox import OutboxEntry
from mailer.store.session import StoreUnreachable, Tx

log = structlog.get_logger()
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Whom a mail of our side concerns. `kind` OWN: Duly sent it; `customer_id` None: to an address of several."""

    kind: MailKind
    mail: InboundMail
    customer_id: CustomerId | None
    method: MatchMethod
    invoice_ids: tuple[InvoiceId, ...] = ()
    outbox_id: OutboxId | None = None


async def keep_own_side(
    tx: Tx, intake: Intake, cursor: Cursor, fresh: Sequence[tuple[StoredMail, bytes]], now: datetime
) -> None:
    """Store what concerns a customer with its bytes, as evidence that is never reacted to; of the rest the hash."""
    rows: list[StoredMail] = []
    bodies: list[Payload] = []
    happenings: list[Happened] = []
    passed_over: list[int] = []
    for bare, raw in fresh:
        found = await _whose(tx, raw, intake.key, role=cursor.role)
        if found is None:
            passed_over.append(bare.uid)
            rows.append(replace(bare, state=DONE, payload_id="", why="ours, to nobody we know: its bytes are not kept"))
            continue
        row = _described(bare, found)
        subject = found.customer_id or ""
        bodies.append(Payload(id=row.payload_id, subject_id=subject, kind="raw_mail", salt=new_salt(), body=raw))
        rows.append(row)
        happenings.append(await _event(tx, row, found, now))
    if passed_over:
        payload: dict[str, object] = {"folder": cursor.folder, "uids": passed_over}
        happenings.append(happened("mail.not_kept", now=now, actor=ACTOR, payload=payload))
    await events.keep_payloads(tx, bodies)
    await inbox.add(tx, rows)
    await events.record(tx, happenings)


async def _whose(tx: Tx, raw: bytes, key: bytes, *, role: str) -> _Found | None:
    """Return whom a mail concerns, None for nobody we know; nothing in a mail can hold up the folder."""
    end = _END_OF_HEADERS.search(raw)
    try:
        mail = parse(raw[: end.end()] if end else raw)
        sent = await _sent_by_duly(tx, mail, key)
        if sent is not None:
            return _about(sent, mail, MailKind.OWN, MatchMethod.MESSAGE_ID)
        return await _by_hand(tx, mail, key) if role == SENT else None
    except StoreUnreachable:
        raise
    except Exception:
        log.exception("own mail could not be read")
        return None


async def _sent_by_duly(tx: Tx, mail: InboundMail, key: bytes) -> OutboxEntry | None:
    """Return the message that this is a copy of, by its signed Message-ID.

    A relay may have given it another Message-ID: then by the signed token in Reply-To, which nobody else puts there,
    if it went to the same address.
    """
    if (own := outbox_of_message_id(mail.message_id, key)) is not None:
        return await outbox.load(tx, own)
    tokens = tokens_in(replace(mail, recipients=(), headers=()))
    for own in filter(None, (verify(token, key) for token in tokens)):
        entry = await outbox.load(tx, own)
        if entry is not None and entry.message.recipient.lower() in mail.recipients:
            return entry
    return None


async def _by_hand(tx: Tx, mail: InboundMail, key: bytes) -> _Found | None:
    """Return the customer somebody of ours wrote to: by what the mail answers, else by its recipients."""
    answered = (*mail.in_reply_to, *reversed(mail.references))
    for own in filter(None, (outbox_of_message_id(one, key) for one in answered)):
        if (entry := await outbox.load(tx, own)) is not None:
            return _about(entry, mail, MailKind.HUMAN, MatchMethod.REFERENCES)
    for entry in await outbox.by_message_ids(tx, answered):
        return _about(entry, mail, MailKind.HUMAN, MatchMethod.REFERENCES)
    for one in await inbox.by_message_ids(tx, answered):
        return _Found(
            kind=MailKind.HUMAN,
            mail=mail,
            customer_id=one.customer_id,
            method=MatchMethod.REFERENCES,
            invoice_ids=one.invoice_ids,
        )
    known = {one for address in mail.recipients for one in (await customers.known_senders(tx, address, ""))[0]}
    if not known:
        return None
    only = next(iter(known)) if len(known) == 1 else None
    return _Found(kind=MailKind.HUMAN, mail=mail, customer_id=only, method=MatchMethod.SENDER)


def _about(entry: OutboxEntry, mail: InboundMail, kind: MailKind, method: MatchMethod) -> _Found:
    return _Found(
        kind=kind,
        mail=mail,
        customer_id=entry.message.customer_id,
        method=method,
        invoice_ids=tuple(item.invoice_id for item in entry.message.listed),
        outbox_id=entry.message.id,
    )


def _described(bare: StoredMail, found: _Found) -> StoredMail:
    why = bare.why or ("" if found.customer_id else "to an address of several customers, and no answer to one")
    return replace(
        bare,
        state=DONE,
        kind=found.kind.value,
        customer_id=found.customer_id,
        outbox_id=found.outbox_id,
        invoice_ids=found.invoice_ids,
        method=found.method.value,
        confidence=1.0 if found.customer_id else 0.0,
        message_id=found.mail.message_id,
        from_email=found.mail.from_email,
        subject=found.mail.subject,
        sent_at=found.mail.sent_at,
        why=why,
    )


async def _event(tx: Tx, row: StoredMail, found: _Found, now: datetime) -> Happened:
    """Return `mail.own_copy` for a copy of what Duly sent, `mail.sent_by_hand` for what people of ours wrote."""
    cases = await customers.cases_of(tx, found.customer_id, running_only=True) if found.customer_id else []
    payload: dict[str, object] = {
        "folder": row.folder,
        "uid": row.uid,
        "sha256": row.sha256,
        "to": list(found.mail.recipients),
        "subject": found.mail.subject,
        "invoices": list(found.invoice_ids),
    }
    refs = {"mail": row.id, **({"message": found.outbox_id} if found.outbox_id else {})}
    return happened(
        "mail.own_copy" if found.kind is MailKind.OWN else "mail.sent_by_hand",
        now=now,
        actor=ACTOR,
        customer_id=found.customer_id,
        case_id=cases[0].id if cases else None,
        refs=refs,
        payload=payload,
    )
