"""What time and the ledger settle: promises kept or broken, holds ended, alarms, tasks and cases closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from mailer.agreements.hold import ended, needs_alarm
from mailer.agreements.promise import settle as settle_promise
from mailer.clock import new_id
from mailer.domain.agreement import Hold, HoldKind, Promise, PromiseState
from mailer.domain.case import CaseFacts, StepHow, Task
from mailer.domain.ids import CaseId, CustomerId, InvoiceId
from mailer.domain.invoice import Invoice, InvoiceClosing
from mailer.flows.recording import Happened, happened
from mailer.store import agreements, contacts, customers, events, inbox, outbox
from mailer.store.session import Tx

ACTOR = "system:settle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What has settled for one customer; every part may be empty."""

    promises: tuple[tuple[Promise, PromiseState], ...] = ()
    holds: tuple[tuple[Hold, str], ...] = ()
    alarms: tuple[Hold, ...] = ()
    tasks: tuple[Task, ...] = ()
    opens_case: bool = False
    closes_case: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing has changed."""
        return self == Settlement()


def settlement(facts: CaseFacts, *, today: date) -> Settlement:
    """Return what time and the ledger have settled by this local day."""
    known = {invoice.id: invoice for invoice in facts.invoices}
    promises = tuple(
        (promise, state)
        for promise in facts.promises
        if promise.is_running
        and (state := settle_promise(promise, _of(promise.invoice_ids, known, facts), today=today)) is not None
    )
    holds = tuple(
        (hold, why)
        for hold in facts.holds
        if (why := ended(hold, _of(hold.invoice_ids, known, facts), today=today)) is not None
    )
    gone = {hold.id for hold, _ in holds}
    overdue = any(invoice.is_open and invoice.days_overdue(today) > 0 for invoice in facts.invoices)
    return Settlement(
        promises=promises,
        holds=holds,
        alarms=tuple(h for h in facts.holds if h.id not in gone and not h.alarmed and needs_alarm(h, today)),
        tasks=tuple(t for t in facts.tasks if not any(i.is_open for i in _of(t.invoice_ids, known, facts))),
        opens_case=overdue and facts.case_id is None,
        closes_case=_outcome(facts) if facts.case_id is not None else "",
    )


def _of(ids: tuple[InvoiceId, ...], known: dict[InvoiceId, Invoice], facts: CaseFacts) -> tuple[Invoice, ...]:
    """Return the invoices named (all of the customer's when none is); ones long closed are no longer in the facts."""
    return tuple(known[i] for i in ids if i in known) if ids else facts.invoices


def _outcome(facts: CaseFacts) -> str:
    """Return how a case has ended, "" while something is open."""
    if any(invoice.is_open for invoice in facts.invoices):
        return ""
    closings = {invoice.closing for invoice in facts.invoices}
    if InvoiceClosing.HANDED_OVER in closings:
        return "handed_over"
    return "written_off" if InvoiceClosing.WRITTEN_OFF in closings else "paid"


async def carry_out(
    tx: Tx, settled: Sequence[tuple[CaseFacts, Settlement]], *, now: datetime
) -> dict[CustomerId, CaseFacts]:
    """Write settlements and their events in this transaction.

    Returns the facts as they are now of those for whom nothing but a case was opened; the others' must be loaded again.
    """
    done: list[Happened] = []
    opened: dict[CustomerId, CaseFacts] = {}
    for facts, todo in settled:
        done.extend(await _promises_and_holds(tx, facts, todo, now))
        for task in todo.tasks:
            await contacts.close_task(tx, task.id, now)
            await outbox.mark_steps(tx, StepHow.SKIPPED, now, task_id=task.id)
            done.append(_event("task.closed", facts, now, {"task": task.id}, {"why": "nothing is owed any more"}))
        if todo.opens_case:
            opened[facts.customer.id] = replace(facts, case_id=CaseId(new_id("case")))
            done.append(_event("case.opened", opened[facts.customer.id], now, {}, {}))
        if todo.closes_case and facts.case_id is not None:
            await customers.close_case(tx, facts.case_id, todo.closes_case, now)
            done.append(_event("case.closed", facts, now, {}, {"outcome": todo.closes_case}))
    await customers.open_cases(tx, [(one.case_id, owner) for owner, one in opened.items() if one.case_id], now)
    await events.record(tx, done)
    alone = {facts.customer.id for facts, todo in settled if todo == Settlement(opens_case=True)}
    return {owner: facts for owner, facts in opened.items() if owner in alone}


async def _promises_and_holds(tx: Tx, facts: CaseFacts, todo: Settlement, now: datetime) -> list[Happened]:
    done: list[Happened] = []
    for promise, state in todo.promises:
        await agreements.save_promise(tx, replace(promise, state=state))
        payload = {"due_on": promise.due_on.isoformat(), "confirmed": promise.confirmed}
        done.append(_event(f"promise.{state.value}", facts, now, {"promise": promise.id}, payload))
    for hold, why in todo.holds:
        await agreements.release_hold(tx, hold.id, now)
        done.append(_event("hold.ended", facts, now, {"hold": hold.id}, {"kind": hold.kind.value, "why": why}))
        covered = [i for i in facts.invoices if not hold.invoice_ids or i.id in hold.invoice_ids]
        # Only a claim of payment is answered by the ledger: whatever else a mail said, a person has yet to read it.
        by_ledger = hold.kind is HoldKind.CLAIMED_PAID and not any(invoice.is_open for invoice in covered)
        if hold.mail_id and by_ledger and await inbox.answer(tx, hold.mail_id):
            done.append(_event("mail.settled", facts, now, {"mail": hold.mail_id}, {"why": why}))
    for hold in todo.alarms:
        await agreements.mark_alarmed(tx, hold.id, now)
        payload = {"kind": hold.kind.value, "reason": hold.reason, "deadline_on": str(hold.deadline_on)}
        done.append(_event("hold.deadline_passed", facts, now, {"hold": hold.id}, payload))
    return done


def _event(type_: str, facts: CaseFacts, now: datetime, refs: dict[str, str], payload: dict[str, object]) -> Happened:
    return happened(
        type_,
        now=now,
        actor=ACTOR,
        customer_id=facts.customer.id,
        case_id=facts.case_id,
        refs=refs,
        payload=payload,
    )
