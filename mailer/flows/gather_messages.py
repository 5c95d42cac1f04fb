"""The mails of a case, out and in, numbered in the order of the log; one is in memory at a time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mailer.domain.customer import Customer
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import InvoiceId, OutboxId
from mailer.domain.message import InboundMail
from mailer.dossier.eml import EvidenceMismatch, message_number
from mailer.dossier.model import (
    CaseAttachment,
    CaseGone,
    CaseMessage,
    Direction,
    MailFacts,
    MessageContent,
)
from mailer.dossier.privilege import marked_without_prejudice
from mailer.dossier.redaction import Redaction, gone_message, redacted_message
from mailer.dossier.table import utc_text
from mailer.flows.case_scope import CaseScope
from mailer.flows.event_words import reading_words
from mailer.flows.package_log import LogView, Naming
from mailer.flows.withhold_mail import marked
from mailer.replies.parse import parse
from mailer.store import deliveries, events, inbox, outbox
from mailer.store.inbox import StoredMail
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Tx

#: States in which a message was, may have been, or was tried to be handed over; others are listed as not retained.
HANDED_OVER = (OutboxState.SENT, OutboxState.UNKNOWN, OutboxState.FAILED)
#: Longest text of one mail in the report, in characters; the .eml has it all.
MAX_TEXT = 20_000
#: What an address or a number may be made of: of a text that is cut, none may stay in part.
_BEGUN = re.compile(r"[\w+%'@.()/ -]+$")
_LONGEST_BEGUN = 600
#: Takes a message and its bytes.
Keep = Callable[[CaseMessage, MessageContent], None]
#: Told (messages gathered, messages of the case).
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """A message by its number, the entry of the log that names it, and its row, None when that is gone or elsewhere."""

    number: str
    naming: Naming
    source: OutboxEntry | StoredMail | None

    @property
    def direction(self) -> Direction:
        """Which way it went."""
        return Direction.IN if self.naming.type == "mail.fetched" else Direction.OUT

    @property
    def at(self) -> datetime:
        """When it was handed over or fetched; else when it came on record."""
        match self.source:
            case OutboxEntry():
                return self.source.finished_at or self.source.message.created_at
            case StoredMail():
                is_ours = self.direction is Direction.OUT
                return (self.source.internal_at if is_ours else None) or self.source.fetched_at
            case None:
                return self.naming.at


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredMessages:
    """The messages without their bytes, and those that are not in the file, by number."""

    messages: tuple[CaseMessage, ...]
    gone: tuple[CaseGone, ...]


async def number_messages(tx: Tx, customer: Customer, scope: CaseScope, view: LogView) -> list[Numbered]:
    """Return every message of the account, so that it has the same number in every file; `scope` learns all of them."""
    sources: dict[str, OutboxEntry | StoredMail] = {
        one.id: one for one in await inbox.listing(tx, customer_id=customer.id)
    }
    ids = [OutboxId(one.id) for one in view.naming if one.type == "reminder.queued"]
    for start in range(0, len(ids), 500):
        sources |= {one.message.id: one for one in await outbox.load_all(tx, ids[start : start + 500])}
    found = []
    for place, naming in enumerate(view.naming, start=1):
        one = Numbered(number=message_number(place), naming=naming, source=sources.get(naming.id))
        scope.names[naming.id] = one.number
        known = scope.invoice_ids.get(naming.id, frozenset())
        match one.source:
            case OutboxEntry():
                scope.invoice_ids[naming.id] = known | {item.invoice_id for item in one.source.message.listed}
            case StoredMail():
                scope.invoice_ids[naming.id] = frozenset(one.source.invoice_ids)
            case None:
                scope.invoice_ids[naming.id] = known
        found.append(one)
    return found


async def privileged_mails(tx: Tx, numbered: list[Numbered]) -> set[str]:
    """Return the mails that are without prejudice, by what is written in them or by what a person said of them.

    Theirs, and ours that were written by hand.
    """
    found, shown = await marked(tx)
    for one in numbered:
        if isinstance(one.source, StoredMail) and one.source.payload_id and one.naming.id not in shown:
            raw = await events.payload(tx, one.source.payload_id)
            mail = parse(raw) if raw is not None else None
            if mail is not None and marked_without_prejudice(mail.subject, mail.text):
                found.add(one.naming.id)
    return found


async def gather_messages(
    tx: Tx,
    numbered: list[Numbered],
    scope: CaseScope,
    *,
    withheld: Mapping[int, str],
    named: Mapping[int, frozenset[str]],
    dkim: Mapping[str, str],
    keep: Keep,
    redaction: Redaction | None,
    progress: Progress | None,
) -> GatheredMessages:
    """Return the messages that belong into the file.

    `keep` is given each with its bytes, in the order of the log, and must not hold on to them. `withheld` (why) and
    `named` (SHA-256) are by the index of the entry in the log, `dkim` (see `CaseMessage`) by the mail's id. With a
    `redaction` each is said to be left out, and what `keep` gets may be read. Raises EvidenceMismatch, and what `keep`
    raises.
    """
    messages, gone = [], []
    for done, one in enumerate(numbered, start=1):
        if progress:
            progress(done, len(numbered))
        why = withheld.get(one.naming.index) or _why_not(one, named)
        payload_id = one.source.payload_id if one.source else ""
        raw = await events.payload(tx, payload_id) if payload_id and not why else None
        if raw is None:
            gone.append(_gone(one, why, is_withheld=one.naming.index in withheld))
            continue
        if hashlib.sha256(raw).hexdigest() not in named[one.naming.index]:
            raise EvidenceMismatch(one.number, "the raw mail")
        mail = parse(raw)
        message = replace(await _message(tx, one, raw, mail, scope), dkim=dkim.get(one.naming.id, ""))
        if redaction:
            message = redacted_message(message, redaction)
            gone.append(gone_message(message, redaction))
        attached = tuple(part.content for part in mail.attachments)
        keep(message, MessageContent(number=one.number, raw=raw, attachments=attached))
        messages.append(message)
    return GatheredMessages(messages=tuple(messages), gone=tuple(gone))


def _why_not(one: Numbered, named: Mapping[int, frozenset[str]]) -> str:
    """Return why a message is not in the file although nobody withholds it, "" when its bytes only have to be there."""
    if one.source is None:
        return "it no longer belongs to this account"
    if one.naming.index not in named:
        return "what the record said about it was erased: it cannot be proven any more"
    if isinstance(one.source, OutboxEntry) and one.source.state not in HANDED_OVER:
        return f"it was not handed over to a mail server ({one.source.state.value})"
    return ""


def _gone(one: Numbered, why: str, *, is_withheld: bool) -> CaseGone:
    mail = one.source if isinstance(one.source, StoredMail) and not is_withheld else None
    ours = one.source.message if isinstance(one.source, OutboxEntry) and not is_withheld else None
    return CaseGone(
        number=one.number,
        direction=one.direction,
        at=one.at,
        message_id=ours.message_id if ours else mail.message_id if mail else "",
        sha256=mail.sha256 if mail else "",
        why=why
        or (mail.why if mail and not mail.payload_id and mail.why else "its bytes are no longer in the database"),
    )


async def _message(tx: Tx, one: Numbered, raw: bytes, mail: InboundMail, scope: CaseScope) -> CaseMessage:
    if isinstance(one.source, OutboxEntry):
        ours = one.source.message
        sender, recipient, message_id = ours.sender, ours.recipient, ours.message_id
        outcome = await _sent_words(tx, one.source)
    else:
        sender = f"{mail.from_name} <{mail.from_email}>" if mail.from_name else mail.from_email
        recipient, message_id = ", ".join(mail.recipients), mail.message_id
        outcome = await _read_words(tx, one.source, scope) if one.source else ""
    ids: frozenset[InvoiceId] = scope.invoice_ids[one.naming.id]
    return CaseMessage(
        number=one.number,
        direction=one.direction,
        at=one.at,
        sender=sender,
        recipient=recipient,
        subject=mail.subject,
        message_id=message_id.strip("<>"),
        sha256=hashlib.sha256(raw).hexdigest(),
        size_bytes=len(raw),
        outcome=outcome,
        text=_text(mail.text),
        invoice_numbers=scope.numbers(ids),
        attachments=_attachments(mail),
        mail=_facts(mail, raw),
        log_index=one.naming.index,
        leaf_sha256=one.naming.leaf.hex(),
    )


def _text(text: str) -> str:
    """Return a body, cut where it is long, and no address or number in two: all of them can be blacked out."""
    if len(text) <= MAX_TEXT:
        return text
    start = text[: MAX_TEXT - _LONGEST_BEGUN]
    return f"{start}{_BEGUN.sub('', text[len(start) : MAX_TEXT])}\n[… cut here; the mail itself has it all]"


def _facts(mail: InboundMail, raw: bytes) -> MailFacts:
    return MailFacts(
        date=utc_text(mail.sent_at.astimezone(UTC)) if mail.sent_at else "",
        cc=mail.header("cc"),
        bcc=mail.header("bcc"),
        in_reply_to=" ".join(f"<{one}>" for one in mail.in_reply_to),
        references=" ".join(f"<{one}>" for one in mail.references),
        content_type=mail.header("content-type"),
        md5=hashlib.md5(raw, usedforsecurity=False).hexdigest(),
        defects=mail.defects,
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
