"""The report's values: every section, from the same facts as the tables, in volumes that a reader can open."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from mailer.dossier import report, report_volumes
from mailer.dossier.model import CaseFile, MailFacts
from mailer.dossier.report_volumes import Volume, volumes
from mailer.resources import templates_dir
from tests.core.dossier.made import case, full_case, message

WORDS = tomllib.loads((templates_dir() / "report/words.en.toml").read_text(encoding="utf-8"))


def made(of: CaseFile) -> tuple[Volume, ...]:
    found = volumes(of, WORDS, language="en")
    assert json.loads(json.dumps(found[0].values)) == found[0].values
    return found


def section(volume: Volume, title: str) -> dict[str, Any]:
    (found,) = (one for one in volume.values["sections"] if one["title"] == title)
    return dict(found)


def mails(volume: Volume) -> list[str]:
    items = [unit for one in volume.values["sections"] if one["is_index"] for unit in one["units"]]
    return [unit["message"] for unit in items if unit["message"]]


def test_one_of_everything_is_in_its_section() -> None:
    (volume,) = made(full_case())
    rows = {one["title"]: len(one["units"]) for one in volume.values["sections"]}
    assert rows == {
        "Invoices": 2,
        "Statement of account": 5,
        "Promises to pay": 1,
        "Disputes": 2,
        "Pauses of reminders": 2,
        "Calls, letters, meetings, notes": 4,
        "What happened": 18,
        "Decisions, and what was not sent and why": 0,
        "Mails that have a number and are not here": 2,
        "Chain of custody": 2,
        "Withheld": 2,
    }
    assert section(volume, "Withheld")["units"][0] == [
        "4",
        "2026-11-03\n12:00:00Z",
        "mail.fetched",
        "about another invoice",
    ]
    assert ["Root of the log", "ab" * 32] in volume.values["cover"]
    assert ["Period", "2026-09-01 \N{EN DASH} 2026-11-04"] in volume.values["cover"]
    assert "cd" * 32 in volume.values["verify"][-1]
    assert mails(volume) == ["DULY000001", "DULY000002"] or mails(volume) == ["DULY000002", "DULY000001"]


def test_an_empty_case_has_a_report_too() -> None:
    (volume,) = made(case())
    assert [one["units"] for one in volume.values["sections"]] == [[]] * 11
    assert volume.values["volumes"] == [["1 / 1", "\N{EN DASH}"]]


@pytest.mark.parametrize("limit", [("MAX_MAILS", 2), ("MAX_BYTES", 45), ("MAX_LINES", 120)])
def test_a_long_case_is_several_volumes_with_every_mail_in_one(
    limit: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_volumes, *limit)
    text = "a line\n" * 20
    long = case(messages=tuple(message(number, text=text) for number in range(1, 6)))
    found = made(long)
    assert len(found) >= 2
    assert [one.path for one in found][:2] == [f"data/report/CASE-REPORT-vol0{number}.pdf" for number in (1, 2)]
    assert [number for one in found for number in mails(one)] == [f"DULY00000{number}" for number in range(1, 6)]
    assert "What happened (continued)" in [one["title"] for one in found[1].values["sections"]]
    titles = [one["title"] for volume in found for one in volume.values["sections"]]
    assert len(titles) == len(set(titles)) + len(found) - 2
    assert found[0].values["volumes"] == found[1].values["volumes"]


def test_a_section_that_does_not_fit_begins_in_the_next_volume_without_being_continued(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report_volumes, "MAX_MAILS", 0)
    found = made(case(messages=(message(1), message(2))))
    assert [mails(one) for one in found] == [["DULY000001"], ["DULY000002"]]


def test_a_mail_too_large_to_embed_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MAX_EMBEDDED_BYTES", 5)
    (volume,) = made(case(messages=(message(),)))
    (item,) = section(volume, "What happened")["units"]
    assert not item["embedded"]
    assert ["Original", "data/eml/DULY000001.eml · 20 bytes · too large to be embedded here"] in item["facts"]


def test_a_body_of_any_length_is_cut_with_a_word_and_defects_are_told() -> None:
    long = [message(1, text="\n" + "x\n" * 5_000), message(2, text="中" * 20_000), message(3, text="y" * 30_000)]
    facts = MailFacts(cc="c@x.example", defects=("no end",))
    (volume,) = made(case(messages=(*long, message(4, text="", mail=facts))))
    *cut, empty = section(volume, "What happened")["units"]
    for item in cut:
        lines = item["text"].split("\n")
        assert len(lines) <= report.MAX_BODY_LINES + 1
        assert max(map(len, lines)) <= report.BODY_COLUMNS
    assert [item["text"].endswith(WORDS["notes"]["cut"]) for item in cut] == [True, False, True]
    assert empty["text"] == ""
    assert ["Defects", "no end"] in empty["facts"]
    assert ["Cc", "c@x.example"] in empty["facts"]


def test_tables_fit_the_page_and_hostile_cells_stay_in_theirs() -> None:
    assert {
        name: sum(widths.values()) <= report.ROW_COLUMNS for name, widths in report.WIDTHS.items()
    } == dict.fromkeys(report.WIDTHS, True)
    long = replace(full_case().disputes[0], outcome="w" * 300 + "\u202e")
    (volume,) = made(replace(full_case(), disputes=(long,)))
    cells = section(volume, "Disputes")["units"][0]
    widths = report.WIDTHS["disputes"].values()
    assert all(len(line) <= width for cell, width in zip(cells, widths, strict=True) for line in cell.split("\n"))
    assert cells[5].replace("\n", "") == "w" * 300 + "[U+202E]"
