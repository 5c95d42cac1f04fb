"""5,000 mails of 9 kB from Dovecot into SQLite (raw bytes, events, FULL sync), against mbsync into a Maildir (fsync).

Run: python tests/benchmarks/bench_intake.py [MAILS [ROUNDS]]. Both take turns on the same server and disk; the ratio of
the medians is printed. Exit code 1 when Duly is slower than mbsync. Needs dovecot and mbsync (apt package isync).
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mailer.flows.intake import Intake
from mailer.flows.receive_mail import poll
from mailer.mailbox import ImapMailbox, ImapSettings
from mailer.store import folders, inbox, schema
from mailer.store.session import Store
from tests.servers.dovecot import PASSWORD, Dovecot

MAILS, ROUNDS, OCTETS = 5_000, 3, 9_000
NOW = datetime(2026, 9, 7, 9, tzinfo=UTC)
MBSYNC = """\
IMAPAccount bench
Host {host}
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account bench

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX

Channel bench
Far :far:
Near :near:
Create Near
Sync Pull
SyncState *
"""


def fill(server: Dovecot, many: int) -> None:
    """Deliver mails that look like replies, and let Dovecot index them once."""
    line = "> Our invoice INV-2041 over 1,234.56 EUR was due on 4 September; please let us know when you will pay.\n"
    for number in range(many):
        head = (
            f"Return-Path: <ap@customer{number % 97}.test>\n"
            "Received: from mx by duly.test; Mon, 7 Sep 2026 09:00:00 +0000\n"
            f"From: Ann Payer <ap@customer{number % 97}.test>\nTo: billing@duly.test\n"
            f"Subject: Re: Reminder {number}\nMessage-ID: <{number}@customer.test>\n"
            "Content-Type: text/plain; charset=utf-8\n\n"
        )
        raw = (head + line * (OCTETS // len(line)))[:OCTETS].replace("\n", "\r\n")
        server.deliver(raw.encode(), at=NOW)
    client = server.login()
    client.select("INBOX", readonly=True)
    client.uid("FETCH", "1:*", "(RFC822.SIZE)")
    client.logout()


async def take_in(server: Dovecot, folder: Path, many: int) -> float:
    """Return the seconds that one poll takes."""
    store = Store(f"sqlite+aiosqlite:///{folder / 'duly.sqlite3'}")
    await schema.migrate(store)
    settings = ImapSettings(
        host=server.host, port=server.port, security="none", username=server.user, password=PASSWORD
    )
    intake = Intake(
        store=store,
        open_mailbox=lambda: ImapMailbox(settings),
        name="bench",
        folders=("INBOX",),
        key=b"k" * 32,
        clock=lambda: NOW,
        read_junk=False,
        read_sent=False,
    )
    await poll(intake)
    async with store.transaction() as tx:  # as if the folder had been empty at the first contact
        at = await folders.cursor(tx, "bench", "INBOX")
        assert at is not None
        await folders.put_cursor(tx, replace(at, last_uid=0, opened_uid=1, proved_uid=0))
    started = time.perf_counter()
    report = await poll(intake)
    seconds = time.perf_counter() - started
    async with store.reading() as tx:
        assert (await inbox.counts(tx))[0] == report.fetched == many
    await store.close()
    return seconds


def sync(server: Dovecot, folder: Path, many: int) -> float:
    """Return the seconds that mbsync takes into a fresh Maildir (FSync is its default)."""
    config = folder / "mbsyncrc"
    config.write_text(
        MBSYNC.format(host=server.host, port=server.port, user=server.user, password=PASSWORD, folder=folder),
        encoding="utf-8",
    )
    started = time.perf_counter()
    subprocess.run(["mbsync", "-q", "-c", str(config), "bench"], check=True)
    seconds = time.perf_counter() - started
    assert (
        sum(1 for _ in (folder / "INBOX" / "new").iterdir()) + sum(1 for _ in (folder / "INBOX" / "cur").iterdir())
        == many
    )
    return seconds


def main() -> int:
    """Measure and compare."""
    given = [int(one) for one in sys.argv[1:3]]
    many, rounds = given + [MAILS, ROUNDS][len(given) :]
    if shutil.which("mbsync") is None:
        print("mbsync is missing: apt-get install isync")
        return 3
    server = Dovecot()
    rates: dict[str, list[float]] = {"duly": [], "mbsync": []}
    try:
        server.start()
        fill(server, many)
        for _ in range(rounds):
            for name, found in rates.items():
                with tempfile.TemporaryDirectory() as made:
                    folder = Path(made)
                    seconds = (
                        asyncio.run(take_in(server, folder, many)) if name == "duly" else sync(server, folder, many)
                    )
                found.append(many / seconds)
    finally:
        server.remove()
    for name, found in rates.items():
        print(
            f"{name:7} {statistics.median(found):8,.0f} mails/s  ({min(found):,.0f}-{max(found):,.0f}, {rounds} rounds)"
        )
    ratio = statistics.median(rates["duly"]) / statistics.median(rates["mbsync"])
    print(f"ratio duly / mbsync: {ratio:.2f} ({many} mails of {OCTETS} octets)")
    return 0 if ratio >= 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
