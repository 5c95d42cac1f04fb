"""A migrated, empty database of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailer.flows.keep_log import LogKeeper
from mailer.store.session import Store
from tests.edges.store.sealed import NOW
from tests.servers.migrated import lay_sqlite


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    is_postgres = request.param == "postgresql"
    if is_postgres:
        url = request.getfixturevalue("migrated_postgres_url")
    else:
        lay_sqlite(tmp_path / "duly.sqlite3")
        url = f"sqlite+aiosqlite:///{tmp_path}/duly.sqlite3"
    opened = Store(url)
    yield opened
    await opened.close()


@pytest.fixture
def keeper(store: Store, tmp_path: Path) -> LogKeeper:
    return LogKeeper(store=store, data=tmp_path, address="ap@brightwater.example", clock=lambda: NOW)
