"""Every story runs twice: SQLite with the embedded runner, PostgreSQL with arq on Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.smtp import RecordingSmtp
from tests.stories.world import World, build


@pytest.fixture(params=["sqlite+embedded", "postgresql+arq"])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, recording_smtp: RecordingSmtp, dovecot: Dovecot
) -> AsyncIterator[World]:
    on_redis = request.param == "postgresql+arq"
    database_url = request.getfixturevalue("migrated_postgres_url") if on_redis else ""
    redis_url = request.getfixturevalue("redis_url") if on_redis else ""
    built = await build(tmp_path, database_url=database_url, redis_url=redis_url, smtp=recording_smtp, dovecot=dovecot)
    yield built
    await built.app.close()
