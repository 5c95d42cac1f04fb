"""Understanding stored mail: match it, hold its invoices at once, then read it and write what it leads to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

import structlog

from mailer.clock import Clock, new_salt
from mailer.domain.actions import AskPerson
from mailer.domain.case import CaseFacts
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId
from mailer.domain.reading import MailKind, Match, MatchMethod, Reading, SenderStanding
from mailer.flows.apply_reply import Reaction, reply_event
from mailer.flows.examine_mail import Examined, examine
from mailer.flows.policies import Policies, calendar_of
from mailer.flows.recording import Happened
from mailer.replies.phrases import Phrases
from mailer.replies.react import first_hold, react
from mailer.replies.reading import read
from mailer.store import agreements, case_facts, customers, events, inbox
from mailer.store.inbox import DONE, MATCHED, QUARANTINED, STORED, StoredMail
from mailer.store.session import Store, Tx

ACTOR = "system:read"
BATCH = 50
#: A hold by an unknown sender happens once per case in this time (law 4).
UNKNOWN_HOLD_EVERY = timedelta(days=30)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What understanding needs."""

    store: Store
    policies: Policies
    phrases: Phrases
    key: bytes
    own_address: str
    keep_unknown_days: int
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """What reading did."""

    read: int = 0
    waiting: int = 0
    quarantined: int = 0


async def read_stored(reader: Reader) -> ReadReport:
    """Read every stored mail that was not read yet; one that cannot be read is put aside with its raw bytes."""
    report = ReadReport()
    while True:
        async with reader.store.reading() as tx:
            batch = await inbox.in_state(tx, (STORED, MATCHED), limit=BATCH)
        if not batch:
            break
        for mail in batch:
            try:
                needs_person = await read_one(reader, mail)
            except Exception as problem:
                log.exception("mail quarantined", mail=mail.id)
                await _quarantine(reader, mail, problem)
                report = replace(report, quarantined=report.quarantined + 1)
            else:
                report = replace(report, read=report.read + 1, waiting=report.waiting + needs_person)
    await _let_go(reader)
    return report


async def read_one(reader: Reader, mail: StoredMail) -> bool:
    """Take one mail through both transactions; returns whether it waits for a person."""
    async with reader.store.reading() as tx:
        raw = await events.payload(tx, mail.payload_id)
        examined = await examine(tx, raw or b"", key=reader.key, own_address=reader.own_address)
    if mail.method == MatchMethod.PERSON.value:
        examined = replace(examined, match=_by_person(mail, examined))
    if mail.state == STORED:
        moved = await _match(reader, mail, examined)
        if moved is None:
            return False
        mail = moved
    return await _read(reader, mail, examined)


def _by_person(mail: StoredMail, examined: Examined) -> Match:
    """Return the match a person made; who wrote it stays what it is."""
    same = examined.match.customer_id == mail.customer_id
    return Match(
        customer_id=mail.customer_id,
        invoice_ids=mail.invoice_ids,
        method=MatchMethod.PERSON,
        confidence=1.0,
        sender=examined.match.sender if same else SenderStanding.UNKNOWN,
        outbox_id=examined.match.outbox_id if same else None,
    )


async def _match(reader: Reader, mail: StoredMail, examined: Examined) -> StoredMail | None:
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
        facts = await _facts(tx, found.customer_id, now)
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
        done = [_event(type_, matched, facts, now, payload)]
        if facts is not None:
            await inbox.claim_payload(tx, matched)
            done.extend(await _hold_first(tx, reader, matched, examined, facts, now))
        await events.record(tx, done)
    return matched


async def _hold_first(
    tx: Tx, reader: Reader, mail: StoredMail, examined: Examined, facts: CaseFacts, now: datetime
) -> list[Happened]:
    if mail.history or examined.kind is not MailKind.HUMAN:
        return []
    calendar = calendar_of(facts.customer, reader.policies.of(facts.customer), now)
    since = now - UNKNOWN_HOLD_EVERY
    hold = first_hold(
        examined.match,
        received_on=calendar.local_day(now),
        business_days_after=calendar.add_business_days,
        hold_lapsed_recently=await agreements.lapsed_unknown_hold_since(tx, facts.customer.id, since),
    )
    reaction = Reaction(tx=tx, facts=facts, mail_id=mail.id, actor=ACTOR, now=now)
    return [] if hold is None else await reaction.hold(hold)


