"""When a promise is kept, when it is broken, and for how long it pauses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.agreements.promise import TRANSITIONS, pauses_until, settle
from mailer.domain.agreement import Promise, PromiseState
from mailer.domain.ids import CustomerId, InvoiceId, PromiseId
from mailer.domain.invoice import Invoice, InvoiceClosing
from mailer.domain.money import ClaimedAmount, Money

DUE = date(2026, 3, 13)
UNTIL = date(2026, 3, 17)
TWO = (InvoiceId("inv_1"), InvoiceId("inv_2"))
PROMISE = Promise(
    id=PromiseId("prom_1"),
    customer_id=CustomerId("cus_1"),
    invoice_ids=TWO,
    due_on=DUE,
    pauses_until_on=UNTIL,
    state=PromiseState.TRACKED,
    made_at=datetime(2026, 3, 2, tzinfo=UTC),
    owed=Money(minor=30_000, currency="EUR"),
)


def invoice(number: int, minor: int, currency: str = "EUR", closing: InvoiceClosing | None = None) -> Invoice:
    return Invoice(
        id=InvoiceId(f"inv_{number}"),
        customer_id=CustomerId("cus_1"),
        number=str(number),
        issued_on=date(2026, 1, 1),
        due_on=date(2026, 2, 1),
        total=Money(minor=15_000, currency=currency),
        open=Money(minor=minor, currency=currency),
        closing=closing,
    )


BOTH_OPEN = (invoice(1, 15_000), invoice(2, 15_000))


def claimed(amount: str | None, currency: str | None = "EUR") -> ClaimedAmount:
    return ClaimedAmount(text="as promised", amount=amount, currency=currency)


@pytest.mark.parametrize("state", [PromiseState.TRACKED, PromiseState.CONFIRMED])
@pytest.mark.parametrize(
    ("invoices", "today", "expected"),
    [
        (BOTH_OPEN, DUE, None),
        (BOTH_OPEN, UNTIL, None),  # the grace is the customer's to the last day
        (BOTH_OPEN, UNTIL + timedelta(days=1), PromiseState.BROKEN),
        ((invoice(1, 0), invoice(2, 0)), DUE - timedelta(days=5), PromiseState.KEPT),
        ((invoice(1, 0), invoice(2, 0)), UNTIL + timedelta(days=9), PromiseState.KEPT),
        ((invoice(1, 0), invoice(2, 1)), UNTIL, None),
        ((invoice(1, 0), invoice(2, 1)), UNTIL + timedelta(days=1), PromiseState.BROKEN),
        ((invoice(1, 0), invoice(2, -5), invoice(3, 900)), DUE, PromiseState.KEPT),  # others do not matter
        ((invoice(2, 0),), DUE, PromiseState.KEPT),  # the other was paid long ago
        ((), UNTIL + timedelta(days=9), None),  # nothing is known, so nothing is decided
        ((invoice(1, 15_000, closing=InvoiceClosing.VOID), invoice(2, 0)), DUE, PromiseState.KEPT),
        ((invoice(1, 15_000, closing=InvoiceClosing.WRITTEN_OFF), invoice(2, 0)), DUE, None),
    ],
)
def test_the_ledger_or_the_calendar_decides(
    state: PromiseState, invoices: tuple[Invoice, ...], today: date, expected: PromiseState | None
) -> None:
    assert settle(replace(PROMISE, state=state), invoices, today=today) is expected


@pytest.mark.parametrize("state", [PromiseState.KEPT, PromiseState.BROKEN, PromiseState.WITHDRAWN])
def test_what_is_settled_stays_so(state: PromiseState) -> None:
    assert settle(replace(PROMISE, state=state), BOTH_OPEN, today=UNTIL + timedelta(days=9)) is None


@pytest.mark.parametrize(
    ("amount", "owed", "invoices", "expected"),
    [
        (claimed("100.00"), PROMISE.owed, (invoice(1, 5_000), invoice(2, 15_000)), PromiseState.KEPT),
        (claimed("100.00", None), PROMISE.owed, (invoice(1, 5_000), invoice(2, 15_000)), PromiseState.KEPT),
        (claimed("100.00"), PROMISE.owed, (invoice(1, 0), invoice(2, 5_000)), PromiseState.KEPT),  # more than promised
        (claimed("100.00"), PROMISE.owed, (invoice(1, 5_001), invoice(2, 15_000)), None),
        (claimed("100.00"), PROMISE.owed, (invoice(1, 4_000), invoice(2, 16_000)), PromiseState.KEPT),
        (claimed("100.00", "USD"), PROMISE.owed, (invoice(1, 5_000), invoice(2, 15_000)), None),
        (claimed("100.00"), PROMISE.owed, (invoice(1, 5_000, "USD"), invoice(2, 15_000)), None),
        (claimed("100.00"), None, (invoice(1, 5_000), invoice(2, 15_000)), None),
        (claimed(None), PROMISE.owed, (invoice(1, 5_000), invoice(2, 15_000)), None),
        (None, PROMISE.owed, (invoice(1, 5_000), invoice(2, 15_000)), None),
        (claimed("0"), PROMISE.owed, BOTH_OPEN, None),
        (claimed("-5.00"), PROMISE.owed, BOTH_OPEN, None),
        (claimed("about a hundred"), PROMISE.owed, (invoice(1, 0), invoice(2, 1)), None),
    ],
)
def test_a_promised_part_is_kept_when_that_much_came_in(
    amount: ClaimedAmount | None, owed: Money | None, invoices: tuple[Invoice, ...], expected: PromiseState | None
) -> None:
    assert settle(replace(PROMISE, amount=amount, owed=owed), invoices, today=DUE) is expected


@given(left=st.integers(0, 30_000), promised=st.integers(1, 30_000))
def test_a_part_is_kept_exactly_from_its_amount_on(left: int, promised: int) -> None:
    amount = claimed(f"{promised // 100}.{promised % 100:02}")
    found = settle(replace(PROMISE, amount=amount), (invoice(1, left), invoice(2, 0)), today=DUE)
    assert (found is PromiseState.KEPT) is (30_000 - left >= promised or left == 0)


def test_the_pause_is_the_promised_day_plus_grace_on_the_customers_calendar() -> None:
    asked = []

    def add(day: date, count: int) -> date:
        asked.append((day, count))
        return UNTIL

    assert pauses_until(DUE, 2, add) == UNTIL
    assert asked == [(DUE, 2)]


@pytest.mark.parametrize("state", list(PromiseState))
def test_the_table_of_states_says_what_may_follow(state: PromiseState) -> None:
    ends = {PromiseState.KEPT, PromiseState.BROKEN, PromiseState.WITHDRAWN}
    expected = {PromiseState.TRACKED: ends | {PromiseState.CONFIRMED}, PromiseState.CONFIRMED: ends}
    assert TRANSITIONS[state] == expected.get(state, set())
    assert bool(TRANSITIONS[state]) is replace(PROMISE, state=state).is_running
