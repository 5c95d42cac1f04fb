"""Where and how to reach a mailbox."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from mailer.mailbox.mailbox import MailboxRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    """One account at one IMAP server.

    `security`: "tls" is TLS from the first byte (port 993, RFC 8314), "none" is allowed to loopback hosts only;
    STARTTLS is refused because of the many ways to talk a client out of it. `ca_file`: PEM file of the certificates
    to trust *instead of* the system's. `timeout_seconds`: how long the server may be silent, and how long one call
    may take (a fetch gets the time that its size needs on a slow line besides). `token`: where an access token comes
    from, asked for each login with its own deadline; when given, the login is XOAUTH2 and `password` is not used. It
    may raise `MailboxError`. `token_refused` is told when the server did not take the token, before the only retry.

    Raises:
        MailboxRefused: a `security` that is not allowed for this host.
    """

    host: str
    port: int
    security: Literal["tls", "none"]
    username: str
    password: str = field(default="", repr=False)
    token: Callable[[], Awaitable[str]] | None = field(default=None, repr=False)
    token_refused: Callable[[], None] | None = field(default=None, repr=False)
    timeout_seconds: float = 60.0
    ca_file: str | None = None

    def __post_init__(self) -> None:
        if self.security not in {"tls", "none"}:
            raise MailboxRefused(
                f'IMAP security "{self.security}" is not supported: use port 993 with security "tls" for {self.host}'
            )
        if self.security == "none" and not _is_loopback(self.host):
            raise MailboxRefused(
                f"IMAP to {self.host} without encryption would send the password in clear: "
                'use port 993 with security "tls"'
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
