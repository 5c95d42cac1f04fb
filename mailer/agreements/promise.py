"""Promises to pay: which states follow which, and when a promise is kept or broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from mailer.domain.agreement import Promise, PromiseState
from mailer.domain.invoice import Invoice, InvoiceClosing
from mailer.domain.money import Money, MoneyError

_ENDS = frozenset({PromiseState.KEPT, PromiseState.BROKEN, PromiseState.WITHDRAWN})

#: The whole table: from → the states it may become. Only a person makes a promise confirmed (law 4).
TRANSITIONS: dict[PromiseState, frozenset[PromiseState]] = {
    PromiseState.TRACKED: _ENDS | {PromiseState.CONFIRMED},
    PromiseState.CONFIRMED: _ENDS,
    PromiseState.KEPT: frozenset(),
    PromiseState.BROKEN: frozenset(),
    PromiseState.WITHDRAWN: frozenset(),
}


def pauses_until(due_on: date, grace_business_days: int, add_business_days: Callable[[date, int], date]) -> date:
    """Return the last local day a promise for `due_on` pauses reminders: that day plus grace.

    `add_business_days` counts on the customer's calendar: (day, how many) → day.
    """
    return add_business_days(due_on, grace_business_days)


def settle(promise: Promise, invoices: Iterable[Invoice], *, today: date) -> PromiseState | None:
    """Return KEPT or BROKEN when the ledger or the calendar has decided a running promise, else None.

    `invoices` are the customer's as in `CaseFacts`; one that is no longer among them left the ledger's open list long
    ago. Kept: all its invoices are paid, or what was promised has come in since. Broken: the day and the grace have
    passed (local day) without that.
    """
    if not promise.is_running:
        return None
    named = [invoice for invoice in invoices if invoice.id in promise.invoice_ids]
    if not named:  # neither kept nor broken can be proved
        return None
    if not any(_is_owed(invoice) for invoice in named) or _paid_as_promised(promise, named):
        return PromiseState.KEPT
    return PromiseState.BROKEN if today > promise.pauses_until_on else None


def _is_owed(invoice: Invoice) -> bool:
    """Whether money is still to come; writing off or handing over is no payment, a void invoice asks for none."""
    return invoice.open.minor > 0 and invoice.closing is not InvoiceClosing.VOID


def _paid_as_promised(promise: Promise, named: Sequence[Invoice]) -> bool:
    """Whether at least the promised amount came in since; False when amount or currency do not allow to tell."""
    if promise.amount is None or promise.amount.amount is None or promise.owed is None:
        return False
    currency = promise.owed.currency
    if promise.amount.currency not in (None, currency) or any(i.open.currency != currency for i in named):
        return False
    try:
        wanted = Money.of(promise.amount.amount, currency)
    except MoneyError:  # a claim read from a mail may be anything
        return False
    still_open = sum(invoice.open.minor for invoice in named if _is_owed(invoice))
    return 0 < wanted.minor <= promise.owed.minor - still_open
