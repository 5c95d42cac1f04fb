"""Reading mail from files against a world in a file: no database, no network, no clock; nothing is kept or sent.

The mails pass the same pure steps as fetched ones. They are taken apart in this very process: the caps of
`mailer.replies.caps` hold here too, and whoever reads a file of his own puts no service at risk.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

from mailer.domain.ids import CustomerId, InvoiceId, OutboxId
from mailer.domain.message import InboundMail
from mailer.domain.reading import Finding, Match, MatchMethod, Reading, SenderStanding
from mailer.imports.world import World, WorldCustomer, WorldSent
from mailer.replies.effect import Outlook, outlook
from mailer.replies.keys import MailKeys, keys
from mailer.replies.match import NumberRef, SenderRef, SentRef, match, match_ids
from mailer.replies.numbers import normalise_number, number_keys, own_number_keys
from mailer.replies.parse import parse
from mailer.replies.phrases import Phrases
from mailer.replies.react import react
from mailer.replies.reading import read
from mailer.replies.resolvers import add_business_days
from mailer.replies.route import route
from mailer.replies.zones import Zones, zones

#: Nothing in a file was signed by this installation.
_NO_KEY = b"files only"
_TAG = re.compile(r"\+[a-z]{0,3}[.=_-]?([0-9a-z]{12,64})@", re.IGNORECASE)
_GRACE = timedelta(days=2)
_NOBODY = Match(
    customer_id=None, invoice_ids=(), method=MatchMethod.NONE, confidence=0.0, sender=SenderStanding.UNKNOWN
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReading:
    """What one file says: its SHA-256 (hex), the reading, whose it is, and what it would do to the reminders."""

    sha256: str
    mail: InboundMail
    reading: Reading
    match: Match
    outlook: Outlook


class Shelf:
    """A world with its look-ups built once: each mail costs the same however many invoices there are."""

    def __init__(self, world: World | None) -> None:
        customers = world.customers if world else ()
        self.mailbox = world.mailbox if world else ""
        self.customers = {one.id: one for one in customers}
        self.sent = {one.id: (customer, one) for customer in customers for one in customer.sent}
        self.by_message_id = {one.message_id.lower(): one.id for _, one in self.sent.values() if one.message_id}
        self.by_token = {one.token: one.id for _, one in self.sent.values() if one.token}
        self.by_address: dict[str, list[WorldCustomer]] = {}
        self.by_domain: dict[str, list[WorldCustomer]] = {}
        self.by_number: dict[str, list[NumberRef]] = {}
        for customer in customers:
            for address in dict.fromkeys(customer.addresses):
                self.by_address.setdefault(address, []).append(customer)
            for domain in dict.fromkeys(
                [customer.domain, *(address.rpartition("@")[2] for address in customer.addresses)]
            ):
                self.by_domain.setdefault(domain, []).append(customer)
            for number in customer.invoice_ids:
                ref = NumberRef(invoice_id=number, customer_id=customer.id, number=number, is_open=True)
                self.by_number.setdefault(normalise_number(number), []).append(ref)

    def numbers(self, wanted: tuple[str, ...]) -> tuple[NumberRef, ...]:
        """Return the invoices with these normalised numbers, each once."""
        return tuple(dict.fromkeys(ref for key in wanted for ref in self.by_number.get(key, ())))


def read_file(content: bytes, shelf: Shelf, phrases: Phrases) -> FileReading:
    """Return what a mail says; never raises for anything a mail may contain."""
    mail = parse(content)
    kind = route(mail, own_addresses=(shelf.mailbox,) if shelf.mailbox else (), key=_NO_KEY)
    found, parts = _matched(mail, shelf)
    who = shelf.customers.get(found.customer_id) if found.customer_id else None
    reading = read(
        mail,
        parts,
        kind=kind,
        language_hint=who.language if who else "",
        country=who.country if who else "",
        phrases=phrases,
    )
    actions = react(
        reading,
        found,
        received_on=mail.sent_at.date() if mail.sent_at else date(1970, 1, 1),
        pauses_until=lambda day: day + _GRACE,
        business_days_after=add_business_days,
        hold_lapsed_recently=False,
        sent_to=_sent_to(shelf, found),
        sender=mail.from_email,
    )
    return FileReading(
        sha256=hashlib.sha256(content).hexdigest(),
        mail=mail,
        reading=reading,
        match=found,
        outlook=outlook(reading, found, actions),
    )


def _sent_to(shelf: Shelf, found: Match) -> str:
    return shelf.sent[found.outbox_id][1].recipient if found.outbox_id else ""


def _matched(mail: InboundMail, shelf: Shelf) -> tuple[Match, Zones]:
    """Return whose mail it is, and its zones: first without our text, then with the text of what it answers."""
    if not shelf.customers:
        return _NOBODY, zones(mail.text, None)
    ids = _with_world_ids(keys(mail, _NO_KEY), mail, shelf)
    sent = tuple(_sent_ref(*shelf.sent[one]) for one in ids.outbox_ids if one in shelf.sent)
    by_id = match_ids(ids, sent)
    answered = shelf.sent[by_id.outbox_id] if by_id and by_id.outbox_id else None
    parts = zones(mail.text, answered[1].text if answered else None)
    found = _match(mail, parts, ids, sent, shelf)
    if answered is None and found.customer_id is not None:
        # In a new thread the reminder may be pasted below without any mark: only our own text tells it apart.
        pasted = _pasted(mail.text, shelf.customers[found.customer_id])
        if pasted is not None:
            parts = zones(mail.text, pasted.text)
            found = _match(mail, parts, ids, sent, shelf)
    return found, parts


def _match(mail: InboundMail, parts: Zones, ids: MailKeys, sent: tuple[SentRef, ...], shelf: Shelf) -> Match:
    return match(
        ids,
        sent,
        shelf.numbers(number_keys(mail, parts)),
        tuple(_sender_ref(one, ids.sender) for one in shelf.by_address.get(ids.sender, ())),
        tuple(_sender_ref(one, ids.sender) for one in shelf.by_domain.get(ids.domain, ())),
        named=own_number_keys(mail, parts),
    )


def _with_world_ids(found: MailKeys, mail: InboundMail, shelf: Shelf) -> MailKeys:
    """Return the keys with the world's ids in place of signed ones: nobody could have guessed those either."""
    places = [*mail.recipients, *mail.reply_to, *(value for name, value in mail.headers if name.startswith("x-"))]
    tokens = [hit.lower() for place in places for hit in _TAG.findall(place)]

    def known(ids: tuple[str, ...]) -> tuple[OutboxId, ...]:
        return tuple(shelf.by_message_id[one.lower()] for one in ids if one.lower() in shelf.by_message_id)

    return replace(
        found,
        token_ids=tuple(shelf.by_token[token] for token in tokens if token in shelf.by_token),
        reply_ids=known(found.raw_in_reply_to),
        reference_ids=known(found.raw_references),
        returned_ids=known(found.raw_returned),
    )


