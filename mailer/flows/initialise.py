"""A new data folder: commented settings that only the owner may read, an empty database, and a service at rest."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mailer.clock import new_key
from mailer.flows.accounts import endpoints
from mailer.flows.log_key import first_key
from mailer.flows.recording import happened
from mailer.resources import config_dir
from mailer.settings import CONFIG_NAME, Settings, load, merged
from mailer.store import events, schema, state
from mailer.store.session import Store

FOLDERS = ("templates", "policies")
#: What nobody can guess and nothing works without.
NEEDED = ("seller.name", "seller.address", "smtp.host", "imap.host")
#: The same for accounts that log in with tokens.
NEEDED_FOR_TOKENS = ("smtp.username", "oauth.client_id")
_SECTION = re.compile(r"\[([A-Za-z0-9_.-]+)\]")
_SETTING = re.compile(r"([A-Za-z0-9_-]+)\s*=")

Value = str | int | bool | Sequence[str]


class AlreadyThere(ValueError):
    """This data folder was set up before; nothing was changed."""


class UnfitValue(ValueError):
    """A value cannot be written into the settings file; names the setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """What is there now.

    `new_config` False: it had been written before. `missing`: settings still to be filled in. `login`: `duly login` is
    to come next.
    """

    config: Path
    new_config: bool
    database: str
    missing: tuple[str, ...]
    login: bool


async def initialise(data: Path, values: Mapping[str, Value], *, actor: str, now: datetime) -> Initialised:
    """Write <data>/config.toml with these values ("smtp.host"), create the database, and leave the service paused.

    A config.toml that is there already is never touched: when its database is empty (the first run was cut short, or
    the file was written by hand), only the database is made. Raises AlreadyThere when there is nothing left to do or
    values could not be applied, UnfitValue and SettingsError for wrong values, StoreUnreachable; after any of them
    there is no new config.toml.
    """
    path = data / CONFIG_NAME
    is_new = not path.exists()
    if not is_new and values:
        message = f"{path} is there already and is never overwritten: edit it, or run `duly init` without values"
        raise AlreadyThere(message)
    settings = _settings(data, values, is_new=is_new)
    store = Store(settings.store_url())
    try:
        await _set_up(store, path, settings.seller.address, is_new=is_new, actor=actor, now=now)
    except BaseException:
        if is_new:
            path.unlink(missing_ok=True)
        raise
    finally:
        await store.close()
    needed: tuple[str, ...] = NEEDED
    if tokens := "oauth" in {settings.smtp.auth, settings.imap.auth}:
        needed += NEEDED_FOR_TOKENS + (("oauth.tenant",) if "{tenant}" in endpoints(settings).token_url else ())
    return Initialised(
        config=path,
        new_config=is_new,
        database=_close_to_others(settings),
        missing=tuple(name for name in needed if not _value(settings, name)),
        login=tokens and settings.oauth.grant == "refresh_token",
    )


def filled(defaults: str, values: Mapping[str, Value]) -> str:
    """Return the commented TOML with some values replaced, line by line: comments and order stay.

    Keys are dotted ("smtp.host"). Raises UnfitValue for a name that the text does not set on a line of its own, or a
    value that TOML cannot carry: the result is parsed and compared before it is given out.
    """
    left, section, lines = dict(values), "", []
    for line in defaults.splitlines():
        if header := _SECTION.fullmatch(line.strip()):
            section = header[1] + "."
        found = _SETTING.match(line)
        name = section + found[1] if found else ""
        lines.append(f"{name.rpartition('.')[2]} = {quoted(left.pop(name))}" if name in left else line)
    text = "\n".join(lines) + "\n"
    try:
        fits = not left and tomllib.loads(text.encode().decode()) == merged(tomllib.loads(defaults), nested(values))
    except ValueError:  # not TOML any more, or not UTF-8 (a command line may hold any bytes)
        fits = False
    if not fits:
        raise UnfitValue(f"these settings cannot be written into a settings file: {', '.join(left or values)}")
    return text


def quoted(value: Value) -> str:
    """Return a value as TOML 1.0 writes it; JSON's strings are TOML's basic strings, but for DEL."""
    if isinstance(value, str | bool | int):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "[" + ", ".join(quoted(one) for one in value) + "]"


def nested(values: Mapping[str, Value]) -> dict[str, Any]:
    """Return dotted names as the nested values of a TOML file."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        *above, last = name.split(".")
        place = result
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value if isinstance(value, str | bool | int) else list(value)
    return result


def _settings(data: Path, values: Mapping[str, Value], *, is_new: bool) -> Settings:
    """Return the settings, after writing them and making the folders when they are new."""
    if not is_new:
        return load(data)
    text = filled((config_dir() / "defaults.toml").read_text("utf-8"), {"reply_key": new_key(), **values})
    _make_folders(data)
    path = data / CONFIG_NAME
    _write_new(path, text.encode())
    try:
        return load(data)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _make_folders(data: Path) -> None:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not any(data.iterdir()):
        data.chmod(0o700)  # an empty folder made beforehand; one in use keeps the mode its owner gave it
    for name in FOLDERS:
        (data / name).mkdir(mode=0o700, exist_ok=True)


def _write_new(path: Path, content: bytes) -> None:
    """Create a file that only its owner may read; raises AlreadyThere when there is one by now."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as problem:
        raise AlreadyThere(f"{path} is there already and is never overwritten: edit it") from problem
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def _set_up(store: Store, config: Path, address: str, *, is_new: bool, actor: str, now: datetime) -> None:
    """Create the tables and put the service at rest; raises AlreadyThere when that was done before.

    Beside new settings a database that is there already comes from elsewhere (a backup): it starts at rest as well.
    """
    present, _ = await schema.revisions(store)
    if present is not None and not is_new:
        async with store.reading() as tx:
            if await state.get(tx, state.MODE) is not None:
                raise AlreadyThere(f"{config.parent} was set up before, nothing was changed: edit {config}")
    await schema.migrate(store)
    async with store.transaction() as tx:
        await state.put(tx, state.MODE, state.PAUSED)
        payload: dict[str, object] = {"mode": state.PAUSED, "from_revision": present}
        await first_key(tx, config.parent, address)
        await events.record(tx, [happened("service.initialised", now=now, actor=actor, payload=payload)])


def _close_to_others(settings: Settings) -> str:
    """Return where the database is; our own file becomes readable by its owner only (-wal and -shm follow it)."""
    if settings.database_url:
        return settings.database_url.partition("+")[0]
    path = settings.data / "duly.sqlite3"
    path.chmod(0o600)
    return str(path)


def _value(settings: Settings, name: str) -> object:
    value: object = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value
