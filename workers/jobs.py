"""What any runner executes: coroutines that carry no data, may run twice, and may be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from time import monotonic

import structlog

from mailer.channels.channel import Channel
from mailer.clock import ClockWatch, steady_seconds
from mailer.flows import keep_log
from mailer.flows.authenticate_mail import AuthenticationReport, authenticate_new
from mailer.flows.copy_to_sent import copy_to_sent
from mailer.flows.cosign_log import CosignReport, cosign_when_due
from mailer.flows.erase_subject import apply_retention
from mailer.flows.hold_sending import clock_is_right
from mailer.flows.keep_log import SealReport
from mailer.flows.mail_anchor import MailReport, mail_when_due
from mailer.flows.plan_reminders import TickReport
from mailer.flows.plan_reminders import tick as plan_tick
from mailer.flows.read_reply import ReadReport, read_stored
from mailer.flows.receive_mail import PollReport
from mailer.flows.receive_mail import poll_all as receive_poll
from mailer.flows.send_message import DrainReport
from mailer.flows.send_message import drain as send_drain
from mailer.flows.settle_unknown import settle
from mailer.flows.stamp_log import StampReport, stamp_when_due
from mailer.flows.trouble import note_inbox_read, note_trouble
from mailer.reminders.breaker import jumped
from mailer.wiring import App

#: How long one drain may go on starting messages; with the 600 s of the last one it stays below any job's time-out.
SLICE_SECONDS = 100.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts and the one open channel of this process.

    `steady` gives the seconds that really pass, by which `watch` notices when the clock of `app` is set.
    """

    app: App
    channel: Channel
    steady: Callable[[], float] = steady_seconds
    watch: ClockWatch = field(init=False)
    #: Set when the process is to end: a drain then starts no further message.
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Begin to watch the clock."""
        object.__setattr__(self, "watch", ClockWatch(self.app.clock, self.steady))

    async def close(self) -> None:
        """Close the channel; the parts belong to whoever opened them."""
        await self.channel.close()


async def tick(service: Service) -> TickReport:
    """Settle and plan; not on a clock that a person has yet to look at."""
    return await plan_tick(service.app.planner()) if await _clock_is_right(service) else TickReport()


async def drain(service: Service) -> DrainReport:
    """Send what is due, for a while; a runner drains again when there is more, so that no job runs without end.

    A clock that was set far off stops all sending: also in the middle of a drain, which then ends, to be run again.
    """
    ends = monotonic() + SLICE_SECONDS
    await _clock_is_right(service)

    def may_go_on() -> bool:
        return monotonic() < ends and not service.stopping.is_set() and jumped(service.watch.look()) is None

    return await send_drain(replace(service.app.sender(service.channel), may_go_on=may_go_on))


async def _clock_is_right(service: Service) -> bool:
    is_right = await clock_is_right(service.app.store, service.watch.look(), service.app.clock())
    service.watch.forget()  # what it saw is written down
    return is_right


async def poll(service: Service) -> tuple[PollReport, ReadReport]:
    """Fetch what came, and read what is stored, even when the mailbox (or one folder of it) cannot be reached.

    Then settle what is in doubt, and put copies of what was sent into the Sent folder.
    """
    app = service.app
    try:
        fetched = await receive_poll(app.intakes())
    except BaseException:
        await read_stored(app.reader())
        raise
    read = await read_stored(app.reader())
    await settle(app.settler())
    await copy_to_sent(app.copier())
    if not fetched.busy:
        await note_inbox_read(app.store, app.clock())
    kept = app.settings.retention
    await apply_retention(app.store, keep_days=kept.keep_days, switched_on=kept.apply, now=app.clock())
    return fetched, read


async def seal(service: Service) -> SealReport:
    """Take the record into its log, and sign its head when it is time."""
    return await keep_log.seal(service.app.log_keeper())


async def stamp(service: Service) -> StampReport:
    """Have the log's newest head stamped by a third party when that is due; without such a setting do nothing."""
    stamper = service.app.stamper()
    return await stamp_when_due(stamper) if stamper else StampReport()


async def cosign(service: Service) -> CosignReport:
    """Have the log's newest head cosigned by the witnesses that are due; without any do nothing."""
    return await cosign_when_due(service.app.cosigner())


async def mail_anchor(service: Service) -> MailReport:
    """Mail the log's newest head to whom the settings name, once a week; without an address do nothing."""
    return await mail_when_due(service.app.anchor_mailer(), service.channel)


async def authenticate(service: Service) -> AuthenticationReport:
    """Look at the signatures of what came in, and keep their keys; when that is switched off do nothing."""
    authenticator = service.app.authenticator()
    return await authenticate_new(authenticator) if authenticator else AuthenticationReport()


#: Every job by name, with the jobs to wake when it has brought something new.
JOBS: dict[str, Callable[[Service], Awaitable[object]]] = {
    "tick": tick,
    "drain": drain,
    "poll": poll,
    "seal": seal,
    "stamp": stamp,
    "cosign": cosign,
    "mail_anchor": mail_anchor,
    "authenticate": authenticate,
}
WAKES: dict[str, tuple[str, ...]] = {
    "tick": ("drain",),
    "drain": (),
    "poll": ("tick", "authenticate"),
    "seal": ("stamp", "cosign"),
    "stamp": (),
    "cosign": (),
    "mail_anchor": (),
    "authenticate": (),
}


async def attempt(service: Service, name: str) -> tuple[str, ...] | None:
    """Run a job and return the jobs to wake now; None when it failed.

    Whatever it raises is logged and noted for `duly status`, and the next round tries again.
    """
    now: datetime = service.app.clock()
    try:
        report = await JOBS[name](service)
    except Exception as problem:
        log.exception("job failed", job=name)
        await _note(service, name, f"{type(problem).__name__}: {problem}", now)
        return None
    # A tick that found nothing is no news; a log of them would bury what is.
    (log.info if _is_news(report) else log.debug)("job done", job=name, report=report)
    await _note(service, name, _trouble_in(report), now)
    return (*WAKES[name], *(("drain",) if isinstance(report, DrainReport) and report.more else ()))


def _is_news(report: object) -> bool:
    """Whether a report says that anything was done ("customers" only counts those looked at)."""
    parts = report if isinstance(report, tuple) else (report,)
    return any(value for part in parts for field_name, value in asdict(part).items() if field_name != "customers")


def _trouble_in(report: object) -> str:
    """Return what went wrong beside the work that was done ("" for nothing): a Sent folder that cannot be read."""
    if isinstance(report, StampReport | CosignReport | MailReport):
        return report.trouble
    parts = report if isinstance(report, tuple) else (report,)
    return "; ".join(words for part in parts if isinstance(part, PollReport) for words in part.trouble)


async def _note(service: Service, name: str, trouble: str, now: datetime) -> None:
    """Note a job's trouble if the database is there to note it in; a runner must outlive a moment without it."""
    try:
        await note_trouble(service.app.store, job=name, trouble=trouble, now=now)
    except Exception:
        log.exception("trouble could not be noted", job=name)
