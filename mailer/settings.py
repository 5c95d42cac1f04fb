"""Settings: defaults.toml, then <data>/config.toml, then the environment (DULY_SMTP__HOST=…)."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from mailer.resources import config_dir

CONFIG_NAME = "config.toml"
DATA_VARIABLE = "DULY_DATA"


class SettingsError(Exception):
    """The settings cannot be used: a value is wrong or missing, or the file is open to others."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Seller(_Part):
    """Who writes; `address` is the sender and the mailbox of the replies."""

    name: str
    sender_name: str
    address: str
    phone: str
    payment_details: str
    address_lines: tuple[str, ...]
    legal_lines: tuple[str, ...]


class Account(_Part):
    """What SMTP and IMAP have in common. `timeout_seconds` bounds every wait but the one after the final dot."""

    host: str
    port: int = Field(ge=1, le=65535)
    username: str
    password: str = Field(repr=False)
    password_file: str
    password_command: str
    timeout_seconds: int = Field(ge=1, le=3600)
    ca_file: str

    def secret(self) -> str:
        """Return the password from the first place that gives one; raises SettingsError when that place fails."""
        if self.password:
            return self.password
        if self.password_file:
            return _from_file(Path(self.password_file))
        return _from_command(self.password_command) if self.password_command else ""


class Smtp(Account):
    """The server that takes our mail."""

    security: Literal["tls", "starttls", "none"]
    archive_to: str
    sent_copy: bool


class Imap(Account):
    """The mailbox that gets the replies."""

    security: Literal["tls", "none"]
    folders: tuple[str, ...] = Field(min_length=1)
    plus_addressing: bool
    sent_folder: str
    archive_folder: str


class Sending(_Part):
    """How reminders go out."""

    default_policy: str
    assignments: dict[str, str]
    max_data_age_hours: int = Field(ge=1)
    max_inbox_age_minutes: int = Field(ge=0)
    lease_seconds: int = Field(ge=60)


class CustomerDefaults(_Part):
    """What a customer is like when the import says nothing."""

    language: str
    country: str = Field(pattern="^[A-Z]{2}$")
    time_zone: str


class Inbox(_Part):
    """How incoming mail is kept."""

    keep_unknown_days: int = Field(ge=1)


class Workers(_Part):
    """How often the loops run, in seconds."""

    tick_seconds: float = Field(gt=0)
    drain_seconds: float = Field(gt=0)
    poll_seconds: float = Field(gt=0)
    redis_url: str = Field(repr=False)


class Settings(BaseSettings):
    """All settings. `data` is the folder that holds the database, config.toml, and own templates and policies."""

    model_config = SettingsConfigDict(
        env_prefix="DULY_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    data: Path
    database_url: str = Field(repr=False)
    reply_key: str = Field(repr=False)
    seller: Seller
    smtp: Smtp
    imap: Imap
    sending: Sending
    customers: CustomerDefaults
    inbox: Inbox
    workers: Workers

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the files (which come in as init values), but not over the folder chosen."""

        def environment() -> dict[str, Any]:
            return {name: value for name, value in env_settings().items() if name != "data"}

        return cast("PydanticBaseSettingsSource", environment), init_settings

    def store_url(self) -> str:
        """Return the database's URL."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data.resolve() / 'duly.sqlite3'}"

    def key(self) -> bytes:
        """Return the key that signs reply tokens; raises SettingsError when it is missing or short."""
        try:
            key = bytes.fromhex(self.reply_key)
        except ValueError:
            key = b""
        if len(key) < 32:  # noqa: PLR2004 - 256 bits
            message = f"reply_key in {self.data / CONFIG_NAME} must be 64 hex digits: run `duly init` to have one made"
            raise SettingsError(message)
        return key


def defaults() -> dict[str, Any]:
    """Return the shipped defaults as nested values."""
    return tomllib.loads((config_dir() / "defaults.toml").read_text("utf-8"))


def load(data: Path) -> Settings:
    """Return the settings for a data folder.

    Raises SettingsError naming the file, the setting and the fix: no config.toml (run `duly init`), readable by others
    (chmod 600), not TOML, an unknown or wrong value.
    """
    path = data / CONFIG_NAME
    if not path.exists():
        message = f"there is no {path}: run `duly init --data {data}`, or name its folder (--data or {DATA_VARIABLE})"
        raise SettingsError(message)
    _check_private(path)
    try:
        own = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        message = f"{path} is not readable TOML: {problem}"
        raise SettingsError(message) from problem
    try:
        return Settings(**{**merged(defaults(), own), "data": data})
    except ValidationError as problem:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors(include_input=False))
        message = f"{path}: {wrong}"
        raise SettingsError(message) from None


def merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return nested values with `over` laid over `under`; `assignments` is replaced whole."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def data_folder(given: Path | None) -> Path:
    """Return the data folder: as given, else DULY_DATA, else ./duly-data."""
    return given or Path(os.environ.get(DATA_VARIABLE) or "duly-data")


def _check_private(path: Path) -> None:
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        message = f"{path} holds secrets and others may read it: run `chmod 600 {path}`"
        raise SettingsError(message)


def _from_file(path: Path) -> str:
    try:
        _check_private(path)
        return path.read_text("utf-8").strip("\r\n")
    except OSError as problem:
        message = f"the password file {path} cannot be read: {problem.strerror}"
        raise SettingsError(message) from problem


def _from_command(command: str) -> str:
    try:
        done = subprocess.run(shlex.split(command), capture_output=True, check=True, timeout=30)  # noqa: S603 - the owner's own command
    except (OSError, ValueError, subprocess.SubprocessError) as problem:
        message = f"the password command `{command.partition(' ')[0]} …` failed ({type(problem).__name__})"
        raise SettingsError(message) from None
    return done.stdout.decode().strip("\r\n")
