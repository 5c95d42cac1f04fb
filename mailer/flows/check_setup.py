"""What `duly doctor` asks: would sending and receiving work now, and if not, what puts it right?"""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
import zoneinfo
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailer.clock import Clock
from mailer.flows.accounts import SharedTokens
from mailer.flows.check_anchors import check_anchors, check_names
from mailer.flows.check_servers import STEP_SECONDS, Check, check_imap, check_redis, check_smtp, check_tokens
from mailer.flows.mail_anchor import SENT, last_mail
from mailer.flows.policies import Policies
from mailer.settings import CONFIG_NAME, Settings, SettingsError, defaults, load
from mailer.store import events, invoices, schema, server_clock, state
from mailer.store.session import Store, StoreUnreachable

#: No probe takes longer than this.
PROBE_SECONDS = 10.0
#: A clock that is further off makes the record's times doubtful.
SKEW = timedelta(seconds=5)
_SET_CLOCK = "set this machine's clock, for good with NTP (`timedatectl set-ntp true`)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is checked. `policies` loads them or raises SettingsError; `templates` returns what is wrong in them.

    `redis`: whether `duly worker` is to be used although the settings name the usual local Redis.
    """

    settings: Settings
    store: Store
    policies: Callable[[], Policies]
    templates: Callable[[], Sequence[str]]
    clock: Clock
    redis: bool = False

    @property
    def config(self) -> Path:
        """The file that most fixes are made in."""
        return self.settings.data / CONFIG_NAME


def check_config(data: Path) -> tuple[Check, Settings | None]:
    """Return whether the settings can be loaded, and the settings when they can."""
    path = data / CONFIG_NAME
    try:
        settings = load(data)
    except SettingsError as problem:
        fix = f"chmod 600 {path}" if path.exists() and _open_to_others(path) else f"edit {path}"
        fix = fix if path.exists() else f"duly init --data {data}"
        return Check(name="config", ok=False, detail=str(problem), fix=fix), None
    return Check(name="config", ok=True, detail=f"{path}, readable by you only"), settings


async def check_setup(setup: Setup, *, done: Callable[[Check], None] = lambda _: None) -> tuple[Check, ...]:
    """Run every check side by side, each within PROBE_SECONDS; `done` is told of each as it ends.

    Nothing is changed and no mail is sent. Returns them in a fixed order; whatever a probe meets becomes a failing
    check with its fix.
    """
    tokens = SharedTokens(setup.settings, timeout_seconds=STEP_SECONDS)
    probes: dict[str, Callable[[Setup], Awaitable[Sequence[Check]]]] = {
        "data folder": _folder,
        "seller": _seller,
        **_accounts(setup, tokens),
        "database": _database,
        "time zones": _time_zones,
        "policies": _policies,
        "templates": _templates,
        "anchors": _anchors,
        "authentication": _names,
    }
    if setup.redis or setup.settings.workers.redis_url != defaults()["workers"]["redis_url"]:
        probes["redis"] = _redis

    async def one(name: str, probe: Callable[[Setup], Awaitable[Sequence[Check]]]) -> Sequence[Check]:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                checks = await probe(setup)
        except TimeoutError:
            detail = f"no answer within {PROBE_SECONDS:g} s"
            checks = [Check(name=name, ok=False, detail=detail, fix=f"see [{name}] in {setup.config}, and the network")]
        for check in checks:
            done(check)
        return checks

    try:
        found = await asyncio.gather(*(one(name, probe) for name, probe in probes.items()))
    finally:
        await tokens.close()
    return tuple(check for checks in found for check in checks)


async def _folder(setup: Setup) -> Sequence[Check]:
    data = setup.settings.data
    try:
        _mtime(data)
    except OSError as problem:
        detail = f"{data} cannot be written to: {problem.strerror}"
        return [Check(name="data folder", ok=False, detail=detail, fix=f"chown {_me()} {data}, or make room")]
    if _open_to_others(data):
        detail = f"others may look into {data}, which holds customers' data"
        return [Check(name="data folder", ok=False, detail=detail, fix=f"chmod 700 {data}")]
    return [Check(name="data folder", ok=True, detail=f"{data}, yours only")]


async def _seller(setup: Setup) -> Sequence[Check]:
    """What no mail can be written without: who we are, and the key that signs reply addresses."""
    seller, wrong = setup.settings.seller, []
    if not seller.name:
        wrong.append("seller.name is empty")
    if "@" not in seller.address:
        wrong.append("seller.address is no address")
    try:
        setup.settings.key()
    except SettingsError as problem:
        wrong.append(str(problem))
    if wrong:
        return [Check(name="seller", ok=False, detail="; ".join(wrong), fix=f"edit [seller] in {setup.config}")]
    note = "" if seller.payment_details else "; payment_details is empty: reminders will not say where to pay"
    return [Check(name="seller", ok=True, detail=f"{seller.name} <{seller.address}>{note}")]


def _accounts(setup: Setup, tokens: SharedTokens) -> dict[str, Callable[[Setup], Awaitable[Sequence[Check]]]]:
    """Return the probes of both servers, and of the tokens that they share when one takes no password."""
    settings, config = setup.settings, setup.config

    async def oauth(_: Setup) -> Sequence[Check]:
        return [await check_tokens(tokens, config)]

    async def smtp(_: Setup) -> Sequence[Check]:
        return [await check_smtp(settings.smtp, tokens, config)]

    async def imap(_: Setup) -> Sequence[Check]:
        mailboxes = (settings.imap, *settings.mailboxes)
        return [await check_imap(one, tokens, settings.seller.address, config) for one in mailboxes]

    probes: dict[str, Callable[[Setup], Awaitable[Sequence[Check]]]] = {"smtp": smtp, "imap": imap}
    return {"oauth": oauth, **probes} if "oauth" in {settings.smtp.auth, settings.imap.auth} else probes


async def _redis(setup: Setup) -> Sequence[Check]:
    return [await check_redis(setup.settings.workers.redis_url, setup.config)]


async def _database(setup: Setup) -> Sequence[Check]:
    """The database, and what only it can tell: its schema, the clock, how fresh the ledger is, the mode."""
    if not setup.settings.database_url and not (setup.settings.data / "duly.sqlite3").exists():
        detail = f"there is no {setup.settings.data / 'duly.sqlite3'}"  # opening it would make one
        return [Check(name="database", ok=False, detail=detail, fix=f"duly init --data {setup.settings.data}")]
    try:
        present, newest = await schema.revisions(setup.store)
    except StoreUnreachable as problem:
        fix = f"start the server, or correct database_url in {setup.config}"
        return [Check(name="database", ok=False, detail=str(problem), fix=fix)]
    checks = [Check(name="database", ok=True, detail=f"{setup.store.dialect} answers")]
    if present != newest:
        detail = "the database is empty" if present is None else f"at revision {present}, the newest is {newest}"
        fix = (
            "duly init" if present is None else "duly backup FILE, then duly status: it brings the database up to date"
        )
        return [*checks, Check(name="schema", ok=False, detail=detail, fix=fix)]
    checks.append(Check(name="schema", ok=True, detail=f"revision {present}, the newest"))
    return [*checks, await _clock(setup), await _ledger(setup), await _mode(setup), *await _anchor_mail(setup)]


async def _clock(setup: Setup) -> Check:
    """Compare this machine's clock with the database server's, else the file system's, and with the last event."""
    async with setup.store.reading() as tx:
        before = setup.clock()
        theirs, whose = await server_clock.server_time(tx), "the database server"
        now = before + (setup.clock() - before) / 2
        newest = await events.listing(tx, newest_first=True, limit=1)
    if theirs is None:
        theirs, whose, now = _mtime(setup.settings.data), "the file system", setup.clock()
    off_seconds = abs((now - theirs).total_seconds())
    if off_seconds > SKEW.total_seconds():
        detail = f"{off_seconds:.0f} s away from {whose}: {now:%Y-%m-%d %H:%M:%S} here, {theirs:%H:%M:%S} there (UTC)"
        return Check(name="clock", ok=False, detail=detail, fix=_SET_CLOCK)
    if newest and newest[0].at > now + SKEW:
        detail = f"the last event on record is of {newest[0].at:%Y-%m-%d %H:%M:%S} UTC, which has not come yet"
        return Check(name="clock", ok=False, detail=detail, fix=_SET_CLOCK)
    return Check(name="clock", ok=True, detail=f"{now:%Y-%m-%d %H:%M} UTC, {off_seconds:.1f} s from {whose}")


