"""B2: whatever a lawful server does with a mailbox, what it showed for three looks is stored, and once."""

from __future__ import annotations

import hashlib
import os
import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

from mailer.flows.receive_mail import poll
from mailer.store import inbox
from tests.edges.mailbox.model import ModelImap, model_imap
from tests.faults.intake_room import IntakeRoom, intake_room
from tests.faults.long import PIECE_VARIABLE

#: Three looks are more than an hour: each mail shown in three of them meets a comparison with what is stored.
BETWEEN_LOOKS = timedelta(minutes=25)
#: In the life of one mailbox. Each look compares all that was ever stored, so many lives cost less than a long one.
STEPS = 500
#: A folder that is numbered anew more often in a day is left alone, which is told elsewhere.
MOST_RENUMBERINGS_A_DAY = 4


@pytest.mark.parametrize("seed", range(2))
async def test_what_a_lawful_server_showed_for_three_looks_is_stored_once(seed: int) -> None:
    await live_through(seed, steps=200)


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(100, 180))
async def test_what_a_lawful_server_showed_for_three_looks_is_stored_once_for_long(seed: int) -> None:
    await live_through(seed, steps=STEPS)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_a_piece_of_the_long_run() -> None:
    """40,000 steps in each piece."""
    piece = int(os.environ.get(PIECE_VARIABLE, "1"))
    for seed in range(1000 + 80 * piece, 1080 + 80 * piece):
        await live_through(seed, steps=STEPS)


async def live_through(seed: int, *, steps: int) -> None:
    """Let a mailbox live for so many steps, looking into it about every third, and check after every look."""
    print(f"seed {seed}")
    chance = random.Random(seed)  # noqa: S311 - must be repeatable
    delivered: set[str] = set()
    owed: set[str] = set()
    renumbered: list[datetime] = []
    async with intake_room() as room, model_imap(chance) as peer:
        intake = room.intake("model", peer.settings(), "INBOX", "Junk")
        await poll(intake)
        for step in range(steps):
            if chance.random() < 0.35:
                room.now += BETWEEN_LOOKS
                await poll(intake)
                owed |= {_hash(m.raw) for f in peer.folders.values() for m in f.mails if m.seen_looks >= 3}
                await _check(room, delivered, owed, f"seed {seed}, step {step}")
            else:
                delivered |= _one_step(peer, chance, step, room.now, renumbered)
        for _ in range(6):
            room.now += BETWEEN_LOOKS
            await poll(intake)
        owed |= {_hash(m.raw) for folder in peer.folders.values() for m in folder.mails}
        await _check(room, delivered, owed, f"seed {seed}, end")
        assert len(owed) > steps // 20
        async with room.store.reading() as tx:
            assert len(await inbox.unread(tx)) == len(await room.hashes("model"))


def _one_step(peer: ModelImap, chance: random.Random, step: int, now: datetime, renumbered: list[datetime]) -> set[str]:
    """Let the world do something to the mailbox; returns the hashes of what was delivered."""
    name = chance.choice(list(peer.folders))
    folder = peer.folders[name]
    match chance.choice(("deliver", "deliver", "deliver", "copies", "move", "remove", "renumber")):
        case "deliver":
            raws = [f"Subject: {step}\r\n\r\n* {n} ( {{3}}\r\n".encode() for n in range(chance.randrange(1, 4))]
            for raw in raws:
                folder.add(raw, chance)
            return {_hash(raw) for raw in raws}
        case "copies" if folder.mails:
            raw = chance.choice(folder.mails).raw
            for _ in range(chance.randrange(1, 5)):
                chance.choice(list(peer.folders.values())).add(raw, chance)
        case "move" if folder.mails:
            mail = folder.mails.pop(chance.randrange(len(folder.mails)))
            peer.folders["Junk" if name == "INBOX" else "INBOX"].add(mail.raw, chance)
        case "remove" if len(folder.mails) > 15:
            folder.mails.pop(chance.randrange(len(folder.mails)))
        case "renumber" if sum(now - at < timedelta(days=1) for at in renumbered) < MOST_RENUMBERINGS_A_DAY:
            renumbered.append(now)
            folder.renumber(chance)
    return set()


async def _check(room: IntakeRoom, delivered: set[str], owed: set[str], when: str) -> None:
    stored = await room.hashes("model")
    assert owed - set(stored) == set(), f"{when}: lost"
    assert set(stored) - delivered == set(), f"{when}: never delivered"
    assert Counter(stored.values()).keys() <= {1}, f"{when}: stored twice"


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
