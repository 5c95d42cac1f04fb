"""Where and how to reach a submission server."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from mailer.channels.channel import ChannelError

Security = Literal["tls", "starttls", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """One submission server (RFC 6409, RFC 8314).

    `security`: "tls" is TLS from the first byte (port 465, preferred), "starttls" demands the upgrade (port 587) and
    never goes on without it, "none" is allowed to loopback hosts only. `ca_file`: PEM file of the certificates to
    trust *instead of* the system's. An empty `username` means no login. With `token` the login is XOAUTH2: it gives the
    access token, fresh from wherever it keeps it, and raises ChannelError when it has none; `token_refused` tells it
    that the server refused the last one, so that the next is a new one.

    Raises:
        ChannelError: `security` is "none" and `host` is another machine.
    """

    host: str
    port: int
    security: Security
    username: str = ""
    password: str = field(default="", repr=False)
    #: Where an access token for XOAUTH2 comes from, instead of the password; told when the server refuses it.
    token: Callable[[], Awaitable[str]] | None = field(default=None, repr=False)
    token_refused: Callable[[], None] | None = field(default=None, repr=False)
    #: For each of: connect, TLS, greeting, EHLO, AUTH, MAIL, RCPT.
    timeout_seconds: float = 60.0
    #: For the 354 after DATA (RFC 5321 §4.5.3.2.4).
    data_start_seconds: float = 120.0
    #: For the answer to the final dot (RFC 5321 §4.5.3.2.6); shorter waits make duplicates.
    data_done_seconds: float = 600.0
    ca_file: str | None = None
    #: What EHLO says; an address literal or a name of this machine.
    local_hostname: str = "localhost"
    #: A connection is used for at most this many messages and this long.
    max_messages: int = 100
    max_age_seconds: float = 300.0
    #: After this much silence RSET must prove that the connection still works.
    idle_check_seconds: float = 5.0
    #: After this much silence a connection is closed.
    idle_close_seconds: float = 15.0
    #: Deliveries at the same time, each on its own connection (Exchange Online allows three).
    connections: int = 2

    @property
    def account(self) -> str:
        """Whose limits count: user@host, or the host alone where there is no login."""
        return f"{self.username}@{self.host}" if self.username else self.host

    def __post_init__(self) -> None:
        if self.security == "none" and not _is_loopback(self.host):
            raise ChannelError(
                f"SMTP to {self.host} without encryption would send the password in clear: "
                'set its security to "tls" (port 465) or "starttls" (port 587)'
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
