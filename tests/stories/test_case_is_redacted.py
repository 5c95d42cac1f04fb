"""A case goes to somebody who may not see everything: what was redacted is in no byte of it, and it still verifies."""

from __future__ import annotations

import asyncio
import csv
import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pikepdf
import pytest

from mailer.flows.gather_case import Options
from mailer.flows.redactions import redaction_profiles
from mailer.flows.verify_case import verify_case
from mailer.record.package_flaws import Flaw
from mailer.replies.redaction import LABELS
from mailer.store import events
from mailer.store.session import Store
from tests.stories.case_files import remake, stock_verdict
from tests.stories.case_house import SENT, WHO, CaseHouse, fill
from tests.stories.pdf_text import text_of
from tests.stories.terminal import Terminal

#: What somebody might look for: as written, and as it might be written elsewhere.
SECRETS = (
    "ap@alder.example", "anna.priv", "home.example", "7946 0102", "79460102", "0532 0130 00", "0532013000",
    "55779911", "reply-id-77",
)  # fmt: skip
SAID = "the pump leaks"
#: So long that the address after it is cut in two where a body is cut.
LONG = "w " * 9_933


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A data folder, and the exports of its case by the profile that redacted them."""

    terminal: Terminal
    size: int
    folders: dict[str, Path]


def _mail() -> bytes:
    one = EmailMessage(policy=SMTP)
    one["From"], one["Cc"] = "Anna Alder <anna.private@home.example>", "ap@alder.example"
    one["Message-ID"], one["Subject"] = "<reply-id-77@home.example>", "Re: INV-1, call +44 20 7946 0102"
    one.set_content(
        f"We do not pay: {SAID}. Account no. 55779911, IBAN DE89 3704 0044 0532 0130 00.\n"
        f"Write to anna.private@home.example.\n{LONG}anna.private@home.example\n",
        cte="base64",
    )
    slip = b"DE89370400440532013000"
    one.add_attachment(slip, maintype="text", subtype="plain", filename="anna.private@home.example")
    one.set_boundary("b")
    return one.as_bytes()


async def _fill(data: Path) -> None:
    house = CaseHouse(folder=data, store=Store(f"sqlite+aiosqlite:///{data / 'duly.sqlite3'}"))
    await fill(house)
    await house.sends(SENT % 1)
    await house.gets(_mail())
    await house.notes(f"he says {SAID}, his number is 020 7946 0102")
    async with house.store.transaction() as tx:
        payload: dict[str, object] = {"amount": "1.00 EUR", "reference": "DE89370400440532013000"}
        await events.record(tx, [house._event("payment.recorded", {"invoice": "inv_1"}, payload, customer=WHO.id)])
    await house.store.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    place = tmp_path_factory.mktemp("redacted")
    terminal = Terminal(place / "data")
    asyncio.run(_fill(terminal.data))
    first = terminal.read("case", "export", "K1", "--for", "agency", "--no-report", "--out", str(place / "whole"))
    folders = {"": Path(first["path"])}
    for name in redaction_profiles():
        words = ("--for", "agency", "--redact", name, "--at", str(first["size"]), "--out", str(place / name))
        folders[name] = Path(terminal.read("case", "export", "K1", *words)["path"])
    return Made(terminal=terminal, size=first["size"], folders=folders)


def _texts(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Everything in the folder, names and what is packed in PDFs too."""
    for path in sorted(folder.rglob("*")):
        yield "a name", str(path.relative_to(folder.parent)).encode()
        if path.is_file():
            yield str(path), path.read_bytes()
        if path.suffix == ".pdf":
            yield str(path), text_of(path).encode()
            yield str(path), text_of(path).replace("\n", "").encode()
            with pikepdf.open(path) as pdf:
                assert not pdf.attachments
                for one in pdf.objects:
                    if isinstance(one, pikepdf.Stream):
                        yield str(path), one.read_bytes()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["contacts", "text"])
def test_what_was_redacted_is_in_no_byte_and_the_file_still_verifies(made: Made, name: str) -> None:
    folder = made.folders[name]
    assert folder.name.endswith(f"-{made.size}-redacted-{name}")
    assert (folder / "data/report/CASE-REPORT-vol01.pdf").exists()
    secrets = (*SECRETS, SAID) if name == "text" else SECRETS
    for where, said in _texts(folder):
        assert not [one for one in secrets if one.encode() in said or one.encode("utf-16-be") in said], where
    found = verify_case(folder)
    assert (found.flaws, stock_verdict(folder)) == ((), "")
    assert (found.log.mails, found.log.not_retained, found.copies) == (0, 2, 2)
    whole = verify_case(made.folders[""])
    assert (found.log.root, found.log.events) == (whole.log.root, whole.log.events)
    assert found.log.withheld > whole.log.withheld == 0
    listed = {int(row["log_index"]): row["leaf_sha256"] for row in _rows(folder / "data/report/withheld.csv")}
    lines = [json.loads(line) for line in (folder / "data/audit/events.ndjson").read_text("utf-8").splitlines()]
    assert {line["seq"] for line in lines if "withheld" in line} == listed.keys()
    assert all(len(leaf) == 64 for leaf in listed.values())


