"""What is known of mail providers: servers, limits, where tokens come from (config/providers.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from mailer.resources import config_dir


class UnknownProvider(ValueError):
    """There is no provider of this name; the sentence lists those there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingLimits:
    """How fast one account may send; 0 is no limit (a spacing of 0: no pause).

    `per_day` counts rolling periods of 24 h. `domain_lanes`: messages for one recipient domain under way at the same
    time, `domain_spacing_seconds`: the least time between two of them.
    """

    connections: int
    per_minute: int = 0
    per_day: int = 0
    domain_spacing_seconds: float = 0.0
    domain_lanes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a provider's server is."""

    host: str
    port: int
    security: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthEndpoints:
    """Where a provider gives tokens, "" where it does not; the addresses may hold "{tenant}".

    `scope` asks in the name of a mailbox's owner, `app_scope` (client_credentials) in the name of an application.
    `no_device_login`: why `duly login` cannot serve, and what to do instead.
    """

    token_url: str = ""
    device_url: str = ""
    scope: str = ""
    app_scope: str = ""
    no_device_login: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider; `auth` is the login that works there: "password" or "oauth"."""

    name: str
    auth: str
    smtp: Server | None
    imap: Server | None
    limits: SendingLimits
    oauth: OAuthEndpoints


#: When the settings name none: few connections, no other limit, no endpoints.
NO_PROVIDER = Provider(
    name="",
    auth="password",
    smtp=None,
    imap=None,
    limits=SendingLimits(connections=2),
    oauth=OAuthEndpoints(),
)


def provider(name: str) -> Provider:
    """Return the provider of this name, `NO_PROVIDER` for ""; raises UnknownProvider."""
    if not name:
        return NO_PROVIDER
    known = providers()
    if name not in known:
        message = f"there is no mail provider {name!r}: leave it empty, or name one of {', '.join(sorted(known))}"
        raise UnknownProvider(message)
    return known[name]


@cache
def providers() -> Mapping[str, Provider]:
    """Return every provider by name."""
    values = tomllib.loads((config_dir() / "providers.toml").read_text("utf-8"))
    return {name: _provider(name, value) for name, value in values.items()}


def _provider(name: str, values: Mapping[str, Any]) -> Provider:
    return Provider(
        name=name,
        auth=values["auth"],
        smtp=Server(**values["smtp"]) if "smtp" in values else None,
        imap=Server(**values["imap"]) if "imap" in values else None,
        limits=SendingLimits(**values["limits"]),
        oauth=OAuthEndpoints(**values.get("oauth", {})),
    )
