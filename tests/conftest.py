"""Registers the servers that tests start for themselves, and the table of the faults they survived."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

pytest_plugins = [
    "tests.servers.chat",
    "tests.servers.dovecot",
    "tests.servers.postgres",
    "tests.servers.migrated",
    "tests.servers.redis",
    "tests.servers.smtp",
    "tests.servers.tokens",
    "tests.servers.tsa",
    "tests.stories.fixtures",
    "tests.faults.summary",
]


# A test says what is right, never how fast: on a busy machine a deadline of Hypothesis fails what is right.
settings.register_profile("duly", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("duly")

#: No test asks the real DNS: stories about signatures switch it on with a server of their own.
os.environ["DULY_AUTHENTICATION__DKIM"] = "false"


class _Stderr:
    """The present sys.stderr, whatever pytest has put there by now."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(),
    ],
    wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # type: ignore[arg-type] # all it needs is write and flush
)


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """A command run inside the tests sets up logs on the stderr of its moment; the next test must not write there."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
