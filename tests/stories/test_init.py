"""Setting up a data folder, and bringing it back from a backup."""

from __future__ import annotations

import asyncio
import os
import pty
import sqlite3
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from mailer.cli.app import top
from mailer.cli.setup import register
from mailer.clock import utc_now
from mailer.flows.initialise import UnfitValue, filled
from mailer.flows.switch_mode import switch_mode
from mailer.resources import config_dir
from mailer.settings import defaults, load, merged
from mailer.store import events, state
from mailer.store.events import RecordedEvent
from mailer.store.session import Store

SECRET = "correct horse battery"
SHIPPED = (config_dir() / "defaults.toml").read_text(encoding="utf-8")
COMMAND = "import typer; from mailer.cli.setup import register; app = typer.Typer(); register(app); app()"


def duly(*words: str | Path) -> Result:
    """What the command prints and returns, its standard input being no terminal."""
    app = typer.Typer()
    app.callback()(top)
    register(app)
    return CliRunner().invoke(app, [str(word) for word in words])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def look(data: Path) -> tuple[bool, list[RecordedEvent]]:
    """Whether the service is live, and what is on record."""

    async def read() -> tuple[bool, list[RecordedEvent]]:
        store = Store(load(data).store_url())
        try:
            async with store.reading() as tx:
                return await state.is_live(tx), await events.listing(tx)
        finally:
            await store.close()

    return asyncio.run(read())


def resume(data: Path) -> None:
    async def write() -> None:
        store = Store(load(data).store_url())
        await switch_mode(store, live=True, actor="person:test", reason="", now=utc_now())
        await store.close()

    asyncio.run(write())


def test_a_new_folder_is_ours_alone_paused_and_explains_what_comes_next(tmp_path: Path) -> None:
    data = tmp_path / "made" / "here"
    result = duly("init", "--data", data, "--name", "Brightwater", "--smtp-host", "mx.test", "--smtp-port", "587")
    assert result.exit_code == 0, result.output
    folders = (data, data / "templates", data / "policies")
    files = (data / "config.toml", data / "duly.sqlite3")
    assert [mode(path) for path in (*folders, *files)] == [0o700] * 3 + [0o600] * 2
    live, (event,) = look(data)
    assert not live
    assert (event.type, event.payload["mode"]) == ("service.initialised", "paused")
    assert "Still to fill in: seller.address, imap.host" in result.output
    commands = [line.strip() for line in result.output.partition("Next:")[2].splitlines() if line]
    start = f"duly --data {data} "
    assert [line.removeprefix(start).split()[0] for line in commands] == ["doctor", "invoices", "preview", "resume"]
    assert load(data).reply_key not in result.output


def test_the_settings_are_the_shipped_ones_with_their_comments_and_the_given_values(tmp_path: Path) -> None:
    data = tmp_path / "data"
    duly("init", "--data", data, "--name", 'A "B" & C\\D', "--username", "me", "--smtp-security", "starttls")
    text = (data / "config.toml").read_text(encoding="utf-8")
    written = tomllib.loads(text)
    key = written.pop("reply_key")
    given_values = {
        "seller": {"name": 'A "B" & C\\D'},
        "smtp": {"username": "me", "security": "starttls"},
        "imap": {"username": "me"},
    }
    expected = merged(defaults(), given_values)
    expected.pop("reply_key")
    assert written == expected
    assert len(bytes.fromhex(key)) == 32
    assert [line for line in text.splitlines() if line.startswith(("#", "["))] == [
        line for line in SHIPPED.splitlines() if line.startswith(("#", "["))
    ]


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    duly("init", "--data", data)
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    again = duly("init", "--data", data)
    with_values = duly("init", "--data", data, "--name", "Other")
    assert (again.exit_code, with_values.exit_code) == (2, 2)
    assert f"edit {data / 'config.toml'}" in again.stderr
    assert "never overwritten" in with_values.stderr
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before
    assert len(look(data)[1]) == 1


