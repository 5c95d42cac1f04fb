from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mailer.dossier.entry import FileEntry, RenderedEntry
from mailer.dossier.formats import FORMATS, MESSAGE_FORMATS, case_entries, entries
from mailer.dossier.model import CaseCustomer, CaseFile, Direction, MessageContent
from mailer.dossier.printable import ChronologyValues, chronology_values
from tests.core.dossier.made import case, content, eur, full_case, invoice, message

CONTENTS = (content(1), content(2, b"From: a@b\r\n\r\nhello\r\n", b"x"))


def test_the_same_case_gives_the_same_files_byte_for_byte() -> None:
    first = list(entries(full_case(), CONTENTS))
    assert first == list(entries(full_case(), CONTENTS))
    assert len({entry.path for entry in first}) == len(first)


def test_every_kind_of_file_is_in_the_folder() -> None:
    paths = [entry.path for entry in entries(full_case(), CONTENTS)]
    assert {
        "README.txt",
        "data/report/chronology.csv",
        "data/report/chronology.html",
        "data/report/chronology.txt",
    } <= {*paths}
    folders = {path.split("/")[1] for path in paths if path.startswith("data/")}
    assert folders == {"eml", "attachments", "report", "account", "loadfile", "placement"}
    assert (set(MESSAGE_FORMATS), set(FORMATS)) == (
        {"eml", "attachments", "copies"},
        {*"chronology printable account custody certificate loadfile placement bag readme verify".split()},
    )


def test_contents_are_asked_for_one_by_one() -> None:
    asked: list[str] = []

    def one_by_one() -> Iterator[MessageContent]:
        for one in CONTENTS:
            asked.append(one.number)
            yield one

    files = entries(full_case(), one_by_one())
    assert next(files).path == "data/eml/DULY000001.eml"
    assert asked == ["DULY000001"]


def test_a_case_file_is_complete_or_not_made() -> None:
    with pytest.raises(ValueError, match="DULY000002 are missing"):
        list(entries(full_case(), CONTENTS[:1]))
    with pytest.raises(KeyError):
        list(entries(case(), CONTENTS[:1]))


def readme(made: CaseFile) -> str:
    found = {entry.path: entry for entry in case_entries(made)}
    entry = found["README.txt"]
    assert isinstance(entry, FileEntry)
    return entry.content.decode()


def test_the_readme_says_what_it_is_and_how_to_check_it() -> None:
    text = readme(full_case())
    assert "Northwind Ltd (C-1)" in text
    assert "invoice INV-1 only" in text
    assert "1 mails sent, 1 mails received, 2 invoices, 1 payments" in text
    assert "sha256sum -c manifest-sha256.txt" in text
    assert "DULY000001 is the first on record" in text
    assert "local dates (UTC)." in text
    assert max(len(line) for line in text.splitlines()) <= 120


def test_the_readme_of_an_empty_case_makes_no_claims() -> None:
    text = readme(case(customer=CaseCustomer(ref="C-1", name="A\u202e\nB {x}", emails=())))
    assert "the whole case" in text
    assert "A[U+202E] B {x} (C-1)" in text
    assert "local dates.\n" in text


def report(made: CaseFile) -> ChronologyValues:
    rendered = [entry for entry in case_entries(made) if isinstance(entry, RenderedEntry)]
    assert [(entry.part, entry.path) for entry in rendered] == [
        ("body.txt", "data/report/chronology.txt"),
        ("body.html", "data/report/chronology.html"),
    ]
    assert {(entry.template, entry.language) for entry in rendered} == {("dossier/chronology", made.language)}
    assert rendered[0].values is rendered[1].values
    values = rendered[0].values
    assert isinstance(values, ChronologyValues)
    return values


def test_the_report_counts_sums_and_parts_the_record_from_what_happened() -> None:
    values = report(replace(full_case(), language="de"))
    assert (values.messages_out, values.messages_in) == (1, 1)
    assert values.open_totals == ("EUR 100.00", "GBP 0.00")
    assert [line.kind for line in values.record] == ["record"]
    assert "record" not in {line.kind for line in values.happenings}
    numbers = sorted(line.no for line in (*values.happenings, *values.record))
    assert numbers == list(range(1, len(numbers) + 1))
    reply = next(line for line in values.happenings if line.kind == "message_in")
    assert reply.files == ("data/eml/DULY000002.eml", "data/attachments/DULY000002/slip.pdf")
    assert "sha256" not in {fact.word for fact in reply.facts}


def test_closed_invoices_do_not_count_as_open() -> None:
    values = report(case(invoices=(invoice(), invoice("INV-2", closing="void"), invoice("INV-3", open=eur(5)))))
    assert values.open_totals == ("EUR 100.05",)


def test_nothing_a_stranger_wrote_reaches_the_report_unseen() -> None:
    evil = "x\u202ey\x00z\nnext"
    made = case(
        case_id=evil,
        scope=evil,
        outcome=evil,
        customer=CaseCustomer(ref=evil, name=evil, emails=(evil,), contact_name=evil, time_zone=evil),
        seller_name=evil,
        invoices=(invoice(evil, reference=evil, status_reason=evil),),
        messages=(message(direction=Direction.IN, sender=evil, subject=evil, text=evil, invoice_numbers=(evil,)),),
    )
    shown = repr(chronology_values(made)).replace("x[U+202E]y[U+0000]z\\nnext", "BODY")
    assert "\\u202e" not in shown
    assert "\\x00" not in shown
    assert "\\n" not in shown
    assert "BODY" in shown
    assert shown.count("x[U+202E]y[U+0000]z next") >= 10
