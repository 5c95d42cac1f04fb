"""Somebody who trusts nobody checks a case file: with stock tools, with ours, after every way to change it."""

from __future__ import annotations

import asyncio
import csv
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import bagit
import pytest

from mailer.domain.delivery import OutboxState
from mailer.dossier.profiles import Purpose
from mailer.dossier.verify_text import TEXT
from mailer.flows.export_case import ExportReport
from mailer.flows.gather_case import Options
from mailer.flows.verify_case import verify_case
from mailer.record.package import CHECKPOINT, ENTRIES, EVENTS, PROOFS
from mailer.record.package_flaws import Flaw
from tests.core.record.packages import sha
from tests.stories.case_files import loose_tails, remake, stock_verdict
from tests.stories.case_house import REPLY, SENT, CaseHouse, a_house

HOSTILE = (
    b"From: \xff\xfe\r\nSubject: =?utf-8?q?=E2=80=AEevil=00?=\r\nMessage-ID: <" + b"x" * 3000 + b">\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: application/pdf\r\n'
    b'Content-Disposition: attachment; filename="../../x"\r\n\r\n\x00\r\n--b\r\nContent-Type: text/plain\r\n'
    b'Content-Disposition: attachment; filename="con.txt"\r\n\r\nx\r\n--b\r\nContent-Type: text/plain\r\n'
    b'Content-Disposition: attachment; filename="' + b"n" * 300 + b'.txt"\r\n\r\ny\r\n--b\r\n'
)
BROKEN = b"\x00\xff not a mail \x14\xfe\xae"
HUGE = REPLY % 99 + b"x" * 5_000_000


async def _fill(folder: Path) -> tuple[CaseHouse, ExportReport]:
    house = await a_house(folder)
    await house.sends(SENT % 1)
    await house.sends(SENT % 2, state=OutboxState.CANCELLED)
    await house.gets(REPLY % 1, REPLY % 2)
    await house.notes("he will not pay\u202e")
    made = await house.export()
    await house.store.close()
    return house, made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[CaseHouse, ExportReport]:
    """One case file with three mails; tests copy what they change."""
    return asyncio.run(_fill(tmp_path_factory.mktemp("house")))


@pytest.fixture
def copy(made: tuple[CaseHouse, ExportReport], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[1].path, tmp_path / "case"))


def ours(folder: Path) -> set[Flaw]:
    return {one.what for one in verify_case(folder).flaws}


def test_stock_tools_and_ours_find_it_whole(made: tuple[CaseHouse, ExportReport]) -> None:
    folder = made[1].path
    found = verify_case(folder)
    assert (found.flaws, found.log.mails, found.log.not_retained) == ((), 3, 1)
    assert found.log.key_sha256 == sha((folder / "data/audit/log.vkey").read_bytes()) == made[1].key_sha256
    assert (found.files, found.size_bytes) == (made[1].files, made[1].size_bytes)
    for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(["sha256sum", "-c", "--strict", "--quiet", name], cwd=folder, check=True)
    subprocess.run([sys.executable, bagit.__file__, "--validate", "--quiet", folder], check=True)
    assert stock_verdict(folder) == ""
    assert (folder / "VERIFY.txt").read_text("utf-8") == TEXT


def test_one_entry_is_checked_on_its_own(made: tuple[CaseHouse, ExportReport], tmp_path: Path) -> None:
    folder, entry = made[1].path, tmp_path / "entry"
    body = (folder / ENTRIES).read_bytes().split(b"\n")[2]
    proof = folder / PROOFS / "000002.tlog-proof"

    def says(raw: bytes, proof: Path) -> int:
        entry.write_bytes(raw)
        return subprocess.run(["bash", "VERIFY.txt", entry, proof], cwd=folder, check=False).returncode

    loose = tmp_path / "proof"
    lines = proof.read_text("utf-8").split("\n")
    lines[2] = lines[2][:-2] + chr(ord(lines[2][-2]) + 1) + "="  # two bits that say nothing
    loose.write_text("\n".join(lines), "utf-8")
    assert (says(body, proof), says(body + b" ", proof), says(body, loose)) == (0, 1, 1)


