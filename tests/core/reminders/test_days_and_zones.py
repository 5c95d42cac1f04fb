"""Every rung on its local day, once, for 800 days in seven zones: leap day, new year, and each change of clocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailer.domain.actions import SendReminder
from mailer.domain.case import CaseFacts, StepDone, StepHow
from mailer.reminders.calendar import SendCalendar
from mailer.reminders.plan import plan
from tests.core.reminders.samples import CUSTOMER, LIMITS, invoice, policy

ZONES = (
    "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata",
    "UTC",
)  # fmt: skip
FIRST, DAYS = date(2027, 1, 1), 800
LADDER = policy(
    [{"id": "friendly", "when": "1 day after due"}, {"id": "second", "when": "8 days after due"}], min_gap_days=5
)
#: Local times of the rounds of a day: at and around midnight, the small hours that clocks repeat or leave out, and the
#: edges of the window.
ROUNDS = (
    time(0), time(0, 30), time(1, 45), time(2, 15), time(3, 30), time(8, 59), time(9), time(12), time(16, 59), time(17),
    time(23, 45),
)  # fmt: skip
EVERY_DAY, OFFICE_DAYS = frozenset(range(7)), frozenset(range(5))


def changes(zone: str) -> Iterator[date]:
    """The local days on which a zone's clocks change."""
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        before, after = (datetime.combine(day + timedelta(days=n), time(0), ZoneInfo(zone)).utcoffset() for n in (0, 1))
        if before != after:
            yield day


def due_days(zone: str) -> set[date]:
    """Days all over the 800, and those whose rungs fall on or around leap day, new year and each change of clocks."""
    edges = {date(2028, 2, 29), date(2028, 1, 1), date(2027, 12, 31), *changes(zone)}
    near = {edge - timedelta(days=rung - n) for edge in edges for rung in (1, 8) for n in (0, 1)}
    return {FIRST + timedelta(days=number) for number in range(0, DAYS, 37)} | near


def moments(zone: str, day: date) -> list[datetime]:
    """The rounds of a local day, in the order of time; a time that the clock shows twice comes twice."""
    local = [datetime.combine(day, at, ZoneInfo(zone)) for at in ROUNDS]
    return sorted({shown.astimezone(UTC) for at in local for shown in (at, at.replace(fold=1))})


def said_on(zone: str, due: date, calendar: SendCalendar) -> list[tuple[str, datetime]]:
    """Which rung of an invoice was said when, with rounds from two days before it is due."""
    owed = replace(invoice(), due_on=due, issued_on=due - timedelta(days=30))
    steps: tuple[StepDone, ...] = ()
    said: list[tuple[str, datetime]] = []
    for number in range(-2, 15):
        for now in moments(zone, due + timedelta(days=number)):
            last = said[-1][1] if said else None
            facts = CaseFacts(customer=CUSTOMER, invoices=(owed,), steps=steps, last_contact_at=last, data_as_of=now)
            for action in plan(facts, LADDER, calendar, now=now, limits=LIMITS, look_ahead=False).actions:
                if isinstance(action, SendReminder):
                    said.append((action.main_step_id, now))
                    key = {"invoice_id": owed.id, "step_id": action.main_step_id, "cycle": 0}
                    steps += (StepDone(how=StepHow.SENT, at=now, **key),)  # type: ignore[arg-type]
    return said


@pytest.mark.parametrize("zone", ZONES)
def test_each_rung_is_said_once_on_its_local_day_in_the_first_round_after_the_window_opens(zone: str) -> None:
    calendar = SendCalendar(time_zone=zone, days=EVERY_DAY, opens=time(9), closes=time(17))
    for due in sorted(due_days(zone)):
        said = [(step, calendar.local(at)) for step, at in said_on(zone, due, calendar)]
        assert [(step, at.date(), at.time()) for step, at in said] == [
            ("friendly", due + timedelta(days=1), time(9)),
            ("second", due + timedelta(days=8), time(9)),
        ], due


@pytest.mark.parametrize("zone", ZONES)
def test_on_office_days_it_is_the_first_business_day_from_then_on(zone: str) -> None:
    holidays = frozenset({date(2027, 12, 31), date(2028, 2, 29), *changes(zone)})
    calendar = SendCalendar(time_zone=zone, days=OFFICE_DAYS, opens=time(9), closes=time(17), holidays=holidays)
    for due in sorted(due_days(zone))[::2]:
        said = [(step, calendar.local(at)) for step, at in said_on(zone, due, calendar)]
        first = calendar.business_day_from(due + timedelta(days=1))
        gap_ends = first + timedelta(days=LADDER.min_gap_days)
        expected = [first, calendar.business_day_from(max(due + timedelta(days=8), gap_ends))]
        assert [step for step, _ in said] == ["friendly", "second"], due
        assert [at.date() for _, at in said] == expected, due
        assert {at.time() for _, at in said} == {time(9)}


def test_the_days_are_those_that_matter() -> None:
    assert {zone: len(list(changes(zone))) for zone in ZONES if zone not in ("Asia/Kolkata", "UTC")} == {
        "Europe/Berlin": 4, "America/New_York": 4, "America/Santiago": 4, "Australia/Lord_Howe": 4, "Africa/Cairo": 4,
    }  # fmt: skip
