"""What comes next, on which day, and why then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.domain.agreement import HoldKind
from mailer.domain.case import StepHow
from mailer.reminders.calendar import SendCalendar
from tests.core.reminders.samples import (
    ALWAYS,
    CUSTOMER,
    OFFICE,
    TASKS,
    Changes,
    day,
    dispute,
    hold,
    invoice,
    planned,
    policy,
    promise,
    step,
)

SAID = (step("friendly", 1),)


def expected(on: int, *invoices: object, **changes: object) -> list[tuple[str, int | None, str]]:
    plan = planned(on, *invoices, **changes)  # type: ignore[arg-type]
    return [(n.step_id, (n.on - day(0)).days if n.on else None, n.why) for n in plan.next_on]


@pytest.mark.parametrize(
    ("on", "changes", "answer"),
    [
        (-20, {}, ("early", -14, "14 days before due")),
        (-14, {}, ("early", -14, "14 days before due")),
        (-13, {"steps": (step("early", -14),)}, ("upcoming", -3, "3 days before due")),
        (2, {}, ("friendly", 2, "1 day after due")),
        (2, {"steps": SAID}, ("second", 8, "8 days after due")),
        (5, {"steps": (step("friendly", 5),)}, ("second", 10, "The customer heard from us")),
        (2, {"steps": SAID, "promises": (promise(20, 22),)}, ("second", 23, "Payment is promised for")),
        (2, {"steps": SAID, "promises": (promise(3, 5),)}, ("second", 8, "8 days after due")),
        (9, {"steps": SAID, "holds": (hold(kind=HoldKind.MANUAL, until=14),)}, ("second", 15, "On hold (manual)")),
        (2, {"holds": (hold(),)}, ("friendly", None, "On hold (reply) until a person")),
        (2, {"disputes": (dispute(),)}, ("friendly", None, "The customer disputes")),
        (2, {"steps": (step("friendly", 2, StepHow.FAILED),)}, ("friendly", 3, "The mail was refused today")),
        (2, {"steps": (step("friendly", 2, StepHow.QUEUED),)}, ("friendly", None, "The mail with 'friendly' waits")),
        (2, {"customer": replace(CUSTOMER, email="")}, ("friendly", None, "No address")),
    ],
)
def test_the_day_when_nothing_is_against_it_any_more(
    on: int, changes: Changes, answer: tuple[str, int | None, str]
) -> None:
    ((step_id, expected_on, why),) = expected(on, **changes)
    assert (step_id, expected_on) == answer[:2]
    assert why.startswith(answer[2])


@pytest.mark.parametrize(
    ("on", "hour", "calendar", "expected_on"),
    [
        (4, 10, OFFICE, 4),  # Friday in office hours
        (4, 8, OFFICE, 4),
        (4, 17, OFFICE, 7),  # Friday evening: Monday
        (5, 10, OFFICE, 7),
        (5, 10, replace(OFFICE, holidays=frozenset({day(7)})), 8),
    ],
)
def test_mail_goes_out_on_business_days(on: int, hour: int, calendar: SendCalendar, expected_on: int) -> None:
    ((step_id, found_on, _),) = expected(on, hour=hour, calendar=calendar)
    assert (step_id, found_on) == ("friendly", expected_on)


def test_a_day_to_come_is_moved_to_a_business_day_too() -> None:
    assert expected(9, steps=(step("friendly", 8),), calendar=OFFICE)[0][:2] == ("second", 14)


def test_a_task_may_come_on_a_sunday() -> None:
    ((step_id, on, _),) = expected(9, steps=(step("friendly", 8),), calendar=OFFICE, policy=policy(TASKS))
    assert (step_id, on) == ("call", 13)


def test_a_step_before_due_that_cannot_be_said_in_time_gives_way_to_the_next() -> None:
    # The gap ends after the due date, so the first overdue step is what comes next.
    assert expected(-2, last_contact_at=ALWAYS.next_open(step("x", -3).at))[0][:2] == ("friendly", 2)


def test_thanks_that_would_come_too_late_are_not_expected() -> None:
    hold_until = hold("1", kind=HoldKind.MANUAL, until=30)
    assert expected(4, invoice(paid=3), steps=SAID, holds=(hold_until,)) == []
    assert expected(4, invoice(paid=3), steps=SAID) == [("thanks", 4, "1 day after payment")]


def test_a_repetition_says_so() -> None:
    ladder = policy([{"id": "friendly", "when": "1 day after due", "repeat_every_days": 7, "repeat_limit": 1}])
    assert expected(2, steps=SAID, policy=ladder) == [("friendly", 8, "repeated 7 days after the time before")]


def test_invoices_appear_in_the_order_of_their_due_dates() -> None:
    plan = planned(2, invoice("1", due=1), invoice("2", due=-9), invoice("3", paid=1))
    assert [n.invoice_id for n in plan.next_on] == ["inv_2", "inv_1"]
