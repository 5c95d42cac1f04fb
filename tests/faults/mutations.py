"""Damaged mails by the thousand through the sandbox, the reading and a real database; says what went wrong.

`python -m tests.faults.mutations --count 100000 --state FILE` goes on where it stopped, with FILE.sqlite3 beside FILE,
and ends with one line of JSON. Exit code 1 when anything was found.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from mailer.clock import new_salt
from mailer.domain.ids import MailId
from mailer.domain.message import InboundMail
from mailer.domain.reading import Reading
from mailer.flows.examine_mail import Examined, examine
from mailer.replies.reading import read
from mailer.sandbox.sandbox import MAX_MEMORY_BYTES, Sandbox, SandboxRefused
from mailer.store import events, inbox, schema
from mailer.store.inbox import DONE, QUARANTINED, STORED, StoredMail
from mailer.store.session import Store, Tx
from tests.core.replies.mails import KEY, PHRASES
from tests.faults.measure import Meter, peak_bytes
from tests.faults.mutate import mutant
from tests.faults.seeds import seeds
from tests.faults.table import RESULTS_VARIABLE

RNG_SEED = 20_261_126
BATCH = 200
MAX_SECONDS = 1.0
NOW = datetime(2026, 11, 18, 10, tzinfo=UTC)


@dataclass(slots=True)
class Tally:
    """What a run has come to; `next` is the number of the first mail that was not looked at."""

    next: int = 0
    stored: int = 0
    repeated: int = 0
    refused: int = 0
    slow: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    peak_mb: int = 0
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        return not self.slow and not self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The parts of a run."""

    store: Store
    sandbox: Sandbox
    seeds: Sequence[bytes]
    rng_seed: int = RNG_SEED


