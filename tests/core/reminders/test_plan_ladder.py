"""Which rung of one invoice is said when."""

from __future__ import annotations

import pytest

from mailer.domain.case import StepDone, StepHow
from mailer.domain.invoice import InvoiceClosing
from tests.core.reminders.samples import (
    MAILS,
    invoice,
    mail,
    not_now,
    planned,
    policy,
    rungs,
    skips,
    step,
)

SAID_TWO = (step("friendly", 1), step("second", 8))


@pytest.mark.parametrize(
    ("on", "said", "expected"),
    [
        (-15, (), None),
        (-14, (), "early"),
        (-10, (), "early"),
        (-3, (), "upcoming"),
        (-1, (step("early", -14),), "upcoming"),
        (0, (), "upcoming"),  # on the due date a friendly word is still in time
        (0, (step("upcoming", -3),), None),
        (1, (), "friendly"),
        (3, (), "friendly"),  # the run of day 1 was missed
        (7, (step("friendly", 1),), None),
        (8, (step("friendly", 1),), "second"),
        (12, (step("friendly", 1),), "second"),
        (20, SAID_TWO, "hold_notice"),
        (90, SAID_TWO, "hold_notice"),
        (30, (*SAID_TWO, step("hold_notice", 20)), "final_notice"),
        (90, (*SAID_TWO, step("hold_notice", 20), step("final_notice", 30)), None),
    ],
)
def test_a_rung_is_said_from_its_day_on_after_the_one_before(
    on: int, said: tuple[StepDone, ...], expected: str | None
) -> None:
    found = mail(planned(on, steps=said))
    assert (found.template if found else None) == expected


def test_an_invoice_that_arrives_90_days_late_starts_gently_with_one_mail() -> None:
    plan = planned(90)
    assert rungs(mail(plan)) == [("1", "friendly", 0)]
    assert not_now(plan) == [("1", "second", "folded"), ("1", "hold_notice", "folded"), ("1", "final_notice", "folded")]
    assert skips(plan) == [("1", "early"), ("1", "upcoming")]


def test_a_backlog_follows_step_by_step_after_the_gap() -> None:
    first = (step("friendly", 90),)
    assert not_now(planned(94, steps=first))[0] == ("1", "second", "gap")
    assert rungs(mail(planned(95, steps=first))) == [("1", "second", 0)]


def test_of_several_missed_steps_before_due_only_the_latest_is_said() -> None:
    plan = planned(-2)
    assert rungs(mail(plan)) == [("1", "upcoming", 0)]
    assert skips(plan) == [("1", "early")]


def test_what_was_skipped_is_not_skipped_again() -> None:
    done = (step("early", -2, StepHow.SKIPPED), step("upcoming", -2, StepHow.FAILED))
    assert skips(planned(5, steps=done)) == []


def test_a_step_on_the_due_date_takes_the_place_of_one_before_it() -> None:
    steps: list[dict[str, object]] = [
        {"id": "upcoming", "when": "3 days before due"},
        {"id": "today", "when": "on due date"},
    ]
    plan = planned(0, policy=policy(steps))
    assert (rungs(mail(plan)), skips(plan)) == ([("1", "today", 0)], [("1", "upcoming")])
    assert rungs(mail(planned(2, policy=policy(steps)))) == [("1", "today", 0)]  # the due date was a Sunday


def test_a_step_put_in_below_the_last_one_said_is_not_said_any_more() -> None:
    done = (step("second", 8),)
    assert rungs(mail(planned(20, steps=done))) == [("1", "hold_notice", 0)]


def test_a_step_skipped_by_a_person_is_passed_over() -> None:
    done = (step("friendly", 1), step("second", 8, StepHow.SKIPPED))
    assert rungs(mail(planned(20, steps=done))) == [("1", "hold_notice", 0)]


def test_a_refused_mail_is_tried_again_but_not_on_the_same_day() -> None:
    done = (step("friendly", 1), step("second", 8, StepHow.FAILED))
    assert not_now(planned(8, steps=done)) == [("1", "second", "gap")]
    assert rungs(mail(planned(9, steps=done))) == [("1", "second", 0)]


