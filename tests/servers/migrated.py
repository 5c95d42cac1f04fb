"""Databases at the newest schema, copied instead of migrated anew for each test; what tests migrations does migrate."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from mailer.store.schema import migrate
from mailer.store.session import Store
from tests.servers.postgres import PostgresCluster


def _migrate(url: str) -> None:
    async def run() -> None:
        store = Store(url)
        try:
            await migrate(store)
        finally:
            await store.close()

    # In a thread of its own, because the test's event loop may be around.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, run()).result()


@cache
def _sqlite() -> bytes:
    with tempfile.TemporaryDirectory(prefix="duly-migrated-") as folder:
        path = Path(folder) / "duly.sqlite3"
        _migrate(f"sqlite+aiosqlite:///{path}")
        return path.read_bytes()


def lay_sqlite(path: Path) -> None:
    """Write a database file without rows, at the newest schema."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_sqlite())


@pytest.fixture(scope="session")
def _template(postgres_cluster: PostgresCluster) -> str:
    name = postgres_cluster.create_database()
    _migrate(postgres_cluster.url(name))
    return name


@pytest.fixture
def migrated_postgres_url(postgres_cluster: PostgresCluster, _template: str) -> Iterator[str]:
    """SQLAlchemy's address of a fresh database without rows, at the newest schema."""
    name = postgres_cluster.create_database(template=_template)
    yield postgres_cluster.url(name)
    postgres_cluster.drop_database(name)
