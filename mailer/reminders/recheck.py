"""The last look before a mail leaves: the plan's guards again, and that the mail still says what is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailer.domain.case import CaseFacts
from mailer.domain.invoice import Invoice
from mailer.domain.message import ListedInvoice
from mailer.reminders.calendar import SendCalendar
from mailer.reminders.guards import GUARDS, Limits, Situation, Turn, in_flight, reasons, window_closed
from mailer.reminders.ladder import position
from mailer.reminders.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why a message may not leave now. `retry`: leave it in the outbox; otherwise cancel it, free its rungs, re-plan.

    `code` is one of the guards' (see `NotNow`), or: balance_changed, address_changed,
    not_its_turn (a date, the policy or the ladder moved), closed.
    """

    code: str
    why: str
    retry: bool = False


#: Its own claims are in flight by now, and a closed window only makes it wait.
_CANCELLING = tuple(guard for guard in GUARDS if guard not in (in_flight, window_closed))


def still_valid(
    listed: Sequence[ListedInvoice],
    facts: CaseFacts,
    policy: Policy,
    calendar: SendCalendar,
    *,
    recipient: str,
    now: datetime,
    limits: Limits,
) -> Stop | None:
    """Return None when a mail that was frozen earlier may leave at `now`, else why not.

    `listed` (never empty) and `recipient` are those of the frozen message. `facts` are read in the transaction that
    claims the send: the message's own rungs are queued in them, and `last_contact_at` does not count the message.
    """
    situation = Situation(facts=facts, policy=policy, calendar=calendar, now=now, limits=limits)
    if recipient != facts.customer.email:
        return Stop(code="address_changed", why="The customer's address is another one now.")
    invoices = {invoice.id: invoice for invoice in facts.invoices}
    turns = []
    for line in listed:
        turn = _turn(line, invoices.get(line.invoice_id), situation)
        if isinstance(turn, Stop):
            return turn
        turns.append(turn)
    for turn in turns:
        for reason in reasons(turn, situation, _CANCELLING):
            return Stop(code=reason.code, why=reason.why)
    closed = window_closed(turns[0], situation)
    return Stop(code=closed.code, why=closed.why, retry=True) if closed else None


def _turn(line: ListedInvoice, invoice: Invoice | None, situation: Situation) -> Turn | Stop:
    """Return the rung a line of the mail claims, or why the line is no longer true."""
    if invoice is None or invoice.closing is not None:
        return Stop(code="closed", why="A listed invoice is closed.")
    if invoice.open != line.open:
        return Stop(code="balance_changed", why=f"The mail asks for {line.open}, but {invoice.open} is open now.")
    ahead = position(invoice, situation.facts, situation.policy, situation.calendar, today=situation.today).ahead
    for rung in ahead[:1]:
        if (rung.step.id, rung.cycle) == (line.step_id, line.cycle) and rung.due_since <= situation.today:
            return Turn(invoice=invoice, rung=rung)
    return Stop(
        code="not_its_turn", why=f"{line.step_id!r} is not to be said now: a date, the policy or the case moved."
    )
