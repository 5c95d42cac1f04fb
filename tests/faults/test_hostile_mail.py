"""Mail made to break us: it is kept, a person hears of it, and the next mail is read (reliability: F1, F3, F4, F5)."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mailer.domain.agreement import HoldKind
from mailer.flows.decide_mail import reprocess
from mailer.flows.read_reply import read_stored
from mailer.flows.receive_mail import poll
from mailer.replies.parse import MAX_ATTACHMENTS, MAX_TEXT_CHARS, parse
from mailer.sandbox.sandbox import MAX_MEMORY_BYTES, Sandbox, SandboxRefused, SandboxUnavailable
from mailer.store import events, inbox
from mailer.store.inbox import QUARANTINED, StoredMail
from tests.faults.bombs import BOMBS
from tests.faults.measure import Meter, peak_bytes
from tests.faults.mutate import mutant
from tests.faults.mutations import RNG_SEED, Tally, go_on
from tests.faults.seeds import seeds
from tests.stories.world import World

ROOT = Path(__file__).resolve().parents[2]
DUE = date(2026, 9, 4)
HONEST = b"From: Tom <tom@alder.example>\r\nSubject: Re: INV-1\r\n\r\nWe paid.\r\n"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(seconds=60)  # a busy machine is slow; what it costs is counted below
    await made.parse(HONEST)
    yield made
    await made.close()


@pytest.mark.parametrize("what", BOMBS)
async def test_a_bomb_costs_little_and_the_next_mail_is_read(what: str, sandbox: Sandbox) -> None:
    meter = Meter(sandbox.pid)
    mail = await sandbox.parse(BOMBS[what]())
    assert meter.seconds() < 5
    assert peak_bytes(sandbox.pid) < MAX_MEMORY_BYTES
    assert len(mail.text) <= MAX_TEXT_CHARS
    assert len(mail.attachments) <= MAX_ATTACHMENTS
    assert not any(defect.startswith("unreadable") for defect in mail.defects)
    assert (await sandbox.parse(HONEST)).text == "We paid."


async def _stored(world: World) -> list[StoredMail]:
    async with world.app.store.reading() as tx:
        return await inbox.listing(tx)


async def test_a_mailbox_full_of_bombs_is_taken_in_and_the_honest_reply_is_read(world: World) -> None:
    if world.redis_url:
        pytest.skip("one database is enough: the bombs are for the parser")
    await world.owe("INV-1", due=DUE)
    await world.round()
    bombs = {what: make() for what, make in BOMBS.items()}
    small = {what: raw for what, raw in bombs.items() if len(raw) < 15_000_000}  # a poll takes the large ones singly
    for raw in small.values():
        world.dovecot.deliver(raw)
    world.reply(world.mails[0], "We dispute this invoice, the goods were damaged.")
    await poll(world.app.intake())
    report = await read_stored(world.app.reader())
    kept = await _stored(world)
    assert len(kept) == report.read + report.quarantined == len(small) + 1
    for mail in kept:
        async with world.app.store.reading() as tx:
            body = await events.payload(tx, mail.payload_id)
        assert body is not None
        assert hashlib.sha256(body).hexdigest() == mail.sha256
    assert len(await world.events("dispute.drafted")) == 1


async def _refused_reply(world: World, words: str) -> StoredMail:
    """Let a known customer's reply come while the sandbox has too little memory for its body."""
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], words + ("\n" + "x" * 70) * 60_000)
    await poll(world.app.intake())
    small = Sandbox(seconds=60, memory_bytes=40_000_000)
    report = await read_stored(replace(world.app.reader(), parse=small.parse))
    await small.close()
    assert report.quarantined == 1
    return (await _stored(world))[0]


async def test_what_the_sandbox_refuses_is_kept_whole_goes_to_a_person_and_holds_its_sender(world: World) -> None:
    mail = await _refused_reply(world, "We dispute this invoice, the goods were damaged.")
    assert (mail.state, mail.needs_person, mail.from_email) == (QUARANTINED, True, "ap@alder.example")
    assert "memory" in mail.why
    assert f"duly inbox reprocess {mail.id}" in mail.why
    assert {hold.kind for hold in (await world.facts("INV-1")).holds} == {HoldKind.REPLY}
    await world.pass_days(10)
    assert len(world.mails) == 1


async def test_reprocess_reads_a_quarantined_mail_once_it_can_be_read(world: World) -> None:
    mail = await _refused_reply(world, "We dispute this invoice, the goods were damaged.")
    assert await reprocess(world.app.reader(), mail.id, "person:test")
    assert len(await world.events("dispute.drafted")) == 1
    assert (await _stored(world))[0].state == inbox.DONE


async def test_reprocess_of_what_still_cannot_be_read_leaves_it_on_the_list(world: World) -> None:
    mail = await _refused_reply(world, "We dispute this invoice.")

    async def refuses(_raw: bytes) -> object:
        raise SandboxRefused("it took longer than 5 seconds")

    reader = replace(world.app.reader(), parse=refuses)  # type: ignore[arg-type] # it never returns
    assert await reprocess(reader, mail.id, "person:test")
    again = (await _stored(world))[0]
    assert (again.state, again.needs_person) == (QUARANTINED, True)


async def test_a_sandbox_that_cannot_start_delays_mail_and_quarantines_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], "We dispute this invoice, the goods were damaged.")
    await poll(world.app.intake())
    await world.app.sandbox.close()
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(SandboxUnavailable):
            await read_stored(world.app.reader())
    assert (await read_stored(world.app.reader())).read == 1
    assert len(await world.events("dispute.drafted")) == 1


async def test_200_damaged_mails_are_each_stored_once_and_read(tmp_path: Path) -> None:
    tally = Tally()
    await go_on(tally, 200, url=f"sqlite+aiosqlite:///{tmp_path}/mutants.sqlite3")
    assert (tally.errors, tally.slow) == ([], [])
    assert tally.stored + tally.repeated == 200


@pytest.mark.full
async def test_10_000_damaged_mails_are_each_stored_once_and_read(tmp_path: Path) -> None:
    tally = Tally()
    await go_on(tally, 10_000, url=f"sqlite+aiosqlite:///{tmp_path}/mutants.sqlite3")
    assert (tally.errors, tally.slow) == ([], [])
    assert tally.stored + tally.repeated == 10_000


def test_2_000_damaged_mails_are_parsed_without_the_last_net() -> None:
    honest = seeds()
    caught = {
        number: mail.defects[-1]
        for number in range(2_000)
        if (mail := parse(mutant(number, honest, rng_seed=RNG_SEED + 1))).defects
        and mail.defects[-1].startswith("unreadable")
    }
    assert caught == {}


def _too_steep(size: int) -> str:
    """Run in a process of its own, which pytest's time limit can end."""
    command = [sys.executable, "-m", "tests.faults.patterns", str(size)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False).stdout


def test_no_pattern_that_reads_mail_blows_up() -> None:
    assert _too_steep(40) == ""  # 320 letters: enough for anything exponential or cubic


@pytest.mark.full
@pytest.mark.timeout(1_800)
def test_no_pattern_that_reads_mail_costs_more_than_in_proportion() -> None:
    assert _too_steep(1_000) == ""
