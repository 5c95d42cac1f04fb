"""Access tokens for mail servers that take no passwords: a small OAuth 2.0 client (RFC 6749, RFC 8628)."""

from __future__ import annotations

from mailer.tokens.device import DeviceLogin, finish_login, start_login
from mailer.tokens.errors import TokenError, TokenMisconfigured, TokenRefused, TokenUnavailable
from mailer.tokens.settings import Grant, TokenSettings
from mailer.tokens.source import TokenSource

__all__ = [
    "DeviceLogin",
    "Grant",
    "TokenError",
    "TokenMisconfigured",
    "TokenRefused",
    "TokenSettings",
    "TokenSource",
    "TokenUnavailable",
    "finish_login",
    "start_login",
]
