"""Whose mail it is, and about which invoices: pure steps over rows that the store has looked up.

    keys(mail) → look-up → match_ids → zones → number_keys → look-up → match

A verified token beats a Message-ID in In-Reply-To, that one in References, that an invoice number from somebody of
that customer, that the sender, that the domain. What ties is left to a person, with the candidates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from mailer.domain.ids import CustomerId, InvoiceId, OutboxId
from mailer.domain.reading import Candidate, Match, MatchMethod, SenderStanding
from mailer.replies.freemail import is_freemail
from mailer.replies.keys import MailKeys
from mailer.replies.numbers import normalise_number

_T = TypeVar("_T")
_CONFIDENCE = {
    MatchMethod.REPLY_TOKEN: 0.99,
    MatchMethod.MESSAGE_ID: 0.99,
    MatchMethod.REFERENCES: 0.97,
    MatchMethod.INVOICE_NUMBER: 0.95,
    MatchMethod.SENDER: 0.8,
    MatchMethod.DOMAIN: 0.6,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRef:
    """A message of ours, found by outbox id or Message-ID (without angle brackets). `recipient` as it was sent to."""

    outbox_id: OutboxId
    customer_id: CustomerId
    invoice_ids: tuple[InvoiceId, ...]
    recipient: str
    message_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRef:
    """An invoice found by its normalised number."""

    invoice_id: InvoiceId
    customer_id: CustomerId
    number: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderRef:
    """A customer's address that equals the sender's, or shares its domain, and what that customer owes."""

    customer_id: CustomerId
    email: str
    open_invoice_ids: tuple[InvoiceId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    keys: MailKeys
    by_number: tuple[NumberRef, ...]
    by_sender: tuple[SenderRef, ...]
    by_domain: tuple[SenderRef, ...]
    named: frozenset[str]
    advised: frozenset[str]

    def standing(self, customer_id: CustomerId) -> SenderStanding:
        if any(row.customer_id == customer_id for row in self.by_sender):
            return SenderStanding.KNOWN
        if any(row.customer_id == customer_id for row in self.by_domain):
            return SenderStanding.DOMAIN
        return SenderStanding.UNKNOWN

    def numbers_of(self, customer_id: CustomerId) -> tuple[NumberRef, ...]:
        return tuple(ref for ref in self.by_number if ref.customer_id == customer_id)

    def invoices(self, customer_id: CustomerId, otherwise: tuple[InvoiceId, ...]) -> tuple[InvoiceId, ...]:
        """Return those named in own words; when none of them is open, the others as well: quiet is cheap.

        What an attached remittance advice lists and is open comes on top, and never instead.
        """
        theirs = [(ref, normalise_number(ref.number)) for ref in self.numbers_of(customer_id)]
        named = [ref for ref, number in theirs if number in self.named]
        ids = tuple(ref.invoice_id for ref in named)
        advised = tuple(ref.invoice_id for ref, number in theirs if ref.is_open and number in self.advised)
        return _each_once((*(ids if any(ref.is_open for ref in named) else (*ids, *otherwise)), *advised))


def match_ids(keys: MailKeys, found: tuple[SentRef, ...]) -> Match | None:
    """Return the match by ids alone, None when no id is ours. `found`: our messages with these outbox or message ids.

    The sender's standing is against the recipient of that message only; `match` knows the customer's addresses.
    An id without our signature (a relay gave our mail another Message-ID) counts only for the recipient's domain.
    """
    hits = [(ref, method) for ref, method, is_signed in _hits(keys, found) if is_signed or _near(keys, ref)]
    if not hits:
        return None
    first, method = hits[0]
    others = {ref.customer_id: (ref, how) for ref, how in reversed(hits) if ref.customer_id != first.customer_id}
    return Match(
        customer_id=first.customer_id,
        invoice_ids=first.invoice_ids,
        method=method,
        confidence=_CONFIDENCE[method],
        sender=_near(keys, first) or SenderStanding.UNKNOWN,
        outbox_id=first.outbox_id,
        candidates=tuple(
            _candidate(ref.customer_id, ref.invoice_ids, how, "also carries an id of a message to them")
            for ref, how in others.values()
        ),
    )


def match(
    keys: MailKeys,
    sent: tuple[SentRef, ...],
    by_number: tuple[NumberRef, ...],
    by_sender: tuple[SenderRef, ...],
    by_domain: tuple[SenderRef, ...],
    *,
    named: tuple[str, ...] = (),
    advised: tuple[str, ...] = (),
) -> Match:
    """Return whose mail it is. `named` are the keys of `own_number_keys`: what the sender's own words single out.

    `advised` are those of `advised_numbers`: what attached remittance advices list.

    `by_sender` and `by_domain` are rows of customers' addresses equal to the sender's, or at its domain. A stranger
    with a valid token is attached, but its standing stays unknown; a number from a stranger is a candidate only.
    """
    domain_rows = () if is_freemail(keys.domain) else by_domain
    facts = _Facts(
        keys=keys,
        by_number=by_number,
        by_sender=by_sender,
        by_domain=domain_rows,
        named=frozenset(named),
        advised=frozenset(advised),
    )
    by_id = match_ids(keys, sent)
    if by_id is not None and by_id.customer_id is not None:
        standing = facts.standing(by_id.customer_id)
        return replace(
            by_id,
            invoice_ids=facts.invoices(by_id.customer_id, by_id.invoice_ids),
            sender=by_id.sender if standing is SenderStanding.UNKNOWN else standing,
        )
    return (
        _by_number(facts)
        or _by_address(facts, MatchMethod.SENDER)
        or _by_address(facts, MatchMethod.DOMAIN)
        or (_nobody(facts))
    )


def likeliest(found: Match) -> Match:
    """Return the match with nobody's mail given to the one customer whose invoices it names.

    The sender stays unknown: nothing but a short hold may follow (`candidate_hold`), and a person decides.
    """
    named = [one for one in found.candidates if one.method is MatchMethod.INVOICE_NUMBER and one.invoice_ids]
    if found.customer_id is not None or len(named) != 1:
        return found
    return replace(
        found,
        customer_id=named[0].customer_id,
        invoice_ids=named[0].invoice_ids,
        method=MatchMethod.INVOICE_NUMBER,
        confidence=named[0].confidence,
    )


def _hits(keys: MailKeys, found: tuple[SentRef, ...]) -> list[tuple[SentRef, MatchMethod, bool]]:
    """Return our messages in order of strength: all signed ids of a kind, then the unsigned ones of that kind."""
    by_id = {ref.outbox_id: ref for ref in found}
    by_message = {ref.message_id.lower(): ref for ref in found if ref.message_id}
    signed = (
        (keys.own_ids, MatchMethod.MESSAGE_ID),
        (keys.token_ids, MatchMethod.REPLY_TOKEN),
        (keys.reply_ids, MatchMethod.MESSAGE_ID),
        (keys.returned_ids, MatchMethod.MESSAGE_ID),
        (keys.reference_ids, MatchMethod.REFERENCES),
    )
    unsigned = (
        (keys.raw_in_reply_to, MatchMethod.MESSAGE_ID),
        (keys.raw_returned, MatchMethod.MESSAGE_ID),
        (keys.raw_references, MatchMethod.REFERENCES),
    )
    hits = [(by_id[one], method, True) for ids, method in signed for one in ids if one in by_id]
    hits += [
        (by_message[one.lower()], method, False) for ids, method in unsigned for one in ids if one.lower() in by_message
    ]
    return hits


def _near(keys: MailKeys, ref: SentRef) -> SenderStanding | None:
    recipient = ref.recipient.lower()
    if keys.sender and keys.sender == recipient:
        return SenderStanding.KNOWN
    shares_domain = keys.domain == recipient.rpartition("@")[2] and not is_freemail(keys.domain)
    return SenderStanding.DOMAIN if shares_domain else None


def _by_number(facts: _Facts) -> Match | None:
    customers = _each_once(tuple(ref.customer_id for ref in facts.by_number))
    for standing in (SenderStanding.KNOWN, SenderStanding.DOMAIN):
        theirs = [one for one in customers if facts.standing(one) is standing]
        if len(theirs) == 1:
            numbers = facts.numbers_of(theirs[0])
            mentioned = tuple(ref.invoice_id for ref in numbers if ref.is_open) or _open_of(facts, theirs[0])
            return Match(
                customer_id=theirs[0],
                invoice_ids=facts.invoices(theirs[0], mentioned),
                method=MatchMethod.INVOICE_NUMBER,
                confidence=_CONFIDENCE[MatchMethod.INVOICE_NUMBER] - 0.1 * (standing is SenderStanding.DOMAIN),
                sender=standing,
                candidates=_other_candidates(facts, theirs[0]),
            )
    return None


def _by_address(facts: _Facts, method: MatchMethod) -> Match | None:
    rows = facts.by_sender if method is MatchMethod.SENDER else facts.by_domain
    customers = _each_once(tuple(row.customer_id for row in rows))
    if len(customers) != 1:
        return None
    return Match(
        customer_id=customers[0],
        invoice_ids=_open_of(facts, customers[0]),
        method=method,
        confidence=_CONFIDENCE[method],
        sender=facts.standing(customers[0]),
        candidates=_other_candidates(facts, customers[0]),
    )


def _nobody(facts: _Facts) -> Match:
    return Match(
        customer_id=None,
        invoice_ids=(),
        method=MatchMethod.NONE,
        confidence=0.0,
        sender=SenderStanding.UNKNOWN,
        candidates=_other_candidates(facts, None),
    )


def _other_candidates(facts: _Facts, chosen: CustomerId | None) -> tuple[Candidate, ...]:
    by_number = _each_once(tuple(ref.customer_id for ref in facts.by_number))
    found = {one: _number_candidate(facts, one) for one in by_number}
    for rows, method, why in (
        (facts.by_sender, MatchMethod.SENDER, "this address is theirs, and not only theirs"),
        (facts.by_domain, MatchMethod.DOMAIN, "this domain is theirs, and not only theirs"),
    ):
        for row in rows:
            found.setdefault(row.customer_id, _candidate(row.customer_id, row.open_invoice_ids, method, why))
    return tuple(candidate for customer, candidate in found.items() if customer != chosen)


def _number_candidate(facts: _Facts, customer_id: CustomerId) -> Candidate:
    ids = tuple(ref.invoice_id for ref in facts.numbers_of(customer_id))
    return _candidate(customer_id, ids, MatchMethod.INVOICE_NUMBER, "names an invoice of theirs")


def _candidate(customer_id: CustomerId, ids: tuple[InvoiceId, ...], method: MatchMethod, why: str) -> Candidate:
    return Candidate(
        customer_id=customer_id, invoice_ids=ids, method=method, confidence=_CONFIDENCE[method] / 2, why=why
    )


def _open_of(facts: _Facts, customer_id: CustomerId) -> tuple[InvoiceId, ...]:
    rows = [row for row in (*facts.by_sender, *facts.by_domain) if row.customer_id == customer_id]
    return _each_once(tuple(one for row in rows for one in row.open_invoice_ids))


def _each_once(items: tuple[_T, ...]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(items))
