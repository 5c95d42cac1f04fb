"""The mails of a case, out and in, numbered in the order they happened; one is in memory at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailer.domain.customer import Customer
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import InvoiceId
from mailer.domain.message import InboundMail
from mailer.domain.reading import MailKind
from mailer.dossier.model import CaseAttachment, CaseMessage, Direction, MessageContent, message_number
from mailer.flows.case_scope import CaseScope
from mailer.flows.event_words import reading_words
from mailer.replies.parse import parse
from mailer.store import deliveries, events, inbox, outbox
from mailer.store.inbox import StoredMail
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Tx

#: States in which a message was, may have been, or was tried to be handed over; others are in the chronology only.
HANDED_OVER = (OutboxState.SENT, OutboxState.UNKNOWN, OutboxState.FAILED)
#: Longest text of one mail in the report, in characters; the .eml has it all.
MAX_TEXT = 20_000
#: Takes a message and its bytes.
Keep = Callable[[CaseMessage, MessageContent], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRetained:
    """A message whose bytes are gone: its number, what is still known of it, and why. `sha256` "" when never noted."""

    number: str
    direction: Direction
    at: datetime
    message_id: str
    sha256: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredMessages:
    """The messages without their bytes, and those whose bytes are gone; oldest first."""

    messages: tuple[CaseMessage, ...]
    gone: tuple[NotRetained, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One mail of either way, before its bytes are looked at."""

    id: str
    direction: Direction
    at: datetime
    payload_id: str
    source: OutboxEntry | StoredMail


async def gather_messages(tx: Tx, customer: Customer, scope: CaseScope, keep: Keep) -> GatheredMessages:
    """Return what was handed over to, and what came from a customer, as far as it belongs into the scope.

    `keep` is given each message with its bytes, oldest first, and must not hold on to them. Every message of the case
    is numbered, so that the same message has the same number in every file; `scope` learns numbers and invoices.
    """
    found = [*await _outgoing(tx, customer, scope), *await _stored(tx, customer, scope)]
    found.sort(key=lambda one: (one.at, one.direction == Direction.IN, one.id))
    messages, gone = [], []
    for position, one in enumerate(found, start=1):
        scope.names[one.id] = number = message_number(position)
        if not scope.wants(scope.invoice_ids[one.id]):
            continue
        raw = await events.payload(tx, one.payload_id) if one.payload_id else None
        if raw is None:
            gone.append(_not_retained(number, one))
            continue
        mail = parse(raw)
        message = await _message(tx, number, one, raw, mail, scope)
        keep(message, MessageContent(number=number, raw=raw, attachments=tuple(a.content for a in mail.attachments)))
        messages.append(message)
    return GatheredMessages(messages=tuple(messages), gone=tuple(gone))


async def _outgoing(tx: Tx, customer: Customer, scope: CaseScope) -> list[_Found]:
    found = []
    for bare in await outbox.listing(tx, states=HANDED_OVER, customer_id=customer.id):
        entry = await outbox.load(tx, bare.message.id) or bare
        key, listed = entry.message.id, frozenset(item.invoice_id for item in entry.message.listed)
        scope.invoice_ids[key] = scope.invoice_ids.get(key, frozenset()) | listed
        at = entry.finished_at or entry.message.created_at
        found.append(_Found(id=key, direction=Direction.OUT, at=at, payload_id=entry.payload_id, source=entry))
    return found


async def _stored(tx: Tx, customer: Customer, scope: CaseScope) -> list[_Found]:
    """Return what came in, and what people of ours wrote themselves; copies of what Duly sent are there already."""
    found = []
    for mail in await inbox.listing(tx, customer_id=customer.id):
        is_ours = mail.direction == inbox.OUT
        if is_ours and mail.kind == MailKind.OWN:
            continue
        scope.invoice_ids[mail.id] = frozenset(mail.invoice_ids)
        at = (mail.internal_at if is_ours else None) or mail.fetched_at
        direction = Direction.OUT if is_ours else Direction.IN
        found.append(_Found(id=mail.id, direction=direction, at=at, payload_id=mail.payload_id, source=mail))
    return found


def _not_retained(number: str, one: _Found) -> NotRetained:
    mail = one.source if isinstance(one.source, StoredMail) else None
    return NotRetained(
        number=number,
        direction=one.direction,
        at=one.at,
        message_id=one.source.message.message_id if isinstance(one.source, OutboxEntry) else one.source.message_id,
        sha256=mail.sha256 if mail else "",
        why=mail.why if mail and not mail.payload_id and mail.why else "its bytes are no longer in the database",
    )


async def _message(tx: Tx, number: str, one: _Found, raw: bytes, mail: InboundMail, scope: CaseScope) -> CaseMessage:
    if isinstance(one.source, OutboxEntry):
        ours = one.source.message
        sender, recipient, message_id, digest = ours.sender, ours.recipient, ours.message_id, ""
        outcome = await _sent_words(tx, one.source)
    else:
        sender = f"{mail.from_name} <{mail.from_email}>" if mail.from_name else mail.from_email
        recipient, message_id, digest = ", ".join(mail.recipients), mail.message_id, one.source.sha256
        outcome = await _read_words(tx, one.source, scope)
    ids: frozenset[InvoiceId] = scope.invoice_ids[one.id]
    return CaseMessage(
        number=number,
        direction=one.direction,
        at=one.at,
        sender=sender,
        recipient=recipient,
        subject=mail.subject,
        message_id=message_id,
        sha256=digest or hashlib.sha256(raw).hexdigest(),
        size_bytes=len(raw),
        outcome=outcome,
        text=mail.text if len(mail.text) <= MAX_TEXT else f"{mail.text[:MAX_TEXT]}\n[… cut here; the .eml has it all]",
        invoice_numbers=scope.numbers(ids),
        attachments=_attachments(mail),
    )


def _attachments(mail: InboundMail) -> tuple[CaseAttachment, ...]:
    return tuple(
        CaseAttachment(
            name=one.name,
            media_type=one.media_type,
            size_bytes=len(one.content),
            sha256=hashlib.sha256(one.content).hexdigest(),
        )
        for one in mail.attachments
    )


async def _sent_words(tx: Tx, entry: OutboxEntry) -> str:
    """Return what became of a message of ours, with every attempt and the server's words."""
    tries = [
        " ".join(part for part in (f"{one.at:%Y-%m-%d %H:%M:%SZ}", one.outcome, one.peer, one.tls, one.text) if part)
        for one in await deliveries.attempts_of(tx, entry.message.id)
    ]
    last = f" ({entry.result_text})" if entry.result_text and not tries else ""
    return f"{entry.state.value}{last}" + (f"; attempts: {'; '.join(tries)}" if tries else "")


async def _read_words(tx: Tx, mail: StoredMail, scope: CaseScope) -> str:
    """Return whose a mail was found to be and how, and what was read from it."""
    if mail.direction == inbox.OUT:
        return f"written by hand, found in the folder {mail.folder}"
    kept = await events.payload(tx, mail.id.replace("mail_", "read_", 1))
    method = mail.method.replace("_", " ") or "nothing yet"
    parts = [f"matched by {method} ({mail.confidence:.2f}), sender {mail.sender_standing or 'unknown'}"]
    if kept is not None and (said := reading_words(json.loads(kept), scope.names)):
        parts.append(f"read as {said}")
    if mail.history:
        parts.append("older mail, taken in as history and not reacted to")
    if mail.why:
        parts.append(mail.why)
    return "; ".join(parts)
