"""Feeding real processes with work and killing them at random moments of it."""

from __future__ import annotations

import asyncio
import random
from time import monotonic

from tests.faults.victims import Place

#: How long a batch may take to start arriving before the next kill comes anyway.
PATIENCE_SECONDS = 6.0
#: When nothing has arrived for so long, the living have sent what the dead do not hold.
STILL_SECONDS = 2.0


async def massacre(place: Place, *, kills: int, sends: int, seed: int) -> None:
    """Feed in invoices and kill a random process at a random moment of each batch, until the numbers are reached."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    place.supervise()
    for number in range(kills):
        batch = sends * (number + 1) // kills - sends * number // kills
        before = len(place.deliveries())
        await place.owe(batch)
        await until_arrived(place, before + draw.randint(1, max(1, batch // 2)))
        await asyncio.sleep(draw.uniform(0, 0.1))
        if found := place.deliveries():
            place.reply(draw.choice(found))
        place.kill(draw.choice(list(place.victims)))
        place.supervise()
    await until_still(place, sends)
    await place.dismiss()


async def until_still(place: Place, many: int) -> None:
    """Wait until so many have arrived, or nothing has for a while: what the dead hold is not for the living yet."""
    before, end = -1, 0.0
    while (now := len(place.deliveries())) < many and (now > before or monotonic() < end):
        if now > before:
            before, end = now, monotonic() + STILL_SECONDS
        await asyncio.sleep(0.05)


async def until_arrived(place: Place, many: int) -> None:
    end = monotonic() + PATIENCE_SECONDS
    while len(place.deliveries()) < many and monotonic() < end:  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.05)