async def _ledger(setup: Setup) -> Check:
    async with setup.store.reading() as tx:
        as_of = await state.ledger_as_of(tx)
        _, still_open = await invoices.counts(tx)
    limit = setup.settings.sending.max_data_age_hours
    if not still_open:
        return Check(name="ledger", ok=True, detail="no open invoices: `duly invoices import FILE --dry-run`")
    if as_of is None:
        detail = f"{still_open} open invoices, whose balances were never confirmed: nothing is sent"
        return Check(name="ledger", ok=False, detail=detail, fix="duly invoices import FILE, or duly payments confirm")
    hours = (setup.clock() - as_of) / timedelta(hours=1)
    detail = f"{still_open} open invoices, balances {hours:.0f} h old, at most {limit} h allowed"
    if hours > limit:
        fix = "duly invoices import FILE, or duly payments confirm"
        return Check(name="ledger", ok=False, detail=f"{detail}: nothing is sent", fix=fix)
    return Check(name="ledger", ok=True, detail=detail)


async def _mode(setup: Setup) -> Check:
    async with setup.store.reading() as tx:
        live = await state.is_live(tx)
    return Check(name="mode", ok=True, detail="live" if live else "paused, nothing is sent: `duly resume` goes live")


async def _anchor_mail(setup: Setup) -> Sequence[Check]:
    """When the signed log was last mailed to somebody outside; nothing where nobody is to get it."""
    to = setup.settings.anchors.mail_to
    if not to:
        return []
    async with setup.store.reading() as tx:
        last = await last_mail(tx)
    said = "not yet"
    if last is not None:
        came = "taken by the mail server" if last.state == SENT else "and nobody knows whether it arrived"
        said = f"last on {last.at:%Y-%m-%d %H:%M} UTC with {last.size} entries, {came}"
    return [Check(name="checkpoint by mail", ok=True, detail=f"to {to} every week, {said}")]


