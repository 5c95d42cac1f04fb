"""Logging in on another device: Duly shows a code, a person enters it in a browser (RFC 8628)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from mailer.tokens.endpoint import Reply, ask, refusal
from mailer.tokens.errors import TokenMisconfigured, TokenRefused, TokenUnavailable
from mailer.tokens.keep import RefreshTokens
from mailer.tokens.settings import TokenSettings

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
#: RFC 8628 §3.5: how often to ask when the server does not say, and how much slower after each `slow_down`.
USUAL_INTERVAL_SECONDS = 5.0
SLOWER_SECONDS = 5.0
_MOST_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLogin:
    """A login that waits for a person: open `address`, enter `code`, before `expires_in_seconds` have passed."""

    address: str
    code: str
    expires_in_seconds: float
    interval_seconds: float
    device_code: str = field(repr=False)


async def start_login(settings: TokenSettings) -> DeviceLogin:
    """Ask for a code (RFC 8628 §3.1).

    Raises:
        TokenError: the server gives none.
    """
    form = {"client_id": settings.client_id, "scope": settings.scope}
    reply = await ask(settings.device_url, form, timeout_seconds=settings.timeout_seconds)
    if reply.error:
        raise refusal(reply, settings.peer, log_in_again=settings.log_in_again)
    said = reply.values
    address = said.get("verification_uri") or said.get("verification_url")
    code, device_code = said.get("user_code"), said.get("device_code")
    if not (isinstance(address, str) and isinstance(code, str) and isinstance(device_code, str)):
        raise TokenMisconfigured(f"{settings.peer} gave no code to log in with: check oauth.device_url")
    return DeviceLogin(
        address=address,
        code=code,
        expires_in_seconds=_number(said, "expires_in", 900.0),
        interval_seconds=max(1.0, _number(said, "interval", USUAL_INTERVAL_SECONDS)),
        device_code=device_code,
    )


async def finish_login(
    settings: TokenSettings, login: DeviceLogin, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Wait until the person has agreed, and keep the refresh token (RFC 8628 §3.4, §3.5).

    Raises:
        TokenRefused: the person said no, or the code ran out.
        TokenMisconfigured: no refresh token was given, or it cannot be kept.
    """
    interval_seconds, waited_seconds = login.interval_seconds, 0.0
    while waited_seconds < login.expires_in_seconds:
        await sleep(interval_seconds)
        waited_seconds += interval_seconds
        try:
            reply = await _asked(settings, login)
        except TokenUnavailable:
            interval_seconds = min(interval_seconds * 2, 60.0)  # RFC 8628 §3.5: back off
            continue
        if reply.error == "slow_down":
            interval_seconds += SLOWER_SECONDS
        elif reply.error not in {"", "authorization_pending"}:
            raise refusal(reply, settings.peer, log_in_again="run `duly login` once more")
        elif not reply.error:
            await _keep(settings, reply.values)
            return
    raise TokenRefused(f"nobody entered the code at {login.address} in time: run `duly login` once more")


async def _asked(settings: TokenSettings, login: DeviceLogin) -> Reply:
    form = {
        "grant_type": _GRANT,
        "client_id": settings.client_id,
        "client_secret": await asyncio.to_thread(settings.client_secret),
        "device_code": login.device_code,
    }
    return await ask(settings.token_url, form, timeout_seconds=settings.timeout_seconds)


async def _keep(settings: TokenSettings, values: Mapping[str, object]) -> None:
    token = values.get("refresh_token")
    if not isinstance(token, str) or not token:
        sentence = f"{settings.peer} gave no refresh token: add offline_access to oauth.scope, and log in again"
        raise TokenMisconfigured(sentence)
    kept = RefreshTokens(
        settings.folder, settings.name, client_id=settings.client_id, first=settings.first_refresh_token
    )
    async with kept.alone(timeout_seconds=settings.timeout_seconds):
        await asyncio.to_thread(kept.keep, token)


def _number(values: Mapping[str, object], name: str, usual: float) -> float:
    """Return a number of seconds within reason."""
    value = values.get(name)
    try:
        number = float(value) if isinstance(value, int | float | str) else usual
    except ValueError:
        number = usual
    return min(max(0.0, number), _MOST_SECONDS)  # in this order NaN becomes 0
