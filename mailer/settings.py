"""Settings: defaults.toml, then <data>/config.toml, then the environment (DULY_SMTP__HOST=…)."""

from __future__ import annotations

import os
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from mailer.providers import SendingLimits, provider
from mailer.resources import config_dir
from mailer.secret import SettingsError, check_private, secret_from
from mailer.sections import Anchors, Authentication, Llm, Part, Seller

#: What is imported only to be had from here (SettingsError), and what most ask for.
__all__ = ["CONFIG_NAME", "DATA_VARIABLE", "Settings", "SettingsError", "data_folder", "defaults", "load", "merged"]

CONFIG_NAME = "config.toml"
DATA_VARIABLE = "DULY_DATA"


class Account(Part):
    """What SMTP and IMAP have in common. `timeout_seconds` bounds every wait but the one after the final dot."""

    host: str
    port: int = Field(ge=1, le=65535)
    auth: Literal["password", "oauth"]
    username: str
    password: str = Field(repr=False)
    password_file: str
    password_command: str
    timeout_seconds: int = Field(ge=1, le=3600)
    ca_file: str

    def secret(self) -> str:
        """Return the password from the first place that gives one; raises SettingsError when that place fails."""
        return secret_from(self.password, self.password_file, self.password_command, what="password")


def _known_provider(name: str) -> str:
    return provider(name).name


ProviderName = Annotated[str, AfterValidator(_known_provider)]


class Smtp(Account):
    """The server that takes our mail; a limit of 0 is the provider's."""

    security: Literal["tls", "starttls", "none"]
    provider: ProviderName
    connections: int = Field(ge=0, le=50)
    per_minute: int = Field(ge=0)
    per_day: int = Field(ge=0)
    domain_spacing_seconds: float = Field(ge=0, le=3600)
    archive_to: str
    sent_copy: bool


def _no_starttls(security: object) -> object:
    if security == "starttls":
        message = 'IMAP is not read over STARTTLS, which can be talked out of encryption: use port 993 and "tls"'
        raise ValueError(message)
    return security


class Imap(Account):
    """The mailbox that gets the replies."""

    security: Annotated[Literal["tls", "none"], BeforeValidator(_no_starttls)]
    folders: tuple[str, ...] = Field(min_length=1)
    read_junk: bool
    read_sent: bool
    sent_folder: str
    idle: bool
    plus_addressing: bool
    archive_folder: str


class OAuth(Part):
    """Where access tokens come from, for accounts whose `auth` is "oauth"; what is empty is the provider's.

    `provider` empty: the one of `smtp`.
    """

    provider: ProviderName
    grant: Literal["refresh_token", "client_credentials", "command"]
    tenant: str
    client_id: str
    client_secret: str = Field(repr=False)
    client_secret_file: str
    client_secret_command: str
    refresh_token_file: str
    token_command: str
    token_url: str
    device_url: str
    scope: str

    def secret(self) -> str:
        """Return the application's secret from the first place that gives one, "" when it has none; as `Account`."""
        return secret_from(
            self.client_secret, self.client_secret_file, self.client_secret_command, what="client secret"
        )

    def first_refresh_token(self) -> str:
        """Return the refresh token that was obtained elsewhere, "" when there is none; as `Account`."""
        return secret_from("", self.refresh_token_file, "", what="refresh token")


class FurtherMailbox(Imap):
    """One more account to read: another inbox, or an archive that gets a copy (BCC) of what we send."""

    role: Literal["inbox", "archive"]


class Sending(Part):
    """How reminders go out."""

    default_policy: str
    assignments: dict[str, str]
    max_data_age_hours: int = Field(ge=1)
    max_inbox_age_minutes: int = Field(ge=0)
    lease_seconds: int = Field(ge=60)
    breaker_messages: int = Field(ge=1)
    breaker_percent: int = Field(ge=1, le=100)
    breaker_floor: int = Field(ge=0)


class CustomerDefaults(Part):
    """What a customer is like when the import says nothing."""

    language: str
    country: str = Field(pattern="^[A-Z]{2}$")
    time_zone: str


class Inbox(Part):
    """How incoming mail is kept."""

    keep_unknown_days: int = Field(ge=1)


class Retention(Part):
    """How long customers' data is kept once nothing happens any more."""

    keep_days: int = Field(ge=0)
    apply: bool


class Workers(Part):
    """How often the loops run, in seconds."""

    tick_seconds: float = Field(gt=0)
    drain_seconds: float = Field(gt=0)
    poll_seconds: float = Field(gt=0)
    seal_seconds: float = Field(gt=0)
    stamp_seconds: float = Field(gt=0)
    cosign_seconds: float = Field(gt=0)
    mail_anchor_seconds: float = Field(gt=0)
    authenticate_seconds: float = Field(gt=0)
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
    oauth: OAuth
    mailboxes: tuple[FurtherMailbox, ...]
    sending: Sending
    customers: CustomerDefaults
    inbox: Inbox
    authentication: Authentication
    llm: Llm
    retention: Retention
    anchors: Anchors
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

    def sending_limits(self) -> SendingLimits:
        """Return how fast the account at `smtp` may send: what the settings say, else what its provider allows."""
        own, limits = self.smtp, provider(self.smtp.provider).limits
        return replace(
            limits,
            connections=own.connections or limits.connections,
            per_minute=own.per_minute or limits.per_minute,
            per_day=own.per_day or limits.per_day,
            domain_spacing_seconds=own.domain_spacing_seconds or limits.domain_spacing_seconds,
        )

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
    check_private(path)
    try:
        own = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        message = f"{path} is not readable TOML: {problem}"
        raise SettingsError(message) from problem
    try:
        return Settings(**{**_with_mailboxes(merged(defaults(), own)), "data": data})
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


def _with_mailboxes(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with every further mailbox laid over the shipped [imap], so that it says only what differs."""
    further = values["mailboxes"]
    if not isinstance(further, list):
        return values
    usual = {**defaults()["imap"], "role": "inbox"}
    return {**values, "mailboxes": [merged(usual, one) if isinstance(one, dict) else one for one in further]}


def data_folder(given: Path | None) -> Path:
    """Return the data folder: as given, else DULY_DATA, else ./duly-data."""
    return given or Path(os.environ.get(DATA_VARIABLE) or "duly-data")
