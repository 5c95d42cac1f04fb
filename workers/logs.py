"""Logs: ids and event names; people-readable on a terminal, one JSON object a line elsewhere.

Tracebacks are plain: rich ones print local variables, which hold names, words of mails and passwords.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def set_up_logs(*, verbose: bool) -> None:
    """Send logs to stderr; without `verbose` only warnings and errors, so that commands stay quiet."""
    renderer: list[Any] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if sys.stderr.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if verbose else logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
