"""`duly invoices`, `duly payments` and `duly customers` at a terminal: what they print, and their exit codes."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from mailer.cli import ledger
from mailer.cli.app import top
from mailer.clock import utc_now
from mailer.flows.initialise import initialise
from tests.stories.ledger_house import HEADER, row


class Terminal:
    """A terminal in front of one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._app = typer.Typer(rich_markup_mode=None)
        self._app.callback()(top)
        ledger.register(self._app)
        values = {"seller.name": "Brightwater", "seller.address": "accounts@brightwater.example"}
        asyncio.run(initialise(self.data, values, actor="person:test", now=utc_now()))

    def type(self, *words: str, exit_code: int = 0) -> Result:
        done = CliRunner().invoke(self._app, ["--data", str(self.data), *words])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        assert done.exit_code == exit_code, done.output
        return done

    def json(self, *words: str, exit_code: int = 0) -> Any:
        return json.loads(self.type(*words, "-o", "json", exit_code=exit_code).stdout)

    def file(self, *lines: str, header: str = HEADER, name: str = "ledger.csv") -> str:
        path = self.folder / name
        path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
        return str(path)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_the_template_filled_in_goes_in_and_shows_in_the_listings(terminal: Terminal) -> None:
    for noun in ("customers", "invoices", "payments"):
        path = terminal.folder / f"{noun}.csv"
        path.write_text(terminal.type(noun, "template").stdout, encoding="utf-8")
        terminal.type(noun, "import", str(path))
    first, second = terminal.json("invoices", "list", "--all")
    assert (first["number"], first["customer"], first["open"]) == ("2026-0001", "Example Trading Ltd", "GBP 0.00")
    assert (first["status"], first["paid_on"]) == ("paid", "2026-02-20")
    assert (second["status"], second["open_amount"], second["next_step"]) == ("part_paid", "134.00", "friendly")
    assert second["next_on"] is None
    assert "paused" in second["next_why"]
    assert [one["number"] for one in terminal.json("invoices", "list")] == ["2026-0002"]
    assert {one["number"]: one["owed"] for one in terminal.json("customers", "list")} == {
        "C-1001": [],
        "C-1002": ["EUR 134.00"],
    }
    assert [one["invoice"] for one in terminal.json("payments", "list")] == ["2026-0002", "2026-0001"]
    assert [one["amount"] for one in terminal.json("payments", "list", "2026-0001")] == ["GBP 1200.00"]


def test_an_ambiguous_date_is_refused_with_the_flag_that_helps(terminal: Terminal) -> None:
    header = "customer,number,issued_on,due_on,currency,total,open"
    path = terminal.file("K1,INV-1,03/04/2026,05/06/2026,EUR,10,10", header=header)
    done = terminal.type("invoices", "import", path, exit_code=2)
    assert "--date-order" in done.stderr
    assert "ledger.csv" in done.stderr
    assert terminal.json("invoices", "list", "--all") == []
    terminal.type("invoices", "import", path, "--date-order", "dmy")
    (invoice,) = terminal.json("invoices", "list")
    assert (invoice["issued"], invoice["due"]) == ("2026-04-03", "2026-06-05")


def test_wrong_rows_are_listed_and_the_flag_that_takes_the_others_is_named(terminal: Terminal) -> None:
    path = terminal.file(row("INV-1"), row("INV-2", due="soon"))
    done = terminal.type("invoices", "import", path, exit_code=2)
    for said in ("3", "due_on", "soon", "not a date"):
        assert said in done.stdout
    assert "nothing was written" in done.stderr
    assert "--accept-good" in done.stderr
    report = terminal.json("invoices", "import", path, exit_code=2)
    assert report["written"] is False
    assert (report["problems"][0]["line"], report["problems"][0]["severity"]) == (3, "error")
    rows = list(csv.DictReader(io.StringIO(terminal.type("invoices", "import", path, "-o", "csv", exit_code=2).stdout)))
    assert [(one["line"], one["column"], one["value"]) for one in rows] == [("3", "due_on", "soon")]
    assert "1 new" in terminal.type("invoices", "import", path, "--accept-good").stdout
    assert [one["number"] for one in terminal.json("invoices", "list")] == ["INV-1"]


def test_a_dry_run_prints_what_would_change_and_changes_nothing(terminal: Terminal) -> None:
    terminal.type("invoices", "import", terminal.file(row("INV-1")))
    path = terminal.file(row("INV-1", open_="12.34"))
    shown = terminal.type("invoices", "import", path, "--dry-run").stdout
    for said in ("INV-1", "open", "EUR 100.00", "EUR 12.34", "nothing was written"):
        assert said in shown
    assert terminal.json("invoices", "show", "inv1")["open"] == "EUR 100.00"
    same = terminal.type("invoices", "import", terminal.file(row("INV-1")), "--dry-run").stdout
    assert "Nothing would change." in same


