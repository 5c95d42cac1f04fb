"""The story: a house with real mail servers, simulated customers, and a clock that moves through 60 business days."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mailer.clock import new_key
from mailer.flows.export_case import Exporter, export_case
from mailer.flows.gather_case import Options, Origin
from mailer.flows.initialise import initialise
from mailer.flows.switch_mode import switch_mode
from mailer.resources import config_dir
from mailer.settings import load
from mailer.wiring import App, open_app
from workers.demo.bank import Bank
from workers.demo.bookkeeper import Bookkeeper, import_ledger
from workers.demo.calendar_days import MovableClock
from workers.demo.captures import Captures
from workers.demo.customers import CatchAll, Customers
from workers.demo.display import Display
from workers.demo.feed import Feed
from workers.demo.imap_server import SandboxImap, sandbox_imap
from workers.demo.outcome import Outcome, outcome_of
from workers.demo.scenario import MailboxKind, Scenario, load_scenario
from workers.demo.smtp_server import CUSTOMERS, SELLER, PostOffice, listening
from workers.jobs import Service, drain, poll, tick

ACTOR = "person:demo"
#: How long before Duly's round the ledger is exported, mail comes back, and customers write.
_EXPORT, _REPORTS, _WRITING = timedelta(minutes=30), timedelta(minutes=20), timedelta(minutes=10)


def script() -> Scenario:
    """Return the shipped script."""
    return load_scenario(config_dir() / "demo" / "customers.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everybody and everything in the story."""

    scenario: Scenario
    clock: MovableClock
    service: Service
    office: PostOffice
    customers: Customers
    bookkeeper: Bookkeeper

    @property
    def app(self) -> App:
        """Duly's own parts."""
        return self.service.app

    async def spend(self, day: date, show: Display, feed: Feed) -> None:
        """Let one business day pass."""
        for number, at in enumerate(self.scenario.rounds):
            moment = moment_of(self.scenario, day, at)
            if number == 0:
                self.clock.at = moment - _EXPORT
                await import_ledger(self.app, self.bookkeeper.export(day))
            self.clock.at = moment - _REPORTS
            await self.office.send_back()
            self.clock.at = moment - _WRITING
            await asyncio.to_thread(self.customers.look_and_answer, self.clock.at)
            self.clock.at = moment
            await poll(self.service)
            await tick(self.service)
            await drain(self.service)
            for news in await feed.news():
                show.tell(news)


def moment_of(scenario: Scenario, day: date, at: time) -> datetime:
    """Return the UTC time of a round."""
    return datetime.combine(day, at, tzinfo=ZoneInfo(scenario.time_zone)).astimezone(UTC)


async def play(folder: Path, scenario: Scenario, show: Display) -> Outcome:
    """Tell the whole story in a folder (empty, and there); afterwards it holds data, captures, ledger and a case.

    Raises what Duly raises when a part of it fails: then the demo is broken.
    """
    async with _house(folder, scenario) as house:
        feed = Feed(store=house.app.store, time_zone=scenario.time_zone)
        for day in scenario.days:
            show.begin(day)
            await house.spend(day, show, feed)
            show.finish_day()
        app, now = house.app, house.clock.at
        # Its servers end here, so it must not try to send when somebody looks around later.
        await switch_mode(app.store, live=False, actor=ACTOR, reason="the demo is over", now=now)
        origin = Origin(exported_by=ACTOR, tool="duly demo", seller_name=app.settings.seller.name)
        exporter = Exporter(keeper=app.log_keeper(), renderer=app.desk.renderer, origin=origin)
        case = await export_case(exporter, scenario.export, options=Options(), out=folder / "case")
        return await outcome_of(app, case.path)


@asynccontextmanager
async def _house(folder: Path, scenario: Scenario) -> AsyncIterator[House]:
    """Start the servers, set Duly up as `duly init` and `duly resume` do, and let it look into its mailbox once."""
    clock = MovableClock(moment_of(scenario, scenario.days[0], scenario.rounds[0]) - timedelta(hours=1))
    passwords = {SELLER: new_key(), CUSTOMERS: new_key()}
    async with AsyncExitStack() as open_parts:
        imap = await open_parts.enter_async_context(sandbox_imap(passwords))
        office = _office(imap, Captures(folder / "captures", clock), clock, scenario)
        await open_parts.enter_async_context(listening(office))
        app = await _duly(folder / "data", scenario, office, imap, passwords[SELLER], clock)
        open_parts.push_async_callback(app.close)
        # In the demo time passes as its clock says: 60 days in a minute are no jump.
        service = Service(app=app, channel=app.channel(), steady=lambda: clock().timestamp())
        open_parts.push_async_callback(service.close)
        await poll(service)
        bank = Bank()
        catch_all = await asyncio.to_thread(CatchAll, imap.host, imap.port, CUSTOMERS, passwords[CUSTOMERS])
        open_parts.push_async_callback(asyncio.to_thread, catch_all.close)
        yield House(
            scenario=scenario,
            clock=clock,
            service=service,
            office=office,
            customers=Customers(scenario, catch_all, smtp_host=imap.host, smtp_port=office.port, bank=bank),
            bookkeeper=Bookkeeper(config_dir() / "demo" / "ledger.csv", folder / "ledger", bank),
        )


def _office(imap: SandboxImap, captures: Captures, clock: MovableClock, scenario: Scenario) -> PostOffice:
    def addresses(kind: MailboxKind) -> list[str]:
        return [one.email for one in scenario.customers if one.mailbox is kind]

    return PostOffice(
        imap,
        captures,
        clock,
        seller_address=scenario.seller_address,
        refused=addresses(MailboxKind.REFUSED),
        returned=addresses(MailboxKind.RETURNED),
    )


async def _duly(
    data: Path, scenario: Scenario, office: PostOffice, imap: SandboxImap, password: str, clock: MovableClock
) -> App:
    values = {
        **{f"seller.{name}": value for name, value in scenario.seller.items()},
        "smtp.host": imap.host,
        "smtp.port": office.port,
        "smtp.security": "none",
        "imap.host": imap.host,
        "imap.port": imap.port,
        "imap.security": "none",
        "imap.username": SELLER,
        "imap.password": password,
        "sending.breaker_percent": 100,  # the sample ledger begins with nearly everybody due
    }
    await initialise(data, values, actor=ACTOR, now=clock())
    app = open_app(load(data), clock=clock)
    await switch_mode(app.store, live=True, actor=ACTOR, reason="the demo begins", now=clock())
    return app
