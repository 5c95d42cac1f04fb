"""Holds: when one raises an alarm, and when one ends by itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from mailer.domain.agreement import Hold, HoldKind
from mailer.domain.invoice import Invoice

#: What ends when nothing is owed any more. A stop, a person's own hold and a dead address outlive the debt.
ENDS_BY_LEDGER = frozenset({HoldKind.REPLY, HoldKind.CLAIMED_PAID, HoldKind.OUT_OF_OFFICE, HoldKind.UNKNOWN_SENDER})


def needs_alarm(hold: Hold, today: date) -> bool:
    """Whether a hold that nobody released has reached its deadline (local day). An alarm is never a resume (law 4)."""
    return hold.deadline_on is not None and today >= hold.deadline_on and not _is_over(hold, today)


def ended(hold: Hold, invoices: Iterable[Invoice], today: date) -> str | None:
    """Return why a hold ends by itself, by its date or by the ledger; None while it stands.

    `invoices` are the customer's as in `CaseFacts`; a hold without invoice ids covers all of them.
    """
    if _is_over(hold, today):
        return f"its last day was {hold.until_on}"
    covered = [invoice for invoice in invoices if not hold.invoice_ids or invoice.id in hold.invoice_ids]
    if hold.kind in ENDS_BY_LEDGER and covered and not any(invoice.is_open for invoice in covered):
        return "nothing is open on its invoices any more"
    return None


def _is_over(hold: Hold, today: date) -> bool:
    return hold.until_on is not None and today > hold.until_on