ATTACKS: dict[str, tuple[Flaw, Callable[[Path], object]]] = {
    "a mail is changed": (Flaw.MAIL_CHANGED, lambda at: _mail(at, 1).write_bytes(b"forged")),
    "a mail is missing": (Flaw.MAIL_MISSING, lambda at: _mail(at, 3).unlink()),
    "a mail is added": (Flaw.MAIL_ADDED, lambda at: _mail(at, 9).write_bytes(b"x")),
    "a name has a blank at its end": (Flaw.MAIL_MISSING, lambda at: _mail(at, 1).rename(f"{_mail(at, 1)} ")),
    "two mails are swapped": (Flaw.MAIL_SWAPPED, lambda at: _swap(_mail(at, 1), _mail(at, 3))),
    "an entry is dropped": (Flaw.DROPPED, lambda at: _lines(at / ENTRIES, lambda all_: [*all_[:3], *all_[4:]])),
    "entries change places": (
        Flaw.REORDERED,
        lambda at: _lines(at / ENTRIES, lambda all_: [*all_[:3], all_[4], all_[3], *all_[5:]]),
    ),
    "an entry is doubled": (Flaw.INSERTED, lambda at: _lines(at / ENTRIES, lambda all_: [*all_[:3], *all_[2:]])),
    "the tail is cut": (Flaw.TRUNCATED, lambda at: _lines(at / ENTRIES, lambda all_: all_[:-1])),
    "an event of the case is left out": (Flaw.LEFT_OUT, lambda at: _without(at, 0)),
    "words are changed": (Flaw.WORDS_CHANGED, lambda at: _replace(at / EVENTS, b"INBOX", b"INBOY")),
    "an older head is put in": (Flaw.BAD_SIGNATURE, lambda at: _replace(at / CHECKPOINT, b"\n1", b"\n2")),
    "a link is put in": (Flaw.NOT_A_CASE_FILE, lambda at: (at / "data/report/link").symlink_to("/etc/passwd")),
    "a name misleads": (Flaw.NOT_A_CASE_FILE, lambda at: (at / "data/report/a\\b").write_bytes(b"")),
    "it is no bag": (Flaw.NOT_A_CASE_FILE, lambda at: (at / "bagit.txt").write_bytes(b"x\n")),
}
#: What nobody hid: the manifests are as they were.
OPEN_ATTACKS: dict[str, tuple[Flaw, Callable[[Path], object]]] = {
    "a report is changed": (Flaw.FILE_CHANGED, lambda at: (at / "data/report/chronology.csv").write_bytes(b"x")),
    "a file is added": (Flaw.FILE_ADDED, lambda at: (at / "data/report/x").write_bytes(b"x")),
    "a file is gone": (Flaw.FILE_MISSING, lambda at: (at / "README.txt").unlink()),
    "the count is changed": (Flaw.FILE_CHANGED, lambda at: _replace(at / "bag-info.txt", b"Oxum: ", b"Oxum: 1")),
    "a manifest is in another order": (
        Flaw.FILE_CHANGED,
        lambda at: _lines(at / "tagmanifest-sha256.txt", lambda all_: all_[::-1]),
    ),
}


def _mail(at: Path, number: int) -> Path:
    return at / f"data/eml/DULY00000{number}.eml"


def _swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def _lines(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def _replace(path: Path, old: bytes, new: bytes) -> None:
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, new, 1))


def _without(at: Path, place: int) -> None:
    _lines(at / EVENTS, lambda all_: [*all_[:place], *all_[place + 1 :]])
    sorted((at / PROOFS).iterdir())[place].unlink()


@pytest.mark.parametrize("attack", [*ATTACKS, *OPEN_ATTACKS])
def test_every_change_has_a_name_and_bash_sees_it_too(copy: Path, attack: str) -> None:
    name, change = (ATTACKS | OPEN_ATTACKS)[attack]
    change(copy)
    if attack in ATTACKS and attack != "a name misleads":
        remake(copy)
    assert name in ours(copy)
    assert stock_verdict(copy).startswith("FAILED: ")


def test_what_the_log_does_not_bind_only_the_manifests_protect(copy: Path) -> None:
    (copy / "data/report/chronology.csv").write_bytes(b"another story")
    remake(copy)
    assert (ours(copy), stock_verdict(copy)) == (set(), "")


def _flip(folder: Path, rng: random.Random) -> tuple[Path, bytes]:
    bound = [
        path for room in ("data/eml", "data/audit") for path in sorted((folder / room).rglob("*")) if path.is_file()
    ]
    path = rng.choice(bound)
    before = path.read_bytes()
    after = bytearray(before)
    after[rng.randrange(len(after))] ^= 1 << rng.randrange(8)
    path.write_bytes(after)
    return path, before


