"""`duly doctor` against real servers: green when all is well, else a failing line with its fix and exit code 3."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from mailer.cli.app import top
from mailer.cli.setup import register
from mailer.clock import Clock, utc_now
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, InvoiceId
from mailer.domain.invoice import Invoice
from mailer.domain.money import Money
from mailer.flows import check_setup
from mailer.flows.check_servers import Check
from mailer.flows.initialise import Value, initialise
from mailer.flows.policy_files import load_policies
from mailer.flows.recording import happened
from mailer.rendering.check import check_templates
from mailer.rendering.renderer import Renderer
from mailer.settings import load
from mailer.store import customers, events, invoices, state
from mailer.store.session import Store
from tests.servers.dovecot import Dovecot
from tests.servers.process import free_port
from tests.servers.redis import RedisServer
from tests.servers.smtp import RecordingSmtp

SECRET = "hunter2-duly"


def duly(*words: str | Path) -> Result:
    """What the command prints and returns."""
    app = typer.Typer()
    app.callback()(top)
    register(app)
    return CliRunner().invoke(app, [str(word) for word in words])


def set_up(data: Path, values: dict[str, Value] | None = None) -> Path:
    given: dict[str, Value] = {"seller.name": "Brightwater", "seller.address": "billing@duly.test", **(values or {})}
    asyncio.run(initialise(data, given, actor="person:test", now=utc_now()))
    return data


def edit(data: Path, old: str, new: str) -> None:
    config = data / "config.toml"
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new), encoding="utf-8")


def look(data: Path, *, clock: Clock = utc_now, templates: bool = False) -> dict[str, Check]:
    """Every check by name, without the command line."""

    async def checked() -> tuple[Check, ...]:
        settings = load(data)
        store = Store(settings.store_url())
        setup = check_setup.Setup(
            settings=settings,
            store=store,
            policies=lambda: load_policies(settings),
            templates=lambda: check_templates(Renderer(settings.data / "templates")) if templates else (),
            clock=clock,
        )
        try:
            return await check_setup.check_setup(setup)
        finally:
            await store.close()

    return {check.name: check for check in asyncio.run(checked())}


@pytest.fixture
def live(tmp_path: Path, dovecot: Dovecot) -> Iterator[tuple[Path, RecordingSmtp, Dovecot]]:
    """A data folder whose SMTP and IMAP servers demand TLS and a login."""
    with RecordingSmtp(login=("duly", SECRET), tls="starttls") as smtp:
        values: dict[str, Value] = {
            "smtp.host": "localhost",
            "smtp.port": smtp.port,
            "smtp.security": "starttls",
            "smtp.username": "duly",
            "smtp.password": SECRET,
            "smtp.ca_file": str(smtp.ca_file),
            "imap.host": "localhost",
            "imap.port": dovecot.tls_port,
            "imap.username": dovecot.user,
            "imap.password": dovecot.password,
            "imap.ca_file": str(dovecot.ca_file),
            "imap.folders": ("inbox", "Junk"),
        }
        yield set_up(tmp_path / "data", values), smtp, dovecot


def test_all_is_well(live: tuple[Path, RecordingSmtp, Dovecot]) -> None:
    data, smtp, dovecot = live
    result = duly("--data", data, "doctor")
    assert result.exit_code == 0, result.output
    assert "Everything works." in result.output
    assert f"localhost:{smtp.port}, TLSv1.3, logged in as duly" in result.output
    assert (
        f"localhost:{dovecot.tls_port}, TLSv1.3, logged in as {dovecot.user} (password), reads inbox, Junk"
        in result.output
    )
    assert "only a mail to it can show" in result.output
    assert "paused" in result.output
    assert result.stderr == ""
    assert smtp.messages == []


def test_wrong_passwords_fail_with_the_place_to_mend_and_are_not_shown(
    live: tuple[Path, RecordingSmtp, Dovecot],
) -> None:
    data, _, dovecot = live
    edit(data, SECRET, "wrong-smtp")
    edit(data, f'"{dovecot.password}"', '"wrong-imap"')
    result = duly("--data", data, "doctor", "-o", "json")
    found = {check["name"]: check for check in json.loads(result.stdout)}
    assert result.exit_code == 3
    assert [name for name, check in found.items() if not check["ok"]] == ["smtp", "imap"]
    assert "refuses the user name or password (535" in found["smtp"]["detail"]
    assert "AUTHENTICATIONFAILED" in found["imap"]["detail"]
    assert found["imap"]["fix"] == f"edit [imap] in {data / 'config.toml'}"
    assert "wrong-" not in result.output


def test_servers_that_are_down_and_a_folder_that_is_missing(live: tuple[Path, RecordingSmtp, Dovecot]) -> None:
    data, smtp, dovecot = live
    edit(data, '"Junk"', '"Spam"')
    smtp.stop()
    found = look(data)
    assert "nothing listens" in found["smtp"].detail
    assert found["imap"].detail == "no folder 'Spam' in the mailbox; it has: INBOX, Junk, Sent"
    dovecot.stop()
    assert "nothing listens" in look(data)["imap"].detail


def test_a_silent_server_costs_ten_seconds_at_most(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        data = set_up(tmp_path / "data", {"smtp.host": "localhost", "smtp.port": port, "smtp.timeout_seconds": 1})
        edit(data, "[imap]\n", "[imap]\n# silent too\n")
        started = time.monotonic()
        found = look(data)
    assert not found["smtp"].ok
    assert time.monotonic() - started < 10


def test_a_config_that_others_may_read_stops_everything_else(tmp_path: Path) -> None:
    data = set_up(tmp_path / "data")
    (data / "config.toml").chmod(0o644)
    result = duly("--data", data, "doctor")
    assert result.exit_code == 3
    assert f"fix: chmod 600 {data / 'config.toml'}" in result.output
    nowhere = duly("--data", tmp_path / "none", "doctor")
    assert nowhere.exit_code == 3
    assert f"fix: duly init --data {tmp_path / 'none'}" in nowhere.output
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("seller", 'name = "Brightwater"', 'name = ""', "seller.name is empty"),
        ("seller", "reply_key = ", "reply_key = 'short' #", "64 hex digits"),
        ("smtp", "[smtp]", "[smtp]", "smtp.host is empty"),
        ("imap", "[imap]", "[imap]", "imap.host is empty"),
        ("policies", 'default_policy = "standard"', 'default_policy = "gentle"', "there are only"),
        ("time zones", '"Europe/London"', '"Europe/Londn"', "is no time zone"),
        ("database", 'database_url = ""', f'database_url = "postgresql+asyncpg://me:{SECRET}@127.0.0.1:9/x"', "opened"),
    ],
)
def test_each_wrong_setting_is_a_failing_line_with_its_fix(
    tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    data = set_up(tmp_path / "data")
    edit(data, old, new)
    check = look(data)[name]
    assert not check.ok
    assert said in check.detail
    assert str(data / "config.toml") in check.fix
    assert SECRET not in f"{check}"


def test_own_policies_and_templates_are_tried(tmp_path: Path) -> None:
    data = set_up(tmp_path / "data")
    (data / "policies" / "mine.toml").write_text("steps = 3\n", encoding="utf-8")
    folder = data / "templates" / "reminders" / "friendly" / "en"
    folder.mkdir(parents=True)
    (folder / "body.txt").write_text("Dear {{ nobody }}\n", encoding="utf-8")
    found = look(data, templates=True)
    assert "mine.toml" in found["policies"].detail
    assert "'nobody' is not a name" in found["templates"].detail
    assert str(data / "templates") in found["templates"].fix


@pytest.mark.parametrize("off", [timedelta(seconds=-60), timedelta(hours=2)])
def test_a_clock_that_is_off_is_told_by_the_file_system(tmp_path: Path, off: timedelta) -> None:
    found = look(set_up(tmp_path / "data"), clock=lambda: utc_now() + off)
    assert not found["clock"].ok
    assert "away from the file system" in found["clock"].detail


def test_an_event_in_the_future_shows_that_the_clock_was_put_back(tmp_path: Path) -> None:
    data = set_up(tmp_path / "data")
    asyncio.run(_write(data, at=utc_now() + timedelta(hours=1)))
    assert "has not come yet" in look(data)["clock"].detail


def test_the_database_servers_clock_is_asked_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    data = set_up(tmp_path / "data", {"database_url": postgres_url})
    assert "from the database server" in look(data)["clock"].detail
    found = look(data, clock=lambda: utc_now() + timedelta(minutes=1))
    assert "away from the database server" in found["clock"].detail


def test_redis_is_tried_when_it_is_needed(tmp_path: Path, redis_server: RedisServer) -> None:
    data = set_up(tmp_path / "data")
    assert "redis" not in look(data)
    edit(data, "redis://127.0.0.1:6379/0", redis_server.url)
    assert look(data)["redis"] == Check(name="redis", ok=True, detail=f"127.0.0.1:{redis_server.port} answers")
    edit(data, redis_server.url, f"redis://:{SECRET}@127.0.0.1:{free_port()}/0")
    check = look(data)["redis"]
    assert not check.ok
    assert "duly serve" in check.fix
    assert SECRET not in f"{check}"


def test_a_ledger_that_is_too_old_stops_sending_and_says_so(tmp_path: Path) -> None:
    data = set_up(tmp_path / "data")
    assert look(data)["ledger"].detail.startswith("no open invoices")
    asyncio.run(_owe(data, confirmed_at=utc_now() - timedelta(hours=80)))
    check = look(data)["ledger"]
    assert not check.ok
    assert "1 open invoices, balances 80 h old, at most 72 h allowed: nothing is sent" in check.detail
    assert "duly payments confirm" in check.fix


def test_a_missing_database_is_told_and_not_made(tmp_path: Path) -> None:
    data = set_up(tmp_path / "data")
    database = data / "duly.sqlite3"
    database.unlink()
    check = look(data)["database"]
    assert not check.ok
    assert check.fix == f"duly init --data {data}"
    assert not database.exists()


async def _write(data: Path, *, at: datetime) -> None:
    store = Store(load(data).store_url())
    async with store.transaction() as tx:
        await events.record(tx, [happened("test.happened", now=at, actor="person:test")])
    await store.close()


async def _owe(data: Path, *, confirmed_at: datetime) -> None:
    store = Store(load(data).store_url())
    who = Customer(id=CustomerId("cus_1"), ref="K1", name="Alder", email="ap@alder.example")
    amount, day = Money(minor=500, currency="EUR"), confirmed_at.date()
    what = Invoice(
        id=InvoiceId("inv_1"), customer_id=who.id, number="INV-1", issued_on=day, due_on=day, total=amount, open=amount
    )
    async with store.transaction() as tx:
        await customers.save(tx, [who])
        await invoices.save(tx, [(what, "INV1")])
        await state.confirm_ledger(tx, confirmed_at)
    await store.close()
