"""How an invoice stands, by one table of precedence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mailer.domain.agreement import DisputeState, HoldKind
from mailer.domain.invoice import Invoice, InvoiceClosing
from mailer.domain.status import Status, invoice_status
from tests.core.domain.samples import day, dispute, facts, hold, invoice, promise

CLAIMED = hold(kind=HoldKind.CLAIMED_PAID, placed=4)


@pytest.mark.parametrize(
    ("owed", "said", "on", "status", "reason", "since"),
    [
        (invoice(), {}, -5, Status.NOT_DUE, "due in 5 days", -30),
        (invoice(), {}, 0, Status.DUE, "due today", 0),
        (invoice(), {}, 3, Status.OVERDUE, "3 days overdue", 0),
        (invoice(40), {}, 3, Status.PART_PAID, "EUR 0.40 of EUR 1.00 open, 3 days overdue", 0),
        (invoice(40), {}, -3, Status.NOT_DUE, "due in 3 days", -30),
        (invoice(0, paid_on=day(2)), {}, 9, Status.PAID, "nothing open in the ledger", 2),
        (invoice(0), {}, 9, Status.PAID, "nothing open in the ledger", 9),
        (invoice(closing=InvoiceClosing.VOID), {}, 9, Status.PAID, "void in the ledger", 9),
        (invoice(closing=InvoiceClosing.WRITTEN_OFF), {}, 9, Status.WRITTEN_OFF, "written off", 9),
        (invoice(closing=InvoiceClosing.HANDED_OVER), {}, 9, Status.HANDED_OVER, "handed over for collection", 9),
        (invoice(), {"disputes": (dispute(),)}, 9, Status.DISPUTED, "dispute (price), draft", 3),
        (invoice(), {"disputes": (dispute(DisputeState.CLOSED),)}, 9, Status.OVERDUE, "9 days overdue", 0),
        (invoice(), {"holds": (CLAIMED,)}, 9, Status.CLAIMED_PAID, "they wrote", 4),
        (invoice(), {"promises": (promise(2),)}, 9, Status.PROMISED, "promised for 2026-03-09 (tracked)", 2),
        (invoice(), {"promises": (promise(2),)}, 10, Status.OVERDUE, "10 days overdue", 0),
        (invoice(), {"holds": (hold(placed=1),)}, 9, Status.ON_HOLD, "reply: they wrote", 1),
        (invoice(), {"holds": (hold(placed=1),)}, -9, Status.ON_HOLD, "reply: they wrote", 1),
    ],
)
def test_each_status_with_its_reason_and_since_when(
    owed: Invoice, said: dict[str, Any], on: int, status: Status, reason: str, since: int
) -> None:
    view = invoice_status(owed, facts(**said), today=day(on))
    assert (view.status, view.reason, view.since_on) == (status, reason, day(since))


def test_the_first_in_the_list_wins() -> None:
    everything: dict[str, Any] = {
        "disputes": (dispute(),),
        "holds": (hold(placed=1), CLAIMED),
        "promises": (promise(2),),
    }
    owed = invoice(40)
    order = []
    for quieter in ("disputes", "claim", "promises", "holds"):
        order.append(invoice_status(owed, facts(**everything), today=day(5)).status)
        if quieter == "claim":
            everything["holds"] = (hold(placed=1),)
        else:
            everything[quieter] = ()
    order.append(invoice_status(owed, facts(**everything), today=day(5)).status)
    assert order == [Status.DISPUTED, Status.CLAIMED_PAID, Status.PROMISED, Status.ON_HOLD, Status.PART_PAID]
    settled = replace(owed, open=owed.total, closing=InvoiceClosing.HANDED_OVER)
    assert invoice_status(settled, facts(disputes=(dispute(),)), today=day(5)).status is Status.HANDED_OVER
