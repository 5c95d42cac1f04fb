"""`duly run` from cron: its words and exit codes tell whether somebody must look."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailer.flows.initialise import initialise
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import RecordingSmtp
from workers.command import app

NOW = datetime.now(UTC)


@pytest.fixture
def data(tmp_path: Path, recording_smtp: RecordingSmtp, dovecot: Dovecot) -> Path:
    """A live house with one invoice that is overdue, and a policy that sends on any day at any hour."""
    folder = tmp_path / "data"
    values: dict[str, str | int] = {
        "seller.name": "Brightwater",
        "seller.address": "accounts@brightwater.example",
        "smtp.host": recording_smtp.host,
        "smtp.port": recording_smtp.port,
        "smtp.security": "none",
        "imap.host": dovecot.host,
        "imap.port": dovecot.port,
        "imap.security": "none",
        "imap.username": dovecot.user,
        "imap.password": dovecot.password,
    }
    asyncio.run(initialise(folder, values, actor="person:test", now=NOW))
    shipped = Path("config/policies/standard.toml").read_text(encoding="utf-8")
    lines = [line for line in shipped.splitlines() if not line.startswith(("send_window", "send_days"))]
    days = 'send_days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]'
    always = "\n".join(['send_window = "00:00-23:59"', days, *lines])
    (folder / "policies" / "standard.toml").write_text(always, encoding="utf-8")
    ledger = tmp_path / "ledger.csv"
    due = NOW.date() - timedelta(days=10)
    ledger.write_text(
        # Antarctica has no public holidays on which this test would find the window closed.
        "customer,customer_name,email,country,time_zone,number,issued_on,due_on,currency,total,open\n"
        f"K1,Alder,ap@alder.example,AQ,UTC,INV-1,{due - timedelta(days=30)},{due},EUR,500.00,500.00\n",
        encoding="utf-8",
    )
    assert duly(folder, "invoices", "import", str(ledger))[0] == 0
    return folder


def duly(data: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["--data", str(data), *words])
    return done.exit_code, done.output


def test_paused_it_says_so_and_sends_nothing(data: Path, recording_smtp: RecordingSmtp) -> None:
    code, words = duly(data, "run")
    assert (code, "PAUSED" in words, len(recording_smtp.messages)) == (0, True, 0)


def test_live_it_sends_and_a_dry_run_does_not(data: Path, recording_smtp: RecordingSmtp) -> None:
    assert duly(data, "resume")[0] == 0
    code, words = duly(data, "run", "--dry-run")
    assert (code, "mail: friendly" in words, len(recording_smtp.messages)) == (0, True, 0)
    code, words = duly(data, "run")
    assert (code, "1 sent" in words, len(recording_smtp.messages)) == (0, True, 1)
    assert "nothing to do" in duly(data, "run")[1]


def test_copies_go_to_oneself_marked_and_claim_nothing(data: Path, recording_smtp: RecordingSmtp) -> None:
    duly(data, "resume")
    code, words = duly(data, "run", "--to", "me@brightwater.example")
    assert (code, "1 copies" in words) == (0, True)
    assert [m.recipients for m in recording_smtp.messages] == [("me@brightwater.example",)]
    assert b"COPY" in recording_smtp.messages[0].raw
    assert "1 sent" in duly(data, "run")[1]


def test_a_mail_server_that_is_down_is_the_environments_trouble(data: Path, recording_smtp: RecordingSmtp) -> None:
    duly(data, "resume")
    recording_smtp.stop()
    code, words = duly(data, "run")
    assert (code, "1 deferred" in words) == (3, True)


def test_a_database_that_is_gone_is_not_replaced_by_an_empty_one(data: Path) -> None:
    (data / "duly.sqlite3").unlink()
    code, words = duly(data, "status")
    assert (code, "backup" in words, (data / "duly.sqlite3").exists()) == (3, True, False)
