"""A3: real processes killed at random with -9, against real Redis, SQLite and PostgreSQL, Dovecot and a fsync'd sink.

Quick: 10 kills. Full: 100 kills, 1,000 messages for each database. Long: pieces of that size until it is ten times so.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.invariants import check
from tests.faults.long import PIECE_VARIABLE
from tests.faults.table import note
from tests.faults.victims import a_place, massacre
from tests.servers.dovecot import Dovecot

QUICK = (10, 100)
FULL = (100, 1000)

pytestmark = pytest.mark.timeout(3600)


async def _killed_at_random(
    folder: Path, dovecot: Dovecot, *, database: str, url: str, redis_url: str, size: tuple[int, int], seed: int
) -> None:
    kills, sends = size
    with a_place(folder, dovecot, database_url=url, redis_url=redis_url) as place:
        await place.set_up()
        await massacre(place, kills=kills, sends=sends, seed=seed)
        history = await place.settle()
    figures = note(f"A3 kill -9, seed {seed}", database, history, faults=place.kills)
    check(history, f"seed {seed}")
    assert figures.messages == sends, f"seed {seed}: lost before they were planned"
    assert figures.unknown <= place.kills, f"seed {seed}: more in doubt than processes died"
    assert len(history.deliveries) >= sends - figures.unknown, f"seed {seed}"


@pytest.mark.parametrize(
    ("database", "size"),
    [
        pytest.param("sqlite", QUICK, id="sqlite"),
        pytest.param("postgresql", QUICK, id="postgresql", marks=pytest.mark.full),
        pytest.param("sqlite", FULL, id="sqlite-100-kills", marks=pytest.mark.full),
        pytest.param("postgresql", FULL, id="postgresql-100-kills", marks=pytest.mark.full),
        pytest.param("sqlite", FULL, id="sqlite-piece", marks=pytest.mark.long),
        pytest.param("postgresql", FULL, id="postgresql-piece", marks=pytest.mark.long),
    ],
)
async def test_processes_killed_at_random_lose_nothing_and_say_nothing_twice(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    dovecot: Dovecot,
    redis_url: str,
    database: str,
    size: tuple[int, int],
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else ""
    seed = 1000 + int(os.environ.get(PIECE_VARIABLE, "0"))
    await _killed_at_random(tmp_path, dovecot, database=database, url=url, redis_url=redis_url, size=size, seed=seed)
