"""Settings for the token server of a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mailer.tokens import Grant, TokenSettings
from tests.servers.tokens import CLIENT_ID, CLIENT_SECRET, TokenServer


def login(server: TokenServer, folder: Path, **changes: Any) -> TokenSettings:
    """A login by the server's first refresh token."""
    values: dict[str, Any] = {
        "name": "login",
        "grant": Grant.REFRESH_TOKEN,
        "folder": folder / "tokens",
        "client_id": CLIENT_ID,
        "client_secret": lambda: CLIENT_SECRET,
        "first_refresh_token": lambda: "canary-refresh-0",
        "token_url": f"{server.address}/token",
        "device_url": f"{server.address}/device",
        "scope": "mail offline_access",
        "timeout_seconds": 20.0,
    }
    return TokenSettings(**{**values, **changes})


class Seconds:
    """A clock for durations that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
