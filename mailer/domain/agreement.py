"""Promises, disputes and holds: what makes us quieter. The tables of their states live in `mailer.agreements`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from mailer.domain.ids import CustomerId, DisputeId, HoldId, InvoiceId, MailId, PromiseId
from mailer.domain.money import ClaimedAmount, Money


class PromiseState(StrEnum):
    """Where a promise to pay stands."""

    #: Read from a mail with certainty; pauses, but is no agreement: nobody is told it was broken.
    TRACKED = "tracked"
    #: A person has confirmed it; when it breaks, the customer may be told so.
    CONFIRMED = "confirmed"
    KEPT = "kept"
    BROKEN = "broken"
    #: Withdrawn by a person, or replaced by a later promise.
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A promise to pay by `due_on` (local date). Pauses reminders up to and including `pauses_until_on` (due + grace).

    `invoice_ids` is never empty. `amount` is what the customer wrote, None for all that is open. `owed` is the sum open
    on these invoices when it was made, None when they are in several currencies.
    """

    id: PromiseId
    customer_id: CustomerId
    invoice_ids: tuple[InvoiceId, ...]
    due_on: date
    pauses_until_on: date
    state: PromiseState
    made_at: datetime
    amount: ClaimedAmount | None = None
    owed: Money | None = None
    mail_id: MailId | None = None
    #: Whether a person confirmed it before it was kept or broken.
    confirmed: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it still pauses reminders."""
        return self.state in (PromiseState.TRACKED, PromiseState.CONFIRMED)


class DisputeState(StrEnum):
    """Where a dispute stands."""

    #: Read from a mail; stops reminders, waits for a person to accept or decline it.
    DRAFT = "draft"
    OPEN = "open"
    #: Settled in the customer's favour, in ours, or withdrawn: `outcome` says which.
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A dispute of some invoices, with a reason code (`DISPUTE_REASONS` in `mailer.domain.reading`)."""

    id: DisputeId
    customer_id: CustomerId
    invoice_ids: tuple[InvoiceId, ...]
    reason: str
    state: DisputeState
    opened_at: datetime
    mail_id: MailId | None = None
    outcome: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it still stops reminders."""
        return self.state is not DisputeState.CLOSED


class HoldKind(StrEnum):
    """Why reminders pause."""

    #: A human replied; a person decides what it means. Ends by a person or by the ledger.
    REPLY = "reply"
    #: The customer says it is paid. Ends by the ledger or a person.
    CLAIMED_PAID = "claimed_paid"
    #: An out-of-office notice; ends by itself after `until_on`.
    OUT_OF_OFFICE = "out_of_office"
    #: A reply by an unknown sender without a valid token; lapses by itself after `until_on`.
    UNKNOWN_SENDER = "unknown_sender"
    #: The mail could not be delivered; ends when a person gives a better address.
    BOUNCE = "bounce"
    #: Asked never to be contacted again, lawyer, insolvency: ends only by a person.
    STOP = "stop"
    #: Set by a person, with or without an end.
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A pause of some invoices, or of the whole customer when `invoice_ids` is empty.

    `until_on`: last local day of the pause, after which it ends by itself; None = ends by a person or the ledger.
    `deadline_on`: local day on which an alarm is raised if it is still there (never a resume); None = no alarm.
    """

    id: HoldId
    customer_id: CustomerId
    invoice_ids: tuple[InvoiceId, ...]
    kind: HoldKind
    reason: str
    placed_at: datetime
    until_on: date | None = None
    deadline_on: date | None = None
    mail_id: MailId | None = None
    #: Whether the passing of the deadline was announced already.
    alarmed: bool = False

    def covers(self, invoice_id: InvoiceId, today: date) -> bool:
        """Whether this hold, if not released, pauses that invoice on that local day."""
        if self.until_on is not None and today > self.until_on:
            return False
        return not self.invoice_ids or invoice_id in self.invoice_ids
