"""`duly inbox read`: files in, one JSON line per file out, in order; no data folder, no database."""

from __future__ import annotations

import hashlib
import json
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mailer.cli.tree import app
from mailer.imports.world import WorldRefused, world_from
from tests.corpus.scoring import figures, score
from tests.corpus.show_scores import FOLDER, is_kept_aside, labels
from tests.faults.pdfs import pdf
from tests.house.tree import ROOT

WORLD = str(FOLDER / "world.json")
FILES = [str(FOLDER / "eml" / name) for name in ("MA001.eml", "DE001.eml", "EA001.eml", "MA090.eml")]


def lines(*arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["inbox", "read", *arguments, "-o", "json"])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_line_per_file_in_order_with_the_documented_names() -> None:
    found = lines(*FILES, "--world", WORLD)
    assert [one["file"] for one in found] == [Path(name).name for name in FILES]
    for name, one in zip(FILES, found, strict=True):
        assert one["sha256"] == hashlib.sha256(Path(name).read_bytes()).hexdigest()
        assert {
            "file", "sha256", "kind", "language", "own", "intents", "flags", "return_on", "delegate", "match",
            "effect", "review", "why",
        } <= set(one)  # fmt: skip
        assert {"customer", "invoices", "method", "confidence", "sender", "candidates"} <= set(one["match"])
        for intent in one["intents"]:
            assert {
                "intent", "confidence", "invoices", "date", "date_kind", "amount", "currency", "instalments", "reason",
                "condition", "contact", "reference", "evidence",
            } <= set(intent)  # fmt: skip


def test_every_evidence_is_verbatim_in_the_senders_own_words_or_names_an_attachment() -> None:
    files = [str(FOLDER / "eml" / one["file"]) for one in labels()[::9]]
    for one in lines(*files, "--world", WORLD):
        for proof in (proof for intent in one["intents"] for proof in intent["evidence"]):
            assert proof["text"]
            if proof["attachment"] is None:
                assert one["own"][proof["start"] : proof["end"]] == proof["text"]


def test_a_mail_without_a_date_is_for_a_person_and_no_day_is_counted(tmp_path: Path) -> None:
    mail = tmp_path / "undated.eml"
    mail.write_bytes(b"From: T <t@alder.example>\nTo: a@b.example\nSubject: x\n\nWe will pay on Friday.\n")
    one = lines(str(mail), "--world", WORLD)[0]
    assert [intent["date"] for intent in one["intents"]] == [None]
    assert one["review"] is True
    out_of_office = b"Auto-Submitted: auto-replied\n" + mail.read_bytes()
    mail.write_bytes(out_of_office.replace(b"We will pay", b"Back"))
    assert lines(str(mail), "--world", WORLD)[0]["return_on"] is None


def test_without_a_world_the_words_are_shown_and_it_is_nobodys_mail() -> None:
    assert lines(FILES[0])[0]["match"]["method"] == "none"
    shown = CliRunner().invoke(app, ["inbox", "read", str(ROOT / "tests" / "emails" / "gmail_promise.eml")])
    assert shown.exit_code == 0
    assert "- promise" in shown.stdout


def test_attached_pdfs_are_read_and_what_they_prove_names_them(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["Date"] = "ap@tern.example", "Wed, 18 Nov 2026 10:00:00 +0000"
    mail.set_content("Dear Ellen,\n\nplease find our payment advice attached.\n\nBest regards\nTom")
    rows = "Payment advice\nINV-2026-0409   727.50"
    for name, content in (("advice.pdf", pdf(rows)), ("more.pdf", b"%PDF-1.7")):
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    file = tmp_path / "advice.eml"
    file.write_bytes(mail.as_bytes())
    proofs = lines(str(file))[0]["intents"][0]["evidence"]
    assert proofs[0]["attachment"] is None
    assert (proofs[-1]["attachment"], proofs[-1]["text"]) == ("advice.pdf", "INV-2026-0409   727.50")
    assert (rows + "\n")[proofs[-1]["start"] : proofs[-1]["end"]] == proofs[-1]["text"]
    shown = " ".join(CliRunner().invoke(app, ["inbox", "read", str(file)]).stdout.split())
    assert "“INV-2026-0409 727.50” (advice.pdf)" in shown
    assert "- an attached PDF is broken" in shown


@pytest.mark.parametrize(
    "arguments",
    [["nowhere.eml"], [FILES[0], "--world", "nowhere.json"], [FILES[0], "--world", FILES[0]], [FILES[0], "-o", "csv"]],
    ids=["no file", "no world", "no JSON", "csv"],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["inbox", "read", *arguments])
    assert result.exit_code == 2
    assert result.stderr.startswith("duly: ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[]", "the world"),
        (b'{"customers": []}', "seller"),
        (b'{"customers": [{"id": "C1"}], "seller": {"mailbox": "a@b.example"}}', "lacks 'name'"),
        (b'{"customers": [{"id": 7, "name": "A"}], "seller": {}}', "id must be text"),
        (b'{"customers": [{"id": "C", "name": "A", "domain": 3}], "seller": {}}', "domain must be text"),
    ],
)
def test_a_world_of_the_wrong_form_says_where(content: bytes, said: str) -> None:
    with pytest.raises(WorldRefused, match=said):
        world_from(content)


def test_the_corpus_is_scored_in_two_parts_that_never_mix() -> None:
    kept = [one for one in labels() if is_kept_aside(one)]
    assert 0.3 < len(kept) / len(labels()) < 0.37
    perfect = [
        {**one, "intents": one["intents"], "effect": "hold", "review": False, "match": one["match"]} for one in kept
    ]
    found = figures(kept, score(kept, perfect))
    assert found["intent micro-F1"] == found["right when sure"] == found["own words exact"] == 1.0
