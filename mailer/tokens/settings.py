"""Where tokens come from, and what is shown for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from mailer.secret import is_safe
from mailer.tokens.errors import TokenMisconfigured


class Grant(StrEnum):
    """What is exchanged for an access token."""

    REFRESH_TOKEN = "refresh_token"  # RFC 6749 §6  # noqa: S105 -- a name, no secret
    CLIENT_CREDENTIALS = "client_credentials"  # RFC 6749 §4.4
    COMMAND = "command"


def no_secret() -> str:
    """Return "": what an application or a login without a secret shows."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """One login at one token server.

    `client_secret` and `first_refresh_token` are asked at each use, in a thread, and may raise: a rotated secret is
    found without a restart. `folder`: where the refresh token is kept, under `name`. `log_in_again`: what a person
    does when the login has ended ("run `duly login`").

    Raises:
        TokenMisconfigured: an address without TLS on another machine, or a value that the grant needs is missing.
    """

    name: str
    grant: Grant
    folder: Path
    client_id: str = ""
    client_secret: Callable[[], str] = field(default=no_secret, repr=False)
    first_refresh_token: Callable[[], str] = field(default=no_secret, repr=False)
    token_url: str = ""
    device_url: str = ""
    scope: str = ""
    command: str = field(default="", repr=False)
    timeout_seconds: float = 30.0
    log_in_again: str = "run `duly login`"

    def __post_init__(self) -> None:
        wanted = ("command",) if self.grant is Grant.COMMAND else ("client_id", "token_url")
        if missing := [name for name in wanted if not getattr(self, name)]:
            names = ", ".join("oauth.token_command" if name == "command" else f"oauth.{name}" for name in missing)
            raise TokenMisconfigured(f"the settings lack {names}: no token can be had without")
        for name in ("token_url", "device_url"):
            url = getattr(self, name)
            if url and not is_safe(url):
                raise TokenMisconfigured(f"oauth.{name} is no https:// address: secrets would travel in clear")

    @property
    def peer(self) -> str:
        """Who gives the tokens, for people: a host, or the command's name."""
        if self.grant is Grant.COMMAND:
            return f"`{self.command.partition(' ')[0]} …`"
        return urlsplit(self.token_url).netloc.rpartition("@")[2]