def _flips(copy: Path, many: int, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - a draw that can be repeated
    for number in range(many):
        path, before = _flip(copy, rng)
        remake(copy)
        assert (bool(ours(copy)), bool(stock_verdict(copy))) == (True, True), (seed, number, path)
        path.write_bytes(before)


def test_a_few_flipped_bits_are_seen_by_both(copy: Path) -> None:
    _flips(copy, 4, seed=11)


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(5), ids="share{}".format)
def test_500_flipped_bits_are_seen_by_both(copy: Path, seed: int) -> None:
    _flips(copy, 100, seed=70 + seed)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_bits_of_base64_that_say_nothing_are_seen_by_both(copy: Path) -> None:
    tails = loose_tails(copy)
    assert {path.name for path, _ in tails} >= {"checkpoint", "000002.tlog-proof"}
    for path, changed in tails[:: max(1, len(tails) // 40)]:
        before = path.read_bytes()
        path.write_bytes(changed)
        remake(copy)
        assert (bool(ours(copy)), bool(stock_verdict(copy))) == (True, True), path
        path.write_bytes(before)


def test_a_zip_is_the_same_and_the_same_size_gives_the_same_bytes(
    made: tuple[CaseHouse, ExportReport], tmp_path: Path
) -> None:
    house, first = made
    again = [asyncio.run(house.export(f"zip{n}", Options(zipped=True, at=first.size))) for n in (1, 2)]
    asyncio.run(house.store.close())
    assert again[0].path.read_bytes() == again[1].path.read_bytes()
    assert [path.name for path in again[0].path.parent.iterdir()] == [f"{first.path.name}.zip"]
    assert verify_case(again[0].path).flaws == ()
    with zipfile.ZipFile(again[0].path) as archive:
        archive.extractall(tmp_path)
    unpacked = tmp_path / first.path.name
    assert {path.relative_to(unpacked): path.read_bytes() for path in unpacked.rglob("*") if path.is_file()} == {
        path.relative_to(first.path): path.read_bytes() for path in first.path.rglob("*") if path.is_file()
    }
    bad = tmp_path / "bad.zip"
    bad.write_bytes(again[0].path.read_bytes()[:-30])
    assert ours(bad) == {Flaw.NOT_A_CASE_FILE}
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("x/../../evil", "x")
    assert Flaw.NOT_A_CASE_FILE in ours(bad)


OFFER = (
    b"From: ap@alder.example\r\nMessage-ID: <offer@alder.example>\r\nSubject: WITHOUT PREJUDICE\r\n\r\n"
    b"We would pay 250 and be done.\r\n"
)
#: It quotes the offer, so it discloses it.
QUOTING = (
    b"From: ap@alder.example\r\nMessage-ID: <quoting@alder.example>\r\nSubject: Re\r\n\r\n"
    b"Any news?\r\n\r\n> This is without prejudice:\r\n> we would pay 250 and be done.\r\n"
)


async def test_an_offer_without_prejudice_goes_to_the_own_lawyer_alone_and_is_listed_as_withheld(
    tmp_path: Path,
) -> None:
    house = await a_house(tmp_path)
    await house.gets(REPLY % 1, OFFER)
    await house.gets(QUOTING)
    await house.notes("called, without prejudice, he would pay 250 and be done")
    for purpose in (Purpose.AGENCY, Purpose.COURT, Purpose.CUSTOMER):
        made = await house.export(purpose.value, Options(purpose=purpose))
        texts = b"".join(path.read_bytes() for path in made.path.rglob("*") if path.is_file())
        assert b"pay 250" not in texts
        assert b"and be done" not in texts
        assert (made.messages, made.not_retained) == (1, 2)
        with (made.path / "data/report/withheld.csv").open(encoding="utf-8", newline="") as file:
            withheld = [row["action"] for row in csv.DictReader(file) if "without prejudice" in row["reason"]]
        assert sorted(withheld) == ["mail.fetched"] * 2 + ["mail.matched"] * 2 + ["note.added"]
        assert (ours(made.path), stock_verdict(made.path)) == (set(), "")
    lawyer = await house.export("lawyer")
    await house.store.close()
    assert (lawyer.messages, lawyer.withheld) == (3, 0)


async def test_a_court_gets_no_notes_and_sees_that_there_are_some(tmp_path: Path) -> None:
    house = await a_house(tmp_path)
    await house.gets(REPLY % 1)
    await house.notes("he lies")
    await house.gets(HOSTILE, BROKEN, HUGE)
    made = await house.export("court", Options(purpose=Purpose.COURT))
    later = await house.export("later", Options(since=date(2026, 9, 8)))
    agency = await house.export("agency", Options(purpose=Purpose.AGENCY))
    await house.store.close()
    texts = b"".join(path.read_bytes() for path in made.path.rglob("*") if path.is_file())
    assert b"he lies" not in texts
    with (made.path / "data/report/withheld.csv").open(encoding="utf-8", newline="") as file:
        assert [(row["action"], row["reason"]) for row in csv.DictReader(file)] == [("note.added", "an internal note")]
    assert (made.messages, made.withheld, later.messages) == (4, 1, 0)
    assert b"before the first day" in (later.path / "messages_not_retained.txt").read_bytes()
    placed = (agency.path / "data/placement/placement.csv").read_bytes()
    assert b'"\'=Tom"' in placed
    for one in (made, later, agency):
        assert (ours(one.path), stock_verdict(one.path)) == (set(), "")
    mails = {path.read_bytes() for path in (made.path / "data/eml").iterdir()}
    assert mails == {REPLY % 1, HOSTILE, BROKEN, HUGE}
    names = [path.name for path in (made.path / "data/attachments").rglob("*")]
    assert not {"x", "con.txt"} & {*names}
    assert max(map(len, names)) <= 120
