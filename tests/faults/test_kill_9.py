"""A3: real processes killed at random with -9, against real Redis, SQLite and PostgreSQL, Dovecot and a fsync'd sink.

Quick: 6 kills. Full: 100 kills, 1,000 messages for each database. Long: pieces of that size until it is ten times so.
A kill leaves one message in doubt for each delivery that was under way; with one connection that is at most one.
Evidence must settle every doubt whose mail arrived. What died between the commit that announces DATA and the server has
no copy anywhere and stays listed, so the share that is settled (a column of the table) depends on when the kills fall.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailer.domain.delivery import OutboxState
from mailer.providers import provider
from tests.faults.history import History
from tests.faults.invariants import check
from tests.faults.long import PIECE_VARIABLE, size_of
from tests.faults.massacre import massacre
from tests.faults.second_oracle import a_postfix_place
from tests.faults.table import note
from tests.faults.victims import a_place
from tests.servers.dovecot import Dovecot

QUICK = (6, 60)
FULL = (100, 1000)
#: What a process may have under way when the settings say nothing.
DEFAULT_CONNECTIONS = provider("").limits.connections

pytestmark = pytest.mark.timeout(3600)


async def _killed_at_random(
    folder: Path, dovecot: Dovecot, *, database: str, url: str, redis_url: str, size: tuple[int, int], seed: int,
    connections: int,
) -> None:  # fmt: skip
    kills, sends = size
    with a_place(folder, dovecot, database_url=url, redis_url=redis_url, connections=connections) as place:
        await place.set_up()
        await massacre(place, kills=kills, sends=sends, seed=seed)
        history = await place.settle()
    figures = note(f"A3 kill -9, seed {seed}", database, history, faults=place.kills)
    check(history, f"seed {seed}")
    assert figures.messages == sends, f"seed {seed}: lost before they were planned"
    under_way = connections or DEFAULT_CONNECTIONS
    assert figures.unknown <= place.kills * under_way, f"seed {seed}: more in doubt than was under way"
    arrived, left = _arrived(history), _in_doubt(history)
    assert not left & arrived, (
        f"seed {seed}: copies lie in the Sent folder, and nobody has found them: {left & arrived}"
    )
    assert len(arrived) == sends - len(left), f"seed {seed}: neither sent nor in doubt"


def _arrived(history: History) -> set[str]:
    return {delivery.message_id for delivery in history.deliveries}


def _in_doubt(history: History) -> set[str]:
    """The Message-IDs that `duly outbox list --unknown` shows."""
    return {row["message_id"] for row in history.outbox if row["state"] == OutboxState.UNKNOWN}


@pytest.mark.parametrize(
    ("database", "size", "connections"),
    [
        pytest.param("sqlite", QUICK, 0, id="sqlite"),
        pytest.param("postgresql", QUICK, 0, id="postgresql", marks=pytest.mark.full),
        pytest.param("sqlite", FULL, 1, id="sqlite-100-kills", marks=pytest.mark.full),
        pytest.param("postgresql", FULL, 1, id="postgresql-100-kills", marks=pytest.mark.full),
        pytest.param("sqlite", FULL, 1, id="sqlite-piece", marks=pytest.mark.long),
        pytest.param("postgresql", FULL, 1, id="postgresql-piece", marks=pytest.mark.long),
    ],
)
async def test_processes_killed_at_random_lose_nothing_and_say_nothing_twice(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    dovecot: Dovecot,
    redis_url: str,
    database: str,
    size: tuple[int, int],
    connections: int,
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else ""
    seed = 1000 + int(os.environ.get(PIECE_VARIABLE, "0"))
    await _killed_at_random(
        tmp_path, dovecot, database=database, url=url, redis_url=redis_url, size=size_of(*size), seed=seed,
        connections=connections,
    )  # fmt: skip


@pytest.mark.parametrize(
    "size", [pytest.param((4, 40), id="sqlite"), pytest.param(FULL, id="100-kills", marks=pytest.mark.full)]
)
async def test_a_server_of_another_make_agrees(
    tmp_path: Path, dovecot: Dovecot, redis_url: str, size: tuple[int, int]
) -> None:
    """The second oracle: Postfix's sink, by Message-ID. It lays no copies, so only replies can settle a doubt."""
    (kills, sends), seed = size, 2000
    with a_postfix_place(tmp_path, dovecot, database_url="", redis_url=redis_url) as place:
        await place.set_up()
        await massacre(place, kills=kills, sends=sends, seed=seed)
        history = await place.settle()
    figures = note(f"A3 kill -9, smtp-sink, seed {seed}", "sqlite", history, faults=place.kills)
    check(history, f"seed {seed}")
    assert figures.messages == sends, f"seed {seed}: lost before they were planned"
    assert figures.unknown <= place.kills * DEFAULT_CONNECTIONS, f"seed {seed}: more in doubt than was under way"
    assert len(_arrived(history) | _in_doubt(history)) == sends, f"seed {seed}: neither arrived nor in doubt"
