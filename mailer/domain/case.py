"""A case (a customer's account from first overdue invoice to zero balance or hand-over) and the facts of decisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from mailer.domain.agreement import Dispute, Hold, Promise
from mailer.domain.customer import Customer
from mailer.domain.ids import CaseId, CustomerId, InvoiceId, StepId, TaskId
from mailer.domain.invoice import Invoice


class StepHow(StrEnum):
    """What became of one rung for one invoice."""

    #: In a message that waits to be sent.
    QUEUED = "queued"
    SENT = "sent"
    #: May have been sent; counts as said.
    UNKNOWN = "unknown"
    #: The message was refused for good; the rung was not said.
    FAILED = "failed"
    #: A call or letter waits to be done by a person.
    TASK_OPEN = "task_open"
    #: A person did it and logged it.
    BY_HAND = "by_hand"
    #: Passed over for good (a pre-due rung after the due date).
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """One rung of one invoice, and since when it is so. `cycle` counts repetitions of a repeating rung, from 0."""

    invoice_id: InvoiceId
    step_id: StepId
    cycle: int
    how: StepHow
    at: datetime

    @property
    def was_said(self) -> bool:
        """Whether the customer has (or may have) been told."""
        return self.how in (StepHow.SENT, StepHow.UNKNOWN, StepHow.BY_HAND)


class TaskKind(StrEnum):
    """What a person is asked to do by a policy."""

    CALL = "call"
    LETTER = "letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something a person has to do for a case; closes itself when its invoices are paid."""

    id: TaskId
    customer_id: CustomerId
    kind: TaskKind
    invoice_ids: tuple[InvoiceId, ...]
    step_id: StepId
    instructions: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The life of one customer's debt. `closed_at` None while it runs."""

    id: CaseId
    customer_id: CustomerId
    opened_at: datetime
    closed_at: datetime | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """Everything the decisions look at for one customer, read in one transaction.

    `invoices`: all that are open, plus those closed or paid in the last 60 days. `holds`: all not released (some may
    have run out by date). `suppressed`: addresses (lower case) that may not be written to, each with its reason.
    `last_contact_at`: the last time the customer was written to or spoken with by us, None for never.
    `data_as_of`: when the balances were last confirmed by an import or by hand, None for never.
    """

    customer: Customer
    invoices: tuple[Invoice, ...]
    steps: tuple[StepDone, ...] = ()
    promises: tuple[Promise, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    holds: tuple[Hold, ...] = ()
    tasks: tuple[Task, ...] = ()
    suppressed: tuple[tuple[str, str], ...] = ()
    last_contact_at: datetime | None = None
    data_as_of: datetime | None = None
    case_id: CaseId | None = None

    def steps_of(self, invoice_id: InvoiceId) -> tuple[StepDone, ...]:
        """Return the rungs of one invoice, oldest first."""
        return tuple(sorted((s for s in self.steps if s.invoice_id == invoice_id), key=lambda s: s.at))

    def running_promise(self, invoice_id: InvoiceId, today: date) -> Promise | None:
        """Return the promise that pauses that invoice today, if any (the latest made)."""
        found = [
            p for p in self.promises if p.is_running and invoice_id in p.invoice_ids and today <= p.pauses_until_on
        ]
        return max(found, key=lambda p: p.made_at, default=None)

    def running_dispute(self, invoice_id: InvoiceId) -> Dispute | None:
        """Return the dispute that stops that invoice, if any."""
        return next((d for d in self.disputes if d.is_running and invoice_id in d.invoice_ids), None)

    def running_hold(self, invoice_id: InvoiceId, today: date) -> Hold | None:
        """Return the hold that pauses that invoice today, if any (one without end before one with an end)."""
        found = [h for h in self.holds if h.covers(invoice_id, today)]
        return min(found, key=lambda h: (h.until_on is not None, h.placed_at), default=None)
