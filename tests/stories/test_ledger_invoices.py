"""An invoice file becomes the ledger: it is added, followed, and never half believed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from mailer.domain.invoice import InvoiceClosing
from mailer.domain.money import Money
from mailer.flows.import_invoices import import_invoices
from mailer.replies.numbers import normalise_number
from mailer.settings import SettingsError
from mailer.store import invoices
from tests.stories.ledger_house import DEFAULTS, EVENING, House, a_house, row


@pytest.fixture(params=["sqlite", "postgresql"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    url = request.getfixturevalue("migrated_postgres_url") if request.param == "postgresql" else ""
    async with a_house(url, tmp_path) as opened:
        yield opened


async def test_a_new_file_brings_invoices_and_customers_on_record(house: House) -> None:
    report = await house.take(
        row("INV-1", name="Alder Ltd", email="ap@alder.example"),
        row("INV-2"),
        row("INV-3", customer="K2", country="NZ"),
    )
    assert (report.new, report.customers_new, report.written, report.confirmed) == (3, 2, True, True)
    alder, kiwi = await house.customer("K1"), await house.customer("K2")
    assert (alder.name, alder.email, alder.time_zone) == ("Alder Ltd", "ap@alder.example", "Europe/London")
    assert (kiwi.name, kiwi.country, kiwi.time_zone) == ("K2", "NZ", "Pacific/Auckland")
    assert await house.confirmed_at() == EVENING
    added = await house.events("customer.added", "invoice.imported", "ledger.imported")
    assert [event.type for event in added] == ["customer.added"] * 2 + ["invoice.imported"] * 3 + ["ledger.imported"]
    assert added[-1].payload["file"] == "ledger.csv"
    assert added[-1].payload["sha256"] == report.sha256
    assert added[2].customer_id == alder.id
    async with house.store.reading() as tx:
        assert [one.number for one in await invoices.by_number_keys(tx, [normalise_number("inv 1")])] == ["INV-1"]


async def test_the_same_file_twice_changes_nothing_but_the_freshness(house: House) -> None:
    lines = [
        row("INV-1", name="Alder Ltd", email="AP@alder.example"),
        row("INV-2", name="ALDER LTD", email="ap@alder.example"),
        row("INV-3", customer="K2", open_="0.00"),
        row("INV-4", customer="K2", open_="0.00", status="void"),
    ]
    await house.take(*lines)
    before = await house.everything()
    house.now += timedelta(days=3)
    report = await house.take(*lines)
    assert (report.new, report.changed, report.unchanged, report.customers_changed) == (0, 0, 4, 0)
    assert await house.everything() == before
    assert await house.confirmed_at() == house.now
    assert [event.payload["unchanged"] for event in await house.events("ledger.imported")] == [0, 4]


async def test_two_spellings_of_a_customer_in_a_long_file_do_not_flicker(house: House) -> None:
    rows = [row(f"INV-{n}", name="Alder Ltd" if n < 1000 else "ALDER LTD") for n in range(1500)]
    await house.take(*rows)
    before = await house.everything()
    assert (await house.take(*rows)).customers_changed == 0
    assert await house.everything() == before
    assert (await house.customer("K1")).name == "Alder Ltd"


async def test_the_balance_follows_the_file_and_each_change_says_old_and_new(house: House) -> None:
    await house.take(row("INV-1", time_zone="Pacific/Auckland"))
    await house.take(row("INV-1", open_="0.00"))
    paid = await house.invoice("INV-1")
    assert (paid.open, paid.paid_on) == (Money.zero("EUR"), date(2026, 9, 8))
    report = await house.take(row("INV-1", open_="40.00"))
    assert report.changed == 1
    again = await house.invoice("INV-1")
    assert (again.open.minor, again.paid_on) == (4000, None)
    first, second = (event.payload["changes"] for event in await house.events("invoice.changed"))
    assert first == {"open": {"old": "EUR 100.00", "new": "EUR 0.00"}, "paid_on": {"old": "", "new": "2026-09-08"}}
    assert second == {"open": {"old": "EUR 0.00", "new": "EUR 40.00"}, "paid_on": {"old": "2026-09-08", "new": ""}}


async def test_blank_cells_change_nothing_and_a_new_address_is_recorded(house: House) -> None:
    await house.take(row("INV-1", name="Alder Ltd", email="ap@alder.example", policy="personal"))
    await house.take(row("INV-1"))
    assert (await house.customer("K1")).policy == "personal"
    assert await house.events("customer.changed") == []
    report = await house.take(row("INV-1", email="new@alder.example"))
    assert report.customers_changed == 1
    (event,) = await house.events("customer.changed")
    assert event.payload["changes"] == {"email": {"old": "ap@alder.example", "new": "new@alder.example"}}
    assert (await house.customer("K1")).name == "Alder Ltd"


async def test_a_dry_run_shows_the_differences_and_writes_nothing(house: House) -> None:
    await house.take(row("INV-1", email="ap@alder.example"))
    before = await house.everything()
    house.now += timedelta(days=1)
    report = await house.take(row("INV-1", open_="60.00", email="x@alder.example"), row("INV-2"), dry_run=True)
    assert (report.new, report.changed, report.customers_changed, report.written) == (1, 1, 1, False)
    assert {(one.what, one.key, one.field, one.old, one.new) for one in report.differences} == {
        ("customer", "K1", "email", "ap@alder.example", "x@alder.example"),
        ("invoice", "INV-1", "open", "EUR 100.00", "EUR 60.00"),
        ("invoice", "INV-2", "new", "", "EUR 100.00 open, due 2026-09-01"),
    }
    assert await house.everything() == before
    assert len(await house.events("ledger.imported")) == 1
    assert await house.confirmed_at() == EVENING


async def test_one_wrong_row_keeps_everything_out_and_all_wrong_rows_are_named(house: House) -> None:
    good = [row(f"INV-{n}") for n in range(1200)]
    wrong = [row("X-1", total="12,3,4"), row("X-2", due="2026-02-30"), row("X-3", policy="brutal")]
    report = await house.take(*good, *wrong)
    assert (report.refused, report.written, report.errors) == (True, False, 3)
    named = [(one.line, one.column, one.value) for one in report.problems]
    assert named == [(1202, "", "K1"), (1203, "due_on", "2026-02-30"), (1204, "policy", "brutal")]
    assert "personal, standard" in report.problems[2].reason
    assert not any((await house.everything()).values())
    assert await house.confirmed_at() is None
    report = await house.take(*good, *wrong, accept_good=True)
    assert (report.new, report.errors, report.written, report.refused) == (1200, 3, True, False)
    assert (await house.events("ledger.imported"))[0].payload["left_out"] == 3


async def test_a_dry_run_of_a_file_with_errors_shows_both(house: House) -> None:
    report = await house.take(row("INV-1", total="many", open_="1.00"), row("INV-2"), dry_run=True)
    assert (report.errors, report.refused, report.new, report.written) == (1, True, 1, False)


async def test_balances_are_confirmed_only_when_the_file_speaks_of_every_open_invoice(house: House) -> None:
    await house.take(row("INV-1"), row("INV-2"), row("INV-3", open_="0.00"))
    house.now += timedelta(days=1)
    report = await house.take(row("INV-1"), row("INV-9"))
    assert (report.open_not_in_file, report.confirmed, report.written) == (1, False, True)
    assert await house.confirmed_at() == EVENING
    report = await house.take(row("INV-1"), row("INV-2", total="x", open_="1.00"), row("INV-9"), accept_good=True)
    assert (report.open_not_in_file, report.confirmed) == (1, False)
    report = await house.take(row("INV-1"), confirm_rest=True)
    assert (report.open_not_in_file, report.confirmed) == (2, True)
    assert await house.confirmed_at() == house.now
    assert (await house.events("ledger.imported"))[-1].payload["rest_confirmed_by_hand"] is True


@pytest.mark.parametrize("closing", [InvoiceClosing.HANDED_OVER, InvoiceClosing.WRITTEN_OFF])
async def test_what_a_person_closed_is_not_opened_by_a_ledger_that_knows_nothing_of_it(
    house: House, closing: InvoiceClosing
) -> None:
    await house.take(row("INV-1"))
    closed = replace(await house.invoice("INV-1"), closing=closing)
    async with house.store.transaction() as tx:
        await invoices.save(tx, [], [(closed, normalise_number(closed.number))])
    assert (await house.take(row("INV-1"))).unchanged == 1
    await house.take(row("INV-1", open_="70.00"))
    after = await house.invoice("INV-1")
    assert (after.closing, after.open.minor) == (closing, 7000)


async def test_an_invoice_voided_in_the_ledger_and_issued_anew_is_open_again(house: House) -> None:
    await house.take(row("INV-1", open_="0.00", status="void"))
    assert (await house.invoice("INV-1")).closing is InvoiceClosing.VOID
    await house.take(row("INV-1"))
    assert (await house.invoice("INV-1")).is_open


@pytest.mark.parametrize(
    ("number", "column", "said"),
    [("N" * 101, "number", "too long"), ("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 9, "number", "too long")],
)
async def test_a_number_that_cannot_be_kept_is_an_error(house: House, number: str, column: str, said: str) -> None:
    report = await house.take(row(number))
    (problem,) = report.problems
    assert problem.column == column
    assert said in problem.reason


async def test_two_unicode_spellings_of_one_number_are_an_error(house: House) -> None:
    report = await house.take(row("Ü-1"), row("U\N{COMBINING DIAERESIS}-1"))
    assert report.refused
    assert "stands twice" in report.problems[0].reason


async def test_thousands_of_wrong_rows_are_counted_and_the_first_are_shown(house: House) -> None:
    report = await house.take(*(row(f"INV-{n}", total="x", open_="1.00") for n in range(2500)))
    assert (report.errors, len(report.problems), report.problems[0].line) == (2500, 1000, 2)


async def test_settings_that_are_no_time_zone_are_refused_before_anything_is_read(house: House) -> None:
    with pytest.raises(SettingsError, match=r"customers\.time_zone is 'Mars/Olympus'"):
        await import_invoices(
            house.store,
            house.file(row("INV-1")),
            preset=None,
            date_order=None,
            accept_good=False,
            dry_run=False,
            defaults=DEFAULTS.model_copy(update={"time_zone": "Mars/Olympus"}),
            actor="person:test",
            now=EVENING,
            known_policies=(),
        )
