"""What was agreed to be confidential by telephone only a person knows: others do not get it, and see that it exists."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mailer.dossier.profiles import Purpose
from mailer.flows.decide_mail import DecisionRefused
from mailer.flows.export_case import ExportReport
from mailer.flows.gather_case import Options
from mailer.flows.verify_case import verify_case
from mailer.flows.withhold_mail import mark
from mailer.store import inbox
from tests.stories.case_files import stock_verdict
from tests.stories.case_house import REPLY, CaseHouse, a_house

OFFER = b"From: ap@alder.example\r\nMessage-ID: <o@alder.example>\r\nSubject: Re\r\n\r\nAs agreed: 250 and be done?\r\n"
MARKED = b"From: ap@alder.example\r\nMessage-ID: <m@alder.example>\r\nSubject: Re\r\n\r\nIs it without prejudice?\r\n"


async def _marks(house: CaseHouse, words: bytes, because: str, *, is_withheld: bool) -> None:
    async with house.store.reading() as tx:
        found = await inbox.listing(tx)
    mail = next(one for one in found if one.size == len(words))
    await mark(house.store, mail.id, because=because, is_withheld=is_withheld, actor="person:1", now=house.clock())


def _withheld(made: ExportReport) -> list[str]:
    with (made.path / "data/report/withheld.csv").open(encoding="utf-8", newline="") as file:
        return sorted(row["action"] for row in csv.DictReader(file) if "without prejudice" in row["reason"])


async def test_others_do_not_get_it_and_the_lawyer_does(tmp_path: Path) -> None:
    house = await a_house(tmp_path)
    await house.gets(REPLY % 1, OFFER)
    before = await house.export("before", Options(purpose=Purpose.COURT))
    await _marks(house, OFFER, "said on the phone: only between us", is_withheld=True)
    for purpose in (Purpose.AGENCY, Purpose.COURT, Purpose.CUSTOMER):
        made = await house.export(purpose.value, Options(purpose=purpose))
        texts = b"".join(path.read_bytes() for path in made.path.rglob("*") if path.is_file())
        assert b"be done" not in texts
        assert b"only between us" not in texts
        assert (before.messages, made.messages, made.not_retained) == (2, 1, 1)
        assert _withheld(made) == ["mail.fetched", "mail.matched", "mail.withheld"]
        assert (verify_case(made.path).flaws, stock_verdict(made.path)) == ((), "")
    lawyer = await house.export("lawyer")
    assert (lawyer.messages, lawyer.withheld) == (2, 0)
    await _marks(house, OFFER, "it was shown to the court by them", is_withheld=False)
    after = await house.export("after", Options(purpose=Purpose.COURT))
    await house.store.close()
    assert (after.messages, _withheld(after)) == (2, [])


async def test_a_person_overrules_what_is_written_in_a_mail(tmp_path: Path) -> None:
    house = await a_house(tmp_path)
    await house.gets(MARKED)
    found = await house.export("found", Options(purpose=Purpose.COURT))
    await _marks(house, MARKED, "it only asks", is_withheld=False)
    shown = await house.export("shown", Options(purpose=Purpose.COURT))
    await house.store.close()
    assert (found.messages, shown.messages) == (0, 1)


async def test_a_mark_needs_a_mail_of_somebody_and_a_reason(tmp_path: Path) -> None:
    house = await a_house(tmp_path)
    await house.gets(OFFER)
    with pytest.raises(DecisionRefused, match="--because"):
        await _marks(house, OFFER, " ", is_withheld=True)
    with pytest.raises(DecisionRefused, match="inbox list --all"):
        await mark(house.store, "mail_none", because="x", is_withheld=True, actor="person:1", now=house.clock())
    await house.store.close()
