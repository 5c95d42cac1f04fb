"""Customers under other numbers, and invoices that change hands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailer.domain.case import StepHow
from mailer.domain.ids import StepId
from mailer.domain.message import ListedInvoice
from mailer.flows.import_customers import CustomerRefused, put_customer, renumber_customer
from mailer.imports.rows import CustomerRow
from mailer.store import outbox
from tests.stories.ledger_house import ACTOR, DEFAULTS, House, a_house, row


@pytest.fixture(params=["sqlite", "postgresql"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    url = request.getfixturevalue("migrated_postgres_url") if request.param == "postgresql" else ""
    async with a_house(url, tmp_path) as opened:
        yield opened


async def remind(house: House, number: str) -> None:
    """Put a rung of the invoice on record, as if it had been said."""
    invoice = await house.invoice(number)
    listed = ListedInvoice(invoice_id=invoice.id, step_id=StepId("friendly"), cycle=0, open=invoice.open)
    async with house.store.transaction() as tx:
        await outbox.claim_steps(tx, invoice.customer_id, [listed], StepHow.BY_HAND, house.now)


async def put(house: House, said: CustomerRow, *, update: bool) -> str:
    who = await put_customer(
        house.store,
        said,
        update=update,
        defaults=DEFAULTS,
        actor=ACTOR,
        now=house.now,
        known_policies={"standard"},
    )
    return who.email


async def test_an_invoice_nobody_heard_of_may_become_another_customers(house: House) -> None:
    await house.take(row("INV-1", customer="K1"), row("INV-2", customer="K2"))
    report = await house.take(row("INV-1", customer="K2"), row("INV-2", customer="K3"))
    assert (report.changed, report.customers_new, report.errors) == (2, 1, 0)
    assert (await house.invoice("INV-1")).customer_id == (await house.customer("K2")).id
    changes = [event.payload["changes"] for event in await house.events("invoice.changed")]
    assert {"customer": {"old": "K1", "new": "K2"}} in changes
    assert {"customer": {"old": "K2", "new": "K3"}} in changes


async def test_an_invoice_with_a_history_stays_with_its_customer_until_a_person_says_it_was_renamed(
    house: House,
) -> None:
    await house.take(row("INV-1", customer="Alder Ltd"), row("INV-2", customer="Alder Ltd"))
    await remind(house, "INV-1")
    renamed = [row(number, customer="Alder Group", email="ap@alder.example") for number in ("INV-1", "INV-2")]
    report = await house.take(*renamed)
    (problem,) = report.problems
    assert (problem.line, problem.column, problem.value) == (2, "customer", "Alder Group")
    assert "duly customers renumber 'Alder Ltd' 'Alder Group'" in problem.reason
    assert not report.written
    before = await house.customer("Alder Ltd")
    await renumber_customer(house.store, "Alder Ltd", "Alder Group", actor=ACTOR, now=house.now)
    report = await house.take(*renamed)
    assert (report.unchanged, report.customers_changed, report.customers_new) == (2, 1, 0)
    assert (await house.customer("Alder Group")).id == before.id
    assert [list(event.payload["changes"]) for event in await house.events("customer.changed")] == [["ref"], ["email"]]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("K9", "K3", "nobody has"), ("K1", "K2", "cannot be made one"), ("K1", "a\nb", "visible characters")],
)
async def test_a_number_that_is_free_for_nobody_is_refused(house: House, old: str, new: str, said: str) -> None:
    await house.take(row("INV-1", customer="K1"), row("INV-2", customer="K2"))
    with pytest.raises(CustomerRefused, match=said):
        await renumber_customer(house.store, old, new, actor=ACTOR, now=house.now)
    assert await house.events("customer.changed") == []


async def test_a_customer_file_adds_and_follows_and_the_second_time_is_silent(house: House) -> None:
    header = "customer,name,email,other_emails,language,tags"
    lines = ["K1,Alder,AP@Alder.example,a@alder.example|b@alder.example,de,vip", "K2,Birch,,,,"]
    report = await house.take_customers(*lines, header=header)
    assert (report.new, report.changed, report.customers_new) == (2, 0, 2)
    alder = await house.customer("K1")
    assert alder.emails == ("ap@alder.example", "a@alder.example", "b@alder.example")
    assert (alder.language, alder.tags) == ("de", ("vip",))
    before = await house.everything()
    assert (await house.take_customers(*lines, header=header)).unchanged == 2
    assert await house.everything() == before
    report = await house.take_customers("K2,Birch & Co,ap@birch.example", dry_run=True)
    assert [(one.field, one.new) for one in report.differences] == [
        ("name", "Birch & Co"),
        ("email", "ap@birch.example"),
    ]
    assert await house.everything() == before
    assert await house.confirmed_at() is None


async def test_a_customer_by_hand_is_added_once_and_changed_on_purpose(house: House) -> None:
    assert await put(house, CustomerRow(line=0, ref="K1", name="Alder", email="ap@ALDER.example"), update=False)
    new = CustomerRow(line=0, ref="K1", name="", email="new@alder.example")
    with pytest.raises(CustomerRefused, match="--update"):
        await put(house, new, update=False)
    assert await put(house, new, update=True) == "new@alder.example"
    assert (await house.customer("K1")).name == "Alder"
    assert [event.type for event in await house.events()] == ["customer.added", "customer.changed"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (CustomerRow(line=0, ref="K1", name="A", email="nowhere"), "not a mail address"),
        (CustomerRow(line=0, ref="K1", name="A", other_emails=("x@",)), "not a mail address"),
        (CustomerRow(line=0, ref="K1", name="A", language="klingon"), "language code"),
        (CustomerRow(line=0, ref="K1", name="A", country="XX"), "country code"),
        (CustomerRow(line=0, ref="K1", name="A", time_zone="Mars"), "time zone"),
        (CustomerRow(line=0, ref="K1", name="A", policy="brutal"), "no such policy"),
        (CustomerRow(line=0, ref="", name="A"), "customer number"),
    ],
)
async def test_what_cannot_be_kept_of_a_customer_is_refused(house: House, said: CustomerRow, why: str) -> None:
    with pytest.raises(CustomerRefused, match=why):
        await put(house, said, update=False)
    with pytest.raises(CustomerRefused, match="there is no customer 'K9'"):
        await put(house, CustomerRow(line=0, ref="K9", name="A"), update=True)
    assert await house.events() == []
