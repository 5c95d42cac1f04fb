"""One question to a chat model, within a deadline. Whatever goes wrong is an answer with a problem, never an error."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mailer.clock import steady_seconds
from mailer.llm.settings import LlmSettings
from mailer.secret import SettingsError, is_loopback

#: More of an answer is not read.
MAX_ANSWER_OCTETS = 128 * 1024
#: After so many failures in a row nothing is asked for a while: a model that is down must not cost every mail its time.
FAILURES = 3
REST_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model said, as it said it; `problem`: why there is no answer, "" if there is one; how long it took."""

    text: str = ""
    problem: str = ""
    seconds: float = 0.0
    tokens: int = 0


class Chat:
    """A model that is asked one thing at a time. `steady` gives seconds that nobody can set."""

    def __init__(self, settings: LlmSettings, *, steady: Callable[[], float] = steady_seconds) -> None:
        self.settings = settings
        self._steady = steady
        self._failures = 0
        self._rests_until = 0.0

    @property
    def rests(self) -> bool:
        """Whether it is not asked at present, because it has failed several times."""
        return self._steady() < self._rests_until

    async def ask(self, messages: Sequence[tuple[str, str]]) -> Answer:
        """Send (role, content) messages and return what was said, after `timeout_seconds` at the latest."""
        if self.rests:
            return Answer(problem="it rests after several failures")
        began = self._steady()
        answer = await self._asked(messages)
        self._failures = self._failures + 1 if answer.problem else 0
        if self._failures >= FAILURES:
            self._failures, self._rests_until = 0, self._steady() + REST_SECONDS
        seconds = round(self._steady() - began, 3)
        return Answer(text=answer.text, problem=answer.problem, seconds=seconds, tokens=answer.tokens)

    async def _asked(self, messages: Sequence[tuple[str, str]]) -> Answer:
        import httpx  # noqa: PLC0415 -- slow to load, and most commands never need it

        try:
            async with asyncio.timeout(self.settings.timeout_seconds):
                key = await asyncio.to_thread(self.settings.key)
                status, body = await _post(self.settings, key, messages)
        except (TimeoutError, httpx.TimeoutException):
            return Answer(problem=f"no answer within {self.settings.timeout_seconds:g} s")
        except SettingsError as problem:
            return Answer(problem=str(problem))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as fault:
            return Answer(problem=f"{self.settings.peer} cannot be asked ({type(fault).__name__})")
        if status != 200:  # noqa: PLR2004 -- RFC 9110 §15.3.1
            return Answer(problem=f"{self.settings.peer} says HTTP {status}")
        return _said(body)


async def _post(settings: LlmSettings, key: str, messages: Sequence[tuple[str, str]]) -> tuple[int, bytes]:
    import httpx  # noqa: PLC0415 -- as above

    https = urlsplit(settings.url).scheme == "https"
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    client = httpx.AsyncClient(
        verify=ssl.create_default_context() if https else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        trust_env=not is_loopback(settings.url),  # a proxy of the environment never sees loopback
        timeout=settings.timeout_seconds,
        headers=headers,
    )
    question = {
        "model": settings.model,
        "messages": [{"role": role, "content": content} for role, content in messages],
        "temperature": 0,
        "response_format": {"type": "json_object"},
        "stream": False,
    }
    async with client, client.stream("POST", settings.url, json=question) as response:
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > MAX_ANSWER_OCTETS:
                raise httpx.RemoteProtocolError(f"an answer of more than {MAX_ANSWER_OCTETS} octets")
        return response.status_code, bytes(body)


def _said(body: bytes) -> Answer:
    """Return the text of the first choice; a refusal, and anything that is no chat completion, is a problem."""
    try:
        values: Any = json.loads(body)
        message = values["choices"][0]["message"]
        text, refusal = message.get("content"), message.get("refusal")
        used = (values.get("usage") or {}).get("total_tokens")
    except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError):
        return Answer(problem="it does not answer as a chat model does")
    if refusal or not isinstance(text, str) or not text.strip():
        return Answer(problem="it refused to answer")
    return Answer(text=text, tokens=used if isinstance(used, int) else 0)
