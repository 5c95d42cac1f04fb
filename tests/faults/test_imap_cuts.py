"""B1: the link to the mailbox is lost at any byte of a poll; no mail is lost, none is stored twice, nothing is left."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import Counter
from dataclasses import replace

import pytest

from mailer.flows.receive_mail import poll
from mailer.mailbox import ImapMailbox, ImapSettings, MailboxError
from tests.edges.mailbox.peers import DovecotPeer
from tests.faults.intake_room import NOON, IntakeRoom, intake_room
from tests.faults.long import PIECE_VARIABLE
from tests.faults.proxy import Cut, How, cut_proxy
from tests.servers.dovecot import Dovecot

MAILS = [
    f"Subject: {n}\r\nFrom: a@b.test\r\n\r\n({n}) * {{3}}\r\n".encode() + b"x" * (n * 5) + b"\r\n" for n in range(20)
]
#: The cuts at each byte are shared out between so many tests.
SHARES = 4
EXPECTED = Counter(hashlib.sha256(raw).hexdigest() for raw in MAILS)


@pytest.mark.timeout(600)
async def test_a_link_lost_at_every_331st_byte_of_a_poll_costs_nothing(dovecot: Dovecot) -> None:
    await cut_everywhere(dovecot, every=331, hows=(How.CLOSE, How.RESET))


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("share", range(SHARES))
async def test_a_link_lost_at_each_byte_of_a_poll_costs_nothing(dovecot: Dovecot, share: int) -> None:
    await cut_everywhere(dovecot, every=1, hows=(How.CLOSE, How.RESET), share=share)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_a_piece_of_the_long_run(dovecot: Dovecot) -> None:
    """Where the full run closes, this one resets, and the other way round."""
    share = int(os.environ.get(PIECE_VARIABLE, "1")) - 1
    await cut_everywhere(dovecot, every=1, hows=(How.RESET, How.CLOSE), share=share)


async def test_a_link_that_falls_silent_costs_nothing(dovecot: Dovecot) -> None:
    await cut_everywhere(dovecot, every=1000, hows=(How.STALL,), timeout_seconds=0.5)


async def test_a_link_that_is_lost_every_time_is_told_and_costs_nothing_once_it_holds(dovecot: Dovecot) -> None:
    settings, uidvalidity, passed = await _recorded(dovecot)
    async with intake_room() as room:
        await room.met_when_empty("mine", uidvalidity)
        for at in range(100, passed["down"] // 3, 100):
            cut = Cut(at=at, direction="down", how=How.RESET)
            async with cut_proxy(dovecot.host, dovecot.port, cut, connections=1000) as (host, port, _):
                with pytest.raises(MailboxError):
                    await poll(room.intake("mine", replace(settings, host=host, port=port)))
        await poll(room.intake("mine", settings))
        assert await room.hashes("mine") == EXPECTED


async def cut_everywhere(
    dovecot: Dovecot, *, every: int, hows: tuple[How, ...], timeout_seconds: float = 20.0, share: int | None = None
) -> None:
    """Lose the link of a poll of 20 mails at every so many bytes of each direction, then look again.

    The ways take turns. `timeout_seconds`: how long the mailbox may be silent. `share`: only this part of the cuts.
    """
    settings, uidvalidity, passed = await _recorded(dovecot)
    async with intake_room() as room:
        cuts = [
            Cut(at=at, direction=direction, how=hows[at // every % len(hows)])
            for direction, octets in passed.items()
            for at in range(0, octets, every)
        ]
        assert len(cuts) > 5
        for number, cut in list(enumerate(cuts))[share :: SHARES if share is not None else 1]:
            await _one(room, dovecot, replace(settings, timeout_seconds=timeout_seconds), uidvalidity, number, cut)


async def _one(
    room: IntakeRoom, dovecot: Dovecot, settings: ImapSettings, uidvalidity: int, number: int, cut: Cut
) -> None:
    name, before = f"cut {number}", asyncio.all_tasks()
    await room.met_when_empty(name, uidvalidity)
    async with cut_proxy(dovecot.host, dovecot.port, cut) as (host, port, _):
        try:
            await poll(room.intake(name, replace(settings, host=host, port=port)))
        except MailboxError as problem:
            assert str(problem), cut  # noqa: PT017 - that there is one is right; it must say why
    kept = await room.hashes(name)
    assert set(kept.values()) <= {1}, cut
    assert set(kept) <= set(EXPECTED), cut
    await poll(room.intake(name, replace(settings, timeout_seconds=20.0)))
    assert await room.hashes(name) == EXPECTED, cut
    left = [task for task in asyncio.all_tasks() - before if "mailer" in repr(task) or "aioimaplib" in repr(task)]
    assert left == [], cut


async def _recorded(dovecot: Dovecot) -> tuple[ImapSettings, int, dict[str, int]]:
    """Deliver the mails and return how to log in, the UIDVALIDITY, and the bytes of a poll in each direction."""
    peer = DovecotPeer(dovecot)
    for raw in MAILS:
        await peer.deliver(raw, NOON)
    async with ImapMailbox(peer.settings) as mailbox:
        async with asyncio.timeout(60):
            while (there := await mailbox.examine("INBOX")).exists < len(MAILS):  # noqa: ASYNC110 - no event to wait for
                await asyncio.sleep(0.1)  # Dovecot looks into its Maildir once a second
    async with intake_room() as room, cut_proxy(dovecot.host, dovecot.port) as (host, port, proxy):
        await room.met_when_empty("whole", there.uidvalidity)
        await poll(room.intake("whole", replace(peer.settings, host=host, port=port)))
        assert await room.hashes("whole") == EXPECTED
        return peer.settings, there.uidvalidity, {"up": proxy.up, "down": proxy.down}