def test_a_file_without_every_open_invoice_needs_a_persons_word(terminal: Terminal) -> None:
    terminal.type("invoices", "import", terminal.file(row("INV-1"), row("INV-2")))
    path = terminal.file(row("INV-1"))
    done = terminal.type("invoices", "import", path, exit_code=1)
    assert "1 open invoice is not in the file" in done.stderr
    assert "duly payments confirm" in done.stderr
    assert "right from now on" in terminal.type("payments", "confirm").stdout
    terminal.type("invoices", "import", path, "--confirm-rest")


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        (b"", ("invoices", "import"), "empty"),
        (b"PK\x03\x04", ("invoices", "import"), "spreadsheet"),
        (b"a,b\n1,2\n", ("invoices", "import"), "--preset"),
        (b"a,b\n1,2\n", ("payments", "import"), "duly payments template"),
        (b"customer,name\nK1,A\n", ("invoices", "import"), "duly customers import"),
        (b"customer,number\n", ("invoices", "import", "--preset", "sap"), "no preset 'sap'"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_sentence(
    terminal: Terminal, content: bytes, words: tuple[str, ...], said: str
) -> None:
    path = terminal.folder / "file.csv"
    path.write_bytes(content)
    done = terminal.type(*words, str(path), exit_code=2)
    assert said in done.stderr
    assert "Nothing was written." in done.stderr


def test_payments_by_hand(terminal: Terminal) -> None:
    terminal.type("invoices", "import", terminal.file(row("INV-1")))
    done = terminal.type("payments", "add", "INV-1", "40", "--on", "2026-09-01", "--reference", "bank 1")
    assert "EUR 60.00 is still open" in done.stdout
    assert (
        "on record already"
        in terminal.type(
            "payments", "add", "INV-1", "40", "--on", "2026-09-01", "--reference", "bank 1", exit_code=2
        ).stderr
    )
    assert "EUR 5.00 is too much" in terminal.type("payments", "add", "INV-1", "65", exit_code=2).stderr
    assert "in EUR" in terminal.type("payments", "add", "INV-1", "6", "--currency", "usd", exit_code=2).stderr
    assert "write it like 1234.50" in terminal.type("payments", "add", "INV-1", "1.234,50", exit_code=2).stderr
    assert "nothing is open" in terminal.type("payments", "add", "INV-1", "60", "--currency", "eur").stdout
    story = terminal.json("invoices", "show", "INV-1")
    assert story["payments"][0] == "2026-09-01 EUR 40.00 bank 1"
    assert (story["status"], len(story["payments"])) == ("paid", 2)


def test_customers_by_hand(terminal: Terminal) -> None:
    terminal.type("customers", "add", "K1", "--name", "Alder", "--email", "ap@alder.example", "--country", "US")
    found = terminal.json("customers", "show", "K1")
    assert (found["name"], found["time_zone"], found["policy"]) == ("Alder", "America/New_York", "standard")
    assert "--update" in terminal.type("customers", "add", "K1", exit_code=2).stderr
    terminal.type("customers", "add", "K1", "--update", "--tag", "vip", "--other-email", "x@alder.example")
    terminal.type("customers", "renumber", "K1", "K7")
    found = terminal.json("customers", "show", "x@alder.example")
    assert (found["number"], found["tags"], found["email"]) == ("K7", ["vip"], "ap@alder.example")
    assert "duly customers list" in terminal.type("customers", "show", "K1", exit_code=2).stderr


def test_a_long_listing_says_that_there_is_more(terminal: Terminal) -> None:
    terminal.type("invoices", "import", terminal.file(*(row(f"INV-{n}", customer=f"K{n % 2}") for n in range(5))))
    shown = terminal.type("invoices", "list", "--limit", "2").stdout
    assert "2 of 5 are shown" in shown
    assert [one["number"] for one in terminal.json("invoices", "list", "--customer", "K1")] == ["INV-1", "INV-3"]
    text = terminal.type("invoices", "show", "INV-3").stdout
    assert "overdue" in text
    assert "2026-09-01" in text


def test_an_unknown_invoice_is_refused_and_look_alikes_are_named(terminal: Terminal) -> None:
    terminal.type("invoices", "import", terminal.file(row("INV-1"), row("INV-01")))
    assert "duly invoices list --all" in terminal.type("invoices", "show", "X", exit_code=2).stderr
    assert "INV-01, INV-1" in terminal.type("invoices", "show", "inv 1", exit_code=2).stderr


@pytest.mark.parametrize("noun", ["invoices", "payments", "customers"])
def test_the_columns_are_explained(terminal: Terminal, noun: str) -> None:
    rows = terminal.json(noun, "template", "--columns")
    assert all(one["meaning"] for one in rows)
    assert any(one["required"] for one in rows)


def test_one_invoice_is_added_by_hand_and_only_once(terminal: Terminal) -> None:
    said = ("invoices", "add", "INV-7", "--customer", "C-1", "--due", "2026-12-31", "--currency", "EUR")
    who = ("--customer-name", "Alder Ltd", "--email", "ap@alder.example")
    done = terminal.type(*said, "--total", "1200.50", *who)
    assert "invoice INV-7, 1200.50 EUR open, due 2026-12-31, and its customer is new" in done.stdout
    assert "payments confirm" not in done.stdout
    second = terminal.type("invoices", "add", "INV-9", *said[3:], "--total", "10")
    assert "payments confirm" in second.stdout
    assert "is there already" in terminal.type(*said, "--total", "90", exit_code=2).stderr
    assert "total" in terminal.type(*said[:2], "INV-8", *said[3:], "--total", "a lot", exit_code=2).stderr
    listed = terminal.json("invoices", "list")
    assert [(one["number"], one["open_amount"], one["customer"]) for one in listed] == [
        ("INV-7", "1200.50", "Alder Ltd"),
        ("INV-9", "10.00", "Alder Ltd"),
    ]
