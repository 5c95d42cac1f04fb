"""What a person does with a mail: assign it, decide what it means, or have it read again. All on record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never

from mailer.clock import new_id
from mailer.domain.actions import PlaceHold
from mailer.domain.agreement import Dispute, DisputeState, HoldKind, Promise, PromiseState
from mailer.domain.case import CaseFacts
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, DisputeId, InvoiceId, PromiseId
from mailer.domain.reading import DISPUTE_REASONS, Intent, MatchMethod
from mailer.flows.apply_reply import Reaction, owed, replace_earlier
from mailer.flows.decided_mails import said_by_engine
from mailer.flows.match_mail import Reader
from mailer.flows.policies import calendar_of
from mailer.flows.read_reply import read_or_quarantine
from mailer.flows.recording import Happened, happened
from mailer.store import agreements, case_facts, customers, events, inbox
from mailer.store.inbox import DONE, IN, STORED, StoredMail
from mailer.store.session import Tx

#: A hold from a reply that a person keeps is looked at again after so many business days.
LOOK_AGAIN_BUSINESS_DAYS = 5
#: Why what a mail has caused ends at a customer it was not from.
SOMEBODY_ELSES = "the mail belonged to somebody else"


class DecisionRefused(ValueError):
    """The decision cannot be carried out as given; the sentence says why and what to give instead."""


class Decision(StrEnum):
    """What a person makes of a mail."""

    #: Nothing in it stops us: its holds end, the ladder goes on.
    CONTINUE = "continue"
    PROMISE = "promise"
    DISPUTE = "dispute"
    PAID = "paid"
    HOLD = "hold"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision with what belongs to it: the promised day, the dispute's reason, the day a hold ends, words.

    `intents`: what the mail says, as the person sees it; () when the person named nothing.
    """

    decision: Decision
    on: date | None = None
    reason: str = ""
    until_on: date | None = None
    intents: tuple[Intent, ...] = ()


async def assign(
    reader: Reader, mail_id: str, customer: Customer, invoice_ids: tuple[InvoiceId, ...], actor: str
) -> bool:
    """Say whose a mail is, then let it hold and be read like any other; returns whether it still needs a person.

    What it had caused at another customer ends first, unless a person had confirmed it there.
    Raises DecisionRefused for an unknown mail or one whose bytes were let go.
    """
    now = reader.clock()
    async with reader.store.transaction() as tx:
        mail = await _mail(tx, mail_id)
        ended = await _take_back_elsewhere(tx, mail, customer.id, actor, now)
        facts = await case_facts.load_one(tx, customer.id, now=now)
        theirs = tuple(i.id for i in facts.invoices if i.is_open) if facts else ()
        given = replace(
            mail,
            state=STORED,
            customer_id=customer.id,
            invoice_ids=invoice_ids or theirs,
            method=MatchMethod.PERSON.value,
            history=False,
            needs_person=False,
        )
        await inbox.save(tx, given, was=mail.state)
        payload: dict[str, object] = {"was": mail.customer_id, "invoices": list(given.invoice_ids)}
        event = happened(
            "mail.assigned", now=now, actor=actor, customer_id=customer.id, refs={"mail": mail.id}, payload=payload
        )
        await events.record(tx, [*ended, event])
    return await _read_again(reader, given)


async def _take_back_elsewhere(
    tx: Tx, mail: StoredMail, owner: CustomerId, actor: str, now: datetime
) -> list[Happened]:
    """End what this mail has caused at everybody but its owner: whose it was, or whose invoices a stranger named."""
    touched = {hold.customer_id for hold in await agreements.holds_of_mail(tx, mail.id)}
    if mail.customer_id is not None:
        touched.add(mail.customer_id)
    done = []
    for one in sorted(touched - {owner}):
        await customers.lock(tx, one)
        facts = await case_facts.load_one(tx, one, now=now)
        if facts is not None:
            former = Reaction(tx=tx, facts=facts, mail_id=mail.id, actor=actor, now=now)
            done.extend(await former.take_back(SOMEBODY_ELSES))
    return done


