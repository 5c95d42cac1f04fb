"""How the commands by hand name things: customers, invoices, holds; and one result as lines, JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from mailer.cli.output import Output, one_json, say, show
from mailer.domain.agreement import Hold
from mailer.domain.customer import Customer
from mailer.domain.invoice import Invoice
from mailer.domain.money import Money

DAY = ["%Y-%m-%d"]
Meant = Annotated[
    str, typer.Argument(metavar="ID", help="A case, customer or invoice number, or a name or address that is unique.")
]
InvoicesOption = Annotated[
    list[str] | None, typer.Option("--invoice", metavar="NUMBER", help="Only this invoice; may be given twice.")
]
WordsOption = Annotated[str, typer.Option("--words", help="Words for the record: who said what.")]


def tell(output: Output, row: dict[str, Any], *lines: str) -> None:
    """Print what was done: lines for people, else the row."""
    if output is Output.TABLE:
        for line in lines:
            say(line)
    elif output is Output.JSON:
        one_json(row)
    else:
        show([row], output, columns=tuple(row), empty="")


def day_of(moment: datetime | None) -> date | None:
    """Return the day that a date option gave."""
    return moment.date() if moment else None


def who(customer: Customer) -> str:
    """Return a customer as people name it: "Ada Ltd (C1)"."""
    return f"{customer.name} ({customer.ref})"


def numbers(invoices: Iterable[Invoice], most: int = 6) -> str:
    """Return invoice numbers in a row, the first few of many."""
    every = [invoice.number for invoice in invoices]
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def sums(amounts: Iterable[Money]) -> str:
    """Return one sum per currency: "EUR 120.00, GBP 10.00"."""
    totals: dict[str, Money] = {}
    for money in amounts:
        totals[money.currency] = totals.get(money.currency, Money.zero(money.currency)) + money
    return ", ".join(str(totals[currency]) for currency in sorted(totals))


def local(at: datetime, customer: Customer) -> str:
    """Return a moment on the customer's clock, to the minute."""
    return f"{at.astimezone(ZoneInfo(customer.time_zone)):%Y-%m-%d %H:%M}"


def hold_words(hold: Hold) -> str:
    """Return a hold in a few words: "hold_… (reply: a human wrote), until 2026-03-04"."""
    end = f", until {hold.until_on}" if hold.until_on else ""
    return f"{hold.id} ({hold.kind.replace('_', ' ')}: {hold.reason}{end})"


def still_held(holds: Sequence[Hold]) -> tuple[str, ...]:
    """Return the lines that say which holds go on pausing, and how to end them; none when there is none."""
    if not holds:
        return ()
    return (
        f"still on hold: {'; '.join(hold_words(hold) for hold in holds)}",
        f"when that is settled: duly invoices release {holds[0].id}",
    )
