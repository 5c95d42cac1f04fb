"""Logging in with tokens as its user meets it: init, login, doctor, and that no secret turns up anywhere else."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from mailer.cli import login as login_command
from mailer.cli import setup
from mailer.cli.app import top
from mailer.clock import utc_now
from mailer.flows.initialise import Value, initialise
from mailer.mailbox import MailboxError
from mailer.providers import SendingLimits
from mailer.settings import Settings, load
from mailer.wiring import open_app
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import RecordingSmtp
from tests.servers.tokens import CLIENT_ID, CLIENT_SECRET, Canned, TokenServer

MICROSOFT = "microsoft365"
LIMITS = SendingLimits(connections=3, per_minute=30, per_day=10_000, domain_spacing_seconds=1.0, domain_lanes=2)


def duly(*words: str | Path) -> Result:
    """What the command prints and returns."""
    app = typer.Typer()
    app.callback()(top)
    setup.register(app)
    login_command.register(app)
    return CliRunner().invoke(app, [str(word) for word in words])


def set_up(data: Path, values: dict[str, Value]) -> Path:
    given: dict[str, Value] = {"seller.name": "Brightwater", "seller.address": "billing@duly.test", **values}
    asyncio.run(initialise(data, given, actor="person:test", now=utc_now()))
    return data


@pytest.fixture
def house(tmp_path: Path, token_server: TokenServer) -> Iterator[tuple[Path, TokenServer]]:
    """A data folder: SMTP by password, a Dovecot that wants tokens, secrets in files of their own."""
    for name, text in (("client", CLIENT_SECRET), ("refresh", "canary-refresh-0"), ("smtp", "canary-password")):
        (tmp_path / name).write_text(f"{text}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    dovecot = Dovecot(tokens_at=token_server.address)
    try:
        dovecot.start()
        with RecordingSmtp(login=("duly", "canary-password"), tls="starttls") as smtp:
            values: dict[str, Value] = {
                "smtp.host": "localhost",
                "smtp.port": smtp.port,
                "smtp.security": "starttls",
                "smtp.username": "duly",
                "smtp.password_file": str(tmp_path / "smtp"),
                "smtp.ca_file": str(smtp.ca_file),
                "imap.host": "localhost",
                "imap.port": dovecot.tls_port,
                "imap.auth": "oauth",
                "imap.username": dovecot.user,
                "imap.ca_file": str(dovecot.ca_file),
                "oauth.client_id": CLIENT_ID,
                "oauth.client_secret_file": str(tmp_path / "client"),
                "oauth.refresh_token_file": str(tmp_path / "refresh"),
                "oauth.token_url": f"{token_server.address}/token",
                "oauth.device_url": f"{token_server.address}/device",
            }
            yield set_up(tmp_path / "data", values), token_server
    finally:
        dovecot.remove()


def test_the_doctor_says_which_login_was_used(house: tuple[Path, TokenServer]) -> None:
    data, server = house
    result = duly("--data", data, "doctor")
    assert result.exit_code == 0, result.output
    assert f"access token of 127.0.0.1:{server.port} by refresh_token, used for 59 min" in result.output
    assert "logged in as duly (PLAIN)" in result.output or "logged in as duly (LOGIN)" in result.output
    assert "logged in as billing@duly.test (XOAUTH2)" in result.output
    assert len(server.forms) == 1  # the probes share it


def test_a_login_that_ended_is_named_with_its_way_out_and_made_anew(house: tuple[Path, TokenServer]) -> None:
    data, server = house
    server.refresh_tokens.clear()
    broken = duly("--data", data, "doctor", "-o", "json")
    found = {check["name"]: check for check in json.loads(broken.stdout)}
    assert broken.exit_code == 3
    assert [name for name, check in found.items() if not check["ok"]] == ["oauth", "imap"]
    assert "invalid_grant: it has been revoked" in found["oauth"]["detail"]
    assert "or run `duly login`" in found["oauth"]["fix"]
    server.agreed = True
    server.device_answer = Canned(values={"interval": 1})
    done = duly("--data", data, "login")
    assert done.exit_code == 0, done.output
    assert "Open   https://login.test/device\nEnter  WDJB-MJHT\n" in done.output
    assert "within 15 minutes" in done.output
    assert "[smtp] still logs in with a password" in done.output
    assert "canary" not in done.output
    assert duly("--data", data, "doctor").exit_code == 0


def test_a_token_server_that_is_down_is_told_from_a_login_that_ended(house: tuple[Path, TokenServer]) -> None:
    data, server = house
    server.canned.extend([Canned(status=503)] * 3)
    found = {check["name"]: check for check in json.loads(duly("--data", data, "doctor", "-o", "json").stdout)}
    assert "HTTP 503): try again later" in found["oauth"]["detail"]
    assert not found["imap"]["ok"]
    assert found["smtp"]["ok"]


def test_no_secret_turns_up_in_logs_errors_output_or_the_database(
    house: tuple[Path, TokenServer], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    data, server = house
    for name in ("httpx", "httpcore", "aioimaplib.aioimaplib", "asyncio", "aiosqlite", "mail.log"):
        caplog.set_level(logging.DEBUG, logger=name)
    server.rotates = True
    seen = [duly("--data", data, "doctor").output]
    echo = "you sent canary-refresh-1 and canary-client-secret"
    for error in ("invalid_grant", "invalid_client"):
        server.canned.extend([Canned(status=400, values={"error": error, "error_description": echo})] * 2)
        seen.append(duly("--data", data, "doctor", "-o", "json").output)
        assert "you sent *** and ***" in seen[-1]
        server.canned.clear()
    server.mailbox = "somebody@else.test"
    seen += asyncio.run(_refused(load(data)))
    assert "refuses the access token" in seen[-1]
    out, err = capfd.readouterr()
    # aiosmtpd, the other side, writes the password it got into its own log; what counts is ours.
    logs = [record.getMessage() for record in caplog.records if record.name != "mail.log"]
    assert "canary" not in "\n".join([*seen, out, err, *logs])
    files = [path for path in data.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]
    assert files == [data / "tokens" / "login.json"]


async def _refused(settings: Settings) -> list[str]:
    """Everything that can be printed of the parts and of the error when the mailbox does not let us in."""
    app = open_app(settings)
    try:
        source = app.tokens.source()
        mailbox = app.mailbox()
        try:
            await mailbox.connect()
        except MailboxError as problem:
            shown = [repr(problem), "".join(traceback.format_exception(problem))]
        else:
            pytest.fail("a token for somebody else opened the mailbox")
        return [*map(repr, (settings, app, source, source.settings, source._token)), *shown]
    finally:
        await app.close()


def test_init_fills_in_what_is_known_of_a_provider(tmp_path: Path) -> None:
    data = tmp_path / "data"
    result = duly("init", "--data", data, "--provider", MICROSOFT, "--name", "Brightwater", "--smtp-port", "2525")
    assert result.exit_code == 0, result.output
    loaded = load(data)
    assert (loaded.smtp.host, loaded.smtp.port, loaded.smtp.security) == ("smtp.office365.com", 2525, "starttls")
    assert (loaded.imap.host, loaded.imap.port, loaded.imap.auth) == ("outlook.office365.com", 993, "oauth")
    assert "Still to fill in: seller.address, smtp.username, oauth.client_id, oauth.tenant" in result.output
    assert f"duly --data {data} login" in result.output
    assert loaded.sending_limits() == LIMITS
    wrong = duly("init", "--data", tmp_path / "other", "--provider", "gmail")
    assert wrong.exit_code == 2
    assert "no mail provider 'gmail': leave it empty, or name one of google, microsoft365, relay, ses" in wrong.stderr
    assert not (tmp_path / "other").exists()


def test_starting_a_command_does_not_wait_for_the_http_library() -> None:
    program = "import sys, workers.command; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        ({"smtp.provider": "google"}, 2, "Google gives no device login for mail: use an app password"),
        ({"oauth.provider": "google", "smtp.provider": MICROSOFT}, 2, "oauth.refresh_token_file"),
        ({"oauth.grant": "client_credentials"}, 2, "which needs no login"),
        ({"oauth.grant": "command"}, 2, "which needs no login"),
        ({"smtp.provider": "ses"}, 2, "no place to log in is known: set oauth.provider"),
        ({"smtp.provider": MICROSOFT}, 3, "oauth.tenant is empty"),
        ({"smtp.provider": MICROSOFT, "oauth.tenant": "duly.test"}, 3, "the settings lack oauth.client_id"),
        ({"oauth.device_url": "http://login.test/", "oauth.client_id": "x"}, 3, "the settings lack oauth.token_url"),
    ],
)
def test_a_login_that_cannot_be_says_what_to_do_instead(
    tmp_path: Path, values: dict[str, Value], code: int, words: str
) -> None:
    data = set_up(tmp_path / "data", values)
    result = duly("--data", data, "login")
    assert result.exit_code == code
    assert words in result.stderr
    assert not (data / "tokens").exists()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"imap.auth": "oauth", "imap.host": "imap.test"}, "imap.username is empty"),
        ({"imap.auth": "oauth", "imap.host": "imap.test", "imap.username": "b"}, "the settings lack oauth.client_id"),
        (
            {"smtp.auth": "oauth", "smtp.host": "mx.test", "smtp.username": "b", "oauth.grant": "command"},
            "token_command",
        ),
    ],
)
def test_half_a_set_up_fails_the_doctor_and_nothing_else(tmp_path: Path, values: dict[str, Value], words: str) -> None:
    data = set_up(tmp_path / "data", values)
    result = duly("--data", data, "doctor", "-o", "json")
    assert result.exit_code == 3
    assert words in result.stdout
    asyncio.run(open_app(load(data)).close())