async def _anchors(setup: Setup) -> Sequence[Check]:
    return await check_anchors(setup.settings.anchors, setup.config)


async def _names(setup: Setup) -> Sequence[Check]:
    return await check_names(setup.settings.authentication, setup.config)


async def _time_zones(setup: Setup) -> Sequence[Check]:
    known, wanted = zoneinfo.available_timezones(), setup.settings.customers.time_zone
    if not known:
        fix = "reinstall Duly: the package tzdata is missing"
        return [Check(name="time zones", ok=False, detail="no time zone data at all", fix=fix)]
    if wanted not in known:
        fix = f"set time_zone in [customers] of {setup.config} to an IANA name such as Europe/London"
        return [Check(name="time zones", ok=False, detail=f"{wanted!r} is no time zone", fix=fix)]
    return [Check(name="time zones", ok=True, detail=f"{len(known)} known, customers are in {wanted} by default")]


async def _policies(setup: Setup) -> Sequence[Check]:
    try:
        found = setup.policies()
    except SettingsError as problem:
        fix = f"correct the file, or [sending] in {setup.config}; duly policy check FILE"
        return [Check(name="policies", ok=False, detail=str(problem), fix=fix)]
    return [Check(name="policies", ok=True, detail=f"{', '.join(sorted(found.by_name))}; default: {found.default}")]


async def _templates(setup: Setup) -> Sequence[Check]:
    problems = await asyncio.to_thread(setup.templates)
    if problems:
        fix = f"correct the file in {setup.settings.data / 'templates'}, or delete it to use the shipped one"
        more = f" (and {len(problems) - 1} more: duly template check)" if len(problems) > 1 else ""
        return [Check(name="templates", ok=False, detail=f"{problems[0]}{more}", fix=fix)]
    return [Check(name="templates", ok=True, detail="every template renders in every language")]


def _mtime(folder: Path) -> datetime:
    """Return the time that the file system gives a new file there."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        return datetime.fromtimestamp(os.fstat(probe.fileno()).st_mtime, UTC)


def _open_to_others(path: Path) -> bool:
    return os.name == "posix" and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _me() -> str:
    return str(os.geteuid()) if os.name == "posix" else "you"
