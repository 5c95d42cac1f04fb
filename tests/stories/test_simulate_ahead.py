"""What `duly simulate` foretells is what the service then does, mail by mail."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailer.domain.agreement import Hold, HoldKind, Promise, PromiseState
from mailer.domain.case import CaseFacts, StepDone, StepHow, Task, TaskKind
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, HoldId, InvoiceId, PromiseId, StepId, TaskId
from mailer.domain.invoice import Invoice
from mailer.domain.money import Money
from mailer.flows.policies import PolicyMissing
from mailer.flows.simulate import SimulatedSend, simulate, simulate_ledger, visits
from mailer.store import customers, events
from tests.servers.smtp import RecordingSmtp
from tests.stories.by_hand_room import MONDAY, Room, policies, room

ADA = Customer(id=CustomerId("cus_1"), ref="C1", name="Ada Ltd", email="ap@ada.test", time_zone="UTC")


def invoice(number: str, due_on: date, minor: int = 10_000, currency: str = "EUR") -> Invoice:
    money = Money(minor=minor, currency=currency)
    return Invoice(
        id=InvoiceId(f"inv_{number}"),
        customer_id=ADA.id,
        number=number,
        issued_on=due_on - timedelta(days=30),
        due_on=due_on,
        total=money,
        open=money,
    )


def late(number: str, days: int) -> Invoice:
    return invoice(number, MONDAY.date() - timedelta(days=days))


def facts(*invoices: Invoice, **more: object) -> CaseFacts:
    return replace(CaseFacts(customer=ADA, invoices=invoices, data_as_of=MONDAY), **more)  # type: ignore[arg-type]


def told(sends: tuple[SimulatedSend, ...]) -> list[tuple[str, str, str]]:
    return [(f"{send.on:%m-%d}", send.kind, send.step_id) for send in sends]


def test_the_whole_ladder_of_one_invoice_nobody_pays() -> None:
    sends = simulate(policies(), [facts(late("INV-1", 1))], now=MONDAY, days=60)
    assert told(sends) == [
        ("03-02", "mail", "friendly"),
        ("03-09", "mail", "second"),
        ("03-17", "mail", "firm"),
        ("03-26", "mail", "hold_notice"),
        ("04-06", "mail", "final_notice"),  # its day, the 5th, is a Sunday
    ]
    assert {send.invoices for send in sends} == {("INV-1",)}
    assert [str(money) for money in sends[0].asked] == ["EUR 100.00"]


def test_calls_and_letters_are_taken_for_done_or_stop_the_ladder() -> None:
    with_person = simulate(policies(), [facts(late("INV-1", 20), customer=_personal())], now=MONDAY, days=40)
    assert [kind for _, kind, _ in told(with_person)] == ["mail", "mail", "call", "mail", "letter", "mail", "mail"]
    alone = simulate(
        policies(), [facts(late("INV-1", 20), customer=_personal())], now=MONDAY, days=90, tasks_done=False
    )
    assert [kind for _, kind, _ in told(alone)] == ["mail", "mail", "call"]


def _personal() -> Customer:
    return replace(ADA, policy="personal")


def test_what_is_under_way_comes_first() -> None:
    queued = StepDone(
        invoice_id=InvoiceId("inv_INV-1"), step_id=StepId("friendly"), cycle=0, how=StepHow.QUEUED, at=MONDAY
    )
    saturday = datetime(2026, 3, 7, 12, tzinfo=UTC)
    sends = simulate(policies(), [facts(late("INV-1", 5), steps=(queued,))], now=saturday, days=14)
    assert told(sends) == [("03-09", "mail", "friendly"), ("03-16", "mail", "second")]
    assert [send.waits for send in sends] == [True, False]


def test_a_task_on_the_list_is_shown_as_waiting() -> None:
    task = Task(
        id=TaskId("task_1"),
        customer_id=ADA.id,
        kind=TaskKind.CALL,
        invoice_ids=(InvoiceId("inv_INV-1"),),
        step_id=StepId("call"),
        instructions="phone",
        created_at=MONDAY,
    )
    said = [("friendly", StepHow.SENT, 20), ("second", StepHow.SENT, 10), ("call", StepHow.TASK_OPEN, 1)]
    steps = tuple(
        StepDone(invoice_id=task.invoice_ids[0], step_id=StepId(s), cycle=0, how=h, at=MONDAY - timedelta(days=d))
        for s, h, d in said
    )
    open_task = facts(late("INV-1", 30), steps=steps, tasks=(task,), customer=_personal())
    sends = simulate(policies(), [open_task], now=MONDAY, days=9)
    assert told(sends) == [("03-02", "call", "call"), ("03-09", "mail", "firm")]
    assert [send.waits for send in sends] == [True, False]
    assert simulate(policies(), [open_task], now=MONDAY, days=30, tasks_done=False) == ()


def test_promises_break_and_holds_end_by_their_date_or_never() -> None:
    one = late("INV-1", 3)
    promise = Promise(
        id=PromiseId("prom_1"),
        customer_id=ADA.id,
        invoice_ids=(one.id,),
        due_on=date(2026, 3, 6),
        pauses_until_on=date(2026, 3, 10),
        state=PromiseState.CONFIRMED,
        made_at=MONDAY,
        confirmed=True,
    )
    found = list(visits(facts(one, promises=(promise,)), policies(), now=MONDAY, until=MONDAY + timedelta(days=12)))
    sends = [action for visit in found for action in visit.actions if hasattr(action, "broken_promise_on")]
    assert [visit.calendar.local_day(visit.at) for visit in found][-1] == date(2026, 3, 11)
    assert [action.broken_promise_on for action in sends] == [date(2026, 3, 6)]
    for until, days in ((date(2026, 3, 20), ["03-23"]), (None, [])):
        hold = Hold(
            id=HoldId("hold_1"),
            customer_id=ADA.id,
            invoice_ids=(),
            kind=HoldKind.OUT_OF_OFFICE,
            reason="away",
            placed_at=MONDAY,
            until_on=until,
        )
        held = simulate(policies(), [facts(one, holds=(hold,))], now=MONDAY, days=23)
        assert [day for day, _, _ in told(held)] == days


def test_a_policy_that_does_not_exist_is_said() -> None:
    with pytest.raises(PolicyMissing, match="nice"):
        simulate(policies(), [facts(late("INV-1", 1), customer=replace(ADA, policy="nice"))], now=MONDAY, days=1)


async def _random_ledger(office: Room, chance: random.Random) -> None:
    for ref, policy, zone in (
        ("C1", "standard", "UTC"),
        ("C2", "personal", "America/New_York"),
        ("C3", "", "Australia/Sydney"),
    ):
        who = await office.customer(ref, f"Customer {ref}", policy=policy, time_zone=zone)
        for number in range(chance.randint(1, 4)):
            await office.invoice(who, f"{ref}-{number}", chance.randint(-20, 40), f"{chance.randint(1, 900)}.50")


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_service_then_does_what_was_foretold(
    tmp_path: Path, recording_smtp: RecordingSmtp, seed: int
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        await _random_ledger(office, random.Random(seed))  # noqa: S311 - a ledger, no secret
        await office.go_live()
        async with office.store.reading() as tx:
            before = await events.count(tx)
        foretold = await simulate_ledger(office.store, office.policies, now=office.now, days=14, tasks_done=False)
        async with office.store.reading() as tx:
            assert await events.count(tx) == before, "looking ahead writes nothing"
            zones = {one.id: ZoneInfo(one.time_zone) for one in await customers.every(tx)}
        end = office.now + timedelta(days=14)
        while office.now <= end:
            await office.goes_on()
            office.now += timedelta(hours=8)  # every window is open once a day
        recipients = sorted(send.customer.email for send in foretold.sends if send.kind == "mail")
        assert sorted(message.recipients[0] for message in recording_smtp.messages) == recipients
        done = [
            (event.at.astimezone(zones[CustomerId(event.customer_id or "")]).date(), event.customer_id)
            for event in await office.happened("reminder.sent", "task.created")
        ]
        assert sorted(done) == sorted((send.on, send.customer.id) for send in foretold.sends)


async def test_one_customer_without_a_policy_does_not_hide_the_others(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        await office.invoice(await office.customer("C1", policy="nice"), "INV-1")
        await office.invoice(await office.customer("C2"), "INV-2")
        found = await simulate_ledger(office.store, office.policies, now=office.now, days=3)
        assert [send.customer.ref for send in found.sends] == ["C2"]
        assert "there is no policy 'nice'" in found.problems[0]
