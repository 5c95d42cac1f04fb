"""`duly subject` as it is typed; and nothing else stumbles over a customer that was erased."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.stories.terminal import Terminal


@pytest.fixture
def house(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path / "data")
    terminal.owe()
    return terminal


def _pay(house: Terminal, *numbers: str) -> None:
    for number in numbers:
        owed = next(one for one in house.read("invoices", "list") if one["number"] == number)
        house.type("payments", "add", number, str(owed["open"]).split()[-1])


def test_an_erased_customer_is_no_stumbling_block(house: Terminal, tmp_path: Path) -> None:
    house.type("call", "add", "K1", "They will pay.", "--outcome", "spoken")
    assert "open invoices" in house.type("subject", "erase", "K1", "--because", "asked", code=1)
    assert "rows" in house.type("subject", "export", "K1", "--out", str(tmp_path))
    assert "no folder" in house.type("subject", "export", "K1", "--out", str(tmp_path / "none"), code=2)
    assert "Nothing is ever due" in house.type("subject", "due")
    assert "kept until" in house.type("subject", "hold", "K1", "--because", "a claim", "--review", "2027-01-31")
    _pay(house, "INV-1", "INV-2")
    assert "2027-01-31" in house.type("subject", "erase", "K1", "--because", "asked", code=1)
    assert "may be erased" in house.type("subject", "release", "K1", "--because", "settled")
    house.type("log", "checkpoint")
    done = json.loads(house.type("subject", "erase", "K1", "--because", "asked", "-o", "json"))
    assert done["refused"] == []
    for words in (
        ("log", "list"),
        ("log", "verify"),
        ("customers", "list"),
        ("customers", "show", done["customer_id"]),
        ("invoices", "list"),
        ("invoices", "show", "INV-1"),
        ("payments", "list"),
        ("case", "list", "--all"),
        ("case", "show", done["customer_id"]),
        ("case", "why", "INV-1"),
        ("status",),
        ("case", "export", done["customer_id"], "--out", str(tmp_path)),
    ):
        said = house.type(*words)
        assert "Ada" not in said, words
        assert "ap@k1" not in said, words
    house.run_once()
