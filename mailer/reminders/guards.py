"""What keeps a due rung from being said now: one guard per reason, in one table, strongest first.

`plan` asks them before it writes a mail, `recheck` asks them again in the transaction that sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from mailer.domain.case import CaseFacts, StepHow
from mailer.domain.invoice import Invoice
from mailer.reminders.calendar import SendCalendar
from mailer.reminders.ladder import Rung, may_be_said
from mailer.reminders.policy import Policy
from mailer.reminders.steps import Anchor, TaskStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The operator's limits: whether Duly is `live` (not paused), and how old (hours) the balances may be."""

    live: bool
    max_data_age_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything a decision about one customer looks at."""

    facts: CaseFacts
    policy: Policy
    calendar: SendCalendar
    now: datetime
    limits: Limits

    #: The customer's date at `now`; reckoned once, since every guard of every invoice asks for it.
    today: date = field(init=False)

    def __post_init__(self) -> None:
        """Reckon the date."""
        object.__setattr__(self, "today", self.calendar.local_day(self.now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An invoice and the rung whose turn it is."""

    invoice: Invoice
    rung: Rung

    @property
    def is_task(self) -> bool:
        """Whether a person does it, so that neither an address nor the send window matters."""
        return isinstance(self.rung.step, TaskStep)

    @property
    def is_thanks(self) -> bool:
        """Whether it thanks for a payment instead of asking for one."""
        return self.rung.step.timing.anchor is Anchor.AFTER_PAYMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a rung is not said now: a stable `code` (see `NotNow`) and one sentence.

    `free_on`: local day from which this no longer stands by itself; None when a person, the ledger or a mail ends it.
    """

    code: str
    why: str
    free_on: date | None = None


Guard = Callable[[Turn, Situation], Reason | None]


def paused(_turn: Turn, situation: Situation) -> Reason | None:
    """Nothing goes out before a person has said so."""
    if situation.limits.live:
        return None
    return Reason(code="paused", why="Duly is paused; `duly resume` lets it work.")


def stale_data(_turn: Turn, situation: Situation) -> Reason | None:
    """Old balances would dun people who have paid."""
    as_of, hours = situation.facts.data_as_of, situation.limits.max_data_age_hours
    if as_of is None:
        return Reason(code="stale_data", why="The balances were never confirmed; import them.")
    if situation.now - as_of <= timedelta(hours=hours):
        return None
    return Reason(code="stale_data", why=f"The balances are older than {hours} hours; import them again.")


def disputed(turn: Turn, situation: Situation) -> Reason | None:
    """A disputed invoice is not asked for."""
    dispute = situation.facts.running_dispute(turn.invoice.id)
    if dispute is None:
        return None
    return Reason(code="disputed", why=f"The customer disputes the invoice ({dispute.reason}).")


def promised(turn: Turn, situation: Situation) -> Reason | None:
    """A promise pauses until its day plus grace; being thanked for an early payment is welcome."""
    promise = situation.facts.running_promise(turn.invoice.id, situation.today)
    if promise is None or turn.is_thanks:
        return None
    until = promise.pauses_until_on
    why = f"Payment is promised for {promise.due_on}; reminders pause until {until}."
    return Reason(code="promised", why=why, free_on=until + timedelta(days=1))


def on_hold(turn: Turn, situation: Situation) -> Reason | None:
    """A hold pauses its invoices, or all of the customer's."""
    hold = situation.facts.running_hold(turn.invoice.id, situation.today)
    if hold is None:
        return None
    kind = hold.kind.replace("_", " ")
    if hold.until_on is None:
        return Reason(code="on_hold", why=f"On hold ({kind}) until a person or the ledger ends it.")
    why = f"On hold ({kind}) until {hold.until_on}."
    return Reason(code="on_hold", why=why, free_on=hold.until_on + timedelta(days=1))


