"""Writing what a reply leads to: holds, promises, disputes, suppressions, each with its event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from typing import Protocol, assert_never

from mailer.clock import new_id
from mailer.domain.actions import (
    AlertSetup,
    AskPerson,
    DraftDispute,
    EndReplyHold,
    MarkUndelivered,
    PlaceHold,
    ReplyAction,
    SuppressAddress,
    TrackPromise,
)
from mailer.domain.agreement import Dispute, DisputeState, Hold, HoldKind, Promise, PromiseState
from mailer.domain.case import CaseFacts, StepHow
from mailer.domain.ids import CaseId, CustomerId, DisputeId, HoldId, InvoiceId, MailId, OutboxId, PromiseId
from mailer.domain.money import Money
from mailer.domain.reading import FailureCause
from mailer.flows.recording import Happened, happened
from mailer.store import agreements, events, outbox
from mailer.store.session import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Where a reply's actions are written: one customer's facts, the mail that caused them, who acts."""

    tx: Tx
    facts: CaseFacts
    mail_id: MailId
    actor: str
    now: datetime

    async def carry_out_all(self, actions: Sequence[ReplyAction]) -> tuple[list[Happened], str]:
        """Write what follows from a mail; returns the events, and what a person is asked ("" for nothing)."""
        allowed = self._nothing_overruled(actions)
        done = [event for action in allowed for event in await self.carry_out(action)]
        return done, "; ".join(action.why for action in allowed if isinstance(action, AskPerson))

    def _nothing_overruled(self, actions: Sequence[ReplyAction]) -> tuple[ReplyAction, ...]:
        """Leave a promise against one that a person has confirmed to a person: until then the reply's hold stays."""
        named = {one for action in actions if isinstance(action, TrackPromise) for one in action.invoice_ids}
        agreed = [p for p in self.facts.promises if p.state is PromiseState.CONFIRMED and named & set(p.invoice_ids)]
        if not agreed:
            return tuple(actions)
        days = ", ".join(sorted({promise.due_on.isoformat() for promise in agreed}))
        why = f"promises again what a person has confirmed for {days}: decide which of the two counts"
        kept = (action for action in actions if not isinstance(action, TrackPromise | EndReplyHold))
        return *kept, AskPerson(why=why)

    async def carry_out(self, action: ReplyAction) -> list[Happened]:
        """Write one action; `AskPerson` is for the caller, who marks the mail."""
        match action:
            case PlaceHold():
                return await self.hold(action)
            case EndReplyHold():
                return await self._end_reply_hold(action)
            case TrackPromise():
                return await self._track(action)
            case DraftDispute():
                return await self._dispute(action)
            case SuppressAddress():
                await agreements.suppress(self.tx, action.address, self.facts.customer.id, action.reason, self.now)
                return [self.event("address.suppressed", {}, {"address": action.address, "why": action.reason})]
            case MarkUndelivered():
                return await self._undelivered(action)
            case AlertSetup():
                return [self.event("setup.refused", {"message": action.outbox_id}, {"why": action.why})]
            case AskPerson():
                return []
            case _:
                assert_never(action)

    async def hold(self, action: PlaceHold) -> list[Happened]:
        """Place a hold, unless one of that kind by this mail covers these invoices of this customer already.

        An address that does not work is held for once, however many mail systems say so.
        """
        mine = [*await agreements.holds_of_mail(self.tx, self.mail_id)]
        mine += [hold for hold in self.facts.holds if hold.kind is HoldKind.BOUNCE]
        if any(hold.kind is action.kind and self._covers(hold, action.invoice_ids) for hold in mine):
            return []
        placed = Hold(
            id=HoldId(new_id("hold")),
            customer_id=self.facts.customer.id,
            invoice_ids=action.invoice_ids,
            kind=action.kind,
            reason=action.reason,
            placed_at=self.now,
            until_on=action.until_on,
            deadline_on=action.deadline_on,
            mail_id=self.mail_id,
        )
        await agreements.add_hold(self.tx, placed)
        payload: dict[str, object] = {
            "kind": action.kind.value,
            "reason": action.reason,
            "invoices": list(action.invoice_ids),
            "until_on": action.until_on.isoformat() if action.until_on else None,
            "deadline_on": action.deadline_on.isoformat() if action.deadline_on else None,
        }
        return [self.event("hold.placed", {"hold": placed.id}, payload)]

    def _covers(self, hold: Hold, invoice_ids: tuple[InvoiceId, ...]) -> bool:
        """Whether a hold is on this customer and on all of these invoices (none named: all of the customer's)."""
        all_of_them = bool(invoice_ids) and set(invoice_ids) <= set(hold.invoice_ids)
        return hold.customer_id == self.facts.customer.id and (not hold.invoice_ids or all_of_them)

    async def _end_reply_hold(self, action: EndReplyHold) -> list[Happened]:
        done = []
        for hold in await agreements.holds_of_mail(self.tx, self.mail_id):
            if hold.kind in (HoldKind.REPLY, HoldKind.UNKNOWN_SENDER):
                await agreements.release_hold(self.tx, hold.id, self.now)
                payload: dict[str, object] = {"kind": hold.kind.value, "why": action.why}
                done.append(self.event("hold.ended", {"hold": hold.id}, payload))
        return done

    async def _track(self, action: TrackPromise) -> list[Happened]:
        """Keep a promise; an earlier running one is replaced by it for the same invoices."""
        promise = Promise(
            id=PromiseId(new_id("prom")),
            customer_id=self.facts.customer.id,
            invoice_ids=action.invoice_ids,
            due_on=action.due_on,
            pauses_until_on=action.pauses_until_on,
            state=PromiseState.TRACKED,
            made_at=self.now,
            amount=action.amount,
            owed=owed(self.facts, action.invoice_ids),
            mail_id=self.mail_id,
        )
        done = await replace_earlier(self, promise)
        await agreements.save_promise(self.tx, promise)
        payload: dict[str, object] = {
            "due_on": action.due_on.isoformat(),
            "pauses_until_on": action.pauses_until_on.isoformat(),
            "amount": action.amount.text if action.amount else None,
            "invoices": list(action.invoice_ids),
        }
        return [*done, self.event("promise.tracked", {"promise": promise.id}, payload)]

    async def _dispute(self, action: DraftDispute) -> list[Happened]:
        if any(dispute.mail_id == self.mail_id and dispute.is_running for dispute in self.facts.disputes):
            return []  # read again: the dispute it drafted before stands
        dispute = Dispute(
            id=DisputeId(new_id("disp")),
            customer_id=self.facts.customer.id,
            invoice_ids=action.invoice_ids,
            reason=action.reason,
            state=DisputeState.DRAFT,
            opened_at=self.now,
            mail_id=self.mail_id,
        )
        await agreements.save_dispute(self.tx, dispute)
        payload: dict[str, object] = {"reason": action.reason, "invoices": list(action.invoice_ids)}
        return [self.event("dispute.drafted", {"dispute": dispute.id}, payload)]

    async def _undelivered(self, action: MarkUndelivered) -> list[Happened]:
        if action.hard:
            await outbox.mark_steps(self.tx, StepHow.FAILED, self.now, outbox_id=action.outbox_id)
        payload: dict[str, object] = {
            "hard": action.hard,
            "why": action.why,
            "cause": action.cause,
            "to": action.address,
        }
        return [self.event("reminder.bounced", {"message": action.outbox_id}, payload)]

    async def take_back(self, why: str) -> list[Happened]:
        """End what this mail has caused at this customer and no person has confirmed: holds, promise, draft dispute."""
        done = [
            self.event("hold.released", {"hold": hold.id}, {"kind": hold.kind.value, "why": why})
            for hold in self.facts.holds
            if hold.mail_id == self.mail_id and await agreements.release_hold(self.tx, hold.id, self.now)
        ]
        for promise in self.facts.promises:
            if promise.mail_id == self.mail_id and promise.state is PromiseState.TRACKED:
                await agreements.save_promise(self.tx, replace(promise, state=PromiseState.WITHDRAWN))
                done.append(self.event("promise.withdrawn", {"promise": promise.id}, {"why": why}))
        for dispute in self.facts.disputes:
            if dispute.mail_id == self.mail_id and dispute.state is DisputeState.DRAFT:
                await agreements.save_dispute(self.tx, replace(dispute, state=DisputeState.CLOSED, outcome=why))
                payload: dict[str, object] = {"outcome": why, "invoices": list(dispute.invoice_ids)}
                done.append(self.event("dispute.closed", {"dispute": dispute.id}, payload))
        return done

    def event(self, type_: str, refs: dict[str, str], payload: dict[str, object]) -> Happened:
        """Return an event about this customer and this mail."""
        return reply_event(
            type_,
            customer_id=self.facts.customer.id,
            case_id=self.facts.case_id,
            mail_id=self.mail_id,
            actor=self.actor,
            now=self.now,
            refs=refs,
            payload=payload,
        )


