"""Whose a mail in a file is, by a world in a file: the pure steps of matching with look-ups in memory."""

from __future__ import annotations

import re
from dataclasses import replace

from mailer.domain.ids import InvoiceId, OutboxId
from mailer.domain.message import InboundMail
from mailer.domain.reading import Match, MatchMethod, SenderStanding
from mailer.imports.world import World, WorldCustomer, WorldSent
from mailer.replies.advice import advised_numbers
from mailer.replies.keys import MailKeys, keys
from mailer.replies.match import NumberRef, SenderRef, SentRef, likeliest, match, match_ids
from mailer.replies.numbers import bare_subject, normalise_number, number_keys, own_number_keys, short_number_in
from mailer.replies.zones import Zones, words_of, zones

#: Nothing in a file was signed by this installation.
NO_KEY = b"files only"
_TAG = re.compile(r"\+[a-z]{0,3}[.=_-]?([0-9a-z]{12,64})@", re.IGNORECASE)
_LEGAL_FORM = re.compile(
    r"(?i)[ ,]+(?:llp|llc|ltd|limited|plc|inc|incorporated|corp|corporation|co|company|gmbh|ag|ohg|kg|e\.?k|se|sas|"
    r"sarl|s\.?a|s\.?l|s\.?a\.?u|s\.?r\.?l|s\.?p\.?a|b\.?v|n\.?v|v\.?o\.?f|& co)\.?(?= |,|$)"
)
_NO_WORD = re.compile(r"\W+")
_SHORTEST_NAME = 8
#: So many lines of a reminder in a body are no chance.
_PASTED_LINES = 3
_BY_NAME = 0.4
_NOBODY = Match(
    customer_id=None, invoice_ids=(), method=MatchMethod.NONE, confidence=0.0, sender=SenderStanding.UNKNOWN
)


class Shelf:
    """A world with its look-ups built once: each mail costs the same however many invoices there are."""

    def __init__(self, world: World | None) -> None:
        customers = world.customers if world else ()
        self.mailbox = world.mailbox if world else ""
        self.customers = {one.id: one for one in customers}
        self.sent = {one.id: (customer, one) for customer in customers for one in customer.sent}
        self.lines_of = {one.id: _flat_lines(one.text) for _, one in self.sent.values()}
        self.by_message_id = {one.message_id.lower(): one.id for _, one in self.sent.values() if one.message_id}
        self.by_token = {one.token: one.id for _, one in self.sent.values() if one.token}
        self.by_address: dict[str, list[WorldCustomer]] = {}
        self.by_domain: dict[str, list[WorldCustomer]] = {}
        self.by_number: dict[str, list[NumberRef]] = {}
        self.by_name = {_core_name(one.name): one for one in customers if len(_core_name(one.name)) >= _SHORTEST_NAME}
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


def match_file(mail: InboundMail, shelf: Shelf) -> tuple[Match, Zones]:
    """Return whose mail it is, and its zones: first without our text, then with the text of what it answers.

    `Match.invoice_ids` are those of the reminder answered and those that are named, () when nothing is singled out.
    """
    if not shelf.customers:
        return _NOBODY, zones(mail.text, None, sender_name=mail.from_name)
    ids = _with_world_ids(keys(mail, NO_KEY), mail, shelf)
    sent = tuple(_sent_ref(*shelf.sent[one]) for one in ids.outbox_ids if one in shelf.sent)
    by_id = match_ids(ids, sent)
    answered = shelf.sent[by_id.outbox_id][1] if by_id and by_id.outbox_id else None
    parts = zones(mail.text, answered.text if answered else None, sender_name=mail.from_name)
    found = _match(mail, parts, ids, sent, shelf)
    if found.customer_id is None:
        found = _by_name(mail, shelf) or found
    if answered is None and found.customer_id is not None:
        customer = shelf.customers[found.customer_id]
        answered = _by_subject(mail.subject, customer)
        # In a new thread the reminder may be pasted below without any mark: only our own text tells it apart.
        pasted, lines = _pasted(mail.text, answered, customer, shelf)
        if pasted is not None:
            parts = zones(mail.text, pasted.text, sender_name=mail.from_name)
            answered = answered or (pasted if lines >= _PASTED_LINES else None)
    return _about(mail, parts, found, answered, shelf), parts


def _about(mail: InboundMail, parts: Zones, found: Match, answered: WorldSent | None, shelf: Shelf) -> Match:
    """Return the match with the invoices of the reminder that is answered, and those that the mail names."""
    if found.customer_id is None:
        return found
    theirs = shelf.customers[found.customer_id].invoice_ids
    own = words_of(mail.text, parts.own)
    named = set(number_keys(mail, parts) if answered is None else own_number_keys(mail, parts))
    named.update(advised_numbers(mail))
    numbers = [one for one in theirs if normalise_number(one) in named or short_number_in(own, one, theirs)]
    listed = answered.invoice_ids if answered else ()
    invoice_ids: tuple[InvoiceId, ...] = tuple(dict.fromkeys((*listed, *numbers)))
    return replace(found, invoice_ids=invoice_ids, outbox_id=answered.id if answered else None)


def _match(mail: InboundMail, parts: Zones, ids: MailKeys, sent: tuple[SentRef, ...], shelf: Shelf) -> Match:
    found = match(
        ids,
        sent,
        shelf.numbers(number_keys(mail, parts)),
        tuple(_sender_ref(one, ids.sender) for one in shelf.by_address.get(ids.sender, ())),
        tuple(_sender_ref(one, ids.sender) for one in shelf.by_domain.get(ids.domain, ())),
        named=own_number_keys(mail, parts),
        advised=advised_numbers(mail),
    )
    return likeliest(found)


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
    return SenderRef(customer_id=customer.id, email=email, open_invoice_ids=customer.invoice_ids)


def _by_subject(subject: str, customer: WorldCustomer) -> WorldSent | None:
    bare = bare_subject(subject)
    return next((one for one in reversed(customer.sent) if bare and bare_subject(one.subject) == bare), None)


def _flat_lines(text: str) -> frozenset[str]:
    return frozenset(flat for line in text.split("\n") if (flat := _NO_WORD.sub("", line)))


def _pasted(
    text: str, answered: WorldSent | None, customer: WorldCustomer, shelf: Shelf
) -> tuple[WorldSent | None, int]:
    """Return the reminder whose lines the body repeats most (the latest of equals), and how many it repeats."""
    flat = _NO_WORD.sub("", text)

    def repeated(sent: WorldSent) -> int:
        return sum(line in flat for line in shelf.lines_of[sent.id])

    counted = [(repeated(one), one is answered, number) for number, one in enumerate(customer.sent)]
    if not counted:
        return None, 0
    lines, _, number = max(counted)
    return customer.sent[number], lines


def _by_name(mail: InboundMail, shelf: Shelf) -> Match | None:
    """Return the one customer whose firm a stranger's mail names in full; None when it names none or several."""
    text = f" {_flat(mail.subject)} {_flat(mail.text)} "
    named = [customer for name, customer in shelf.by_name.items() if f" {name} " in text]
    if len(named) != 1:
        return None
    return replace(_NOBODY, customer_id=named[0].id, confidence=_BY_NAME)


def _core_name(name: str) -> str:
    """Return a firm's name without its legal form, lower case, words and single spaces only."""
    return _flat(_LEGAL_FORM.sub("", name))


def _flat(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
