"""The tables for archives, review platforms and agencies, and what each reader gets."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailer.dossier.bag import bag_info
from mailer.dossier.entry import FileEntry
from mailer.dossier.formats import case_entries
from mailer.dossier.loadfile import COLUMNS, message_hash
from mailer.dossier.model import CaseFile, MailFacts
from mailer.dossier.profiles import Purpose
from tests.core.dossier.made import attachment, case, full_case, message

ODD = "þ one®two\x14three\nfour"


def written(made: CaseFile) -> dict[str, str]:
    return {entry.path: entry.content.decode() for entry in case_entries(made) if isinstance(entry, FileEntry)}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def dat_rows(text: str) -> list[dict[str, str]]:
    """Read a DAT as its convention says, and undo what our README says of the three letters."""
    table = [line[1:-1].split("þ\x14þ") for line in text.removesuffix("\r\n").split("\r\n")]
    told = {"®": "\n", "[U+00FE]": "þ", "[U+00AE]": "®", "[U+0014]": "\x14"}
    for line in table[1:]:
        for place, value in enumerate(line):
            for mark, meant in told.items():
                value = value.replace(mark, meant)  # noqa: PLW2901 - step by step
            line[place] = value
    return [dict(zip(table[0], line, strict=True)) for line in table[1:]]


def test_the_dat_survives_its_own_letters() -> None:
    one = message(1, subject=ODD, attachments=(attachment(ODD),), mail=MailFacts(date="2026-11-03T12:00:00Z"))
    files = written(case(messages=(one, message(2, message_id=""))))
    mail, attached, other = dat_rows(files["data/loadfile/DULY001.dat"])
    assert mail["SUBJECT"] == ODD
    assert attached["FILENAME"] == ODD
    assert (mail["BEGATTACH"], mail["ENDATTACH"]) == ("DULY000001", "DULY000001.001")
    assert attached["PARENTBATES"] == "DULY000001"
    assert (mail["DATESENT"], mail["TIMESENT"]) == ("2026-11-03", "12:00:00")
    assert (other["EDRM_MSGID"], other["MESSAGEID"]) == ("", "")
    twin = rows(files["data/loadfile/DULY001.csv"])
    assert [row["BEGBATES"] for row in twin] == ["DULY000001", "DULY000001.001", "DULY000002"]
    assert list(twin[0]) == list(COLUMNS)
    assert "þ one®two" in twin[0]["SUBJECT"]
    opt = files["data/loadfile/DULY001.opt"].splitlines()
    assert opt[0] == "DULY000001,DULY001,data\\eml\\DULY000001.eml,Y,,,"


def test_the_message_hash_is_that_of_the_edrm() -> None:
    known = "1de319c276884bd0c9e2f1621ada26cc"
    assert message_hash("CALckR-a8UDkRjO4xJyjd_s0GPxQWw@mail.gmail.com") == known
    assert message_hash("<CALckR-a8UDkRjO4xJyjd_s0GPxQWw@mail.gmail.com>") == known


@pytest.mark.parametrize(
    ("purpose", "loadfile", "placement"),
    [(Purpose.LAWYER, True, False), (Purpose.AGENCY, True, True), (Purpose.COURT, True, False),
     (Purpose.CUSTOMER, False, False)],
)  # fmt: skip
def test_each_reader_gets_what_they_can_use(purpose: Purpose, *, loadfile: bool, placement: bool) -> None:
    folders = {path.split("/")[1] for path in written(replace(full_case(), purpose=purpose)) if path.startswith("data")}
    assert ("loadfile" in folders, "placement" in folders) == (loadfile, placement)


def test_an_agency_gets_a_row_for_each_currency() -> None:
    files = written(full_case())
    debtor = rows(files["data/placement/placement.csv"])
    assert [(row["account_ref"], row["total_due"], row["last_payment_amount"]) for row in debtor] == [
        ("C-1-EUR", "100.00", "40.00"),
        ("C-1-GBP", "0.00", ""),
    ]
    assert (debtor[0]["dispute_status"], debtor[0]["promise_date"]) == ("closed", "2026-11-10")
    documents = rows(files["data/placement/placement_invoices.csv"])
    assert [(row["document_no"], row["type"], row["amount_incl_tax"]) for row in documents] == [
        ("INV-1", "IN", "100.00"),
        ("INV-2", "IN", "5.00"),
        ("R1", "PAY", "-40.00"),
    ]
    bare = written(replace(full_case(), disputes=(), promises=(), messages=(), payments=(), holds=()))
    assert rows(bare["data/placement/placement.csv"])[0]["do_not_contact_flag"] == "no"


def test_the_chain_of_custody_names_acts_mails_and_entries() -> None:
    files = written(full_case())
    acts = rows(files["data/report/CHAIN-OF-CUSTODY.csv"])
    assert [(row["log_index"], row["action"], row["object"]) for row in acts] == [
        ("2", "mail.fetched", "DULY000002"),
        ("9", "mail.accepted", ""),
    ]
    assert [row["log_index"] for row in rows(files["data/report/withheld.csv"])] == ["4", "11"]


def test_the_tag_files_are_those_of_bagit_and_mailbag() -> None:
    made = full_case()
    files = written(made)
    assert files["bagit.txt"] == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    assert list(rows(files["mailbag.csv"])[0])[:7] == [
        "Error", "Mailbag-Message-ID", "Message-ID", "Original-File", "Message-Path", "Derivatives-Path", "Attachments",
    ]  # fmt: skip
    assert files["messages_not_retained.txt"] == "message\treason\nDULY000003\tgone\nDULY000004\tnot sent\n"
    info = bag_info(made, name="CASE-1", octets=123, files=4).content.decode()
    said = {*info.splitlines()}
    assert {"Bag-Type: Mailbag", "Payload-Oxum: 123.4", "Since: 2026-09-01", "Scope: invoice INV-1"} <= said
    assert "Bates-Range: DULY000001-DULY000002\n" in info
    empty = case(exported_at=datetime(2026, 12, 1, tzinfo=UTC))
    told = bag_info(empty, name="CASE-1", octets=0, files=0).content.decode()
    assert {"Bates-Range: none", "Since: the beginning", "Scope: the whole case"} <= {*told.splitlines()}


def test_the_verify_text_is_a_script_and_names_what_is_not_bound() -> None:
    text = written(case())["VERIFY.txt"]
    assert text.startswith("#!/bin/bash\n")
    assert "NOT BOUND BY THE LOG" in text
    assert max(len(line) for line in text.split("set -euo")[0].splitlines()) <= 120
