"""A migrated, empty database of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailer.store import schema
from mailer.store.session import Store


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    is_postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if is_postgres else f"sqlite+aiosqlite:///{tmp_path}/duly.sqlite3"
    opened = Store(url)
    await schema.migrate(opened)
    yield opened
    await opened.close()
