"""Hearing of the bugs in a simulation: what its jobs and tasks raised that nobody simulated."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from mailer.mailbox import MailboxUnreachable
from mailer.store.session import StoreUnreachable
from tests.faults.crashes import Killed

#: What the simulated peers raise on purpose; anything else is a fault of the product or of the simulation.
SIMULATED = (Killed, StoreUnreachable, MailboxUnreachable)


class Overheard:
    """Keeps the exceptions that would only be logged: a runner logs what its jobs raise, and goes on."""

    def __init__(self) -> None:
        self.bugs: list[BaseException] = []

    def listen(self) -> None:
        """Take the place of the log, which would be full of what was made to fail, and of the loop's complaints."""
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR), processors=[self._log])
        asyncio.get_running_loop().set_exception_handler(self._task_ended)

    def speak(self) -> None:
        """Raise the first bug there was."""
        if self.bugs:
            raise self.bugs[0]

    def _log(self, _logger: object, _name: str, _event: MutableMapping[str, Any]) -> str:
        self._keep(sys.exc_info()[1])
        raise structlog.DropEvent

    def _task_ended(self, _loop: object, context: dict[str, Any]) -> None:
        self._keep(context.get("exception"))

    def _keep(self, problem: BaseException | None) -> None:
        if problem is not None and not isinstance(problem, SIMULATED):
            self.bugs.append(problem)