def test_a_mail_that_may_have_gone_out_is_not_said_again() -> None:
    done = (step("friendly", 1, StepHow.UNKNOWN),)
    assert rungs(mail(planned(8, steps=done))) == [("1", "second", 0)]


@pytest.mark.parametrize(
    "gone",
    [
        invoice(paid=3),
        invoice(closing=InvoiceClosing.WRITTEN_OFF),
        invoice(closing=InvoiceClosing.HANDED_OVER),
        invoice(minor=0),
        invoice(minor=-500),
    ],
)
def test_nothing_is_said_about_an_invoice_that_is_settled(gone: object) -> None:
    plan = planned(40, gone)  # type: ignore[arg-type]
    assert (plan.actions, plan.not_now, plan.next_on) == ((), (), ())


class TestNotices:
    """A notice is nobody's first mail."""

    @pytest.mark.parametrize("failed", ["friendly", "second"])
    def test_when_everything_said_came_back_the_start_is_gentle(self, failed: str) -> None:
        done = (step(failed, 1, StepHow.FAILED), step("second", 8, StepHow.SKIPPED))
        assert rungs(mail(planned(40, steps=done))) == [("1", "friendly", 0)]

    def test_without_a_gentle_step_left_a_person_decides(self) -> None:
        done = (step("friendly", 1, StepHow.SKIPPED), step("second", 8, StepHow.SKIPPED))
        plan = planned(40, steps=done)
        assert mail(plan) is None
        assert not_now(plan)[0] == ("1", "hold_notice", "first_must_be_gentle")

    def test_what_was_said_about_another_invoice_does_not_count(self) -> None:
        done = (
            step("friendly", 1, StepHow.SKIPPED),
            step("second", 8, StepHow.SKIPPED),
            step("friendly", 9, number="2"),
        )
        assert ("1", "hold_notice", "first_must_be_gentle") in not_now(planned(40, invoice(), steps=done))

    def test_a_call_alone_is_no_first_mail(self) -> None:
        steps: list[dict[str, object]] = [
            {"id": "call", "kind": "call", "when": "4 days after due", "instructions": "phone"},
            {"id": "final_notice", "kind": "final_notice", "when": "30 days after due"},
        ]
        ladder = policy([{"id": "friendly", "when": "1 day after due"}, *steps])
        done = (step("friendly", 1, StepHow.FAILED), step("call", 4, StepHow.BY_HAND))
        assert rungs(mail(planned(40, steps=done, policy=ladder))) == [("1", "friendly", 0)]

    def test_a_letter_by_hand_is_enough(self) -> None:
        done = (step("friendly", 1, StepHow.BY_HAND), step("second", 8, StepHow.SKIPPED))
        assert rungs(mail(planned(40, steps=done))) == [("1", "hold_notice", 0)]


class TestRepeating:
    """The last overdue step may be said again and again, up to its limit."""

    ladder = policy(
        [
            *MAILS[2:4],
            {"id": "tail", "when": "20 days after due", "repeat_every_days": 14, "repeat_limit": 2},
        ]
    )

    @pytest.mark.parametrize(
        ("on", "times", "expected"),
        [
            (20, (), [("1", "tail", 0)]),
            (33, (20,), []),
            (34, (20,), [("1", "tail", 1)]),
            (40, (20,), [("1", "tail", 1)]),
            (90, (60,), [("1", "tail", 1)]),
            (73, (60,), []),  # a late start does not squeeze the repetitions together
            (54, (20, 40), [("1", "tail", 2)]),
            (99, (20, 40, 54), []),
        ],
    )
    def test_each_time_counts_from_the_time_before(
        self, on: int, times: tuple[int, ...], expected: list[tuple[str, str, int]]
    ) -> None:
        said = tuple(step("tail", said_on, cycle=cycle) for cycle, said_on in enumerate(times))
        assert rungs(mail(planned(on, steps=(*SAID_TWO, *said), policy=self.ladder))) == expected

    def test_after_the_last_time_a_person_decides(self) -> None:
        said = tuple(step("tail", 20 + 14 * cycle, cycle=cycle) for cycle in range(3))
        plan = planned(99, steps=(*SAID_TWO, *said), policy=self.ladder)
        assert [(note.step_id, note.cycle, note.code) for note in plan.not_now] == [("tail", 2, "ended")]
        assert plan.next_on == ()