async def soft_bounces(tx: Tx, customer_id: CustomerId, address: str, *, but: OutboxId, since: datetime) -> int:
    """Return how many other messages to an address came back for the moment since then."""
    came_back = await events.listing(tx, customer_id=customer_id, types=["reminder.bounced"])
    those = (e for e in came_back if e.at >= since and e.payload.get("cause") == FailureCause.PASSING.value)
    return len({e.refs["message"] for e in those if e.payload.get("to") == address.lower()} - {but})


class Acting(Protocol):
    """Somebody acting on one customer's case inside one transaction: a mail's reaction, or a person's hand."""

    @property
    def tx(self) -> Tx:
        """The transaction."""

    @property
    def facts(self) -> CaseFacts:
        """The case as it is now."""

    def event(self, type_: str, refs: dict[str, str], payload: dict[str, object]) -> Happened:
        """Return an event about this customer."""


async def replace_earlier(by: Acting, promise: Promise) -> list[Happened]:
    """Withdraw earlier promises for the same invoices; one for others as well stays for those, so they stay paused."""
    done = []
    for earlier in by.facts.promises:
        rest = tuple(one for one in earlier.invoice_ids if one not in promise.invoice_ids)
        if not earlier.is_running or earlier.id == promise.id or len(rest) == len(earlier.invoice_ids):
            continue
        if rest:
            left = replace(earlier, invoice_ids=rest, amount=None, owed=owed(by.facts, rest))
        else:
            left = replace(earlier, state=PromiseState.WITHDRAWN)
        await agreements.save_promise(by.tx, left)
        payload: dict[str, object] = {"why": "a later promise replaces it", "by": promise.id, "left": list(rest)}
        type_ = "promise.narrowed" if rest else "promise.withdrawn"
        done.append(by.event(type_, {"promise": earlier.id}, payload))
    return done


def reply_event(
    type_: str,
    *,
    customer_id: CustomerId | None,
    case_id: CaseId | None,
    mail_id: MailId,
    actor: str,
    now: datetime,
    refs: dict[str, str],
    payload: dict[str, object],
) -> Happened:
    """Return an event about a mail."""
    return happened(
        type_,
        now=now,
        actor=actor,
        customer_id=customer_id,
        case_id=case_id,
        refs={"mail": mail_id, **refs},
        payload=payload,
    )


def owed(facts: CaseFacts, invoice_ids: tuple[InvoiceId, ...]) -> Money | None:
    """Return what is open on these invoices, None when they are in several currencies or none is known."""
    amounts = [invoice.open for invoice in facts.invoices if invoice.id in invoice_ids]
    if not amounts or len({amount.currency for amount in amounts}) > 1:
        return None
    return reduce(lambda total, more: total + more, amounts)
