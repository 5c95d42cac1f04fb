"""A token server on loopback: refresh, client credentials, device login, and the look-up that Dovecot makes."""

from __future__ import annotations

import itertools
import json
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.servers.http import LoopbackServer, QuietHandler

CLIENT_ID = "duly-app"
CLIENT_SECRET = "canary-client-secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """An answer said once instead of the usual one; `text` wins over `values`."""

    status: int = 200
    values: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    wait_seconds: float = 0.0


class TokenServer(LoopbackServer):
    """Gives tokens as RFC 6749 and RFC 8628 say; everything may be changed while it runs.

    `refresh_tokens`: those that are good now; with `rotates` each is good once and brings the next. `canned`: answers
    for /token to be given first. `access_tokens`: those that `/tokeninfo` knows, with the mailbox each opens.
    """

    def __init__(self) -> None:
        self.refresh_tokens = {"canary-refresh-0"}
        self.access_tokens: dict[str, str] = {}
        self.mailbox = "billing@duly.test"
        self.lives_seconds: object = 3600
        self.rotates = False
        self.agreed = False
        self.canned: deque[Canned] = deque()
        self.device_answer = Canned()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._numbers = itertools.count(1)
        super().__init__(_handler(self))

    @property
    def forms(self) -> list[dict[str, str]]:
        """What /token was asked, oldest first."""
        return [form for path, form in self.asked if path == "/token"]

    def answer(self, path: str, form: dict[str, str]) -> Canned:
        if path == "/tokeninfo":
            mailbox = self.access_tokens.get(form.get("access_token", ""))
            return Canned(values={"email": mailbox}) if mailbox else Canned(status=400, values={"error": "bad"})
        self.asked.append((path, form))
        if path == "/device":
            usual = {"device_code": "canary-device", "user_code": "WDJB-MJHT", "expires_in": 900, "interval": 5}
            usual["verification_uri"] = "https://login.test/device"
            answer = self.device_answer
            return answer if answer.text or answer.status != 200 else Canned(values={**usual, **answer.values})
        return self.canned.popleft() if self.canned else self._token(form)

    def _token(self, form: dict[str, str]) -> Canned:
        grant = form.get("grant_type", "")
        if form.get("client_id") != CLIENT_ID:
            return Canned(status=401, values={"error": "invalid_client"})
        if grant == "client_credentials" and form.get("client_secret") != CLIENT_SECRET:
            return Canned(status=401, values={"error": "invalid_client", "error_description": "wrong secret"})
        if grant.endswith("device_code") and not self.agreed:
            return Canned(status=400, values={"error": "authorization_pending"})
        if grant == "refresh_token" and form.get("refresh_token") not in self.refresh_tokens:
            return Canned(status=400, values={"error": "invalid_grant", "error_description": "it has been revoked"})
        return Canned(values=self._issued(grant, form))

    def _issued(self, grant: str, form: dict[str, str]) -> dict[str, Any]:
        number = next(self._numbers)
        token = f"canary-access-{number}"
        self.access_tokens[token] = self.mailbox
        values = {"access_token": token, "token_type": "Bearer", "expires_in": self.lives_seconds}
        if grant.endswith("device_code") or (grant == "refresh_token" and self.rotates):
            self.refresh_tokens.discard(form.get("refresh_token", ""))
            values["refresh_token"] = f"canary-refresh-{number}"
            self.refresh_tokens.add(f"canary-refresh-{number}")
        return values


def _handler(server: TokenServer) -> type[QuietHandler]:
    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # noqa: N802 - the library's name
            body = self.body().decode()
            self._reply(body)

        def do_GET(self) -> None:  # noqa: N802 - the library's name
            self._reply(urlsplit(self.path).query)

        def _reply(self, query: str) -> None:
            form = {name: values[0] for name, values in parse_qs(query).items()}
            answer = server.answer(urlsplit(self.path).path, form)
            time.sleep(answer.wait_seconds)
            body = (answer.text or json.dumps(answer.values)).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if 300 <= answer.status < 400:
                self.send_header("Location", f"{server.address}/elsewhere")
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # nobody waited for it

    return Handler


@pytest.fixture
def token_server() -> Iterator[TokenServer]:
    """A running token server that knows one refresh token."""
    with TokenServer() as server:
        yield server
