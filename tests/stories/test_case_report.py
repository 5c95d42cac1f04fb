"""The report of a case file as a judge gets it: PDF/A-3, every original inside, and no mail can change how it reads."""

from __future__ import annotations

import asyncio
import hashlib
import zipfile
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pikepdf
import pytest

from mailer.dossier.profiles import Purpose
from mailer.flows import write_report
from mailer.flows.export_case import ExportReport
from mailer.flows.gather_case import Options
from mailer.flows.verify_case import verify_case
from mailer.sandbox import typeset
from mailer.store import events
from tests.stories.case_files import stock_verdict
from tests.stories.case_house import REPLY, SENT, CaseHouse, a_house
from tests.stories.pdf_text import text_of

PDF = "data/report/CASE-REPORT-vol01.pdf"
HOSTILE = ('#import "x"', "*bold*", "$x^2$", '#read("/etc/passwd")', "<label> @ref \\ ~ -- ...")
HIDDEN = "Pay \u202eruo ot\u202c now\x00\x07 end"
FOREIGN = "\u4e2d\u6587 \U0001f4b8\U0001f4b8 a\u0301\u0302\u0303\u0304"
LONG = "w" * 40_000


def mail(subject: str, text: str, *, attached: str = "") -> bytes:
    one = EmailMessage(policy=SMTP)
    one["From"], one["Subject"] = "Tom <ap@alder.example>", subject
    one.set_content(text, cte="base64")
    if attached:
        one.add_attachment(b"slip", maintype="application", subtype="pdf", filename=attached)
    return one.as_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Files of one case at one moment, and what the record says about making them."""

    first: ExportReport
    again: ExportReport
    court: ExportReport
    without: ExportReport
    on_record: list[dict[str, object]]

    @property
    def pdf(self) -> Path:
        return self.first.path / PDF


async def _made(folder: Path) -> Made:
    house = await a_house(folder)
    await house.sends(SENT % 1)
    await house.gets(
        *(mail(subject, f"{subject} and more") for subject in HOSTILE),
        mail("Hidden \u202e", HIDDEN),
        mail("Foreign \u4e2d", FOREIGN),
        mail("Long", LONG, attached="n" * 290 + ".pdf"),
        mail("Without prejudice", "We would settle for a penny."),
    )
    await house.notes("for our own eyes \x00\x07 end")
    first = await house.export(options=Options(report=True))
    again = await house.export("again", Options(at=first.size, report=True))
    court = await house.export("court", Options(at=first.size, purpose=Purpose.COURT, zipped=True, report=True))
    without = await house.export("without", Options(at=first.size))
    async with house.store.reading() as tx:
        found = await events.listing(tx, types=["export.created"])
    await house.store.close()
    return Made(first=first, again=again, court=court, without=without, on_record=[dict(e.payload) for e in found])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return asyncio.run(_made(tmp_path_factory.mktemp("house")))


@pytest.fixture(scope="module")
def words(made: Made) -> str:
    return text_of(made.pdf)


def test_it_is_pdf_a_3_with_every_original_inside(made: Made) -> None:
    originals = {path.name: path.read_bytes() for path in (made.first.path / "data/eml").iterdir()}
    with pikepdf.open(made.pdf) as pdf:
        assert pdf.open_metadata().pdfa_status == "3U"
        (intent,) = pdf.Root.OutputIntents
        assert intent.S == "/GTS_PDFA1"
        files = list(pdf.Root.AF)
        assert {one.AFRelationship for one in files} == {"/Source"}
        assert {one.EF.F.Subtype for one in files} == {"/message/rfc822"}
        assert {str(one.UF): one.EF.F.read_bytes() for one in files} == originals
        assert sorted(pdf.attachments) == sorted(originals)
        fonts = [font for page in pdf.pages for font in page.Resources.get("/Font", {}).values()]
        assert fonts
        assert all("/FontFile2" in one or "/FontFile3" in one for one in map(_descriptor, fonts))


def _descriptor(font: pikepdf.Object) -> pikepdf.Object:
    return font.DescendantFonts[0].FontDescriptor


def test_it_has_bookmarks_a_linked_index_and_numbered_pages(made: Made, words: str) -> None:
    numbers = {path.stem for path in (made.first.path / "data/eml").iterdir()}
    with pikepdf.open(made.pdf) as pdf:
        with pdf.open_outline() as outline:
            titles = {one.title: [child.title for child in one.children] for one in outline.root}
        assert {"Index of mails", "Statement of account", "Chain of custody", "How to check it"} <= titles.keys()
        assert {title.split()[0] for title in titles["What happened"]} == numbers
        links = [one for page in pdf.pages for one in page.get("/Annots", []) if one.Subtype == "/Link"]
        assert len(links) >= 2 * len(numbers)
        last = len(pdf.pages)
    for page in range(1, last + 1):
        assert f"Page {page} / {last}" in words


def test_it_says_whose_case_it_is_what_was_done_and_what_proves_it(made: Made, words: str) -> None:
    assert "Alder & Söhne" in words
    assert "for our own eyes" in words
    assert made.first.key_sha256 in words
    assert hashlib.sha256(SENT % 1).hexdigest() in words
    assert "embedded in this PDF" in words


def test_markup_in_a_mail_is_printed_as_it_stands(words: str) -> None:
    for hostile in HOSTILE:
        assert words.count(hostile) >= 3, hostile  # in the index, the subject and the body


def test_what_hides_turns_or_cannot_be_shown_is_an_escape(words: str) -> None:
    assert "Pay [U+202E]ruo ot[U+202C] now" in words
    assert "for our own eyes [U+0000 U+0007] end" in words
    assert "[U+4E2D U+6587] [U+1F4B8 U+1F4B8]" in words
    assert "[U+0303 U+0304]" in words  # more marks than a letter has would be printed over the lines above
    assert not any(letter in words for letter in "\u202e\u202c\x00\x07\u4e2d\U0001f4b8")


def test_long_lines_and_names_end_before_the_edge_of_the_page(words: str) -> None:
    assert "w" * 99 in words
    assert max(len(line) for line in words.split("\n")) <= 140
    assert "[… cut here; the mail itself has it all]" in words.replace("\n", " ")


def test_the_same_log_and_options_make_the_same_bytes(made: Made) -> None:
    assert made.pdf.read_bytes() == (made.again.path / PDF).read_bytes()
    assert made.first.tagmanifest_sha256 == made.again.tagmanifest_sha256


def test_both_verifiers_take_it_as_one_more_file_and_see_it_changed(made: Made) -> None:
    assert stock_verdict(made.first.path) == ""
    assert not verify_case(made.first.path).flaws
    whole = made.pdf.read_bytes()
    made.pdf.write_bytes(whole.replace(b"Case report", b"Case Report", 1) + b"\n")
    try:
        assert "manifest-sha256.txt" in stock_verdict(made.first.path)
        assert verify_case(made.first.path).flaws
    finally:
        made.pdf.write_bytes(whole)
    unbound = (made.first.path / "VERIFY.txt").read_text("utf-8").partition("NOT BOUND BY THE LOG")[2]
    assert "PDF report" in unbound


def test_what_a_court_does_not_get_is_neither_printed_nor_embedded(made: Made, tmp_path: Path) -> None:
    assert not verify_case(made.court.path).flaws
    with zipfile.ZipFile(made.court.path) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(PDF))
        (tmp_path / "court.pdf").write_bytes(archive.read(name))
    told = text_of(tmp_path / "court.pdf")
    assert "marked as without prejudice" in told.replace("\n", " ")
    assert "settle for a penny" not in told
    assert "for our own eyes" not in told
    with pikepdf.open(tmp_path / "court.pdf") as pdf:
        assert len(pdf.attachments) == made.court.messages == made.first.messages - 1
        assert all(b"penny" not in one.EF.F.read_bytes() for one in pdf.Root.AF)


def test_a_file_without_it_says_so(made: Made) -> None:
    assert list((made.without.path / "data/report").glob("*.pdf")) == []
    assert "no PDF report in this file: it was left out" in (made.without.path / "README.txt").read_text("utf-8")
    assert "PDF/A-3" in (made.first.path / "README.txt").read_text("utf-8")
    assert [one["report_volumes"] for one in made.on_record] == [1, 1, 1, 0]
    assert made.on_record[-1]["no_report"] == made.without.no_report == write_report.NOT_WANTED


@pytest.fixture
async def small(tmp_path: Path) -> CaseHouse:
    house = await a_house(tmp_path)
    await house.gets(REPLY % 1)
    return house


async def test_without_typst_the_case_file_is_made_and_says_how_to_get_the_report(
    small: CaseHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_report, "is_installed", lambda: False)
    report = await small.export(options=Options(report=True))
    await small.store.close()
    assert (report.report_volumes, report.messages) == (0, 1)
    assert "pip install 'duly[report]'" in report.no_report
    assert report.no_report in (report.path / "README.txt").read_text("utf-8")
    assert not verify_case(report.path).flaws


async def test_a_report_that_fails_or_takes_too_long_keeps_nobody_from_the_case_file(
    small: CaseHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value, why in (
        ("MAX_MEMORY_BYTES", 60_000_000, "typesetting"),
        ("MAX_SECONDS", 0.01, "typesetting took longer than 0.01 seconds"),
    ):
        monkeypatch.setattr(typeset, name, value)
        report = await small.export(name, Options(report=True))
        assert report.no_report.startswith(why)
        assert not verify_case(report.path).flaws
        assert not list(report.path.glob(".*"))
    monkeypatch.setattr(write_report, "volumes", lambda *_, **__: dict[str, str]()["title"])
    assert (await small.export("bug", Options(report=True))).no_report == "an error of the program (KeyError)"
    await small.store.close()
