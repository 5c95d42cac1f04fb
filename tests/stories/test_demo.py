"""`duly demo`, run once as a user runs it, against an oracle that knows only the mails on the wire and the script."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from mailer.domain.status import invoice_status
from mailer.resources import config_dir
from mailer.settings import load
from mailer.store import case_facts, customers, inbox, invoices
from mailer.wiring import open_app
from tests.house.tree import ROOT
from tests.stories.demo_oracle import Oracle

NUMBERS = ("mails_sent", "replies_read", "promises_kept", "promises_broken", "disputes", "held", "unmatched")
FINAL = ("Final notice", "Letzte Mahnung")
#: What a real Duly's environment might say; the demo must not touch any of it.
REAL_LIFE = {
    "DULY_SMTP__HOST": "smtp.real.invalid",
    "DULY_IMAP__HOST": "imap.real.invalid",
    "DULY_DATABASE_URL": "sqlite+aiosqlite:////proc/real.sqlite3",
    "DULY_DATA": "/proc/real",
}


def duly(*arguments: str, program: Iterable[str] = ("-m", "workers.command")) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **REAL_LIFE})


@dataclass(frozen=True)
class Played:
    folder: Path
    stdout: str

    @cached_property
    def summary(self) -> dict[str, Any]:
        [line] = self.stdout.splitlines()
        values: dict[str, Any] = json.loads(line)
        return values

    @cached_property
    def oracle(self) -> Oracle:
        return Oracle(self.folder / "captures", config_dir() / "demo")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("demo") / "kept"
    done = duly("demo", "--dir", str(folder), "-o", "json")
    assert done.returncode == 0, done.stderr
    return Played(folder=folder, stdout=done.stdout)


def test_the_story_was_told_to_its_end(played: Played) -> None:
    oracle = played.oracle
    assert oracle.loose_ends() == []
    assert len(oracle.script["customers"]) == 24
    silent = [one for one in oracle.script["customers"] if not one.keys() & {"reactions", "mailbox"}]
    assert silent
    assert all(str(oracle.reminders(one)[-1].mail["Subject"]).startswith(FINAL) for one in silent)  # type: ignore[index]


def test_the_summary_is_what_the_wire_and_the_script_say(played: Played) -> None:
    assert {name: played.summary[name] for name in NUMBERS} == played.oracle.summary()


def test_every_invoice_stands_as_the_script_implies(played: Played) -> None:
    oracle = played.oracle
    end = datetime.combine(oracle.last_day, time(15, 30), tzinfo=oracle.zone).astimezone(UTC)
    expected = oracle.statuses()
    assert asyncio.run(statuses(played.folder / "data", end)) == expected
    assert set(expected.values()) == {
        "paid", "disputed", "claimed_paid", "promised", "on_hold", "part_paid", "overdue", "due", "not_due",
    }  # fmt: skip


async def statuses(data: Path, now: datetime) -> dict[str, str]:
    app = open_app(load(data), clock=lambda: now)
    try:
        async with app.store.reading() as tx:
            ids = [one.id for one in await customers.every(tx)]
            facts = await case_facts.load(tx, ids, now=now)
            every = await invoices.of_customers(tx, ids)
    finally:
        await app.close()
    return {one.number: invoice_status(one, facts[one.customer_id], today=now.date()).status.value for one in every}


def test_no_mail_goes_out_that_should_not(played: Played) -> None:
    assert played.oracle.wrongs() == []


def test_strangers_and_only_strangers_are_unmatched(played: Played) -> None:
    oracle = played.oracle
    known = {one["email"] for one in oracle.script["customers"]}
    by_sender = {one.mail["From"].addresses[0].addr_spec: one for one in oracle.incoming()}  # type: ignore[index]
    unknown = {who: one for who, one in by_sender.items() if who not in known and not who.startswith("mailer-daemon@")}
    assert list(unknown) == [one["sender"].partition("<")[2].rstrip(">") for one in oracle.script["strangers"]]
    nobodys = asyncio.run(mails_of_nobody(played.folder / "data"))
    assert [one.fetched_at.date() for one in nobodys] == [oracle.local_day(one) for one in unknown.values()]
    # The first one's name and words were let go after 30 days; its hash stays.
    assert [one.from_email for one in nobodys] == ["", list(unknown)[1]]
    assert all(one.sha256 for one in nobodys)


async def mails_of_nobody(data: Path) -> list[inbox.StoredMail]:
    app = open_app(load(data))
    try:
        async with app.store.reading() as tx:
            return [one for one in reversed(await inbox.listing(tx)) if one.customer_id is None]
    finally:
        await app.close()


def test_the_exported_case_is_whole(played: Played) -> None:
    case = Path(played.summary["case"])
    assert case.is_relative_to(played.folder)
    check = ["sha256sum", "--check", "--strict", "--quiet", "manifest-sha256.txt"]
    done = subprocess.run(check, cwd=case, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert sorted(path.suffix for path in case.rglob("*.eml"))


@pytest.mark.parametrize("module", ["customers", "letters", "bank", "scenario", "calendar_days"])
def test_the_customers_know_nothing_of_duly(module: str) -> None:
    tree = ast.parse((ROOT / "workers" / "demo" / f"{module}.py").read_text(encoding="utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    ours = {name for name in imported if name.startswith(("mailer", "workers"))}
    assert all(name.startswith("workers.demo.") for name in ours)


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = duly("demo", "--dir", str(tmp_path))
    assert done.returncode == 2
    assert "give --dir a new or empty folder" in " ".join(done.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_the_extra_it_says_how_to_get_it() -> None:
    program = "import sys; sys.modules['pymap'] = None; from workers.command import main; main()"
    done = duly("demo", program=("-c", program))
    assert done.returncode == 3
    assert "pymap" in done.stderr
    assert "make demo" in done.stderr
    assert "pip install 'duly[demo]'" in done.stderr
