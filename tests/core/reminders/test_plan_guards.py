"""Why a due rung is not said now: every reason has its code and its sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailer.domain.agreement import DisputeState, HoldKind, PromiseState
from mailer.domain.case import StepHow
from mailer.reminders.guards import Limits
from tests.core.reminders.samples import (
    ALWAYS,
    CUSTOMER,
    OFFICE,
    Changes,
    at,
    day,
    dispute,
    hold,
    invoice,
    mail,
    not_now,
    planned,
    promise,
    rungs,
    step,
)

PAUSED = Limits(live=False, max_data_age_hours=24)
HOLIDAY = replace(ALWAYS, holidays=frozenset({day(2)}))


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"limits": PAUSED}, "paused", "duly resume"),
        ({"data_as_of": None}, "stale_data", "never confirmed"),
        ({"data_as_of": at(2) - timedelta(hours=25)}, "stale_data", "older than 24 hours"),
        ({"disputes": (dispute(),)}, "disputed", "quality"),
        ({"disputes": (dispute(DisputeState.OPEN),)}, "disputed", "quality"),
        ({"promises": (promise(5, 7),)}, "promised", "2026-03-07; reminders pause until 2026-03-09"),
        ({"holds": (hold("1"),)}, "on_hold", "On hold (reply) until a person or the ledger ends it."),
        ({"holds": (hold("1", kind=HoldKind.OUT_OF_OFFICE, until=5),)}, "on_hold", "(out of office) until 2026-03-07"),
        ({"holds": (hold(kind=HoldKind.STOP),)}, "on_hold", "(stop)"),
        ({"steps": (step("friendly", 1, StepHow.QUEUED),)}, "in_flight", "'friendly' waits"),
        ({"steps": (step("friendly", 1, StepHow.QUEUED, number="2"),)}, "in_flight", "Another mail"),
        ({"customer": replace(CUSTOMER, email="")}, "no_address", "add one"),
        ({"suppressed": (("AP@Ada.test", "bounced: 5.1.1"),)}, "suppressed", "bounced: 5.1.1"),
        ({"last_contact_at": at(-2)}, "gap", "less than 5 days ago; the gap ends on 2026-03-05"),
        ({"calendar": OFFICE, "hour": 8}, "window", "next opening is 2026-03-04 09:00 (UTC)"),
        ({"calendar": OFFICE, "hour": 17}, "window", "next opening is 2026-03-05 09:00 (UTC)"),
        ({"calendar": HOLIDAY}, "holiday", "2026-03-04 is a public holiday; the next opening is 2026-03-05 00:00"),
    ],
)
def test_a_guard_stops_the_mail_and_says_why(changes: Changes, code: str, words: str) -> None:
    plan = planned(2, **changes)
    assert mail(plan) is None
    assert not_now(plan) == [("1", "friendly", code)]
    assert words in plan.not_now[0].why


@pytest.mark.parametrize(
    "changes",
    [
        {"data_as_of": at(2) - timedelta(hours=24)},
        {"disputes": (dispute(DisputeState.CLOSED),)},
        {"promises": (promise(0, 1),)},
        {"promises": (promise(5, 7, PromiseState.WITHDRAWN),)},
        {"promises": (promise(5, 7, PromiseState.BROKEN),)},
        {"holds": (hold("1", kind=HoldKind.OUT_OF_OFFICE, until=1),)},
        {"holds": (hold("2"),)},
        {"suppressed": (("other@ada.test", "bounced"),)},
        {"last_contact_at": at(-3)},
        {"calendar": OFFICE, "hour": 9},
        {"calendar": OFFICE, "hour": 16},
    ],
)
def test_what_has_passed_or_is_about_something_else_stops_nothing(changes: Changes) -> None:
    assert rungs(mail(planned(2, **changes))) == [("1", "friendly", 0)]


def test_a_rung_that_is_not_due_needs_no_reason() -> None:
    assert planned(-20, limits=PAUSED, holds=(hold(),)).not_now == ()


def test_the_strongest_reason_is_the_one_on_record() -> None:
    plan = planned(2, limits=PAUSED, data_as_of=None, disputes=(dispute(),), holds=(hold("1"),))
    assert not_now(plan) == [("1", "friendly", "paused")]


@pytest.mark.parametrize(
    "changes", [{"disputes": (dispute(),)}, {"promises": (promise(5, 7),)}, {"holds": (hold("1"),)}]
)
def test_what_one_invoice_waits_for_does_not_keep_the_others(changes: Changes) -> None:
    plan = planned(2, invoice("1"), invoice("2"), **changes)
    assert rungs(mail(plan)) == [("2", "friendly", 0)]
    assert [number for number, _, _ in not_now(plan)] == ["1"]


def test_a_hold_on_the_customer_stops_all() -> None:
    plan = planned(2, invoice("1"), invoice("2"), holds=(hold(),))
    assert mail(plan) is None
    assert {(number, code) for number, _, code in not_now(plan)} == {("1", "on_hold"), ("2", "on_hold")}


def test_own_task_is_named_before_another_mail_in_flight() -> None:
    steps = (step("friendly", 1, StepHow.QUEUED, number="2"), step("friendly", 1, StepHow.TASK_OPEN))
    assert not_now(planned(2, steps=steps)) == [("1", "friendly", "task_open")]


def test_the_gap_counts_local_days_not_hours() -> None:
    assert mail(planned(8, last_contact_at=at(3, hour=23), steps=(step("friendly", 1),), hour=1)) is not None


def test_a_call_by_hand_counts_as_contact() -> None:
    plan = planned(8, steps=(step("friendly", 1),), last_contact_at=at(6))
    assert not_now(plan) == [("1", "second", "gap")]


def test_the_rung_before_counts_even_when_no_contact_is_noted() -> None:
    plan = planned(8, steps=(step("friendly", 4),), last_contact_at=None)
    assert not_now(plan) == [("1", "second", "gap")]


def test_a_new_invoice_waits_for_the_gap_of_the_last_mail() -> None:
    plan = planned(10, invoice("1"), invoice("2", due=9), steps=(step("friendly", 1), step("second", 8)))
    assert not_now(plan) == [("2", "friendly", "gap")]


class TestBrokenPromises:
    """The ladder goes on where it was; only a confirmed promise is called broken, and only once."""

    confirmed = promise(12, 14, PromiseState.BROKEN, confirmed=True)

    @pytest.mark.parametrize(
        ("state", "confirmed", "on"),
        [
            (PromiseState.BROKEN, True, day(12)),
            (PromiseState.BROKEN, False, None),
            (PromiseState.KEPT, True, None),
            (PromiseState.WITHDRAWN, True, None),
        ],
    )
    def test_the_ladder_goes_on_at_the_rung_after_the_last_one(
        self,
        state: PromiseState,
        confirmed: bool,  # noqa: FBT001
        on: object,
    ) -> None:
        broken = promise(12, 14, state, confirmed=confirmed)
        found = mail(planned(40, steps=(step("friendly", 1),), promises=(broken,)))
        assert found is not None
        assert (rungs(found), found.broken_promise_on) == ([("1", "second", 0)], on)

    def test_the_second_mail_after_the_break_does_not_say_it_again(self) -> None:
        found = mail(planned(40, steps=(step("friendly", 1), step("second", 15)), promises=(self.confirmed,)))
        assert found is not None
        assert found.broken_promise_on is None

    def test_a_word_during_the_grace_does_not_replace_it(self) -> None:
        found = mail(planned(40, steps=(step("friendly", 13),), promises=(self.confirmed,)))
        assert found is not None
        assert found.broken_promise_on == day(12)

    def test_thanks_do_not_mention_it(self) -> None:
        found = mail(planned(31, invoice(paid=30), steps=(step("friendly", 1),), promises=(self.confirmed,)))
        assert found is not None
        assert (found.template, found.broken_promise_on) == ("thanks", None)

    def test_a_mail_about_other_invoices_does_not_mention_it(self) -> None:
        found = mail(planned(40, invoice("1", paid=30), invoice("2"), promises=(self.confirmed,)))
        assert found is not None
        assert found.broken_promise_on is None
