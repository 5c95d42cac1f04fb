"""The log's key changes or is lost, or a backup is put back: a case of before and after is one whole case file."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mailer.flows.export_case import ExportReport
from mailer.flows.gather_case import Options
from mailer.flows.hand_over_log import restart_log, rotate_key
from mailer.flows.log_key import fingerprint
from mailer.flows.package_log import RecordChanged
from mailer.flows.verify_case import CaseVerdict, verify_case
from mailer.flows.verify_record import verify_record
from mailer.record.note import cosigned, sign, signer_of, verifier_of
from mailer.record.package import CHECKPOINT, ENTRIES, EVENTS, VKEY
from mailer.record.package_flaws import Flaw
from mailer.store.session import Store
from tests.stories.case_files import remake, stock_verdict
from tests.stories.case_house import REPLY, SENT, CaseHouse, a_house

WHY: dict[str, Any] = {"because": "it had to be", "actor": "person:1"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[CaseHouse]:
    """A case with mails both ways, exported once."""
    built = await a_house(tmp_path)
    await built.sends(SENT % 1)
    await built.gets(REPLY % 1)
    yield built
    await built.store.close()


def checked(made: ExportReport) -> CaseVerdict:
    """What ours says, once stock tools say that it is whole."""
    found = verify_case(made.path, key_sha256=made.key_sha256)
    assert (found.flaws, stock_verdict(made.path)) == ((), "")
    return found


def tags_of_case(made: ExportReport) -> list[str]:
    """The tags of the case's events, each once, in the order of the log."""
    entries = [json.loads(line) for line in (made.path / ENTRIES).read_bytes().splitlines()]
    seqs = [json.loads(line)["seq"] for line in (made.path / EVENTS).read_bytes().splitlines()]
    return [*dict.fromkeys(tag for seq in seqs if (tag := entries[seq]["case_tag"]))]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def _after(house: CaseHouse) -> None:
    await house.sends(SENT % 2)
    await house.gets(REPLY % 2)
    await house.notes("and on it goes")


async def test_a_case_of_before_and_after_the_key_was_lost(house: CaseHouse) -> None:
    first = await house.export("first")
    (house.folder / "log.key").unlink()
    await house.sends(SENT % 9)  # on record, and not in the log yet
    await restart_log(house.keeper(), now=house.at, **WHY)
    await _after(house)
    whole = await house.export("whole")
    again = await house.export("again", Options(at=whole.size))
    assert len(tags_of_case(first)) == 1
    assert tags_of_case(whole)[:1] == tags_of_case(first)
    assert len(tags_of_case(whole)) == 2
    assert (checked(first).log.mails, checked(whole).log.mails) == (2, 5)
    assert checked(whole).log.origin != checked(first).log.origin
    assert contents(again.path) == contents(whole.path)
    # What was proved before is in the new log at its old place.
    old, new = ((made.path / ENTRIES).read_bytes() for made in (first, whole))
    assert new.startswith(old)


async def test_leaving_out_an_event_of_either_tag_shows(house: CaseHouse) -> None:
    await house.export("first")
    (house.folder / "log.key").unlink()
    await restart_log(house.keeper(), now=house.at, **WHY)
    await _after(house)
    whole = await house.export("whole")
    await house.store.close()
    for place in (0, -1):
        copy = Path(shutil.copytree(whole.path, house.folder / f"copy{place}"))
        lines = (copy / EVENTS).read_bytes().splitlines(keepends=True)
        del lines[place]
        (copy / EVENTS).write_bytes(b"".join(lines))
        remake(copy)
        assert Flaw.LEFT_OUT in {one.what for one in verify_case(copy).flaws}
        assert "is left out" in stock_verdict(copy)


async def test_leaving_out_a_whole_tag_shows(house: CaseHouse) -> None:
    await house.export("first")
    (house.folder / "log.key").unlink()
    await restart_log(house.keeper(), now=house.at, **WHY)
    await _after(house)
    whole = await house.export("whole")
    assert (await verify_record(house.store, house.folder)).findings == ()
    await house.store.close()
    entries = [json.loads(line) for line in (whole.path / ENTRIES).read_bytes().splitlines()]
    for number, gone in enumerate(tags_of_case(whole)):
        copy = Path(shutil.copytree(whole.path, house.folder / f"copy{number}"))
        lines = (copy / EVENTS).read_bytes().splitlines(keepends=True)
        left = [line for line in lines if entries[json.loads(line)["seq"]]["case_tag"] != gone]
        (copy / EVENTS).write_bytes(b"".join(left))
        remake(copy)
        told = [one.words for one in verify_case(copy).flaws if one.what is Flaw.LEFT_OUT]
        assert [gone in words for words in told] == [True]
        assert "one is left out" in stock_verdict(copy)


