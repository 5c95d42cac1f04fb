"""A case file says who signed each mail, bound by the log, and anybody can check it again without us or a network."""

from __future__ import annotations

import asyncio
import csv
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailer.flows.export_case import ExportReport
from mailer.flows.gather_case import Options
from mailer.flows.redactions import redaction_profile
from mailer.flows.verify_case import verify_case
from mailer.record.package_flaws import Flaw
from tests.core.record.signed import MAIL
from tests.stories.case_files import remake, stock_verdict
from tests.stories.case_house import SENT
from tests.stories.signed_house import signed_house

DKIM = "data/audit/dkim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A case file of three mails (signed, changed on its way, unsigned) of which a part is made again."""

    whole: ExportReport
    again: ExportReport
    redacted: ExportReport


async def _fill(folder: Path) -> Made:
    async with signed_house(folder) as signed:
        await signed.house.sends(SENT % 1)
        await signed.gets(signed.signed())
        await signed.gets(signed.signed("one").replace(b"one", b"two"))
        await signed.gets(MAIL)
        signed.dns.records.clear()
        whole = await signed.house.export()
        again = await signed.house.export("again", Options(at=whole.size))
        contacts = Options(at=whole.size, redact=redaction_profile("contacts"))
        redacted = await signed.house.export("redacted", contacts)
        return Made(whole=whole, again=again, redacted=redacted)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return asyncio.run(_fill(tmp_path_factory.mktemp("house")))


@pytest.fixture
def copy(made: Made, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.whole.path, tmp_path / "case"))


def texts(folder: Path) -> list[Path]:
    return sorted((folder / DKIM).iterdir())


def ours(folder: Path) -> set[Flaw]:
    return {one.what for one in verify_case(folder).flaws}


def test_a_redacted_file_has_none_and_says_that_they_are_withheld(made: Made) -> None:
    folder = made.redacted.path
    assert not (folder / DKIM).exists()
    assert (ours(folder), stock_verdict(folder)) == (set(), "")
    with (folder / "data/report/withheld.csv").open(encoding="utf-8", newline="") as file:
        assert [row["action"] for row in csv.DictReader(file)].count("mail.authenticated") == 3
    with (folder / "data/loadfile/DULY001.csv").open(encoding="utf-8", newline="") as file:
        assert {row["DKIMRESULT"] for row in csv.DictReader(file)} == {""}


def test_each_mail_that_came_has_its_text_and_both_checks_are_content(made: Made) -> None:
    folder = made.whole.path
    verdicts = [one.read_text("ascii").split("\nverdict: ")[1].partition("\n")[0] for one in texts(folder)]
    assert verdicts == ["pass", "fail", "none"]
    assert (ours(folder), stock_verdict(folder)) == (set(), "")
    assert verify_case(folder).log.signatures == 3
    with (folder / "data/loadfile/DULY001.csv").open(encoding="utf-8-sig", newline="") as file:
        found = [row["DKIMRESULT"] for row in csv.DictReader(file)]
    assert found == ["", "pass alder.example (exact)", "fail alder.example (exact)", "none"]


def test_the_same_size_makes_the_same_texts(made: Made) -> None:
    first, second = ([one.read_bytes() for one in texts(which.path)] for which in (made.whole, made.again))
    assert first == second


def test_the_command_in_the_text_checks_without_any_network(made: Made, tmp_path: Path) -> None:
    folder, text = made.whole.path, texts(made.whole.path)[0]
    digest = text.read_text("ascii").split("mail-sha256: ")[1][:64]
    listed = subprocess.run(["sha256sum", *(folder / "data/eml").iterdir()], capture_output=True, text=True, check=True)
    mail = next(line[66:] for line in listed.stdout.splitlines() if line.startswith(digest))
    lines = [line[4:] for line in text.read_text("ascii").splitlines() if line.startswith("#   ")]
    command = "\n".join(lines).replace("python3", sys.executable).replace("THIS", str(text)).replace("KEY", "key")
    done = subprocess.run(
        ["bash", "-c", command.replace("MAIL", mail)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


ATTACKS: dict[str, tuple[Flaw, Callable[[Path], object]]] = {
    "a verdict is changed": (
        Flaw.SIGNATURES_CHANGED,
        lambda at: texts(at)[1].write_bytes(texts(at)[1].read_bytes().replace(b"fail", b"pass")),
    ),
    "two are swapped": (Flaw.SIGNATURES_CHANGED, lambda at: texts(at)[0].write_bytes(texts(at)[1].read_bytes())),
    "one is missing": (Flaw.SIGNATURES_MISSING, lambda at: texts(at)[1].unlink()),
    "all are missing": (Flaw.SIGNATURES_MISSING, lambda at: shutil.rmtree(at / DKIM)),
    "one is added": (Flaw.SIGNATURES_CHANGED, lambda at: (at / DKIM / "000000.txt").write_bytes(b"pass")),
    "one is added below": (
        Flaw.SIGNATURES_CHANGED,
        lambda at: shutil.copytree(at / DKIM, at / DKIM / "x"),
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_change_has_a_name_and_bash_sees_it_too(copy: Path, attack: str) -> None:
    name, change = ATTACKS[attack]
    change(copy)
    remake(copy)
    assert ours(copy) == {name}
    assert stock_verdict(copy).startswith("FAILED: ")
