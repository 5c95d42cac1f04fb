"""I11: however often the jobs run, with and without faults, no task, file descriptor or connection is left over.

Quick: 40 rounds. Full: 300. Long: four pieces of 2,500, and the memory in use grows by less than 1 KB a round. In use
is what is allocated: the resident size has what was freed, too, as far as C library and Python keep it for later.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.house import fault_house, owe_many
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import Fault, RecordingSmtp
from tests.stories.world import World
from workers.jobs import Service, attempt

#: Rounds until everything that is opened once and kept (pools, caches, the sandbox) is open.
WARM = 21
#: The link is cut, or the mailbox gone, in one of so many rounds.
EVERY = 20
#: Of Python's own allocator: 1 KB at some 100 bytes each.
BLOCKS_A_ROUND = 10
#: Looks at what is held, of which the least counts.
LOOKS = 20

pytestmark = pytest.mark.timeout(3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What this process holds at a moment of rest."""

    tasks: int
    descriptors: int
    memory_bytes: int
    #: Of Python's own allocator, each at most 512 bytes.
    blocks: int


async def _held(service: Service) -> Held:
    """Return what is held when no session is kept for the next message: one may, or may have rested too long."""
    await service.channel.close()
    looks = []
    for _ in range(LOOKS):
        looks.append(_counted())
        await asyncio.sleep(0.05)  # what was told to end does, and so does the server's side of it
    return min(looks, key=lambda held: (held.descriptors, held.tasks))


class _Mallinfo2(ctypes.Structure):
    """As in malloc.h of glibc 2.33 and later."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]


def _allocated_bytes() -> int:
    """Return what is allocated of the C library, 0 where it does not say."""
    asked = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if asked is None:
        return 0
    asked.restype = _Mallinfo2
    found = asked()
    return int(found.uordblks + found.hblkhd)


def _counted() -> Held:
    gc.collect()
    return Held(
        tasks=len(asyncio.all_tasks()),
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - a listing, itself open while it is made
        memory_bytes=_allocated_bytes(),
        blocks=sys.getallocatedblocks(),
    )


async def _rounds(world: World, service: Service, many: int) -> int:
    """Run every job so often; now and then there is a message, whose link is lost or not, or no mailbox.

    Returns how many messages arrived. They are not kept: what grew would be theirs.
    """
    arrived = 0
    for number in range(many):
        if number % EVERY == 0:
            await owe_many(world, [f"{id(service)}-{many}-{number}"])
            world.smtp.fault = Fault.AFTER_354 if number % (2 * EVERY) else None
        if away := number % EVERY == EVERY // 2:
            world.dovecot.stop()
        for name in ("poll", "tick", "drain"):
            done = await attempt(service, name)
            assert away or done is not None, await world.trouble(name)
        if away:
            world.dovecot.start()
        arrived += len(world.smtp.messages)
        world.smtp.messages.clear()
    return arrived


@pytest.mark.parametrize(
    ("many", "bytes_a_round"),
    [
        pytest.param(40, None, id="40"),
        pytest.param(300, None, id="300", marks=pytest.mark.full),
        pytest.param(2500, 1024, id="piece", marks=pytest.mark.long),
    ],
)
async def test_nothing_is_left_over(
    tmp_path: Path, recording_smtp: RecordingSmtp, dovecot: Dovecot, many: int, bytes_a_round: int | None
) -> None:
    world = await fault_house(tmp_path, recording_smtp, dovecot)
    service = Service(app=world.app, channel=world.app.channel())
    try:
        await _rounds(world, service, WARM)
        before = await _held(service)
        arrived = await _rounds(world, service, many)
        after = await _held(service)
    finally:
        await service.close()
        await world.app.close()
    assert arrived > many // (2 * EVERY) - 1, "hardly anything was sent"
    assert after.tasks <= before.tasks, f"{after.tasks - before.tasks} tasks are left over"
    assert after.descriptors <= before.descriptors, (
        f"{after.descriptors - before.descriptors} descriptors are left over"
    )
    if bytes_a_round is not None:
        grown = (after.memory_bytes - before.memory_bytes) / many
        assert grown < bytes_a_round, f"memory grows by {grown:.0f} bytes a round"
        blocks = (after.blocks - before.blocks) / many
        assert blocks < BLOCKS_A_ROUND, f"{blocks:.1f} blocks of Python's own are left over a round"