def _sent_ref(customer: WorldCustomer, sent: WorldSent) -> SentRef:
    return SentRef(
        outbox_id=sent.id,
        customer_id=customer.id,
        invoice_ids=sent.invoice_ids,
        recipient=sent.recipient,
        message_id=sent.message_id,
    )


def _sender_ref(customer: WorldCustomer, email: str) -> SenderRef:
    return SenderRef(customer_id=CustomerId(customer.id), email=email, open_invoice_ids=customer.invoice_ids)


def _pasted(text: str, customer: WorldCustomer) -> WorldSent | None:
    """Return the reminder whose lines the body repeats most, the latest of equals; None when nothing was sent."""
    flat = re.sub(r"\W+", "", text)

    def repeated(sent: WorldSent) -> tuple[int, float]:
        lines = {re.sub(r"\W+", "", line) for line in sent.text.split("\n")}
        return sum(line in flat for line in lines if line), sent.sent_at.timestamp()

    return max(customer.sent, key=repeated, default=None)


def values_of(name: str, one: FileReading) -> dict[str, object]:
    """Return the JSON object that is printed for one file."""
    reading, found = one.reading, one.match
    return {
        "file": name,
        "sha256": one.sha256,
        "kind": reading.kind.value,
        "language": reading.language,
        "own": reading.own,
        "intents": [_intent(finding, found.invoice_ids) for finding in reading.findings],
        "flags": list(reading.flags),
        "return_on": reading.return_on.isoformat() if reading.return_on else None,
        "delegate": reading.delegate,
        "match": {
            "customer": found.customer_id,
            "invoices": list(found.invoice_ids),
            "method": found.method.value,
            "confidence": found.confidence,
            "sender": found.sender.value,
            "candidates": [
                {"customer": c.customer_id, "invoices": list(c.invoice_ids), "method": c.method.value, "why": c.why}
                for c in found.candidates
            ],
        },
        "effect": one.outlook.effect,
        "review": one.outlook.review,
        "why": one.outlook.why,
        "engine": reading.engine,
    }


def _intent(finding: Finding, invoice_ids: tuple[InvoiceId, ...]) -> dict[str, object]:
    named = set(finding.invoice_numbers)
    return {
        "intent": finding.intent.value,
        "confidence": round(finding.confidence, 3),
        "invoices": [number for number in invoice_ids if normalise_number(number) in named],
        "date": finding.on.isoformat() if finding.on else None,
        "date_kind": finding.date_kind,
        "amount": finding.amount.amount if finding.amount else None,
        "currency": finding.amount.currency if finding.amount else None,
        "instalments": [],
        "reason": finding.reason,
        "condition": finding.condition,
        "contact": finding.contact,
        "reference": finding.reference,
        "evidence": [
            {"start": proof.start, "end": proof.end, "text": proof.text, "rule": proof.rule}
            for proof in finding.evidence
        ],
    }
