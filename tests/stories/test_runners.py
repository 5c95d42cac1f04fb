"""One contract for both runners: the embedded loops and arq on Redis do the same work, and neither holds any of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from time import monotonic

import redis as redis_client

from mailer.flows.verify_record import verify_record
from tests.stories.world import World
from workers import arq_worker
from workers.embedded import EmbeddedRunner
from workers.jobs import JOBS, Service

DUE = date(2026, 9, 4)
EVERY_SECOND = dict.fromkeys(JOBS, 1.0)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    """Run the service as this world runs it, every second, until the block ends."""
    service = Service(app=world.app, channel=world.app.channel())
    try:
        if world.redis_url:
            worker = arq_worker.worker(service, world.redis_url, EVERY_SECOND, handle_signals=False)
            task = asyncio.create_task(worker.async_run())
            yield
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            # arq's close() cancels what runs and then waits for it: let it finish first
            await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
            await worker.close()
        else:
            runner = EmbeddedRunner(service, EVERY_SECOND)
            await runner.start()
            yield
            await runner.stop()
    finally:
        await service.close()


async def until(true: Callable[[], bool], seconds: float = 15) -> None:
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end, "it did not happen"
        await asyncio.sleep(0.05)


async def test_what_is_due_goes_out_and_what_comes_is_read_without_anybody_asking(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    async with running(world):
        await until(lambda: len(world.mails) == 1)
        world.reply(world.mails[0], "We will pay on 18 September 2026.")
        for _ in range(200):
            if await world.events("reply.read"):
                break
            await asyncio.sleep(0.05)
    assert len(await world.events("promise.tracked")) == 1
    assert len(world.mails) == 1


async def test_the_checkpoint_is_mailed_once_however_many_look(world: World) -> None:
    anchors = world.app.settings.anchors.model_copy(update={"mail_to": "kanzlei@lawyer.example"})
    world.app = replace(world.app, settings=world.app.settings.model_copy(update={"anchors": anchors}))
    await world.owe("INV-1", due=DUE)
    async with running(world), running(world):
        await until(lambda: len(world.smtp.messages) == 2)
        await asyncio.sleep(1.2)  # everybody looks again
    to = sorted(recipient for one in world.smtp.messages for recipient in one.recipients)
    assert to == ["ap@alder.example", "kanzlei@lawyer.example"]


async def test_the_record_is_taken_into_its_log_and_signed(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    async with running(world), running(world):
        await until(lambda: len(world.mails) == 1)
        for _ in range(200):
            found = await verify_record(world.app.store, world.app.settings.data)
            if found.heads and not found.waiting:
                break
            await asyncio.sleep(0.05)
    found = await verify_record(world.app.store, world.app.settings.data)
    assert found.leaves > 0
    assert found.heads > 0
    assert found.findings == ()


async def test_two_processes_at_once_send_one_mail_each(world: World) -> None:
    for number in range(5):
        await world.owe(f"INV-{number}", due=DUE, customer=f"K{number}", email=f"ap{number}@alder.example")
    async with running(world), running(world):
        await until(lambda: len(world.mails) == 5)
        await asyncio.sleep(2.5)
    assert sorted(str(m["To"]) for m in world.mails) == sorted({str(m["To"]) for m in world.mails})
    assert len(world.mails) == 5


async def test_an_emptied_queue_loses_nothing(world: World) -> None:
    for number in range(3):
        await world.owe(f"INV-{number}", due=DUE, customer=f"K{number}", email=f"ap{number}@alder.example")
    async with running(world):
        for _ in range(4):
            if world.redis_url:
                await asyncio.to_thread(redis_client.Redis.from_url(world.redis_url).flushall)
            await asyncio.sleep(0.3)
        await until(lambda: len(world.mails) == 3)


async def test_a_job_in_trouble_says_so_and_recovers(world: World) -> None:
    world.dovecot.stop()
    async with running(world):
        for _ in range(200):
            if await world.trouble("poll"):
                break
            await asyncio.sleep(0.05)
        assert "MailboxUnreachable" in await world.trouble("poll")
        world.dovecot.start()
        for _ in range(200):
            if not await world.trouble("poll"):
                break
            await asyncio.sleep(0.05)
    assert await world.trouble("poll") == ""
    assert [e.type for e in await world.events("job.failed", "job.recovered")][:2] == ["job.failed", "job.recovered"]