async def _read(reader: Reader, mail: StoredMail, examined: Examined) -> bool:
    """Second transaction: what it says, and what follows."""
    now = reader.clock()
    async with reader.store.transaction() as tx:
        if mail.customer_id is not None:
            await customers.lock(tx, mail.customer_id)
        facts = await _facts(tx, mail.customer_id, now)
        reading = _reading(reader, examined, facts)
        done, why = await _react(tx, reader, mail, examined, reading, facts, now)
        finished = replace(mail, state=DONE, needs_person=bool(why) and not mail.history, why=why)
        if not await inbox.save(tx, finished, was=MATCHED):
            return False
        values = asdict(reading)
        await inbox.keep_reading(
            tx,
            payload_id=mail.id.replace("mail_", "read_", 1),
            subject_id=mail.customer_id or "",
            salt=new_salt(),
            reading=values,
        )
        payload: dict[str, object] = {
            "kind": reading.kind.value,
            "engine": reading.engine,
            "ask": why,
            **_said(reading),
        }
        await events.record(tx, [_event("reply.read", finished, facts, now, payload), *done])
    return finished.needs_person


def _reading(reader: Reader, examined: Examined, facts: CaseFacts | None) -> Reading:
    who: Customer | None = facts.customer if facts else None
    return read(
        examined.mail,
        examined.zones,
        kind=examined.kind,
        language_hint=who.language if who else "",
        country=who.country if who else "",
        phrases=reader.phrases,
    )


async def _react(
    tx: Tx,
    reader: Reader,
    mail: StoredMail,
    examined: Examined,
    reading: Reading,
    facts: CaseFacts | None,
    now: datetime,
) -> tuple[list[Happened], str]:
    """Write what follows; returns the events, and what a person is asked ("" for nothing)."""
    if facts is None:
        return [], "" if examined.kind is MailKind.OWN else "nobody we know: assign it, or let it go"
    if mail.history:
        return [], ""
    policy = reader.policies.of(facts.customer)
    calendar = calendar_of(facts.customer, policy, now)

    def pauses_until(due_on: date) -> date:
        return calendar.add_business_days(due_on, policy.grace_business_days)

    actions = react(
        reading,
        examined.match,
        received_on=calendar.local_day(now),
        pauses_until=pauses_until,
        business_days_after=calendar.add_business_days,
    )
    reaction = Reaction(tx=tx, facts=facts, mail_id=mail.id, actor=ACTOR, now=now)
    done = [event for action in actions for event in await reaction.carry_out(action)]
    return done, "; ".join(action.why for action in actions if isinstance(action, AskPerson))


def _said(reading: Reading) -> dict[str, object]:
    """Return the findings with the words that prove them, for the record."""
    return {
        "findings": [
            {
                "intent": f.intent.value,
                "confidence": f.confidence,
                "on": f.on.isoformat() if f.on else None,
                "amount": f.amount.text if f.amount else None,
                "reason": f.reason,
                "words": [e.text for e in f.evidence],
                "rules": [e.rule for e in f.evidence],
            }
            for f in reading.findings
        ],
        "flags": list(reading.flags),
        "return_on": reading.return_on.isoformat() if reading.return_on else None,
    }


async def _facts(tx: Tx, customer_id: CustomerId | None, now: datetime) -> CaseFacts | None:
    return None if customer_id is None else await case_facts.load_one(tx, customer_id, now=now)


async def _quarantine(reader: Reader, mail: StoredMail, problem: Exception) -> None:
    """Put a mail aside for a person; it stays whole and can be read again once the fault is mended."""
    why = f"could not be read ({type(problem).__name__}); its bytes are kept: `duly inbox reprocess {mail.id}`"
    async with reader.store.transaction() as tx:
        now_stored = await inbox.load(tx, mail.id) or mail
        aside = replace(now_stored, state=QUARANTINED, needs_person=True, why=why)
        await inbox.save(tx, aside, was=now_stored.state)
        await events.record(tx, [_event("mail.quarantined", aside, None, reader.clock(), {"why": why})])


async def _let_go(reader: Reader) -> None:
    """Delete the raw bytes of old mail that concerns nobody we know; hash, UID and reason stay."""
    now = reader.clock()
    async with reader.store.reading() as tx:
        old = await inbox.unclaimed_before(tx, now - timedelta(days=reader.keep_unknown_days))
    for mail in old:
        async with reader.store.transaction() as tx:
            why = f"nobody we know; raw bytes let go after {reader.keep_unknown_days} days"
            await inbox.let_go(tx, mail, why)
            payload: dict[str, object] = {"sha256": mail.sha256, "uid": mail.uid, "folder": mail.folder, "why": why}
            await events.record(tx, [_event("mail.let_go", mail, None, now, payload)])


def _event(
    type_: str, mail: StoredMail, facts: CaseFacts | None, now: datetime, payload: dict[str, object]
) -> Happened:
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
