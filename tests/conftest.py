"""Registers the servers that tests start for themselves."""

from __future__ import annotations

pytest_plugins = [
    "tests.servers.dovecot",
    "tests.servers.postgres",
    "tests.servers.redis",
    "tests.servers.smtp",
    "tests.stories.fixtures",
]
