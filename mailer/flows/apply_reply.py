"""Writing what a reply leads to: holds, promises, disputes, suppressions, each with its event."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from typing import assert_never

from mailer.clock import new_id
from mailer.domain.actions import (
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
from mailer.domain.ids import CaseId, CustomerId, DisputeId, HoldId, InvoiceId, MailId, PromiseId
from mailer.domain.money import Money
from mailer.flows.recording import Happened, happened
from mailer.store import agreements, outbox
from mailer.store.session import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Where a reply's actions are written: one customer's facts, the mail that caused them, who acts."""

    tx: Tx
    facts: CaseFacts
    mail_id: MailId
    actor: str
    now: datetime

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
            case AskPerson():
                return []
            case _:
                assert_never(action)

    async def hold(self, action: PlaceHold) -> list[Happened]:
        """Place a hold, unless this mail has placed one of that kind already."""
        mine = await agreements.holds_of_mail(self.tx, self.mail_id)
        if any(hold.kind is action.kind for hold in mine):
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

    async def _end_reply_hold(self, action: EndReplyHold) -> list[Happened]:
        done = []
        for hold in await agreements.holds_of_mail(self.tx, self.mail_id):
            if hold.kind in (HoldKind.REPLY, HoldKind.UNKNOWN_SENDER):
                await agreements.release_hold(self.tx, hold.id, self.now)
                payload: dict[str, object] = {"kind": hold.kind.value, "why": action.why}
                done.append(self.event("hold.ended", {"hold": hold.id}, payload))
        return done

    async def _track(self, action: TrackPromise) -> list[Happened]:
        """Keep a promise; an earlier running one for the same invoices is replaced by it."""
        done = []
        for earlier in self.facts.promises:
            if earlier.is_running and set(earlier.invoice_ids) & set(action.invoice_ids):
                await agreements.save_promise(self.tx, replace(earlier, state=PromiseState.WITHDRAWN))
                payload: dict[str, object] = {"why": "a later promise replaces it"}
                done.append(self.event("promise.withdrawn", {"promise": earlier.id}, payload))
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
        await agreements.save_promise(self.tx, promise)
        payload = {
            "due_on": action.due_on.isoformat(),
            "pauses_until_on": action.pauses_until_on.isoformat(),
            "amount": action.amount.text if action.amount else None,
            "invoices": list(action.invoice_ids),
        }
        return [*done, self.event("promise.tracked", {"promise": promise.id}, payload)]

    async def _dispute(self, action: DraftDispute) -> list[Happened]:
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
        payload: dict[str, object] = {"hard": action.hard, "why": action.why}
        return [self.event("reminder.bounced", {"message": action.outbox_id}, payload)]

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
