"""Other sellers, other authors, a hundred mail formats: whose words are whose, whose mail it is, what sort it is."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from typer.testing import CliRunner

from mailer.cli.tree import app
from tests.corpus.scoring import figures, score
from tests.house.tree import ROOT

FOLDER = ROOT / "tests" / "emails" / "strangers"
SELLERS = ("a", "b", "c", "d", "e", "f")
#: A newsletter's and a portal's last lines, a free mailer's advert: whether somebody said them can be argued.
WANTED = {"kind": 1.0, "customer": 1.0, "invoices": 1.0, "own words exact": 0.95, "return date": 1.0}
#: Free mailers' adverts of `e` and some cards of `f` are left where they are: rules that took them took debtors' words,
#: too (tests/core/replies/test_boilerplate.py). The labels of `f` name all that is open where a mail names nothing.
LESS = {"e": {"own words exact": 0.91}, "f": {"invoices": 0.85, "own words exact": 0.91}}


def labels(part: str) -> list[dict[str, Any]]:
    lines = (FOLDER / part / "labels.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@cache
def readings(part: str) -> list[dict[str, Any]]:
    files = [str(FOLDER / part / "eml" / label["file"]) for label in labels(part)]
    world = ["--world", str(FOLDER / part / "world.json")] if part in SELLERS else []
    result = CliRunner().invoke(app, ["inbox", "read", *files, *world, "-o", "json"])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("part", SELLERS)
def test_words_and_invoices_of_other_sellers_customers_are_told_apart(part: str) -> None:
    found = figures(labels(part), score(labels(part), readings(part)))
    wanted = WANTED | LESS.get(part, {})
    missed = {name: found[name] for name, least in wanted.items() if found[name] is not None and found[name] < least}
    assert missed == {}
    assert found["own words lost per 1000"] == 0
    assert found["false loud"] == found["false quiet"] == 0


def test_machines_are_told_from_people_and_from_each_other() -> None:
    kinds = {one["file"]: one["kind"] for one in readings("m")}
    wrong = {one["file"]: (kinds[one["file"]], one["kind"]) for one in labels("m") if kinds[one["file"]] != one["kind"]}
    assert wrong == {"FM091.eml": ("ticket_ack", "auto_reply")}  # a receipt without a number
