"""Running the service until a signal: embedded, or as an arq worker."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from mailer.wiring import App
from workers.embedded import EmbeddedRunner
from workers.jobs import Service
from workers.watch import watching

#: Objects made before the garbage collector looks at them. After Python's own 700 it took an eighth of the time of
#: planning and sending, and found nothing: rows, statements and templates make no rings.
YOUNG_OBJECTS = 20_000


class QueueUnreachable(Exception):
    """Redis does not answer; only `duly worker` needs it."""


def spare_collector() -> None:
    """Let the garbage collector look less often, and never again at what the start has made."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


@asynccontextmanager
async def service_of(app: App) -> AsyncIterator[Service]:
    """Open the channel of a process, and close it at the end."""
    spare_collector()
    service = Service(app=app, channel=app.channel())
    try:
        yield service
    finally:
        await service.close()


def intervals_of(app: App) -> Mapping[str, float]:
    """Return the seconds between runs, by job name."""
    workers = app.settings.workers
    return {
        "tick": workers.tick_seconds,
        "drain": workers.drain_seconds,
        "poll": workers.poll_seconds,
        "seal": workers.seal_seconds,
        "stamp": workers.stamp_seconds,
        "cosign": workers.cosign_seconds,
        "mail_anchor": workers.mail_anchor_seconds,
        "authenticate": workers.authenticate_seconds,
    }


async def serve(app: App) -> None:
    """Run the embedded loops until SIGINT or SIGTERM; running jobs are finished first."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with service_of(app) as service:
        runner = EmbeddedRunner(service, intervals_of(app))
        await runner.start()

        async def wake() -> None:
            runner.wake("poll")

        async with watching(app, wake):
            await stop.wait()
        await runner.stop()


async def work(app: App) -> None:
    """Run as an arq worker until a signal; a supervisor starts it again when Redis was gone."""
    from redis.exceptions import ConnectionError as RedisConnectionError  # noqa: PLC0415 - see below

    from workers import arq_worker  # noqa: PLC0415 - no other command needs to load arq and Redis

    async with service_of(app) as service:
        worker = arq_worker.worker(service, app.settings.workers.redis_url, intervals_of(app))

        async def wake() -> None:
            await arq_worker.enqueue(worker.pool, "poll")

        try:
            async with watching(app, wake):
                await worker.async_run()
        except RedisConnectionError as problem:
            raise QueueUnreachable(str(problem)) from problem
