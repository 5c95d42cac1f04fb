"""Acts by hand as they are typed: what is said back, what is refused, what programs can read."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.stories.terminal import Terminal, in_days

#: Every command of this part, with the words that its help must show by example.
COMMANDS = (
    "note add", "call add", "letter add", "meeting add", "promise list", "promise add", "promise confirm",
    "promise close", "dispute list", "dispute add", "dispute accept", "dispute close", "invoices hold",
    "invoices release", "pause", "resume", "status", "preview", "simulate", "case list", "case show", "case why",
    "case close", "log list", "policy list", "policy show", "policy check", "policy diff", "template list",
    "template copy", "template check",
)  # fmt: skip


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """One ledger for stories that do not get in each other's way."""
    made = Terminal(tmp_path_factory.mktemp("house") / "data")
    made.owe()
    return made


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(terminal: Terminal, command: str) -> None:
    words = " ".join(terminal.type(*command.split(), "--help").split())
    assert f"Example: duly {command}" in words


def test_a_promise_from_a_call_is_kept_shown_and_closed(terminal: Terminal) -> None:
    terminal.type("call", "add", "INV-1", "asked the boss", "--outcome", "left_message")
    made = terminal.read("promise", "add", "INV-1", "--by", in_days(5), "--amount", "200.00")
    assert (made["state"], made["invoices"], made["amount"]) == ("tracked", ["INV-1"], "EUR 200.00")
    assert [row["promise"] for row in terminal.read("promise", "list", "K1")] == [made["promise"]]
    assert terminal.read("promise", "confirm", "INV-1")["state"] == "confirmed"
    said = terminal.type("promise", "close", made["promise"], "--outcome", "kept")
    assert "ledger still shows INV-1 open" in " ".join(said.split())
    assert terminal.read("promise", "list") == []
    told = [row["type"] for row in terminal.read("log", "list", "K1", "--limit", "4")]
    assert told == ["call.logged", "promise.made", "promise.confirmed", "promise.kept"]


def test_a_hold_shows_in_the_listing_and_why_names_it(terminal: Terminal) -> None:
    held = terminal.read("invoices", "hold", "INV-2", "--reason", "credit note", "--until", in_days(3))
    (row,) = [row for row in terminal.read("invoices", "list") if row["number"] == "INV-2"]
    assert (row["status"], row["reason"]) == ("on_hold", "manual: credit note")
    why = terminal.type("case", "why", "INV-2")
    assert held["hold"] in why
    assert "On hold (manual)" in why
    assert "Duly is paused" in why
    said = terminal.type("dispute", "add", "INV-2", "--reason", "price")
    assert f"duly invoices release {held['hold']}" in said
    assert terminal.read("dispute", "close", "INV-2", "--outcome", "ours")["still_on_hold"] == [held["hold"]]
    assert terminal.read("invoices", "release", "INV-2")["released"] == [held["hold"]]
    assert terminal.type("invoices", "release", "INV-2", code=2).count("duly case why INV-2") == 1


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("note", "add", "Nobody", "x"), "duly customers list"),
        (("note", "add", "K1", " "), "needs words"),
        (("call", "add", "K1", "x", "--on", "2999-01-01"), "still to come"),
        (("promise", "add", "K1", "--by", "2020-01-01"), "is past"),
        (("promise", "close", "K2", "--outcome", "kept"), "no running promise"),
        (("dispute", "add", "K1", "--reason", "grumpy"), "missing_po"),
        (("dispute", "accept", "disp_x"), "disp_x"),
        (("invoices", "hold", "K1", "--reason", ""), "--reason"),
        (("case", "close", "K1", "--outcome", "handed_over", "--reason", "x"), "no running case"),
        (("case", "show", "K1", "-o", "csv"), "-o json"),
        (("log", "list", "Nobody"), "duly customers list"),
        (("policy", "show", "nice"), "duly policy list"),
        (("template", "copy", "reminders/nice"), "no shipped template"),
    ],
)
def test_what_is_refused_names_the_way_out_and_writes_nothing(
    terminal: Terminal, words: tuple[str, ...], hint: str
) -> None:
    before = terminal.read("log", "list", "--limit", "1")
    assert hint in " ".join(terminal.type(*words, code=2).split())
    assert terminal.read("log", "list", "--limit", "1") == before


def test_listings_fit_a_terminal_and_a_spreadsheet(terminal: Terminal) -> None:
    terminal.type("note", "add", "K3", "=1+1 is what they answer, always")
    for words in (("case", "show", "K3"), ("log", "list"), ("case", "why", "K1"), ("status",), ("simulate",)):
        assert max(len(line) for line in terminal.type(*words).splitlines()) <= 100, words
    rows = list(csv.DictReader(io.StringIO(terminal.type("simulate", "--days", "30", "-o", "csv"))))
    assert {row["customer"] for row in rows if row["customer_ref"] == "K3"} == {"'=Zed & Sons"}


def test_own_policies_and_templates_take_the_place_of_shipped_ones(tmp_path: Path) -> None:
    house = Terminal(tmp_path / "data")
    strict = house.data / "policies" / "strict.toml"
    steps = '[[steps]]\nid = "friendly"\nwhen = "1 day after due"\n'
    strict.write_text(f"min_gap_days = 3\n{steps}", encoding="utf-8")
    assert house.read("policy", "check", str(strict))["ok"]
    assert {row["policy"]: row["from"] for row in house.read("policy", "list")}["strict"] == "yours"
    changed = house.read("policy", "diff", "standard", str(strict))
    assert any("at least 3 days" in line for line in changed["added"])
    assert house.type("policy", "diff", "strict", "strict").strip() == "they say the same"
    strict.write_text(f'{steps}template = "nice"\n', encoding="utf-8")
    assert "no template reminders/nice" in house.type("policy", "check", str(strict), code=2)
    assert "cannot be read" in house.type("policy", "check", str(tmp_path / "none.toml"), code=2)
    (copied, *_) = house.read("template", "copy", "reminders/friendly")["files"]
    assert {row["from"] for row in house.read("template", "list") if row["template"] == "reminders/friendly"} == {
        "shipped",
        "yours",
    }
    assert house.read("template", "check")["ok"]
    Path(copied).write_text("{{ nonsense }}", encoding="utf-8")
    assert "nonsense" in house.type("template", "check", code=2)
    assert house.read("template", "check", code=2)["problems"]
