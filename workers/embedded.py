"""The runner that needs no Redis: a loop for each job, waking on its interval or when another calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from workers.jobs import JOBS, Service, attempt

#: How long running jobs may take to finish when the service is stopped; a delivery waits up to 600 s after its dot.
GRACE_SECONDS = 660.0


class EmbeddedRunner:
    """Runs the jobs of a service until stopped. `intervals`: seconds between runs, by job name."""

    def __init__(self, service: Service, intervals: Mapping[str, float]) -> None:
        self._service = service
        self._intervals = intervals
        self._wake = {name: asyncio.Event() for name in JOBS}
        self._stopping = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the loops. The mailbox comes first: what came while we were away is read before we write."""
        await attempt(self._service, "poll")
        self._loops = [asyncio.create_task(self._loop(name), name=f"duly-{name}") for name in JOBS]

    def wake(self, name: str) -> None:
        """Let a job run now instead of at its next interval."""
        self._wake[name].set()

    async def stop(self) -> None:
        """Let running jobs finish (no message is left in doubt), then end; harmless when not started."""
        self._stopping.set()
        self._service.stopping.set()
        for event in self._wake.values():
            event.set()
        if self._loops:
            _, late = await asyncio.wait(self._loops, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._loops, return_exceptions=True)

    async def _loop(self, name: str) -> None:
        while not self._stopping.is_set():
            self._wake[name].clear()
            for other in await attempt(self._service, name) or ():
                self._wake[other].set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake[name].wait(), timeout=self._intervals[name])