async def batch(run: Run, tally: Tally, count: int) -> None:
    """Store, take apart, read and finish the next mails, as the service does; then compare what the database has."""
    numbers = range(tally.next, tally.next + count)
    raws = {number: mutant(number, run.seeds, rng_seed=run.rng_seed) for number in numbers}
    async with run.store.transaction() as tx:
        rows = await _stored(tx, raws)
    tally.stored += len(rows)
    tally.repeated += count - len(rows)
    async with run.store.reading() as tx:
        finished = [await _read(run, tx, row, raws[row.uid], tally) for row in rows]
    async with run.store.transaction() as tx:
        for row in finished:
            if not await inbox.save(tx, row, was=STORED):
                tally.errors.append(f"{row.uid}: not saved")
    await _compare(run.store, raws, tally)
    tally.peak_mb = max(tally.peak_mb, peak_bytes(run.sandbox.pid) // 1_000_000)
    if tally.peak_mb * 1_000_000 > MAX_MEMORY_BYTES:
        tally.errors.append(f"{numbers}: {tally.peak_mb} MB")
    tally.next += count


async def _stored(tx: Tx, raws: dict[int, bytes]) -> list[StoredMail]:
    """Keep raw bytes and rows; what came before under another number is the same mail."""
    hashes = {number: hashlib.sha256(raw).hexdigest() for number, raw in raws.items()}
    known = await inbox.known_hashes(tx, "mutants", hashes.values())
    rows: list[StoredMail] = []
    for number, digest in hashes.items():
        if digest in known:
            continue
        known.add(digest)
        row = StoredMail(
            id=MailId(f"mail_{number:016d}"),
            mailbox="mutants",
            folder="INBOX",
            uidvalidity=1,
            uid=number,
            sha256=digest,
            size=len(raws[number]),
            payload_id=f"raw_{number:016d}",
            fetched_at=NOW,
            internal_at=None,
            history=False,
        )
        await events.keep_payload(
            tx, payload_id=row.payload_id, subject_id="", kind="raw_mail", salt=new_salt(), body=raws[number]
        )
        rows.append(row)
    await inbox.add(tx, rows)
    return rows


async def _read(run: Run, tx: Tx, row: StoredMail, raw: bytes, tally: Tally) -> StoredMail:
    meter = Meter(run.sandbox.pid)
    try:
        finished = await _understood(run, tx, row, raw)
    except SandboxRefused as problem:
        tally.refused += 1
        tally.errors.append(f"{row.uid}: refused: {problem.reason}")
        finished = replace(row, state=QUARANTINED, needs_person=True, why=problem.reason)
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is what we look for
        tally.errors.append(f"{row.uid}: {type(problem).__name__}: {problem!s:.200}")
        finished = replace(row, state=QUARANTINED, needs_person=True)
    seconds = meter.seconds()
    if seconds > MAX_SECONDS:
        tally.slow.append(f"{row.uid}: {seconds:.2f} s")
    tally.slowest_seconds = max(tally.slowest_seconds, round(seconds, 3))
    return finished


async def _understood(run: Run, tx: Tx, row: StoredMail, raw: bytes) -> StoredMail:
    mail = await run.sandbox.parse(raw)
    if any(defect.startswith("unreadable") for defect in mail.defects):
        raise ValueError(mail.defects[-1])  # parse caught it, which is the last net and no excuse
    examined = await examine(tx, mail, key=KEY, own_address="accounts@brightwater.example")
    reading = meaning(mail, examined)
    json.dumps(asdict(reading), default=str, ensure_ascii=False).encode()
    return replace(
        row,
        state=DONE,
        kind=examined.kind.value,
        message_id=mail.message_id,
        from_email=mail.from_email,
        subject=mail.subject,
        sent_at=mail.sent_at,
    )


def meaning(mail: InboundMail, examined: Examined) -> Reading:
    """What the mail says, as `read_reply` asks for it."""
    return read(
        mail,
        examined.zones,
        kind=examined.kind,
        language_hint="en",
        country="GB",
        phrases=PHRASES,
        received_on=date(2026, 11, 18),
    )


async def _compare(store: Store, raws: dict[int, bytes], tally: Tally) -> None:
    """Each mail is there once, under the hash of its bytes, which are its bytes."""
    wanted = {hashlib.sha256(raw).hexdigest(): raw for raw in raws.values()}
    async with store.reading() as tx:
        known = await inbox.known_hashes(tx, "mutants", wanted)
        tally.errors += [f"{digest}: not in the database" for digest in wanted if digest not in known]
        for number, raw in raws.items():
            row = await inbox.load(tx, f"mail_{number:016d}")
            if row is None:
                continue  # a repetition
            body = await events.payload(tx, row.payload_id)
            if body != raw or row.sha256 != hashlib.sha256(body).hexdigest() or row.state == STORED:
                tally.errors.append(f"{number}: stored otherwise than it came")


async def go_on(tally: Tally, count: int, *, url: str, state: Path | None = None) -> None:
    """Look at mails until `count` were looked at in all."""
    store, sandbox = Store(url), Sandbox()
    started, before = time.monotonic(), tally.seconds
    try:
        await schema.migrate(store)
        run = Run(store=store, sandbox=sandbox, seeds=seeds())
        while tally.next < count:
            await batch(run, tally, min(BATCH, count - tally.next))
            tally.seconds = round(before + time.monotonic() - started, 1)
            if state is not None:
                _keep(tally, state)
    finally:
        await sandbox.close()
        await store.close()


def _keep(tally: Tally, state: Path) -> None:
    state.write_text(json.dumps(asdict(tally)), encoding="utf-8")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", type=int, default=0, help="the number of the first mail")
    parser.add_argument("--count", type=int, default=100_000, help="the number after the last mail")
    parser.add_argument("--state", type=Path, required=True)
    given = parser.parse_args(arguments)
    tally = (
        Tally(**json.loads(given.state.read_text(encoding="utf-8")))
        if given.state.exists()
        else Tally(next=given.start)
    )
    asyncio.run(
        go_on(tally, given.count, url=f"sqlite+aiosqlite:///{given.state.resolve()}.sqlite3", state=given.state)
    )
    mails = tally.next - given.start
    line = json.dumps({"test": "F1", "mails": mails, "start": given.start, "seed": RNG_SEED, **asdict(tally)})
    print(line)
    if path := os.environ.get(RESULTS_VARIABLE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    return 0 if tally.is_clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