def in_flight(turn: Turn, situation: Situation) -> Reason | None:
    """A rung under way blocks its invoice's ladder; a mail under way, every further mail to the customer."""
    steps = situation.facts.steps
    for done in (step for step in steps if step.invoice_id == turn.invoice.id):
        if done.how is StepHow.TASK_OPEN:
            return Reason(code="task_open", why=f"A person has still to do and log the task {done.step_id!r}.")
        if done.how is StepHow.QUEUED:
            return Reason(code="in_flight", why=f"The mail with {done.step_id!r} waits to be sent.")
    if not turn.is_task and any(step.how is StepHow.QUEUED for step in steps):
        return Reason(code="in_flight", why="Another mail to this customer waits to be sent.")
    return None


def first_must_be_gentle(turn: Turn, situation: Situation) -> Reason | None:
    """A notice is nobody's first word."""
    if may_be_said(turn.rung.step, turn.invoice, situation.facts, situation.policy):
        return None
    why = "A notice is nobody's first mail, and no gentler step is left; a person decides."
    return Reason(code="first_must_be_gentle", why=why)


def no_address(turn: Turn, situation: Situation) -> Reason | None:
    """A mail needs somewhere to go."""
    if turn.is_task or situation.facts.customer.email:
        return None
    return Reason(code="no_address", why="No address is known; add one.")


def suppressed(turn: Turn, situation: Situation) -> Reason | None:
    """An address that bounced or asked for silence is not written to."""
    email = situation.facts.customer.email.lower()
    found = next((why for address, why in situation.facts.suppressed if address.lower() == email), None)
    if turn.is_task or found is None:
        return None
    return Reason(code="suppressed", why=f"The address may not be written to ({found}); give another or lift it.")


def too_soon(turn: Turn, situation: Situation) -> Reason | None:
    """The minimum gap after any contact beats every step's offset; a thank-you only waits for the next day."""
    facts, local_day = situation.facts, situation.calendar.local_day
    contacts = [step.at for step in facts.steps_of(turn.invoice.id) if step.was_said]
    if facts.last_contact_at is not None:
        contacts.append(facts.last_contact_at)
    gap = 1 if turn.is_thanks else situation.policy.min_gap_days
    free_on = max((local_day(at) + timedelta(days=gap) for at in contacts), default=situation.today)
    if free_on <= situation.today:
        return None
    why = f"The customer heard from us less than {gap} {'day' if gap == 1 else 'days'} ago; the gap ends on {free_on}."
    return Reason(code="gap", why=why, free_on=free_on)


def failed_today(turn: Turn, situation: Situation) -> Reason | None:
    """A refused mail is not tried again all day long."""
    rung, calendar, today = turn.rung, situation.calendar, situation.today
    for done in situation.facts.steps_of(turn.invoice.id):
        same = (done.step_id, done.cycle) == (rung.step.id, rung.cycle)
        if same and done.how is StepHow.FAILED and calendar.local_day(done.at) == today:
            why = "The mail was refused today; it is tried again tomorrow."
            return Reason(code="gap", why=why, free_on=today + timedelta(days=1))
    return None


def window_closed(turn: Turn, situation: Situation) -> Reason | None:
    """Mail goes out in the customer's office hours; a task may be given at any time."""
    calendar, now, today = situation.calendar, situation.now, situation.today
    if turn.is_task or calendar.is_open(now):
        return None
    opens_at = calendar.next_open(now)
    opens = f"the next opening is {calendar.local(opens_at):%Y-%m-%d %H:%M} ({calendar.time_zone})"
    free_on = calendar.local_day(opens_at)
    if today in calendar.holidays:
        return Reason(code="holiday", why=f"{today} is a public holiday; {opens}.", free_on=free_on)
    return Reason(code="window", why=f"Outside the send window; {opens}.", free_on=free_on)


#: Strongest first: the first that stands is the one on record.
GUARDS: tuple[Guard, ...] = (
    paused,
    stale_data,
    disputed,
    promised,
    on_hold,
    in_flight,
    first_must_be_gentle,
    no_address,
    suppressed,
    too_soon,
    failed_today,
    window_closed,
)


def reasons(turn: Turn, situation: Situation, guards: tuple[Guard, ...] = GUARDS) -> tuple[Reason, ...]:
    """Return every reason against saying a rung now, strongest first; () when nothing is against it."""
    found = (guard(turn, situation) for guard in guards)
    return tuple(reason for reason in found if reason is not None)
