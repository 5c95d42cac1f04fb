"""The runner on Redis: arq is only the alarm clock. Jobs carry no data, results are not kept, a sweep finds all work.

Serialised as JSON, never pickle: whoever can write to Redis must not be able to run code here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from arq import ArqRedis, Worker, create_pool, cron, func
from arq.connections import RedisSettings
from arq.cron import CronJob

from workers.embedded import GRACE_SECONDS
from workers.jobs import JOBS, Service, attempt

QUEUE = "duly"
MINUTE = 60
#: Longer than any delivery may take, shorter than the lease in the database.
JOB_TIMEOUT_SECONDS = 800


def to_json(value: dict[str, Any]) -> bytes:
    """Return arq's envelope as JSON; a value that is not JSON (an exception) becomes its text."""
    return json.dumps(value, default=str).encode()


def from_json(raw: bytes) -> dict[str, Any]:
    """Return arq's envelope."""
    value: dict[str, Any] = json.loads(raw)
    return value


async def pool(redis_url: str) -> ArqRedis:
    """Return a connection that can enqueue jobs; raises redis.exceptions.ConnectionError after a few tries."""
    return await create_pool(
        RedisSettings.from_dsn(redis_url), job_serializer=to_json, job_deserializer=from_json, default_queue_name=QUEUE
    )


async def enqueue(redis: ArqRedis, name: str) -> None:
    """Ask for a job to run soon; asking twice before it ran is asking once."""
    await redis.enqueue_job(name, _job_id=f"wake:{name}")


def worker(
    service: Service, redis_url: str, intervals: Mapping[str, float], *, handle_signals: bool = True, max_jobs: int = 50
) -> Worker:
    """Return an arq worker for the jobs of a service. `intervals`: seconds between sweeps (1-3600), by job name."""
    return Worker(
        functions=[func(_job(service, name), name=name, keep_result=0, max_tries=1_000_000) for name in JOBS],
        cron_jobs=[_cron(service, name, seconds) for name, seconds in intervals.items()],
        redis_settings=RedisSettings.from_dsn(redis_url),
        job_serializer=to_json,
        job_deserializer=from_json,
        queue_name=QUEUE,
        keep_result=0,
        max_jobs=max_jobs,
        poll_delay=0.1,
        job_timeout=JOB_TIMEOUT_SECONDS,
        job_completion_wait=int(GRACE_SECONDS) if handle_signals else 0,
        handle_signals=handle_signals,
        allow_abort_jobs=False,
    )


def _job(service: Service, name: str) -> Callable[..., Coroutine[Any, Any, None]]:
    async def job(ctx: dict[str, Any]) -> None:
        for other in await attempt(service, name) or ():
            await enqueue(ctx["redis"], other)

    job.__qualname__ = name
    return job


def _cron(service: Service, name: str, seconds: float) -> CronJob:
    """Return the sweep of a job, unique among workers; runs at start and then about as often as asked for."""
    return cron(
        _job(service, name),
        name=f"sweep:{name}",
        unique=True,
        run_at_startup=True,
        keep_result=0,
        timeout=JOB_TIMEOUT_SECONDS,
        **_times(round(seconds)),
    )


def _times(seconds: int) -> dict[str, Any]:
    """Return arq's way of saying "every so many seconds": whole seconds under a minute, else whole minutes."""
    if seconds < MINUTE:
        return {"second": set(range(0, MINUTE, max(1, seconds)))}
    return {"minute": set(range(0, MINUTE, min(MINUTE, seconds // MINUTE))), "second": 0}