def test_what_is_left_is_worth_reading(made: Made) -> None:
    contacts = made.folders["contacts"]
    copy = (contacts / "data/redacted/DULY000002.txt").read_text("utf-8")
    assert f"We do not pay: {SAID}. Account no. [ACCOUNT], IBAN [IBAN].\nWrite to [EMAIL].\n" in copy
    assert "Subject: Re: INV-1, call [PHONE]\n" in copy
    assert "[… cut here; the mail itself has it all]" in copy
    assert SAID in (contacts / "data/report/chronology.html").read_text("utf-8")
    assert "his number is [PHONE]" in (contacts / "data/account/calls.csv").read_text("utf-8")
    words = text_of(contacts / "data/report/CASE-REPORT-vol01.pdf").replace("\n", " ")
    assert "This report is redacted (profile contacts)" in words
    # The mail that came is named by an event that nothing had to be withheld of: its sum is proven.
    digest = _rows(contacts / "data/report/messages_not_retained.csv")[1]["sha256"]
    assert f'"sha256":"{digest}"' in (contacts / "data/audit/events.ndjson").read_text("utf-8")
    acts = [row["action"] for row in _rows(made.folders["text"] / "data/report/CHAIN-OF-CUSTODY.csv")]
    assert {"mail.fetched", "mail.matched", "reminder.queued", "note.added"} <= {*acts}


def test_a_flipped_bit_and_a_forged_mail_are_seen_by_both_and_the_true_mail_fits(made: Made, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(made.folders["contacts"], tmp_path / "case"))
    rng = random.Random(5)  # noqa: S311 - a draw that can be repeated
    for _ in range(2):
        path = rng.choice([one for one in sorted((copy / "data/audit").rglob("*")) if one.is_file()])
        before = path.read_bytes()
        after = bytearray(before)
        after[rng.randrange(len(after))] ^= 1 << rng.randrange(8)
        path.write_bytes(after)
        remake(copy)
        assert verify_case(copy).flaws, path
        assert stock_verdict(copy), path
        path.write_bytes(before)
    (copy / "data/eml").mkdir()
    (copy / "data/eml/DULY000002.eml").write_bytes(b"From: x\r\n\r\nforged\r\n")
    remake(copy)
    assert Flaw.MAIL_CHANGED in {one.what for one in verify_case(copy).flaws}
    assert stock_verdict(copy).startswith("FAILED: mail DULY000002")
    (copy / "data/eml/DULY000002.eml").write_bytes(_mail())  # whoever gets the mail later can show that it is the one
    remake(copy)
    assert (verify_case(copy).flaws, stock_verdict(copy)) == ((), "")


def test_the_same_size_and_profile_make_the_same_bytes_and_the_profile_is_on_record(made: Made, tmp_path: Path) -> None:
    words = ("--for", "agency", "--redact", "contacts", "--at", str(made.size), "--out", str(tmp_path))
    again = made.terminal.type("case", "export", "K1", *words)
    assert "It is redacted (contacts): README.txt says" in again
    (folder,) = tmp_path.iterdir()
    first = made.folders["contacts"]
    files = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert files == {path.relative_to(first): path.read_bytes() for path in first.rglob("*") if path.is_file()}
    said = made.terminal.type("case", "verify", str(folder))
    assert "It is redacted: the log does not bind the 2 copies in data/redacted" in said.replace("\n", " ")
    begun = made.terminal.read("case", "export", "K1", "--redact", "text", "--no-report", "--out", str(tmp_path))
    assert begun["redaction"] == "text"

    async def on_record() -> list[tuple[str, object]]:
        store = Store(f"sqlite+aiosqlite:///{made.terminal.data / 'duly.sqlite3'}")
        async with store.reading() as tx:
            found = await events.listing(tx, types=["export.started", "export.created"])
        await store.close()
        return [(one.type, one.payload["redaction"]) for one in sorted(found, key=lambda one: one.seq)][-2:]

    assert asyncio.run(on_record()) == [("export.started", "text"), ("export.created", "text")]


def test_an_unknown_profile_is_refused_with_those_there_are(made: Made, tmp_path: Path) -> None:
    said = made.terminal.type("case", "export", "K1", "--redact", "nmaes", "--out", str(tmp_path), code=2)
    assert "there is no redaction 'nmaes': give --redact one of contacts, text" in said
    assert not list(tmp_path.iterdir())


def test_every_profile_blacks_out_what_there_is_a_pattern_for() -> None:
    for profile in redaction_profiles().values():
        assert profile.blacked_out <= LABELS
        assert {"EMAIL", "PHONE", "IBAN", "ACCOUNT"} <= profile.blacked_out
    assert Options().redact is None
