"""What holds for every policy, every calendar and every set of invoices."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.domain.ids import InvoiceId, StepId
from mailer.domain.invoice import Invoice
from mailer.reminders.calendar import SendCalendar
from mailer.reminders.policy import Policy
from mailer.reminders.steps import Anchor, FinalNotice, HoldNotice
from tests.core.reminders.samples import ALWAYS, at, dispute, invoice
from tests.core.reminders.simulation import World, calendars, ladders

some = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
#: Due days around DUE, from long overdue at the first run to not yet due.
due_days = st.lists(st.integers(-60, 25), min_size=1, max_size=4)
hours = st.integers(0, 23)


def owed(dues: list[int]) -> tuple[Invoice, ...]:
    return tuple(invoice(str(number), due=due) for number, due in enumerate(dues, start=1))


def overdue_rungs(world: World, invoice_id: InvoiceId) -> list[tuple[StepId, int]]:
    ids = {step.id for step in world.policy.anchored(Anchor.AFTER_DUE)}
    return [(done.step_id, done.cycle) for done in world.said(invoice_id) if done.step_id in ids]


def whole_ladder(policy: Policy) -> list[tuple[StepId, int]]:
    overdue = policy.anchored(Anchor.AFTER_DUE)
    repeated = [(overdue[-1].id, cycle) for cycle in range(1, overdue[-1].repeat_limit + 1)]
    return [(step.id, 0) for step in overdue] + repeated


@some
@given(
    policy=ladders(),
    calendar=calendars(),
    dues=due_days,
    hour=hours,
    paid=st.dictionaries(st.integers(1, 4), st.integers(0, 60)),
)
def test_whatever_happens(
    policy: Policy, calendar: SendCalendar, dues: list[int], hour: int, paid: dict[int, int]
) -> None:
    payments = {InvoiceId(f"inv_{number}"): on for number, on in paid.items()}
    world = World(policy=policy, calendar=calendar, invoices=owed(dues), payments=payments, hour=hour).run(range(70))
    asking = [(on, mail) for on, mail in world.mails if mail.template != "thanks"]
    assert all((later - earlier).days >= policy.min_gap_days for (earlier, _), (later, _) in pairwise(asking))
    assert all((later - earlier).days >= 1 for (earlier, _), (later, _) in pairwise(world.mails))
    assert all(calendar.is_business_day(on) for on, _ in world.mails)
    if world.mails:
        first = policy.step(world.mails[0][1].main_step_id)
        assert not isinstance(first, (HoldNotice, FinalNotice)), "nobody's first mail is a notice"
    for one in world.invoices:
        said = overdue_rungs(world, one.id)
        assert said == whole_ladder(policy)[: len(said)], "bottom up, none left out, none twice"
        for done in world.said(one.id):
            step, on = policy.step(done.step_id), calendar.local_day(done.at)
            assert step is not None
            if step.timing.anchor is Anchor.AFTER_PAYMENT:
                assert one.paid_on is not None
                assert on >= step.timing.since(one.paid_on)
                continue
            assert step.timing.since(one.due_on) <= on, "not before its day"
            assert step.timing.anchor is Anchor.AFTER_DUE or on <= one.due_on
        later = [mail for on, mail in asking if one.paid_on is not None and on > one.paid_on]
        assert one.id not in {line.invoice_id for mail in later for line in mail.listed}, "nothing after payment"


@settings(some, max_examples=20)
@given(policy=ladders(), dues=due_days)
def test_running_every_third_day_says_the_same_in_the_same_order(policy: Policy, dues: list[int]) -> None:
    daily = World(policy=policy, calendar=ALWAYS, invoices=owed(dues)).run(range(200))
    seldom = World(policy=policy, calendar=ALWAYS, invoices=owed(dues)).run(range(0, 300, 3))
    for one in daily.invoices:
        assert overdue_rungs(daily, one.id) == overdue_rungs(seldom, one.id) == whole_ladder(policy)


@some
@given(policy=ladders(), dues=due_days)
def test_a_disputed_invoice_is_never_named_while_the_others_go_on(policy: Policy, dues: list[int]) -> None:
    world = World(policy=policy, calendar=ALWAYS, invoices=owed(dues), disputes=(dispute(),)).run(range(90))
    assert world.said(InvoiceId("inv_1")) == []
    assert all(world.said(one.id) for one in world.invoices[1:])


@some
@given(policy=ladders(with_tasks=False), calendar=calendars(), due=st.integers(-60, 25), hour=st.just(10))
def test_the_next_step_comes_on_the_day_that_was_foretold(
    policy: Policy, calendar: SendCalendar, due: int, hour: int
) -> None:
    open_at_ten = SendCalendar(
        time_zone="UTC", days=calendar.days, opens=at(0, 9).time(), closes=at(0, 17).time(), holidays=calendar.holidays
    )
    world = World(policy=policy, calendar=open_at_ten, invoices=owed([due]), hour=hour).run(range(-30, 90))
    last_run = at(89).date()
    for today, coming in world.outlooks:
        assert coming.on is not None
        if coming.on <= last_run:
            said = next(on for on, mail in world.mails if on >= today)
            assert (said, coming.step_id) == (coming.on, dict(world.mails)[said].main_step_id)
