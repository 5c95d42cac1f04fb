"""Being told of new mail (IDLE): a wake-up for the poll job and nothing else; the regular looks go on without it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from mailer.flows.intake import Intake
from mailer.mailbox import MailboxError
from mailer.store.folders import INBOX
from mailer.wiring import App

#: How long to idle at a time: many routers forget a silent connection after 10 minutes. With the server's time to
#: answer, one that is gone without a word is noticed within two of these.
IDLE_SECONDS = 540.0
#: Wait before a new connection after a fault, doubled each time up to the longest.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 600.0
#: Mails come in swarms, and a server may talk without end: so long at least between two wake-ups.
SETTLE_SECONDS = 2.0
log = structlog.get_logger()

Wake = Callable[[], Awaitable[None]]


@asynccontextmanager
async def watching(app: App, wake: Wake) -> AsyncIterator[None]:
    """Watch every inbox that wants it, over one connection each, as long as the context lasts."""
    watches = [asyncio.create_task(watch(one, wake)) for one in app.intakes() if one.idle and one.role == INBOX]
    try:
        yield
    finally:
        for task in watches:
            task.cancel()
        await asyncio.gather(*watches, return_exceptions=True)


async def watch(
    intake: Intake,
    wake: Wake,
    *,
    idle_seconds: float = IDLE_SECONDS,
    first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    settle_seconds: float = SETTLE_SECONDS,
) -> None:
    """Call `wake` whenever the server tells of new mail in the first folder, until cancelled; outlives every fault."""
    pause = first_pause_seconds
    while True:
        try:
            mailbox = intake.open_mailbox()
            try:
                await mailbox.connect()
                await mailbox.examine(intake.folders[0])
                while True:
                    if await mailbox.wait_for_news(idle_seconds):
                        await wake()
                        await asyncio.sleep(settle_seconds)
                    pause = first_pause_seconds
            finally:
                await mailbox.close()
        except MailboxError as problem:
            log.info("not told of new mail", mailbox=intake.name.partition("@")[2], why=str(problem), again_in=pause)
        except Exception:
            log.exception("watching the mailbox failed")
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
