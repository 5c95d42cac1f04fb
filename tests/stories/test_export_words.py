"""What a case file's chronology says of each event, and the command that makes the file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from mailer.cli.app import top
from mailer.cli.exports import register_on_case
from mailer.clock import utc_now
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, InvoiceId
from mailer.domain.invoice import Invoice
from mailer.domain.money import Money
from mailer.flows.event_words import event_words, reading_words
from mailer.flows.initialise import initialise
from mailer.settings import load
from mailer.store import customers, invoices
from mailer.store.session import Store

NAMES = {"inv_1": "INV-1", "out_1": "DULY000001", "mail_1": "DULY000002"}
STEP = {"invoice": "inv_1", "step": "firm", "cycle": 0, "open": "500.00", "currency": "EUR"}


@pytest.mark.parametrize(
    ("type_", "payload", "refs", "told"),
    [
        (
            "reminder.queued",
            {"to": "a@b.example", "subject": "Invoice", "template": "firm", "steps": [STEP], "template_hash": "0f"},
            {"message": "out_1"},
            (
                "a reminder was written: message DULY000001; to a@b.example; subject Invoice; template firm; "
                "asks for INV-1 (EUR 500.00 open, rung firm)"
            ),
        ),
        (
            "hold.placed",
            {"kind": "manual", "reason": "call first", "invoices": ["inv_1"], "until_on": None, "deadline_on": None},
            {"hold": "hold_1"},
            "reminders were paused: kind manual; reason call first; invoices INV-1",
        ),
        (
            "invoice.changed",
            {
                "number": "INV-1",
                "changes": {
                    "open": {"old": "EUR 5.00", "new": "EUR 0.00"},
                    "paid_on": {"old": "", "new": "2026-09-04"},
                },
            },
            {"invoice": "inv_1", "import": "imp_1"},
            "the ledger shows a change: invoice INV-1; open EUR 5.00 → EUR 0.00, paid on nothing → 2026-09-04",
        ),
        (
            "reply.read",
            {
                "kind": "human",
                "findings": [{"intent": "already_paid", "on": "2026-09-01", "amount": "500", "words": ["paid"]}],
                "flags": [],
                "ask": "",
            },
            {"mail": "mail_1"},
            "a mail was read: mail DULY000002; kind human; it says: already paid of 500 for 2026-09-01 “paid”",
        ),
        (
            "promise.broken",
            {"due_on": "2026-09-04", "confirmed": False},
            {},
            "a promise was broken: due 2026-09-04; confirmed no",
        ),
        ("case.opened", {}, {}, "the case was opened: an invoice is overdue"),
        ("reminder.sent", {}, {"message": "out_1"}, "the mail server took a reminder: message DULY000001"),
        (
            "moon.risen",
            {"phase": "full", "seen_by": ["Tom", "Ann"], "height": {"degrees": 12, "cloud": None}},
            {"invoice": "inv_1"},
            "moon risen: invoice INV-1; phase full; seen by Tom, Ann; height degrees 12",
        ),
    ],
)
def test_an_event_is_told_in_a_sentence(
    type_: str, payload: dict[str, object], refs: dict[str, str], told: str
) -> None:
    assert event_words(type_, payload, refs, NAMES) == told


def test_long_words_are_cut_in_the_chronology() -> None:
    told = event_words("note.added", {"words": "x" * 600}, {}, {})
    assert told.endswith("x…")
    assert len(told) < 530


@pytest.mark.parametrize(
    ("reading", "told"),
    [
        ({"kind": "human", "findings": []}, "human"),
        ({"kind": "auto_reply", "return_on": "2026-10-01"}, "auto reply: back on 2026-10-01"),
        (
            {
                "kind": "human",
                "findings": [
                    {
                        "intent": "promise",
                        "on": "2026-09-04",
                        "amount": {"text": "€ 500", "amount": "500", "currency": "EUR"},
                        "evidence": [{"text": "we pay on Friday", "rule": "r1", "start": 0, "end": 16}],
                    },
                    {"intent": "dispute", "reason": "not_received"},
                ],
            },
            "human: promise of € 500 for 2026-09-04 “we pay on Friday”, dispute not received",
        ),
        (
            {
                "kind": "human",
                "findings": [
                    {
                        "intent": "remittance",
                        "evidence": [
                            {"text": "INV-1 500.00", "rule": "r1", "start": 0, "end": 12, "attachment": "a.pdf"},
                            {"text": "INV-2 700.00", "rule": "r1", "start": 13, "end": 25, "attachment": "a.pdf"},
                        ],
                    },
                ],
            },
            "human: remittance (attached: a.pdf) “INV-1 500.00 … INV-2 700.00”",
        ),
    ],
)
def test_a_reading_is_told_with_the_words_that_prove_it(reading: dict[str, object], told: str) -> None:
    assert reading_words(reading, {}) == told


def duly(data: Path, *words: str | Path) -> Result:
    return case_command("--data", data, "case", "export", *words)


def verified(*words: str | Path) -> Result:
    return case_command("case", "verify", *words)


def case_command(*words: str | Path) -> Result:
    app, case_app = typer.Typer(), typer.Typer()
    app.callback()(top)
    app.add_typer(case_app, name="case")
    case_app.callback()(lambda: None)
    register_on_case(case_app)
    return CliRunner().invoke(app, [str(word) for word in words])


async def a_customer(data: Path) -> None:
    """A customer who owes but was never written to: the case file of a case that has not begun."""
    await initialise(data, {"seller.name": "Brightwater"}, actor="person:test", now=utc_now())
    store = Store(load(data).store_url())
    who = Customer(id=CustomerId("cus_1"), ref="../K1", name="Alder", email="ap@alder.example")
    amount, day = Money(minor=500, currency="EUR"), utc_now().date()
    what = Invoice(
        id=InvoiceId("inv_1"), customer_id=who.id, number="INV-1", issued_on=day, due_on=day, total=amount, open=amount
    )
    async with store.transaction() as tx:
        await customers.save(tx, [who])
        await invoices.save(tx, [(what, "INV1")])
    await store.close()


def test_the_command_names_the_folder_and_how_to_check_it(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    asyncio.run(a_customer(data))
    result = duly(data, "INV-1", "--out", out, "-o", "json")
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    (folder,) = out.iterdir()
    assert Path(made["path"]) == folder
    assert folder.name.startswith("CASE-")
    assert (folder / "manifest-sha256.txt").exists()
    same = ("INV-1", "--at", str(made["size"]), "--out")
    again = duly(data, *same, out)
    assert again.exit_code == 2
    assert "give another --out" in again.stderr
    other = duly(data, *same, tmp_path / "other")
    assert "bash VERIFY.txt" in other.stdout
    assert made["tagmanifest_sha256"] in other.stdout
    assert [path.name for path in (tmp_path / "other").iterdir()] == [folder.name]
    assert duly(data, "INV-1", "--at", "999", "--out", out).exit_code == 2
    checked = verified(folder)
    assert (checked.exit_code, made["key_sha256"] in checked.stdout) == (0, True)
    assert verified(folder, "--key", made["key_sha256"], "-o", "json").exit_code == 0
    assert verified(folder, "--key", "0" * 64).exit_code == 1
    assert verified(tmp_path / "nothing").exit_code == 2
    (folder / "README.txt").write_text("another", encoding="utf-8")
    assert "file_changed" in verified(folder).stdout


def test_what_cannot_be_exported_leaves_nothing(tmp_path: Path) -> None:
    data, blocked = tmp_path / "data", tmp_path / "file"
    asyncio.run(a_customer(data))
    blocked.write_text("in the way", encoding="utf-8")
    assert duly(data, "Birch", "--out", tmp_path / "out").exit_code == 2
    assert duly(data, "INV-1", "--invoice", "INV-2", "--out", tmp_path / "out").exit_code == 2
    assert duly(data, "INV-1", "--out", blocked).exit_code == 3
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
