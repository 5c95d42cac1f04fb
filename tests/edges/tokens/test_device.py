"""Logging in with a code: waiting as RFC 8628 wants, and ending in a login that renews itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.tokens import (
    TokenMisconfigured,
    TokenRefused,
    TokenSource,
    TokenUnavailable,
    finish_login,
    start_login,
)
from tests.edges.tokens.rooms import login
from tests.servers.tokens import Canned, TokenServer

PENDING = Canned(status=400, values={"error": "authorization_pending"})
SLOW_DOWN = Canned(status=400, values={"error": "slow_down"})


class Waits:
    """A `sleep` that takes no time; the person agrees after so many waits."""

    def __init__(self, server: TokenServer, *, agrees_after: int = 10_000) -> None:
        self.seconds: list[float] = []
        self._server = server
        self._agrees_after = agrees_after

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self._server.agreed = len(self.seconds) >= self._agrees_after


async def test_the_code_is_shown_and_the_login_kept(token_server: TokenServer, tmp_path: Path) -> None:
    settings = login(token_server, tmp_path, first_refresh_token=lambda: "")
    started = await start_login(settings)
    assert (started.address, started.code) == ("https://login.test/device", "WDJB-MJHT")
    waits = Waits(token_server, agrees_after=3)
    await finish_login(settings, started, sleep=waits)
    assert waits.seconds == [5, 5, 5]
    assert token_server.asked[0] == ("/device", {"client_id": "duly-app", "scope": "mail offline_access"})
    assert token_server.forms[0]["device_code"] == "canary-device"
    assert (await TokenSource(settings).token()).startswith("canary-access")


async def test_a_login_replaces_an_older_one_and_a_token_obtained_elsewhere(
    token_server: TokenServer, tmp_path: Path
) -> None:
    settings = login(token_server, tmp_path)
    token_server.refresh_tokens.clear()
    with pytest.raises(TokenRefused):
        await TokenSource(settings).token()
    await finish_login(settings, await start_login(settings), sleep=Waits(token_server, agrees_after=1))
    assert (await TokenSource(settings).token()).startswith("canary-access")


async def test_slow_down_slows_down_for_good_and_a_silent_server_doubles_the_wait(
    token_server: TokenServer, tmp_path: Path
) -> None:
    settings = login(token_server, tmp_path, timeout_seconds=2.0)
    token_server.canned.extend([PENDING, SLOW_DOWN, PENDING, SLOW_DOWN, Canned(wait_seconds=4.0), Canned(status=503)])
    waits = Waits(token_server, agrees_after=7)
    await finish_login(settings, await start_login(settings), sleep=waits)
    assert waits.seconds == [5, 5, 10, 10, 15, 30, 60]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"error": "access_denied"}, TokenRefused, "access_denied.*run `duly login` once more"),
        ({"error": "expired_token"}, TokenRefused, "expired_token"),
        ({"error": "invalid_client", "error_description": "AADSTS7000218"}, TokenMisconfigured, "AADSTS7000218"),
        ({"access_token": "canary-access"}, TokenMisconfigured, "no refresh token: add offline_access"),
    ],
)
async def test_a_login_that_ends_otherwise(
    token_server: TokenServer, tmp_path: Path, answer: dict[str, str], kind: type[Exception], words: str
) -> None:
    settings = login(token_server, tmp_path)
    token_server.canned.append(Canned(status=400 if "error" in answer else 200, values=answer))
    with pytest.raises(kind, match=words):
        await finish_login(settings, await start_login(settings), sleep=Waits(token_server))
    assert not (tmp_path / "tokens").exists()


async def test_a_code_that_nobody_enters_runs_out(token_server: TokenServer, tmp_path: Path) -> None:
    token_server.device_answer = Canned(values={"expires_in": 20, "interval": 0})
    settings = login(token_server, tmp_path)
    waits, started = Waits(token_server), await start_login(settings)
    with pytest.raises(TokenRefused, match="nobody entered the code"):
        await finish_login(settings, started, sleep=waits)
    assert waits.seconds == [1.0] * 20  # an interval of 0 is no leave to flood the server


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Canned(status=400, values={"error": "invalid_scope"}), TokenMisconfigured, r"oauth\.scope"),
        (Canned(status=503), TokenUnavailable, "HTTP 503"),
        (Canned(values={"user_code": None}), TokenMisconfigured, "gave no code"),
    ],
)
async def test_no_code_to_be_had(
    token_server: TokenServer, tmp_path: Path, answer: Canned, kind: type[Exception], words: str
) -> None:
    token_server.device_answer = answer
    with pytest.raises(kind, match=words):
        await start_login(login(token_server, tmp_path))


async def test_servers_that_spell_the_address_otherwise(token_server: TokenServer, tmp_path: Path) -> None:
    values = {"verification_uri": None, "verification_url": "https://login.test/g", "expires_in": "60"}
    token_server.device_answer = Canned(values=values)
    started = await start_login(login(token_server, tmp_path))
    assert (started.address, started.expires_in_seconds) == ("https://login.test/g", 60)
