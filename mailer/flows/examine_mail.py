"""Finding out whose a stored mail is: the pure steps of matching with their look-ups between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.domain.delivery import OutboxState
from mailer.domain.ids import OutboxId
from mailer.domain.message import InboundMail
from mailer.domain.reading import MailKind, Match, MatchMethod, SenderStanding
from mailer.replies.advice import advised_numbers
from mailer.replies.bounce import read_bounce
from mailer.replies.complaint import read_complaint
from mailer.replies.keys import MailKeys, keys
from mailer.replies.match import NumberRef, SenderRef, SentRef, match, match_ids
from mailer.replies.numbers import number_keys, own_number_keys
from mailer.replies.parse import parse
from mailer.replies.route import route
from mailer.replies.zones import Zones, zones
from mailer.store import customers, doubt, events, invoices, outbox
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A mail taken apart: what kind it is, its zones, and whose it is."""

    mail: InboundMail
    kind: MailKind
    zones: Zones
    match: Match


#: How long ago a message may have been sent that a delivery failure without an id is about: servers try for five days.
FAILS_WITHIN = timedelta(days=7)
_FAILURES = frozenset({MailKind.BOUNCE_HARD, MailKind.BOUNCE_SOFT, MailKind.COMPLAINT})


async def examine(
    tx: Tx, mail: InboundMail, *, key: bytes, own_address: str, received_at: datetime | None = None
) -> Examined:
    """Return a mail with its zones and matched; never raises for anything a mail may contain.

    `received_at`: when it was fetched; without it a failure that carries no id of ours is not looked up by its address.
    """
    kind = route(mail, own_addresses=(own_address,), key=key)
    found = keys(mail, key)
    sent = await _sent(tx, found)
    by_id = match_ids(found, tuple(_sent_ref(entry) for entry in sent))
    parts = zones(mail.text, await _sent_text(tx, sent, by_id.outbox_id if by_id else None), sender_name=mail.from_name)
    by_sender, by_domain = await _senders(tx, found)
    matched = match(
        found,
        tuple(_sent_ref(entry) for entry in sent),
        await _numbers(tx, number_keys(mail, parts)),
        by_sender,
        by_domain,
        named=own_number_keys(mail, parts),
        advised=advised_numbers(mail),
    )
    if kind in _FAILURES and matched.outbox_id is None and received_at is not None:
        matched = await _by_failed_address(tx, mail, received_at) or matched
    if by_id is None and matched.customer_id is not None:
        # In a new thread the reminder may be pasted below without any mark: only our own text tells it apart.
        latest = await outbox.listing(tx, states=[OutboxState.SENT], customer_id=matched.customer_id, limit=1)
        parts = zones(
            mail.text,
            await _sent_text(tx, latest, latest[0].message.id if latest else None),
            sender_name=mail.from_name,
        )
    return Examined(mail=mail, kind=kind, zones=parts, match=matched)


async def examine_as_stored(
    tx: Tx, mail: InboundMail, *, match: Match, key: bytes, own_address: str, received_at: datetime
) -> Examined:
    """Return a mail with its zones and the match it was given: by the message it answers, or the last one before it."""
    answered = await outbox.load(tx, match.outbox_id) if match.outbox_id else None
    if answered is None and match.customer_id is not None:
        sent = await outbox.listing(
            tx, states=[OutboxState.SENT], customer_id=match.customer_id, until=received_at, limit=1
        )
        answered = sent[0] if sent else None
    text = await _sent_text(tx, [answered], answered.message.id) if answered else None
    return Examined(
        mail=mail,
        kind=route(mail, own_addresses=(own_address,), key=key),
        zones=zones(mail.text, text, sender_name=mail.from_name),
        match=match,
    )


async def _by_failed_address(tx: Tx, mail: InboundMail, received_at: datetime) -> Match | None:
    """Match a failure that gives back no id of ours to what was sent lately to the address it names."""
    bounce = read_bounce(mail)
    address = bounce.failed_address if bounce else read_complaint(mail)
    found = await doubt.sent_lately_to(tx, address, received_at - FAILS_WITHIN) if address else None
    entry = await outbox.load(tx, found) if found else None
    if entry is None:
        return None
    sent = _sent_ref(entry)
    return Match(
        customer_id=sent.customer_id,
        invoice_ids=sent.invoice_ids,
        method=MatchMethod.FAILED_ADDRESS,
        confidence=0.6,
        sender=SenderStanding.UNKNOWN,
        outbox_id=sent.outbox_id,
    )


async def _sent(tx: Tx, found: MailKeys) -> list[OutboxEntry]:
    by_id = [await outbox.load(tx, one) for one in found.outbox_ids]
    by_message_id = await outbox.by_message_ids(tx, found.message_ids)
    entries = {entry.message.id: entry for entry in (*by_id, *by_message_id) if entry is not None}
    return list(entries.values())


def _sent_ref(entry: OutboxEntry) -> SentRef:
    return SentRef(
        outbox_id=entry.message.id,
        customer_id=entry.message.customer_id,
        invoice_ids=tuple(item.invoice_id for item in entry.message.listed),
        recipient=entry.message.recipient,
        message_id=entry.message.message_id,
    )


async def _sent_text(tx: Tx, sent: list[OutboxEntry], outbox_id: OutboxId | None) -> str | None:
    """Return the text we sent, so that it is known where it is quoted."""
    for entry in sent:
        if entry.message.id == outbox_id:
            content = await events.payload(tx, entry.payload_id)
            return parse(content).text if content else None  # our own bytes: no sandbox is needed
    return None


async def _numbers(tx: Tx, wanted: tuple[str, ...]) -> tuple[NumberRef, ...]:
    return tuple(
        NumberRef(invoice_id=i.id, customer_id=i.customer_id, number=i.number, is_open=i.is_open)
        for i in await invoices.by_number_keys(tx, wanted)
    )


async def _senders(tx: Tx, found: MailKeys) -> tuple[tuple[SenderRef, ...], tuple[SenderRef, ...]]:
    if not found.sender:
        return (), ()
    exact, near = await customers.known_senders(tx, found.sender, found.domain)
    people = await customers.by_ids(tx, [*exact, *near])
    owing = await invoices.of_customers(tx, list(people))
    refs = {
        one: SenderRef(
            customer_id=one,
            email=found.sender,
            open_invoice_ids=tuple(i.id for i in owing if i.customer_id == one and i.is_open),
        )
        for one in people
    }
    return tuple(refs[one] for one in exact), tuple(refs[one] for one in near)