async def test_a_log_that_was_begun_anew_by_an_earlier_version_still_holds(
    house: CaseHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new tags say nothing of the old ones."""

    async def nothing(*_: object) -> dict[str, tuple[int, bytes]]:
        return {}

    await house.export("first")
    (house.folder / "log.key").unlink()
    monkeypatch.setattr("mailer.flows.keep_log._inherited", nothing)
    await restart_log(house.keeper(), now=house.at, **WHY)
    await _after(house)
    monkeypatch.undo()
    await house.notes("by the present version")
    whole = await house.export("whole")
    assert len(tags_of_case(whole)) == 2
    assert checked(whole).log.mails == 4
    assert (await verify_record(house.store, house.folder)).findings == ()
    await house.store.close()


async def test_a_case_of_before_and_after_its_key_was_changed(house: CaseHouse) -> None:
    first = await house.export("first")
    for number in (1, 2):
        await rotate_key(house.keeper(), now=house.at, **WHY)
        await _after(house) if number == 1 else await house.notes("once more")
    whole = await house.export("whole")
    assert len(tags_of_case(whole)) == 1
    assert (checked(first).log.mails, checked(whole).log.mails) == (2, 4)
    assert checked(whole).log.origin == checked(first).log.origin
    assert whole.key_sha256 != first.key_sha256
    assert (await verify_record(house.store, house.folder, kept=(first.path / CHECKPOINT).read_text())).findings == ()
    await house.store.close()


async def test_a_file_of_then_is_made_again_byte_for_byte_after_the_key_was_changed(house: CaseHouse) -> None:
    first = await house.export("first")
    size = (await rotate_key(house.keeper(), now=house.at, **WHY)).size
    by_both = await house.export("both", Options(at=size))
    await rotate_key(house.keeper(), now=house.at, **WHY)
    again = await house.export("again", Options(at=first.size))
    both_again = await house.export("both_again", Options(at=size))
    (house.folder / "log.key").unlink()
    await restart_log(house.keeper(), now=house.at, **WHY)
    last = await house.export("last", Options(at=first.size))
    assert contents(first.path) == contents(again.path) == contents(last.path)
    assert contents(by_both.path) == contents(both_again.path)
    for one in (first, by_both):
        checked(one)
    assert fingerprint(verifier_of((first.path / VKEY).read_text().strip())) == first.key_sha256


async def test_a_case_whose_last_events_a_backup_did_not_have(house: CaseHouse) -> None:
    await house.export("first")
    await house.store.close()
    shutil.copy(house.folder / "duly.sqlite3", house.folder / "backup")
    await _after(house)
    lost = await house.export("lost")
    await house.store.close()
    for path in house.folder.glob("duly.sqlite3*"):
        path.unlink()
    shutil.copy(house.folder / "backup", house.folder / "duly.sqlite3")
    house.store = Store(f"sqlite+aiosqlite:///{house.folder / 'duly.sqlite3'}")
    await restart_log(house.keeper(), now=house.at, **WHY)
    await house.notes("after the disaster")
    whole = await house.export("whole")
    assert len(tags_of_case(whole)) == 1
    assert (checked(lost).log.mails, checked(whole).log.mails) == (4, 2)
    found = await verify_record(house.store, house.folder, kept=(lost.path / CHECKPOINT).read_text())
    assert [one.what.value for one in found.findings] == ["restored"]
    await house.store.close()


@pytest.mark.parametrize("forgery", ["by nobody", "by the old key, later"])
async def test_a_head_that_is_none_makes_no_case_file(house: CaseHouse, forgery: str) -> None:
    await house.export("first")
    old = signer_of((house.folder / "log.key").read_text().splitlines()[2])
    await rotate_key(house.keeper(), now=house.at, **WHY)
    later = await house.export("later")
    note = (later.path / CHECKPOINT).read_text().rpartition("\n\n")[0] + "\n"
    forged = sign(note, old) if forgery != "by nobody" else cosigned("x\n\n", old)
    async with house.store.transaction() as tx:
        await tx.connection.execute(text("DROP TRIGGER log_checkpoints_no_update"))
        change = text("UPDATE log_checkpoints SET note = :note WHERE size = :size")
        await tx.connection.execute(change, {"note": forged, "size": later.size})
    with pytest.raises(RecordChanged, match="duly log verify"):
        await house.export("none", Options(at=later.size))
    assert not (house.folder / "none").exists()
