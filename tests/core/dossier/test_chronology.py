from __future__ import annotations

import csv
import io
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

from mailer.dossier import chronology
from mailer.dossier.chronology import FACTS, KINDS, lines
from mailer.dossier.formats import FORMATS
from mailer.dossier.model import CaseFile
from tests.core.dossier.made import NOON, case, full_case, message


#: What `full_case` says besides its tuples.
def rows(made: CaseFile) -> list[dict[str, str]]:
    (entry,) = chronology.entries(made)
    return list(csv.DictReader(io.StringIO(entry.content.decode(), newline="")))


def test_everything_is_there_once_in_the_order_of_time() -> None:
    found = rows(full_case())
    assert [row["when"] for row in found] == sorted(row["when"] for row in found)
    assert {row["kind"] for row in found} == set(KINDS)
    assert [row["no"] for row in found] == [str(number) for number in range(1, len(found) + 1)]
    assert len(found) == 4 + 1 + 2 + 1 + 3 + 3 + 4 + 1


def test_a_day_without_a_time_comes_before_its_times() -> None:
    made = case(messages=(message(at=NOON.replace(hour=0)),), payments=full_case().payments)
    moved = replace(made, payments=tuple(replace(one, paid_on=NOON.date()) for one in made.payments))
    assert [line.kind for line in lines(moved)] == ["payment", "message_out"]


def test_a_mail_is_found_again_by_its_file_its_sum_and_its_id() -> None:
    row = next(row for row in rows(full_case()) if row["kind"] == "message_in")
    assert row["file"] == "data/eml/DULY000002.eml"
    assert row["sha256"] == message(2).sha256
    assert row["message_id"] == "<2@acme.example>"
    assert "attachments: slip.pdf" in row["details"]
    assert row["sha256"] not in row["details"]


def test_a_line_of_the_record_keeps_its_place_there() -> None:
    row = next(row for row in rows(full_case()) if row["kind"] == "record")
    assert row["record_seq"] == "7"
    assert row["details"] == "type: mail.accepted; actor: system:drain; words: 250 Ok"


def test_a_dispute_and_a_hold_end_on_a_line_of_their_own() -> None:
    made = full_case()
    later = NOON + timedelta(days=2)
    closed = tuple(replace(one, closed_at=later, outcome="withdrawn") for one in made.disputes)
    released = tuple(replace(one, released_at=later, released_why="read") for one in made.holds)
    found = lines(replace(made, disputes=closed, holds=released))
    ends = [line for line in found if line.when == "2026-11-05T12:00:00Z"]
    assert sorted(line.kind for line in ends) == ["dispute_closed"] * 2 + ["hold_released"] * 2
    assert {line.fact("outcome") or line.fact("reason") for line in ends} == {"withdrawn", "read"}


def test_only_known_words_name_facts_so_that_each_has_a_label() -> None:
    assert {word for line in lines(full_case()) for word, _ in line.facts} <= set(FACTS)
    assert all(text for line in lines(full_case()) for _, text in line.facts)


def test_the_order_of_the_input_does_not_matter() -> None:
    made = full_case()
    turned: dict[str, Any] = {
        field.name: value[::-1] for field in fields(made) if isinstance(value := getattr(made, field.name), tuple)
    }
    assert len(turned) == 11
    for write in FORMATS.values():
        assert list(write(replace(made, **turned))) == list(write(made))


def test_an_empty_case_has_a_table_with_a_heading_only() -> None:
    assert rows(case()) == []