async def reprocess(reader: Reader, mail_id: str, actor: str) -> bool:
    """Read a stored mail again, as if it had just come; holds it has placed stay. Returns whether it needs a person."""
    now = reader.clock()
    async with reader.store.transaction() as tx:
        mail = await _mail(tx, mail_id)
        again = replace(mail, state=STORED, needs_person=False, why="")
        await inbox.save(tx, again, was=mail.state)
        event = happened("mail.reprocessed", now=now, actor=actor, customer_id=mail.customer_id, refs={"mail": mail.id})
        await events.record(tx, [event])
    return await _read_again(reader, again)


async def _read_again(reader: Reader, mail: StoredMail) -> bool:
    """Read a mail now; what still cannot be read goes back to where it was, on the list of a person."""
    report = await read_or_quarantine(reader, mail)
    return bool(report.waiting or report.quarantined)


async def decide(reader: Reader, mail_id: str, verdict: Verdict, actor: str) -> None:
    """Carry out a person's decision about a mail; its question is answered. Raises DecisionRefused."""
    now = reader.clock()
    async with reader.store.transaction() as tx:
        mail = await _mail(tx, mail_id)
        if mail.customer_id is None:
            if verdict.decision is not Decision.CONTINUE:
                raise DecisionRefused(f"{mail.id} belongs to nobody yet: `duly inbox assign {mail.id} CUSTOMER` first")
            await _close(tx, mail, verdict, actor, now, [])
            return
        await customers.lock(tx, mail.customer_id)
        facts = await case_facts.load_one(tx, mail.customer_id, now=now)
        if facts is None:
            raise DecisionRefused(f"the customer of {mail.id} is not in the database any more")
        reaction = Reaction(tx=tx, facts=facts, mail_id=mail.id, actor=actor, now=now)
        done = await _carry_out(reader, reaction, mail, verdict)
        await _close(tx, mail, verdict, actor, now, done)


async def _carry_out(reader: Reader, reaction: Reaction, mail: StoredMail, verdict: Verdict) -> list[Happened]:
    """Write what the verdict means; whatever can refuse it is asked before anything of this mail ends."""
    facts = reaction.facts
    policy = reader.policies.of(facts.customer)
    calendar = calendar_of(facts.customer, policy, reaction.now)
    today = calendar.local_day(reaction.now)
    later = calendar.add_business_days(today, LOOK_AGAIN_BUSINESS_DAYS)
    invoice_ids = _about(mail, facts, verdict.decision)
    words = verdict.reason or f"decided by a person: {verdict.decision}"
    match verdict.decision:
        case Decision.CONTINUE:
            return await _end_holds(reaction, verdict)
        case Decision.PROMISE:
            if verdict.on is None or verdict.on < today:
                raise DecisionRefused("a promise needs the day it is for, today or later: --on YYYY-MM-DD")
            until = calendar.add_business_days(verdict.on, policy.grace_business_days)
            return [*await _end_holds(reaction, verdict), *await _confirm(reaction, invoice_ids, verdict.on, until)]
        case Decision.DISPUTE:
            if verdict.reason not in DISPUTE_REASONS:
                raise DecisionRefused(f"a dispute needs --reason, one of: {', '.join(DISPUTE_REASONS)}")
            return [*await _end_holds(reaction, verdict), *await _open_dispute(reaction, invoice_ids, verdict.reason)]
        case Decision.PAID:
            hold = PlaceHold(
                invoice_ids=invoice_ids, kind=HoldKind.CLAIMED_PAID, reason="says it is paid", deadline_on=later
            )
        case Decision.HOLD:
            if verdict.until_on is not None and verdict.until_on < today:
                raise DecisionRefused("a hold must end today or later: --until YYYY-MM-DD, or leave it out")
            ends = {"until_on": verdict.until_on} if verdict.until_on else {"deadline_on": later}
            hold = PlaceHold(invoice_ids=invoice_ids, kind=HoldKind.MANUAL, reason=words, **ends)
        case Decision.STOP:
            hold = PlaceHold(invoice_ids=(), kind=HoldKind.STOP, reason=words)
        case _:
            assert_never(verdict.decision)
    return [*await _end_holds(reaction, verdict), *await reaction.hold(hold)]


