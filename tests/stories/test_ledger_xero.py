"""A file as Xero exports it: one record per line item, drafts, voids and credit notes among them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from mailer.flows.import_invoices import import_invoices
from mailer.flows.ledger_report import ImportReport
from mailer.imports.dates import DateOrder
from mailer.imports.refusals import AmbiguousDates
from tests.stories.ledger_house import ACTOR, DEFAULTS, House, a_house

HEADER = (
    "ContactName,EmailAddress,InvoiceNumber,Reference,InvoiceDate,DueDate,Total,InvoiceAmountPaid,InvoiceAmountDue,"
    "Description,Quantity,Currency,Type,Status"
)
_ALDER = "Alder Ltd,ap@alder.example,INV-0041,PO 7,03/08/2026,02/09/2026,150.00,50.00,100.00"
LINES = (
    f"{_ALDER},Oak,1,GBP,Sales invoice,Awaiting Payment",
    f"{_ALDER},Ash,2,GBP,Sales invoice,Awaiting Payment",
    "Birch Inc,,INV-0042,,04/08/2026,31/08/2026,80.00,80.00,0.00,Elm,1,USD,Sales invoice,Paid",
    "Birch Inc,,INV-0043,,04/08/2026,31/08/2026,10.00,0.00,0.00,Elm,1,USD,Sales invoice,Voided",
    "Birch Inc,,INV-0044,,04/08/2026,31/08/2026,10.00,0.00,10.00,Elm,1,USD,Sales invoice,Draft",
    "Birch Inc,,CN-0001,,04/08/2026,31/08/2026,-20.00,0.00,-20.00,Elm,1,USD,Sales credit note,Awaiting Payment",
)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house("", tmp_path) as opened:
        yield opened


async def take(house: House, *lines: str, date_order: DateOrder | None = None) -> ImportReport:
    return await import_invoices(
        house.store,
        house.file(*lines, header=HEADER, name="xero.csv"),
        preset=None,
        date_order=date_order,
        accept_good=False,
        dry_run=False,
        defaults=DEFAULTS,
        actor=ACTOR,
        now=house.now,
        known_policies=(),
    )


async def test_a_xero_export_is_taken_in_and_what_is_left_out_is_said(house: House) -> None:
    report = await take(house, *LINES)
    assert (report.preset, report.new, report.customers_new, report.errors) == ("xero", 3, 2, 0)
    assert [(one.line, one.column) for one in report.problems] == [(6, "Status"), (7, "Type")]
    partly = await house.invoice("INV-0041")
    assert (str(partly.total), str(partly.open), partly.reference) == ("GBP 150.00", "GBP 100.00", "PO 7")
    assert (partly.issued_on, partly.due_on) == (date(2026, 8, 3), date(2026, 9, 2))
    paid, void = await house.invoice("INV-0042"), await house.invoice("INV-0043")
    assert (paid.is_open, paid.closing, void.closing) == (False, None, "void")
    alder = await house.customer("Alder Ltd")
    assert (alder.name, alder.email) == ("Alder Ltd", "ap@alder.example")


async def test_the_same_export_twice_changes_nothing(house: House) -> None:
    await take(house, *LINES)
    before = await house.everything()
    house.now += timedelta(days=1)
    assert (await take(house, *LINES)).unchanged == 3
    assert await house.everything() == before


async def test_dates_that_can_mean_two_days_are_refused_until_a_person_says_the_order(house: House) -> None:
    with pytest.raises(AmbiguousDates, match="--date-order"):
        await take(house, LINES[0], LINES[1])
    assert not any((await house.everything()).values())
    await take(house, LINES[0], LINES[1], date_order=DateOrder.DMY)
    assert (await house.invoice("INV-0041")).due_on == date(2026, 9, 2)
