"""What a decision may ask for: two closed unions. Flows carry them out, with `match` and `assert_never`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mailer.domain.agreement import HoldKind
from mailer.domain.case import TaskKind
from mailer.domain.ids import CustomerId, InvoiceId, OutboxId, StepId
from mailer.domain.message import ListedInvoice
from mailer.domain.money import ClaimedAmount

# --- from plan ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReminder:
    """Write one mail to one customer. `template` sets its tone; `listed` are the rungs it claims, main ones first.

    `main_step_id` is the firmest rung among them. Invoices of other rungs are shown as "also open".
    `broken_promise_on` is set only when a promise that a person had confirmed was broken: the mail may say so.
    """

    customer_id: CustomerId
    recipient: str
    template: str
    main_step_id: StepId
    listed: tuple[ListedInvoice, ...]
    useful_days: int
    broken_promise_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTask:
    """Ask a person to call or to send a letter; the rung counts as done when that is logged."""

    customer_id: CustomerId
    kind: TaskKind
    listed: tuple[ListedInvoice, ...]
    step_id: StepId
    instructions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipStep:
    """Pass over a rung for good, on record (a pre-due rung whose time has gone)."""

    invoice_id: InvoiceId
    step_id: StepId
    cycle: int
    why: str


PlanAction = SendReminder | CreateTask | SkipStep


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNow:
    """A rung that was due but is not said now, and why; recorded when the reason changes.

    `code` is a stable word: paused, stale_data, no_address, suppressed, disputed, promised, on_hold, gap, window,
    holiday, first_must_be_gentle, task_open, in_flight, cap, folded, ended, closed. `why` is one sentence for people.
    """

    invoice_id: InvoiceId
    step_id: StepId
    cycle: int
    code: str
    why: str


# --- from react -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHold:
    """Pause invoices (all of the customer's when empty). Dates as in `Hold`."""

    invoice_ids: tuple[InvoiceId, ...]
    kind: HoldKind
    reason: str
    until_on: date | None = None
    deadline_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndReplyHold:
    """Release the hold that this very mail caused: its meaning is certain and something better replaces it."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackPromise:
    """Keep a dated promise as tracked; it pauses until `pauses_until_on`."""

    invoice_ids: tuple[InvoiceId, ...]
    due_on: date
    pauses_until_on: date
    amount: ClaimedAmount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftDispute:
    """Stop the invoices and put a dispute before a person."""

    invoice_ids: tuple[InvoiceId, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressAddress:
    """Never write to that address again until a person lifts it."""

    address: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkUndelivered:
    """A message of ours came back: the rungs it said were not said. `cause` is a `FailureCause`, "" when not known."""

    outbox_id: OutboxId
    hard: bool
    why: str
    cause: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSetup:
    """Tell our own people that mail of ours is refused for what we are: blocked, unproven, called spam."""

    outbox_id: OutboxId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPerson:
    """Put the mail on the list of things a person decides."""

    why: str


ReplyAction = (
    PlaceHold | EndReplyHold | TrackPromise | DraftDispute | SuppressAddress | MarkUndelivered | AlertSetup | AskPerson
)
