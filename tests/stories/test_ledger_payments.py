"""Payments lower what is open, each once, and never by more than is owed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from mailer.domain.money import Money
from mailer.flows.import_payments import PaymentRefused, add_payment
from mailer.flows.plan_reminders import tick
from mailer.imports.rows import PaymentRow
from mailer.store import invoices
from tests.stories.ledger_house import House, a_house, row
from tests.stories.world import World


@pytest.fixture(params=["sqlite", "postgresql"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    url = request.getfixturevalue("migrated_postgres_url") if request.param == "postgresql" else ""
    async with a_house(url, tmp_path) as opened:
        yield opened


async def test_a_part_payment_and_the_rest_pay_the_invoice(house: House) -> None:
    await house.take(row("INV-1"))
    part = await house.pay("INV-1", "30.25", reference="bank 1")
    assert (str(part.open), part.paid_on) == ("EUR 69.75", None)
    rest = await house.pay("INV-1", "69.75", on=date(2026, 9, 6), reference="bank 2")
    assert (rest.open, rest.paid_on) == (Money.zero("EUR"), date(2026, 9, 6))
    recorded = await house.events("payment.recorded", "invoice.changed")
    assert [event.type for event in recorded] == ["payment.recorded", "invoice.changed"] * 2
    assert recorded[0].payload == {
        "number": "INV-1", "amount": "EUR 30.25", "paid_on": "2026-09-05", "reference": "bank 1",
    }  # fmt: skip
    assert recorded[1].payload["changes"] == {"open": {"old": "EUR 100.00", "new": "EUR 69.75"}}
    async with house.store.reading() as tx:
        kept = await invoices.payments_of(tx, part.customer_id)
    assert [(str(one.amount), one.reference) for one in kept] == [("EUR 30.25", "bank 1"), ("EUR 69.75", "bank 2")]


async def test_a_file_of_payments_twice_is_the_payments_once(house: House) -> None:
    await house.take(row("INV-1"), row("INV-2", customer="K2", currency="JPY", total="5000", open_="5000"))
    lines = ["INV-1,2026-09-01,40,,a", "INV-1,2026-09-02,60.00,EUR,b", "INV-2,2026-09-02,1000,,c"]
    report = await house.take_payments(*lines)
    assert (report.new, report.unchanged, report.paid_in_full, report.written) == (3, 0, 1, True)
    paid, yen = await house.invoice("INV-1"), await house.invoice("INV-2")
    assert (paid.open.minor, paid.paid_on, yen.open) == (0, date(2026, 9, 2), Money(minor=4000, currency="JPY"))
    before = await house.everything()
    report = await house.take_payments(*lines)
    assert (report.new, report.unchanged, report.paid_in_full) == (0, 3, 0)
    assert await house.everything() == before
    report = await house.take_payments("INV-1,2026-09-01,40.00,,a")
    assert (report.new, report.unchanged) == (0, 1)


async def test_the_same_payment_written_in_two_ways_in_one_file_is_one_payment(house: House) -> None:
    await house.take(row("INV-1"))
    report = await house.take_payments("INV-1,2026-09-01,40.00,EUR,a", "INV-1,2026-09-01,40.00,,a")
    assert (report.new, report.unchanged) == (1, 1)
    assert (await house.invoice("INV-1")).open.minor == 6000


@pytest.mark.parametrize(
    ("line", "column", "value", "reason"),
    [
        ("INV-1,2026-09-01,90.01,,a", "amount", "90.01", "EUR 0.01 is too much"),
        ("INV-2,2026-09-01,1,,a", "amount", "1", "Nothing is open"),
        ("INV-9,2026-09-01,1,,a", "invoice", "INV-9", "no such invoice"),
        ("inv 1,2026-09-01,1,,a", "invoice", "inv 1", "is it 'INV-1'?"),
        ("INV-1,2026-09-01,1,USD,a", "currency", "USD", "The invoice is in EUR"),
        ("INV-1,2026-09-01,1.005,,a", "amount", "1.005", "more decimal places"),
        ("INV-1,2026-09-09,1,,a", "paid_on", "2026-09-09", "future"),
    ],
)
async def test_a_payment_that_cannot_be_is_named_and_nothing_is_written(
    house: House, line: str, column: str, value: str, reason: str
) -> None:
    await house.take(row("INV-1"), row("INV-2", open_="0"))
    before = await house.everything()
    report = await house.take_payments("INV-1,2026-09-01,10.00,,good", line)
    (problem,) = report.problems
    assert (problem.line, problem.column, problem.value) == (3, column, value)
    assert reason in problem.reason
    assert (report.refused, report.written) == (True, False)
    assert await house.everything() == before
    report = await house.take_payments("INV-1,2026-09-01,10.00,,good", line, accept_good=True)
    assert (report.new, report.errors, report.written) == (1, 1, True)
    assert (await house.invoice("INV-1")).open.minor == 9000


async def test_two_payments_that_together_are_too_much_are_seen_together(house: House) -> None:
    await house.take(row("INV-1"))
    report = await house.take_payments("INV-1,2026-09-01,60,,a", "INV-1,2026-09-01,60,,b")
    assert "EUR 20.00 is too much" in report.problems[0].reason
    assert (await house.invoice("INV-1")).open.minor == 10_000


async def test_by_hand_a_doubtful_payment_is_refused_in_one_sentence(house: House) -> None:
    await house.take(row("INV-1"))
    await house.pay("INV-1", "10.00")
    with pytest.raises(PaymentRefused, match="on record already"):
        await house.pay("INV-1", "10.00")
    with pytest.raises(PaymentRefused, match=r"EUR 10\.00 is too much"):
        await house.pay("INV-1", "100.00", reference="b")
    with pytest.raises(PaymentRefused, match="future"):
        await house.pay("INV-1", "1.00", on=date(2027, 1, 1))
    with pytest.raises(PaymentRefused, match="more than 0"):
        await house.pay("INV-1", "0")
    assert (await house.invoice("INV-1")).open.minor == 9000


async def test_a_dry_run_of_payments_shows_balances_and_writes_nothing(house: House) -> None:
    await house.take(row("INV-1"))
    before = await house.everything()
    report = await house.take_payments("INV-1,2026-09-01,40,,a", dry_run=True)
    assert [(one.key, one.old, one.new) for one in report.differences] == [("INV-1", "EUR 100.00", "EUR 60.00")]
    assert await house.everything() == before


async def test_a_payment_by_hand_stops_the_mail_that_waits_and_the_next_one_asks_for_the_rest(world: World) -> None:
    await world.owe("INV-1", due=date(2026, 9, 4), total="100.00")
    await tick(world.app.planner())
    paid = PaymentRow(line=0, invoice_number="INV-1", amount=Decimal("60.05"), currency=None, paid_on=date(2026, 9, 7))
    await add_payment(world.app.store, paid, actor="person:test", now=world.clock())
    await world.round()
    assert [event.payload["code"] for event in await world.events("reminder.cancelled")] == ["balance_changed"]
    await world.round()
    (mail,) = world.mails_about("INV-1")
    assert "39.95" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_the_next_ledger_decides_anew_what_is_open(house: House) -> None:
    await house.take(row("INV-1"))
    await house.pay("INV-1", "100.00")
    await house.take(row("INV-1", open_="55.00"))
    after = await house.invoice("INV-1")
    assert (after.open.minor, after.paid_on) == (5500, None)


async def test_an_import_and_payments_at_the_same_moment_happen_one_after_the_other(house: House) -> None:
    await house.take(*(row(f"INV-{n}", customer=f"K{n % 7}") for n in range(40)))
    ledger = house.take(*(row(f"INV-{n}", customer=f"K{n % 7}", open_="70.00") for n in range(40)))
    paid = [house.pay(f"INV-{n % 10}", "5.00", reference=f"bank {n}") for n in range(20)]
    await asyncio.gather(ledger, *paid)
    shown = {f"INV-{n}": "EUR 100.00" for n in range(40)}
    for event in await house.events("invoice.changed"):
        change = event.payload["changes"]["open"]
        assert change["old"] == shown[event.payload["number"]], "a change was lost"
        shown[event.payload["number"]] = change["new"]
    for number, last in shown.items():
        assert str((await house.invoice(number)).open) == last
    assert len(await house.events("payment.recorded")) == 20
