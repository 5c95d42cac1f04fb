"""What any runner executes: three coroutines that carry no data, may run twice, and may be lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from mailer.channels.channel import Channel
from mailer.flows.plan_reminders import TickReport
from mailer.flows.plan_reminders import tick as plan_tick
from mailer.flows.read_reply import ReadReport, read_stored
from mailer.flows.receive_mail import PollReport
from mailer.flows.receive_mail import poll as receive_poll
from mailer.flows.send_message import DrainReport
from mailer.flows.send_message import drain as send_drain
from mailer.flows.trouble import note_inbox_read, note_trouble
from mailer.wiring import App

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts and the one open channel of this process."""

    app: App
    channel: Channel

    async def close(self) -> None:
        """Close the channel; the parts belong to whoever opened them."""
        await self.channel.close()


async def tick(service: Service) -> TickReport:
    """Settle and plan."""
    return await plan_tick(service.app.planner())


async def drain(service: Service) -> DrainReport:
    """Send what is due."""
    return await send_drain(service.app.sender(service.channel))


async def poll(service: Service) -> tuple[PollReport, ReadReport]:
    """Fetch what came, and read what is stored, even when the mailbox (or one folder of it) cannot be reached."""
    app = service.app
    try:
        fetched = await receive_poll(app.intake())
    except BaseException:
        await read_stored(app.reader())
        raise
    read = await read_stored(app.reader())
    if not fetched.busy:
        await note_inbox_read(app.store, app.clock())
    return fetched, read


#: Every job by name, with the jobs to wake when it has brought something new.
JOBS: dict[str, Callable[[Service], Awaitable[object]]] = {"tick": tick, "drain": drain, "poll": poll}
WAKES: dict[str, tuple[str, ...]] = {"tick": ("drain",), "drain": (), "poll": ("tick",)}


async def attempt(service: Service, name: str) -> bool:
    """Run a job; whatever it raises is logged and noted for `duly status`, and the next round tries again."""
    now: datetime = service.app.clock()
    try:
        report = await JOBS[name](service)
    except Exception as problem:
        log.exception("job failed", job=name)
        await _note(service, name, f"{type(problem).__name__}: {problem}", now)
        return False
    log.info("job done", job=name, report=report)
    await _note(service, name, "", now)
    return True


async def _note(service: Service, name: str, trouble: str, now: datetime) -> None:
    """Note a job's trouble if the database is there to note it in; a runner must outlive a moment without it."""
    try:
        await note_trouble(service.app.store, job=name, trouble=trouble, now=now)
    except Exception:
        log.exception("trouble could not be noted", job=name)