def test_a_run_that_was_cut_short_is_finished_by_the_next(tmp_path: Path) -> None:
    data = tmp_path / "data"
    duly("init", "--data", data)
    config = (data / "config.toml").read_bytes()
    (data / "duly.sqlite3").unlink()
    result = duly("init", "--data", data)
    assert result.exit_code == 0, result.output
    assert "was there already and is unchanged" in result.output
    assert (data / "config.toml").read_bytes() == config
    assert len(look(data)[1]) == 1


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--smtp-security", "ssl"], 2, "smtp.security"),
        (["--smtp-host", "a\udcffb"], 2, "smtp.host"),
        (["--password-file", "/no/such/file"], 2, "there is no file"),
        (["--database-url", f"postgresql+asyncpg://me:{SECRET}@127.0.0.1:9/none"], 3, "127.0.0.1"),
    ],
)
def test_what_cannot_work_leaves_no_settings_behind(tmp_path: Path, options: list[str], code: int, said: str) -> None:
    data = tmp_path / "data"
    result = duly("init", "--data", data, *options)
    assert result.exit_code == code
    assert said in result.stderr
    assert SECRET not in result.output
    assert not (data / "config.toml").exists()


def test_a_password_file_is_named_not_copied(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    file.chmod(0o600)
    result = duly("init", "--data", tmp_path / "data", "--password-file", file)
    assert result.exit_code == 0, result.output
    loaded = load(tmp_path / "data")
    assert (loaded.smtp.secret(), loaded.imap.secret()) == (SECRET, SECRET)
    assert SECRET not in (tmp_path / "data" / "config.toml").read_text(encoding="utf-8")


def test_on_a_terminal_it_asks_and_the_password_is_not_shown(tmp_path: Path) -> None:
    data = tmp_path / "data"
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", COMMAND, "init", "--data", str(data), "--smtp-host", "mx.test"]
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    shown = b""
    for question, answer in (
        (b"company's name: ", "Brightwater"),
        (b"replies: ", "billing@mx.test"),
        (b"IMAP server [mx.test]: ", ""),
        (b"User name at both [billing@mx.test]: ", ""),
        (b"leave it out): ", SECRET),
        (b"Next:", None),
    ):
        while question not in shown:
            shown += os.read(ours, 1000)
        if answer is not None:
            os.write(ours, f"{answer}\n".encode())
    assert child.wait(30) == 0
    os.close(ours)
    loaded = load(data)
    assert (loaded.seller.name, loaded.imap.host, loaded.imap.username) == ("Brightwater", "mx.test", "billing@mx.test")
    assert (loaded.smtp.secret(), loaded.imap.secret()) == (SECRET, SECRET)
    assert SECRET.encode() not in shown


def test_a_backup_is_one_checked_file_and_comes_back_paused(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.sqlite3"
    duly("init", "--data", data)
    resume(data)
    result = duly("--data", data, "backup", copy)
    assert result.exit_code == 0, result.output
    assert mode(copy) == 0o600
    assert "config.toml (it holds passwords)" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.sqlite3", "data"]
    with sqlite3.connect(copy) as opened:
        assert opened.execute("SELECT count(*) FROM events").fetchone() == (2,)
    opened.close()
    assert look(data)[1][-1].type == "backup.created"
    assert duly("--data", data, "backup", copy).exit_code == 2
    back = tmp_path / "back"
    back.mkdir()
    copy.rename(back / "duly.sqlite3")
    assert duly("init", "--data", back).exit_code == 0
    live, found = look(back)
    assert not live
    assert [event.type for event in found] == ["service.initialised", "service.resumed", "service.initialised"]


def test_postgresql_is_backed_up_by_its_own_tools(tmp_path: Path, postgres_url: str) -> None:
    data = tmp_path / "data"
    made = duly("init", "--data", data, "--database-url", postgres_url)
    assert made.exit_code == 0, made.output
    result = duly("--data", data, "backup", tmp_path / "copy")
    assert result.exit_code == 2
    assert "pg_dump" in result.stderr
    assert not (tmp_path / "copy").exists()


@given(st.text(st.characters(codec="utf-8")), st.lists(st.text(st.characters(codec="utf-8"), max_size=5)))
@settings(max_examples=50, deadline=None)
def test_any_text_survives_being_written_as_a_setting(text: str, folders: list[str]) -> None:
    written = filled(SHIPPED, {"seller.name": text, "imap.folders": folders, "imap.plus_addressing": False})
    given_values = {"seller": {"name": text}, "imap": {"folders": folders, "plus_addressing": False}}
    assert tomllib.loads(written) == merged(defaults(), given_values)


@pytest.mark.parametrize("name", ["smtp.hots", "seller", "name", "smtp.host.name"])
def test_a_setting_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UnfitValue, match=name):
        filled(SHIPPED, {name: "x"})
