"""The first of two transactions on a stored mail: say whose it is, and hold its invoices before anything is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailer.clock import Clock
from mailer.domain.actions import PlaceHold
from mailer.domain.case import CaseFacts
from mailer.domain.ids import CustomerId
from mailer.domain.message import InboundMail
from mailer.domain.reading import MailKind, Match, MatchMethod, SenderStanding
from mailer.flows.apply_reply import Reaction, reply_event
from mailer.flows.examine_mail import Examined
from mailer.flows.policies import Policies, calendar_of
from mailer.flows.recording import Happened
from mailer.flows.second_reader import SecondReader
from mailer.replies.phrases import Phrases
from mailer.replies.react import candidate_hold, first_hold
from mailer.store import agreements, case_facts, events, inbox
from mailer.store.inbox import MATCHED, STORED, StoredMail
from mailer.store.session import Store, Tx

ACTOR = "system:read"
#: A hold by an unknown sender happens once per case in this time (law 4).
UNKNOWN_HOLD_EVERY = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What understanding needs.

    `parse` takes a stranger's bytes apart in the sandbox, and raises SandboxRefused. `copies_to`: our own address that
    gets hidden copies, "" for none. `second`: a language model that is asked as well, None for none.
    """

    store: Store
    policies: Policies
    phrases: Phrases
    key: bytes
    own_address: str
    keep_unknown_days: int
    clock: Clock
    parse: Callable[[bytes], Awaitable[InboundMail]]
    copies_to: str = ""
    second: SecondReader | None = None


def by_person(mail: StoredMail, examined: Examined) -> Match:
    """Return the match a person made; how well the sender is known stays what it is."""
    same = examined.match.customer_id == mail.customer_id
    return Match(
        customer_id=mail.customer_id,
        invoice_ids=mail.invoice_ids,
        method=MatchMethod.PERSON,
        confidence=1.0,
        sender=examined.match.sender if same else SenderStanding.UNKNOWN,
        outbox_id=examined.match.outbox_id if same else None,
    )


async def match_mail(reader: Reader, mail: StoredMail, examined: Examined) -> StoredMail | None:
    """First transaction: say whose it is, and hold its invoices before anything is interpreted."""
    now, found = reader.clock(), examined.match
    matched = replace(
        mail,
        state=MATCHED,
        kind=examined.kind.value,
        customer_id=found.customer_id,
        outbox_id=found.outbox_id,
        invoice_ids=found.invoice_ids,
        method=found.method.value,
        confidence=found.confidence,
        sender_standing=found.sender.value,
        message_id=examined.mail.message_id,
        from_email=examined.mail.from_email,
        subject=examined.mail.subject,
        sent_at=examined.mail.sent_at,
    )
    async with reader.store.transaction() as tx:
        if not await inbox.save(tx, matched, was=STORED):
            return None
        facts = await facts_of(tx, found.customer_id, now)
        payload: dict[str, object] = {
            "kind": examined.kind.value,
            "method": found.method.value,
            "confidence": found.confidence,
            "sender": found.sender.value,
            "from": examined.mail.from_email,
            "subject": examined.mail.subject,
            "invoices": list(found.invoice_ids),
            "candidates": [{"customer": c.customer_id, "why": c.why} for c in found.candidates],
        }
        type_ = "mail.matched" if found.customer_id else "mail.unmatched"
        done = [mail_event(type_, matched, facts, now, payload)]
        if facts is not None:
            await inbox.claim_payload(tx, matched)
        done.extend(await _hold_first(tx, reader, matched, examined, facts, now))
        await events.record(tx, done)
    return matched


async def _hold_first(
    tx: Tx, reader: Reader, mail: StoredMail, examined: Examined, facts: CaseFacts | None, now: datetime
) -> list[Happened]:
    """Hold the invoices of a human's mail; a stranger's that names one customer's invoices holds those for a while."""
    if mail.history or examined.kind is not MailKind.HUMAN:
        return []
    if facts is not None:
        hold = await _first(tx, reader, mail, examined, facts, now)
        return [] if hold is None else await _reaction(tx, facts, mail, now).hold(hold)
    named = {candidate.customer_id for candidate in examined.match.candidates}
    for customer_id in sorted(named):
        theirs = await facts_of(tx, customer_id, now)
        if theirs is None:
            continue
        calendar = calendar_of(theirs.customer, reader.policies.of(theirs.customer), now)
        found = candidate_hold(
            examined.match,
            received_on=calendar.local_day(now),
            business_days_after=calendar.add_business_days,
            hold_lapsed_recently=await held_for_a_stranger(tx, theirs, mail, now),
        )
        if found is not None and found[0] == customer_id:
            return await _reaction(tx, theirs, mail, now).hold(found[1])
    return []


async def _first(
    tx: Tx, reader: Reader, mail: StoredMail, examined: Examined, facts: CaseFacts, now: datetime
) -> PlaceHold | None:
    calendar = calendar_of(facts.customer, reader.policies.of(facts.customer), now)
    return first_hold(
        examined.match,
        received_on=calendar.local_day(now),
        business_days_after=calendar.add_business_days,
        hold_lapsed_recently=await held_for_a_stranger(tx, facts, mail, now),
    )


def _reaction(tx: Tx, facts: CaseFacts, mail: StoredMail, now: datetime) -> Reaction:
    return Reaction(tx=tx, facts=facts, mail_id=mail.id, actor=ACTOR, now=now)


async def held_for_a_stranger(tx: Tx, facts: CaseFacts, mail: StoredMail, now: datetime) -> bool:
    """Whether an earlier mail of an unknown sender has held this customer already (once per case in 30 days)."""
    since = now - UNKNOWN_HOLD_EVERY
    return await agreements.unknown_sender_held_since(tx, facts.customer.id, since, but_mail_id=mail.id)


async def facts_of(tx: Tx, customer_id: CustomerId | None, now: datetime) -> CaseFacts | None:
    """Return a customer's facts, None for nobody."""
    return None if customer_id is None else await case_facts.load_one(tx, customer_id, now=now)


def mail_event(
    type_: str, mail: StoredMail, facts: CaseFacts | None, now: datetime, payload: dict[str, object]
) -> Happened:
    """Return an event about a mail, with the customer and the message it belongs to."""
    return reply_event(
        type_,
        customer_id=mail.customer_id,
        case_id=facts.case_id if facts else None,
        mail_id=mail.id,
        actor=ACTOR,
        now=now,
        refs={"message": mail.outbox_id} if mail.outbox_id else {},
        payload=payload,
    )
