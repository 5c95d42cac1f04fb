"""What the facts of a case answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.domain.agreement import Dispute, DisputeState, Hold, HoldKind, Promise, PromiseState
from mailer.domain.case import CaseFacts, StepDone, StepHow
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, InvoiceId, StepId
from mailer.domain.invoice import InvoiceClosing
from tests.core.domain.samples import CUSTOMER, ONE, TWO, at, day, dispute, facts, hold, invoice, promise


def step(invoice_id: InvoiceId, step_id: str, on: int, how: StepHow = StepHow.SENT) -> StepDone:
    return StepDone(invoice_id=invoice_id, step_id=StepId(step_id), cycle=0, how=how, at=at(on))


def test_the_rungs_of_one_invoice_come_oldest_first() -> None:
    first, second, other = step(ONE, "friendly", 1), step(ONE, "second", 8), step(TWO, "friendly", 3)
    found = CaseFacts(customer=CUSTOMER, invoices=(), steps=(second, other, first))
    assert found.steps_of(ONE) == (first, second)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (StepHow.QUEUED, False),
        (StepHow.SENT, True),
        (StepHow.UNKNOWN, True),
        (StepHow.FAILED, False),
        (StepHow.TASK_OPEN, False),
        (StepHow.BY_HAND, True),
        (StepHow.SKIPPED, False),
    ],
)
def test_said_is_what_the_customer_has_or_may_have_been_told(how: StepHow, said: bool) -> None:  # noqa: FBT001
    assert step(ONE, "friendly", 1, how).was_said is said


@pytest.mark.parametrize(
    ("promises", "on", "expected"),
    [
        ((promise(until=9),), 9, 0),
        ((promise(until=9),), 10, None),
        ((promise(state=PromiseState.CONFIRMED),), 5, 0),
        ((promise(state=PromiseState.KEPT),), 5, None),
        ((promise(state=PromiseState.BROKEN),), 5, None),
        ((promise(state=PromiseState.WITHDRAWN),), 5, None),
        ((replace(promise(), invoice_ids=(TWO,)),), 5, None),
        ((promise(2), promise(4), promise(1)), 5, 4),  # the latest word counts
    ],
)
def test_a_promise_pauses_up_to_its_last_day(promises: tuple[Promise, ...], on: int, expected: int | None) -> None:
    found = facts(promises=promises).running_promise(ONE, day(on))
    assert (found and found.made_at) == (None if expected is None else at(expected))


@pytest.mark.parametrize(
    ("disputes", "stops"),
    [
        ((dispute(),), True),
        ((dispute(DisputeState.OPEN),), True),
        ((dispute(DisputeState.CLOSED),), False),
        ((replace(dispute(), invoice_ids=(TWO,)),), False),
        ((dispute(DisputeState.CLOSED), dispute()), True),
    ],
)
def test_a_dispute_stops_until_it_is_closed(disputes: tuple[Dispute, ...], stops: bool) -> None:  # noqa: FBT001
    assert (facts(disputes=disputes).running_dispute(ONE) is not None) is stops


@pytest.mark.parametrize(
    ("holds", "on", "expected"),
    [
        ((hold(ONE),), 99, 0),
        ((hold(TWO),), 5, None),
        ((hold(),), 5, 0),  # the whole customer
        ((hold(ONE, until=5),), 5, 0),
        ((hold(ONE, until=5),), 6, None),
        ((hold(ONE, placed=1, until=9), hold(placed=2)), 5, 2),  # what does not end by itself is named first
        ((hold(ONE, placed=3), hold(ONE, placed=2)), 5, 2),
    ],
)
def test_a_hold_pauses_what_it_covers(holds: tuple[Hold, ...], on: int, expected: int | None) -> None:
    found = facts(holds=holds).running_hold(ONE, day(on))
    assert (found and found.placed_at) == (None if expected is None else at(expected))


@pytest.mark.parametrize(
    ("minor", "closing", "is_open"),
    [(100, None, True), (0, None, False), (-1, None, False)] + [(100, closing, False) for closing in InvoiceClosing],
)
def test_only_what_is_owed_and_not_closed_may_be_asked_for(
    minor: int,
    closing: InvoiceClosing | None,
    is_open: bool,  # noqa: FBT001
) -> None:
    assert invoice(minor, closing=closing).is_open is is_open


@pytest.mark.parametrize(("on", "days"), [(-3, -3), (0, 0), (4, 4)])
def test_days_overdue_count_from_the_due_date(on: int, days: int) -> None:
    assert invoice().days_overdue(day(on)) == days


def test_addresses_and_domains_are_lower_case_without_doubles() -> None:
    found = Customer(
        id=CustomerId("cus_1"),
        ref="C1",
        name="Ada",
        email="AP@Ada.test",
        other_emails=("ap@ada.test", "Boss@ada.test", "x@other.test", ""),
    )
    assert found.emails == ("ap@ada.test", "boss@ada.test", "x@other.test")
    assert found.domains == ("ada.test", "other.test")
    assert replace(found, email="", other_emails=()).emails == ()


@pytest.mark.parametrize("kind", list(HoldKind))
def test_every_kind_of_hold_covers_alike(kind: HoldKind) -> None:
    assert hold(ONE, kind=kind).covers(ONE, day(1))
