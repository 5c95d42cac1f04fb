"""Access tokens as the mail servers' connections ask for them: fetched once, shared, fresh."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from mailer.tokens.bearer import access_token
from mailer.tokens.command import printed_token
from mailer.tokens.endpoint import ask, refusal
from mailer.tokens.errors import TokenRefused
from mailer.tokens.keep import RefreshTokens
from mailer.tokens.settings import Grant, TokenSettings

#: A token is not used for the last minute of its life: clocks differ, and a login takes a while.
MARGIN_SECONDS = 60.0
#: For servers that do not say how long a token lives (RFC 6749 §5.1 only recommends it).
UNSTATED_SECONDS = 600.0
LONGEST_SECONDS = 86_400.0
#: A refresh token that was refused is not shown again for so long: who asks too often is locked out.
REFUSED_SECONDS = 300.0
#: A command keeps its own tokens fresh; so long is its answer taken for good.
COMMAND_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """A refresh token that the server refused, with its words and the time of `seconds`."""

    refresh_token: str = field(repr=False)
    sentence: str
    at_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token and the time of `seconds` up to which it is used."""

    text: str = field(repr=False)
    good_until_seconds: float


class TokenSource:
    """The access tokens of one login; one fetch at a time, whoever waits. `seconds` tells durations only."""

    def __init__(self, settings: TokenSettings, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._seconds = seconds
        self._kept = RefreshTokens(
            settings.folder, settings.name, client_id=settings.client_id, first=settings.first_refresh_token
        )
        self._token: AccessToken | None = None
        self._fetch: asyncio.Task[AccessToken] | None = None
        #: A new refresh token that could not be written down yet.
        self._unkept = ""
        self._ended: _Ended | None = None
        self._given: WeakKeyDictionary[asyncio.Task[object], str] = WeakKeyDictionary()

    @property
    def settings(self) -> TokenSettings:
        """Where its tokens come from."""
        return self._settings

    async def token(self) -> str:
        """Return an access token that is good for at least a minute, fetching one when needed.

        Cancelling does not cancel the fetch: an answer that brings a new refresh token must be kept.

        Raises:
            TokenError: see its three kinds; SettingsError of a secret's own file or command comes through.
        """
        if self._token is None or self._seconds() >= self._token.good_until_seconds:
            if self._fetch is None or self._fetch.done():
                self._fetch = asyncio.create_task(self._renewed())
                self._fetch.add_done_callback(_seen)
            token = await asyncio.shield(self._fetch)
        else:
            token = self._token
        if (task := asyncio.current_task()) is not None:
            self._given[task] = token.text
        return token.text

    def refused(self) -> None:
        """Take note that a mail server refused the token that this task got last: nobody gets it again.

        A token that came meanwhile, because another connection's was refused as well, is not thrown away.
        """
        task = asyncio.current_task()
        refused = self._given.get(task) if task is not None else None
        if self._token is not None and refused in {None, self._token.text}:
            self._token = None

    def seconds_left(self) -> float:
        """Return for how long the present token is still used, 0 when there is none."""
        return max(self._token.good_until_seconds - self._seconds(), 0.0) if self._token is not None else 0.0

    async def close(self) -> None:
        """Wait for a running fetch, which has its deadline: it may bring a new refresh token."""
        if self._fetch is not None and not self._fetch.done():
            await asyncio.wait([self._fetch])

    async def _renewed(self) -> AccessToken:
        self._token = token = await self._fetched()
        return token

    async def _fetched(self) -> AccessToken:
        match self._settings.grant:
            case Grant.COMMAND:
                asked_at_seconds = self._seconds()
                text = await printed_token(self._settings)
                return AccessToken(text=text, good_until_seconds=asked_at_seconds + COMMAND_SECONDS)
            case Grant.CLIENT_CREDENTIALS:
                return await self._exchanged({})
            case Grant.REFRESH_TOKEN:
                async with self._kept.alone(timeout_seconds=self._settings.timeout_seconds):
                    return await self._refreshed()

    async def _refreshed(self) -> AccessToken:
        if self._unkept:
            await asyncio.to_thread(self._kept.keep, self._unkept)
            self._unkept = ""
        old = await asyncio.to_thread(self._kept.current)
        if not old:
            raise TokenRefused(f"nobody has logged in at {self._settings.peer} yet: {self._settings.log_in_again}")
        ended, now_seconds = self._ended, self._seconds()
        if ended is not None and ended.refresh_token == old and now_seconds < ended.at_seconds + REFUSED_SECONDS:
            raise TokenRefused(ended.sentence)
        try:
            return await self._exchanged({"refresh_token": old})
        except TokenRefused as problem:
            self._ended = _Ended(refresh_token=old, sentence=str(problem), at_seconds=now_seconds)
            raise

    async def _exchanged(self, shown: Mapping[str, str]) -> AccessToken:
        """Show what the grant wants, return the access token, keep a new refresh token (RFC 6749 §6)."""
        settings = self._settings
        form = {
            "grant_type": str(settings.grant),
            "client_id": settings.client_id,
            "client_secret": await asyncio.to_thread(settings.client_secret),
            "scope": settings.scope,
            **shown,
        }
        asked_at_seconds = self._seconds()
        reply = await ask(settings.token_url, form, timeout_seconds=settings.timeout_seconds)
        if reply.error:
            raise refusal(reply, settings.peer, log_in_again=settings.log_in_again)
        new = reply.values.get("refresh_token")
        if "refresh_token" in shown and isinstance(new, str) and new not in {"", shown["refresh_token"]}:
            self._unkept = new
            await asyncio.to_thread(self._kept.keep, new)
            self._unkept = ""
        lives_seconds = _seconds_of(reply.values.get("expires_in"))
        return AccessToken(
            text=access_token(reply.values, settings.peer),
            good_until_seconds=asked_at_seconds + max(0.0, lives_seconds - MARGIN_SECONDS),
        )


def _seconds_of(stated: object) -> float:
    """Return a lifetime in seconds, a day at most; some servers write the number as text."""
    try:
        lives_seconds = float(stated) if isinstance(stated, int | float | str) else UNSTATED_SECONDS
    except ValueError:
        lives_seconds = UNSTATED_SECONDS
    return min(max(0.0, lives_seconds), LONGEST_SECONDS)  # in this order NaN becomes 0


def _seen(task: asyncio.Task[AccessToken]) -> None:
    """Look at the fault, for when everybody who waited was cancelled."""
    if not task.cancelled():
        task.exception()
