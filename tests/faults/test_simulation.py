"""A2: forty simulated days with faults in everything, by seed. A failing seed is printed, and joins REGRESSIONS."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailer import clock
from mailer.channels.channel import BeforeBody, BeforeData, unnoted
from mailer.domain.delivery import Outcome
from mailer.domain.message import Envelope
from tests.faults.invariants import Violation, violations
from tests.faults.long import PIECE_VARIABLE
from tests.faults.sim_peers import SimChannel
from tests.faults.simulation import repeatable_ids, set_up, simulate, trace
from tests.faults.table import note

#: Seeds that once failed, each with what they found.
REGRESSIONS: dict[int, str] = {
    1: "the simulation had no repeatable wait to give: every delivery failed after the server's answer, unheard",
}
pytestmark = pytest.mark.timeout(3600)


async def _one(seed: int) -> list[Violation]:
    history, fate = await simulate(seed)
    note(f"A2 simulation, seed {seed}", "sqlite", history, faults=fate.faults)
    assert len(history.deliveries) > 10, f"seed {seed}: too little happened"
    assert fate.faults > 10, f"seed {seed}: too little went wrong"
    return violations(history)


async def _all(seeds: range | list[int]) -> None:
    wrong = {seed: found for seed in seeds if (found := await _one(seed))}
    assert not wrong, "\n".join(f"seed {seed}: {one}" for seed, found in wrong.items() for one in found[:5])


async def test_a_seed() -> None:
    await _all([*REGRESSIONS])


def test_whatever_is_drawn_comes_from_the_seed() -> None:
    def drawn(seed: int) -> tuple[object, ...]:
        with repeatable_ids(seed):
            return clock.new_id("out"), clock.new_salt(), clock.new_key(), clock.new_jitter()

    assert drawn(1) == drawn(1)
    assert all(one != other for one, other in zip(drawn(1), drawn(2), strict=True))


class _Broken(SimChannel):
    """A channel with a bug."""

    async def deliver(
        self, envelope: Envelope, *, before_data: BeforeData, before_body: BeforeBody = unnoted
    ) -> Outcome:
        del before_data, before_body
        raise ZeroDivisionError(envelope.outbox_id)


async def test_a_bug_is_not_taken_for_a_fault_on_purpose(tmp_path: Path) -> None:
    """A runner logs what its jobs raise and goes on; the simulation must not end green, or puzzled, over that."""
    with repeatable_ids(1):
        simulation = await set_up(1, tmp_path)
        simulation.channel = _Broken(**vars(simulation.channel))
        with pytest.raises(ZeroDivisionError):
            await simulation.run()
        await simulation.app.close()


@pytest.mark.full
async def test_the_same_seed_is_the_same_to_the_last_byte() -> None:
    (first, _), (second, _) = await simulate(77), await simulate(77)
    assert trace(first) == trace(second)
    assert len(first.events) > 100


@pytest.mark.full
async def test_a_hundred_seeds() -> None:
    await _all(range(100, 200))


@pytest.mark.long
async def test_a_piece_of_the_long_run() -> None:
    """100 seeds in each piece."""
    piece = int(os.environ.get(PIECE_VARIABLE, "1"))
    await _all(range(10_000 + 100 * piece, 10_100 + 100 * piece))
