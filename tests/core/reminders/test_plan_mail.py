"""One mail per customer and run; tasks for people; thanks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.domain.case import StepDone, StepHow, TaskKind
from mailer.domain.invoice import InvoiceClosing
from mailer.domain.money import Money
from mailer.reminders.guards import Limits
from tests.core.reminders.samples import (
    CUSTOMER,
    OFFICE,
    POLICY,
    TASKS,
    Changes,
    at,
    dispute,
    hold,
    invoice,
    mail,
    not_now,
    planned,
    policy,
    promise,
    rungs,
    skips,
    step,
    tasks,
)

BY_TASK = policy(TASKS)


class TestConsolidation:
    """All that is due goes into one mail, in the tone of its firmest."""

    def test_the_firmest_rung_leads_and_each_invoice_keeps_its_own(self) -> None:
        said = tuple(step(s, on, number="3") for s, on in (("friendly", 1), ("second", 8), ("hold_notice", 20)))
        found = mail(planned(30, invoice("1", due=28), invoice("2", due=31), invoice("3"), steps=said))
        assert found is not None
        assert (found.template, found.main_step_id, found.useful_days) == ("final_notice", "final_notice", 9)
        assert found.recipient == CUSTOMER.email
        assert rungs(found) == [("3", "final_notice", 0), ("1", "friendly", 0), ("2", "upcoming", 0)]

    def test_the_main_ones_come_first_then_by_due_date(self) -> None:
        said = tuple(step("friendly", 1, number=number) for number in ("2", "4"))
        owed = [invoice("4"), invoice("1", due=-5), invoice("3", due=-9), invoice("2", due=-2)]
        found = mail(planned(10, *owed, steps=said))
        assert rungs(found) == [("2", "second", 0), ("4", "second", 0), ("3", "friendly", 0), ("1", "friendly", 0)]

    def test_currencies_may_be_mixed_and_balances_are_frozen(self) -> None:
        found = mail(planned(2, invoice("1", minor=100), invoice("2", currency="USD")))
        assert found is not None
        assert [line.open for line in found.listed] == [
            Money(minor=100, currency="EUR"),
            Money(minor=10_000, currency="USD"),
        ]

    def test_an_invoice_joining_a_chased_customer_gets_its_own_first_rung(self) -> None:
        said = (step("friendly", 1), step("second", 8))
        found = mail(planned(20, invoice("1"), invoice("2", due=18), steps=said))
        assert rungs(found) == [("1", "hold_notice", 0), ("2", "friendly", 0)]


class TestTasks:
    """Calls and letters are for a person, and the invoice waits until they are logged."""

    def test_one_task_per_step_whatever_the_hour_and_the_address(self) -> None:
        said = tuple(step("friendly", 1, number=number) for number in ("1", "2"))
        nobody = replace(CUSTOMER, email="")
        plan = planned(
            12, invoice("1"), invoice("2"), steps=said, policy=BY_TASK, calendar=OFFICE, hour=3, customer=nobody
        )
        (task,) = tasks(plan)
        assert (task.kind, task.step_id, task.instructions) == (TaskKind.CALL, "call", "phone")
        assert rungs(task) == [("1", "call", 0), ("2", "call", 0)]
        assert mail(plan) is None

    def test_a_letter_task_and_a_mail_for_another_invoice(self) -> None:
        said = (step("friendly", 1), step("call", 8, StepHow.BY_HAND))
        plan = planned(15, invoice("1"), invoice("2", due=12), steps=said, policy=BY_TASK)
        assert [(task.kind, rungs(task)) for task in tasks(plan)] == [(TaskKind.LETTER, [("1", "letter", 0)])]
        assert rungs(mail(plan)) == [("2", "friendly", 0)]

    def test_an_open_task_blocks_its_invoice_but_not_the_others(self) -> None:
        said = (step("friendly", 1), step("call", 8, StepHow.TASK_OPEN))
        plan = planned(60, invoice("1"), invoice("2", due=50), steps=said, policy=BY_TASK)
        assert rungs(mail(plan)) == [("2", "friendly", 0)]
        assert tasks(plan) == []
        assert not_now(plan)[0] == ("1", "call", "task_open")

    def test_a_mail_in_flight_for_another_invoice_does_not_keep_a_person_from_calling(self) -> None:
        steps = (step("friendly", 1), step("friendly", 8, StepHow.QUEUED, number="2"))
        assert len(tasks(planned(8, steps=steps, policy=BY_TASK))) == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"limits": Limits(live=False, max_data_age_hours=24)},
            {"data_as_of": None},
            {"disputes": (dispute(),)},
            {"promises": (promise(8, 20),)},
            {"holds": (hold("1"),)},
            {"last_contact_at": at(9)},
        ],
    )
    def test_people_are_not_sent_after_those_we_do_not_write_to(self, changes: Changes) -> None:
        assert tasks(planned(12, steps=(step("friendly", 1),), policy=BY_TASK, **changes)) == []

    def test_the_notice_follows_the_letter(self) -> None:
        said = (step("friendly", 1), step("call", 8, StepHow.BY_HAND), step("letter", 15, StepHow.BY_HAND))
        assert rungs(mail(planned(30, steps=said, policy=BY_TASK))) == [("1", "final_notice", 0)]


class TestThanks:
    """Whoever pays after a reminder is thanked, soon, once."""

    said = (step("friendly", 1),)

    @pytest.mark.parametrize(
        ("on", "paid", "expected"),
        [(3, 3, []), (4, 3, ["thanks"]), (13, 3, ["thanks"]), (14, 3, [])],
    )
    def test_within_ten_days_of_the_payment(self, on: int, paid: int, expected: list[str]) -> None:
        assert [s for _, s, _ in rungs(mail(planned(on, invoice(paid=paid), steps=self.said)))] == expected

    @pytest.mark.parametrize(
        ("owed", "steps"),
        [
            (invoice(paid=3), ()),
            (invoice(paid=3), (step("upcoming", -3, StepHow.SKIPPED),)),
            (invoice(paid=3), (step("friendly", 1), step("thanks", 4))),
            (invoice(paid=3, closing=InvoiceClosing.VOID), (step("friendly", 1),)),
        ],
    )
    def test_not_unasked_not_twice_not_for_void(self, owed: object, steps: tuple[StepDone, ...]) -> None:
        plan = planned(5, owed, steps=steps)  # type: ignore[arg-type]
        assert (plan.actions, plan.next_on) == ((), ())

    def test_a_policy_may_do_without(self) -> None:
        assert planned(4, invoice(paid=3), steps=self.said, policy=BY_TASK).actions == ()

    def test_the_gap_does_not_hold_it_but_never_two_mails_a_day(self) -> None:
        plan = planned(2, invoice(paid=1), steps=self.said, last_contact_at=at(2, hour=8))
        assert not_now(plan) == [("1", "thanks", "gap")]
        assert rungs(mail(planned(3, invoice(paid=1), steps=self.said, last_contact_at=at(2)))) == [("1", "thanks", 0)]

    def test_a_promise_for_another_invoice_does_not_hold_it_but_a_hold_does(self) -> None:
        assert mail(planned(4, invoice(paid=3), steps=self.said, promises=(promise(8, 10),))) is not None
        assert mail(planned(4, invoice(paid=3), steps=self.said, holds=(hold(),))) is None

    def test_money_is_asked_for_first_and_thanked_for_the_next_time(self) -> None:
        plan = planned(8, invoice("1", paid=7), invoice("2", due=6), steps=self.said)
        assert rungs(mail(plan)) == [("2", "friendly", 0)]
        assert not_now(plan) == [("1", "thanks", "folded")]

    def test_several_payments_are_thanked_for_in_one_mail_without_asking(self) -> None:
        said = tuple(step("friendly", 1, number=number) for number in ("1", "2"))
        found = mail(planned(4, invoice("1", paid=3), invoice("2", paid=2), steps=said))
        assert found is not None
        assert found.template == "thanks"
        assert [line.open.minor for line in found.listed] == [0, 0]


def test_steps_before_due_are_passed_over_even_while_paused_or_held() -> None:
    plan = planned(5, limits=Limits(live=False, max_data_age_hours=24), holds=(hold(),))
    assert skips(plan) == [("1", "early"), ("1", "upcoming")]


def test_the_same_facts_give_the_same_plan() -> None:
    assert planned(20, invoice("1"), invoice("2")) == planned(20, invoice("2"), invoice("1"))
    assert policy() == POLICY