def _about(mail: StoredMail, facts: CaseFacts, decision: Decision) -> tuple[InvoiceId, ...]:
    """Return the invoices decided on; a mail that names none is about all that are open, where some must be named."""
    if mail.invoice_ids or decision not in (Decision.PROMISE, Decision.DISPUTE, Decision.PAID):
        return mail.invoice_ids
    still_open = tuple(invoice.id for invoice in facts.invoices if invoice.is_open)
    if not still_open:
        who = facts.customer.name
        raise DecisionRefused(f"nothing is open at {who}, so there is nothing for a {decision}: `continue` answers it")
    return still_open


async def _end_holds(reaction: Reaction, verdict: Verdict) -> list[Happened]:
    """End what this mail held: the decision takes its place."""
    done = []
    for hold in await agreements.holds_of_mail(reaction.tx, reaction.mail_id):
        await agreements.release_hold(reaction.tx, hold.id, reaction.now)
        payload: dict[str, object] = {"kind": hold.kind.value, "why": f"decided by a person: {verdict.decision}"}
        done.append(reaction.event("hold.released", {"hold": hold.id}, payload))
    return done


async def _confirm(reaction: Reaction, invoice_ids: tuple[InvoiceId, ...], due_on: date, until: date) -> list[Happened]:
    """Confirm the promise this mail was read as, or keep the one the person gives."""
    facts: CaseFacts = reaction.facts
    mine = next((p for p in facts.promises if p.mail_id == reaction.mail_id and p.is_running), None)
    promise = Promise(
        id=mine.id if mine else PromiseId(new_id("prom")),
        customer_id=facts.customer.id,
        invoice_ids=invoice_ids,
        due_on=due_on,
        pauses_until_on=until,
        state=PromiseState.CONFIRMED,
        made_at=mine.made_at if mine else reaction.now,
        amount=mine.amount if mine else None,
        owed=mine.owed if mine else owed(facts, invoice_ids),
        mail_id=reaction.mail_id,
        confirmed=True,
    )
    replaced = await replace_earlier(reaction, promise)
    await agreements.save_promise(reaction.tx, promise)
    payload: dict[str, object] = {"due_on": due_on.isoformat(), "invoices": list(invoice_ids)}
    return [*replaced, reaction.event("promise.confirmed", {"promise": promise.id}, payload)]


async def _open_dispute(reaction: Reaction, invoice_ids: tuple[InvoiceId, ...], reason: str) -> list[Happened]:
    mine = next((d for d in reaction.facts.disputes if d.mail_id == reaction.mail_id and d.is_running), None)
    dispute = Dispute(
        id=mine.id if mine else DisputeId(new_id("disp")),
        customer_id=reaction.facts.customer.id,
        invoice_ids=invoice_ids,
        reason=reason,
        state=DisputeState.OPEN,
        opened_at=mine.opened_at if mine else reaction.now,
        mail_id=reaction.mail_id,
    )
    await agreements.save_dispute(reaction.tx, dispute)
    payload: dict[str, object] = {"reason": reason, "invoices": list(invoice_ids)}
    return [reaction.event("dispute.opened", {"dispute": dispute.id}, payload)]


async def _close(tx: Tx, mail: StoredMail, verdict: Verdict, actor: str, now: datetime, done: list[Happened]) -> None:
    await inbox.save(tx, replace(mail, state=DONE, needs_person=False), was=mail.state)
    payload: dict[str, object] = {
        "decision": verdict.decision.value,
        "on": verdict.on.isoformat() if verdict.on else None,
        "reason": verdict.reason,
        "asked": mail.why,
        "intents": [one.value for one in verdict.intents],
        "said": said_by_engine(await inbox.reading_of(tx, mail.id)),
    }
    event = happened(
        "mail.decided", now=now, actor=actor, customer_id=mail.customer_id, refs={"mail": mail.id}, payload=payload
    )
    await events.record(tx, [event, *done])


async def _mail(tx: Tx, mail_id: str) -> StoredMail:
    mail = await inbox.load(tx, mail_id)
    if mail is None:
        raise DecisionRefused(f"there is no mail {mail_id!r}: `duly inbox list --all` shows them")
    if not mail.payload_id:
        raise DecisionRefused(f"the bytes of {mail_id} were let go ({mail.why}): there is nothing left to read")
    if mail.direction != IN:
        raise DecisionRefused(f"{mail_id} was sent by your side, nothing follows from it: `duly inbox show {mail_id}`")
    return mail
