"""The last look before a frozen mail leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailer.domain.agreement import HoldKind
from mailer.domain.case import CaseFacts, StepHow
from mailer.domain.ids import InvoiceId, StepId
from mailer.domain.invoice import Invoice, InvoiceClosing
from mailer.domain.message import ListedInvoice
from mailer.domain.money import Money
from mailer.reminders.calendar import SendCalendar
from mailer.reminders.guards import Limits
from mailer.reminders.policy import Policy
from mailer.reminders.recheck import Stop, still_valid
from tests.core.reminders.samples import (
    ALWAYS,
    CUSTOMER,
    LIMITS,
    OFFICE,
    POLICY,
    TASKS,
    at,
    day,
    dispute,
    facts,
    hold,
    invoice,
    policy,
    promise,
    step,
)

OPEN = Money(minor=10_000, currency="EUR")
OWED = (invoice("1"), invoice("2", due=-3))
SAID = (step("friendly", 1),)
CLAIMS = (step("second", 8, StepHow.QUEUED), step("friendly", 8, StepHow.QUEUED, number="2"))
FACTS = facts(*OWED, steps=(*SAID, *CLAIMS), now=at(8))


def line(number: str, step_id: str, cycle: int = 0) -> ListedInvoice:
    return ListedInvoice(invoice_id=InvoiceId(f"inv_{number}"), step_id=StepId(step_id), cycle=cycle, open=OPEN)


LISTED = (line("1", "second"), line("2", "friendly"))


def verdict(
    found: CaseFacts,
    *,
    on: int = 8,
    hour: int = 12,
    listed: tuple[ListedInvoice, ...] = LISTED,
    policy: Policy = POLICY,
    calendar: SendCalendar = ALWAYS,
    limits: Limits = LIMITS,
) -> Stop | None:
    return still_valid(listed, found, policy, calendar, recipient="ap@ada.test", now=at(on, hour), limits=limits)


def changed(number: str, **changes: object) -> CaseFacts:
    """The facts after one invoice has changed."""
    invoices: tuple[Invoice, ...] = tuple(
        replace(owed, **changes) if owed.number == number else owed  # type: ignore[arg-type]
        for owed in OWED
    )
    return replace(FACTS, invoices=invoices)


def test_nothing_has_changed() -> None:
    assert verdict(FACTS) is None


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (changed("2", open=Money(minor=0, currency="EUR"), paid_on=day(8)), "balance_changed"),
        (changed("1", open=Money(minor=9_999, currency="EUR")), "balance_changed"),
        (changed("1", open=Money(minor=10_001, currency="EUR")), "balance_changed"),
        (changed("1", open=Money(minor=10_000, currency="USD")), "balance_changed"),
        (changed("1", closing=InvoiceClosing.HANDED_OVER), "closed"),
        (replace(FACTS, invoices=OWED[:1]), "closed"),
        (changed("2", due_on=day(30)), "not_its_turn"),
        (replace(FACTS, steps=(*SAID, *CLAIMS, step("hold_notice", 8, StepHow.BY_HAND))), "not_its_turn"),
        (replace(FACTS, disputes=(dispute(),)), "disputed"),
        (replace(FACTS, promises=(promise(20, 22),)), "promised"),
        (replace(FACTS, holds=(hold("2"),)), "on_hold"),
        (replace(FACTS, holds=(hold(kind=HoldKind.STOP),)), "on_hold"),
        (replace(FACTS, customer=replace(CUSTOMER, email="new@ada.test")), "address_changed"),
        (replace(FACTS, suppressed=(("ap@ada.test", "bounced"),)), "suppressed"),
        (replace(FACTS, data_as_of=at(8) - timedelta(hours=24)), "stale_data"),
        (replace(FACTS, last_contact_at=at(8, hour=11)), "gap"),
    ],
)
def test_any_change_of_the_facts_cancels_the_mail(found: CaseFacts, code: str) -> None:
    stop = verdict(found)
    assert stop is not None
    assert (stop.code, stop.retry) == (code, False)
    assert stop.why.endswith(".")


def test_a_policy_without_the_step_cancels_it() -> None:
    stop = verdict(FACTS, policy=policy(TASKS))
    assert stop is not None
    assert (stop.code, stop.retry) == ("not_its_turn", False)


def test_a_due_date_that_was_moved_cancels_it() -> None:
    found = facts(invoice(due=6), steps=(step("friendly", 5, StepHow.QUEUED),), now=at(5))
    stop = verdict(found, on=5, listed=(line("1", "friendly"),), policy=policy(TASKS))
    assert stop is not None
    assert stop.code == "not_its_turn"


def test_the_kill_switch_cancels_it() -> None:
    stop = verdict(FACTS, limits=replace(LIMITS, live=False))
    assert stop is not None
    assert (stop.code, stop.retry) == ("paused", False)


@pytest.mark.parametrize(
    ("calendar", "code"), [(OFFICE, "window"), (replace(OFFICE, holidays=frozenset({day(8)})), "holiday")]
)
def test_a_closed_window_only_makes_it_wait(calendar: SendCalendar, code: str) -> None:
    stop = verdict(FACTS, hour=18, calendar=calendar)
    assert stop is not None
    assert (stop.code, stop.retry) == (code, True)


def test_what_cancels_is_seen_in_a_closed_window_too() -> None:
    stop = verdict(replace(FACTS, disputes=(dispute(),)), hour=18, calendar=OFFICE)
    assert stop is not None
    assert (stop.code, stop.retry) == ("disputed", False)


def test_a_step_before_due_loses_its_sense_after_the_due_date() -> None:
    found = facts(invoice(), steps=(step("upcoming", -1, StepHow.QUEUED),), now=at(1))
    listed = (line("1", "upcoming"),)
    assert verdict(found, on=0, listed=listed) is None
    stop = verdict(found, on=1, listed=listed)
    assert stop is not None
    assert stop.code == "not_its_turn"


def test_thanks_may_leave_while_the_payment_stands() -> None:
    listed = (replace(line("1", "thanks"), open=Money.zero("EUR")),)
    steps = (*SAID, step("thanks", 4, StepHow.QUEUED))
    assert verdict(facts(invoice(paid=3), steps=steps, now=at(4)), on=4, listed=listed) is None
    stop = verdict(facts(invoice(), steps=steps, now=at(4)), on=4, listed=listed)
    assert stop is not None
    assert stop.code == "balance_changed"


def test_a_notice_does_not_leave_when_what_was_said_before_came_back() -> None:
    steps = (step("friendly", 1, StepHow.SKIPPED), step("second", 8, StepHow.SKIPPED))
    claim = step("hold_notice", 20, StepHow.QUEUED)
    stop = verdict(facts(invoice(), steps=(*steps, claim), now=at(20)), on=20, listed=(line("1", "hold_notice"),))
    assert stop is not None
    assert stop.code == "first_must_be_gentle"
