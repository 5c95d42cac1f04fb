"""The draft of a certificate for a court: every figure is the record's, and nothing is claimed in anybody's name."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from mailer.dossier.certificate import PATH
from mailer.dossier.formats import entries
from mailer.dossier.model import CaseCustomer, CaseFile
from mailer.dossier.profiles import Purpose
from tests.core.dossier.made import case, content, full_case

CONTENTS = (content(1), content(2, b"From: a@b\r\n\r\nhello\r\n", b"x"))


def draft(made: CaseFile) -> str:
    files = {one.path: one for one in entries(made, CONTENTS if made.messages else ())}
    return getattr(files.get(PATH), "content", b"").decode()


@pytest.mark.parametrize("purpose", list(Purpose))
def test_who_may_need_it_gets_it(purpose: Purpose) -> None:
    assert bool(draft(replace(full_case(), purpose=purpose))) == (purpose in {Purpose.LAWYER, Purpose.COURT})


def test_it_discloses_the_sum_of_every_mail_and_the_head_of_the_log() -> None:
    made = replace(full_case(), purpose=Purpose.COURT)
    text = draft(made)
    exhibit = {line.split()[0]: line.split()[-1] for line in text.splitlines() if line.startswith("DULY0")}
    assert exhibit == {one.number: hashlib.sha256(one.raw).hexdigest() for one in CONTENTS}
    assert {f"entries: {made.log.size}", made.log.key_sha256, made.log.root} <= {
        word for line in text.splitlines() for word in (line.strip(), *line.split(), *line.strip().split("   "))
    }
    assert f"{len(made.not_retained)} messages have a number and are not in this copy" in text
    assert f"{len(made.withheld)}\n   entries of the log are withheld" in text


def test_it_is_a_draft_in_nobodys_name() -> None:
    text = draft(replace(full_case(), purpose=Purpose.COURT))
    assert text.startswith("DRAFT, NOT SIGNED")
    assert "____ (signature)" in text
    assert "____ (name)" in text
    assert "____ (date)" in text


def test_names_cannot_write_into_it() -> None:
    hostile = CaseCustomer(ref="C-1", name="A\u202e\nI, {blank}", emails=())
    text = draft(replace(full_case(), purpose=Purpose.COURT, customer=hostile))
    assert "\u202e" not in text
    assert "A[U+202E]" in text
    assert "I, {blank} (C-1)" in text
    assert text.count("\nI, ") == 1


def test_without_mails_there_is_nothing_to_certify() -> None:
    assert draft(case(purpose=Purpose.COURT)) == ""
