"""The status of an invoice: derived from facts, never stored, by one precedence table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from mailer.domain.agreement import HoldKind
from mailer.domain.case import CaseFacts
from mailer.domain.invoice import Invoice, InvoiceClosing


class Status(StrEnum):
    """How an invoice stands; the order of this list is the precedence, first match wins."""

    WRITTEN_OFF = "written_off"
    HANDED_OVER = "handed_over"
    PAID = "paid"
    DISPUTED = "disputed"
    CLAIMED_PAID = "claimed_paid"
    PROMISED = "promised"
    ON_HOLD = "on_hold"
    PART_PAID = "part_paid"
    OVERDUE = "overdue"
    DUE = "due"
    NOT_DUE = "not_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """A status with its reason and the local day since when it holds."""

    status: Status
    reason: str
    since_on: date


def invoice_status(invoice: Invoice, facts: CaseFacts, *, today: date) -> StatusView:
    """Return how an invoice stands on a local day of its customer.

    Closed and paid come before everything a customer says; a dispute before a claim of payment, that before a promise,
    that before other holds; only then the calendar.
    """
    return _closed(invoice, today) or _paused(invoice, facts, today) or _by_calendar(invoice, today)


def _closed(invoice: Invoice, today: date) -> StatusView | None:
    if invoice.closing is InvoiceClosing.HANDED_OVER:
        return StatusView(status=Status.HANDED_OVER, reason="handed over for collection", since_on=today)
    if invoice.closing is InvoiceClosing.WRITTEN_OFF:
        return StatusView(status=Status.WRITTEN_OFF, reason="written off", since_on=today)
    if invoice.closing is InvoiceClosing.VOID:
        return StatusView(status=Status.PAID, reason="void in the ledger", since_on=today)
    if invoice.open.minor <= 0:
        return StatusView(status=Status.PAID, reason="nothing open in the ledger", since_on=invoice.paid_on or today)
    return None


def _paused(invoice: Invoice, facts: CaseFacts, today: date) -> StatusView | None:
    if dispute := facts.running_dispute(invoice.id):
        reason = f"dispute ({dispute.reason}), {dispute.state}"
        return StatusView(status=Status.DISPUTED, reason=reason, since_on=_day(facts, dispute.opened_at))
    hold = facts.running_hold(invoice.id, today)
    claims = [h for h in facts.holds if h.kind is HoldKind.CLAIMED_PAID and h.covers(invoice.id, today)]
    if claims:
        return StatusView(
            status=Status.CLAIMED_PAID, reason=claims[0].reason, since_on=_day(facts, claims[0].placed_at)
        )
    if promise := facts.running_promise(invoice.id, today):
        reason = f"promised for {promise.due_on.isoformat()} ({promise.state})"
        return StatusView(status=Status.PROMISED, reason=reason, since_on=_day(facts, promise.made_at))
    if hold:
        return StatusView(
            status=Status.ON_HOLD, reason=f"{hold.kind}: {hold.reason}", since_on=_day(facts, hold.placed_at)
        )
    return None


def _day(facts: CaseFacts, at: datetime) -> date:
    """Return the customer's local day of a moment."""
    return at.astimezone(ZoneInfo(facts.customer.time_zone)).date()


def _by_calendar(invoice: Invoice, today: date) -> StatusView:
    late = invoice.days_overdue(today)
    if late < 0:
        return StatusView(status=Status.NOT_DUE, reason=f"due in {-late} days", since_on=invoice.issued_on)
    if late == 0:
        return StatusView(status=Status.DUE, reason="due today", since_on=invoice.due_on)
    if invoice.open != invoice.total:
        reason = f"{invoice.open} of {invoice.total} open, {late} days overdue"
        return StatusView(status=Status.PART_PAID, reason=reason, since_on=invoice.due_on)
    return StatusView(status=Status.OVERDUE, reason=f"{late} days overdue", since_on=invoice.due_on)
