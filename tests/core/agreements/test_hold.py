"""When a hold raises an alarm, and when it ends by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from mailer.agreements.hold import ended, needs_alarm
from mailer.domain.agreement import Hold, HoldKind
from mailer.domain.ids import CustomerId, HoldId, InvoiceId
from mailer.domain.invoice import Invoice, InvoiceClosing
from mailer.domain.money import Money

DAY = date(2026, 3, 9)
BEFORE, AFTER = date(2026, 3, 8), date(2026, 3, 10)


def hold(kind: HoldKind, *numbers: int, until: date | None = None, deadline: date | None = None) -> Hold:
    return Hold(
        id=HoldId("hold_1"),
        customer_id=CustomerId("cus_1"),
        invoice_ids=tuple(InvoiceId(f"inv_{number}") for number in numbers),
        kind=kind,
        reason="they wrote",
        placed_at=datetime(2026, 3, 2, tzinfo=UTC),
        until_on=until,
        deadline_on=deadline,
    )


def invoice(number: int, minor: int = 100, closing: InvoiceClosing | None = None) -> Invoice:
    return Invoice(
        id=InvoiceId(f"inv_{number}"),
        customer_id=CustomerId("cus_1"),
        number=str(number),
        issued_on=date(2026, 1, 1),
        due_on=date(2026, 2, 1),
        total=Money(minor=100, currency="EUR"),
        open=Money(minor=minor, currency="EUR"),
        closing=closing,
    )


PAID, OPEN = invoice(1, 0), invoice(2)


@pytest.mark.parametrize(
    ("until", "deadline", "today", "alarm"),
    [
        (None, DAY, BEFORE, False),
        (None, DAY, DAY, True),
        (None, DAY, AFTER, True),
        (None, None, AFTER, False),
        (DAY, BEFORE, DAY, True),
        (DAY, BEFORE, AFTER, False),  # over by its date: nobody needs to look
    ],
)
def test_the_deadline_raises_an_alarm_and_ends_nothing(
    until: date | None,
    deadline: date | None,
    today: date,
    alarm: bool,  # noqa: FBT001
) -> None:
    found = hold(HoldKind.REPLY, 2, until=until, deadline=deadline)
    assert needs_alarm(found, today) is alarm
    assert (ended(found, (OPEN,), today) is None) is found.covers(InvoiceId("inv_2"), today)


@pytest.mark.parametrize("kind", list(HoldKind))
def test_a_hold_with_an_end_ends_after_that_day(kind: HoldKind) -> None:
    found = hold(kind, 2, until=DAY)
    assert ended(found, (OPEN,), DAY) is None
    assert ended(found, (OPEN,), AFTER) == "its last day was 2026-03-09"


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        (HoldKind.REPLY, True),
        (HoldKind.CLAIMED_PAID, True),
        (HoldKind.OUT_OF_OFFICE, True),
        (HoldKind.UNKNOWN_SENDER, True),
        (HoldKind.BOUNCE, False),
        (HoldKind.STOP, False),
        (HoldKind.MANUAL, False),
    ],
)
def test_payment_ends_only_what_was_about_the_payment(kind: HoldKind, ends: bool) -> None:  # noqa: FBT001
    reason = "nothing is open on its invoices any more" if ends else None
    assert ended(hold(kind, 1), (PAID, OPEN), AFTER) == reason
    assert ended(hold(kind, 2), (PAID, OPEN), AFTER) is None


@pytest.mark.parametrize(
    ("numbers", "invoices", "ends"),
    [
        ((), (PAID,), True),
        ((), (PAID, OPEN), False),
        ((), (), False),
        ((1, 2), (PAID, OPEN), False),
        ((1, 3), (PAID, invoice(3, 100, InvoiceClosing.VOID)), True),
        ((1, 9), (PAID, OPEN), True),  # the other one was paid long ago
        ((9,), (PAID, OPEN), False),
    ],
)
def test_all_it_covers_must_be_paid(numbers: tuple[int, ...], invoices: tuple[Invoice, ...], ends: bool) -> None:  # noqa: FBT001
    assert (ended(hold(HoldKind.REPLY, *numbers), invoices, AFTER) is not None) is ends
