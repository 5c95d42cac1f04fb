"""One POST to a third party's server, within a deadline and a size; redirects are not followed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from mailer.secret import is_loopback


class NoAnswer(Exception):
    """None came, or none in time (`is_late`); the sentence does not name the address, which may hold a password."""

    def __init__(self, sentence: str, *, is_late: bool) -> None:
        super().__init__(sentence)
        self.is_late = is_late


async def post(
    url: str, content: bytes, headers: Mapping[str, str], timeout_seconds: float, most_bytes: int
) -> tuple[int, bytes]:
    """Return status and body of the answer. Raises NoAnswer."""
    import httpx  # noqa: PLC0415 -- slow to load, and most commands never need it

    try:
        async with asyncio.timeout(timeout_seconds):
            return await _post(url, content, headers, timeout_seconds, most_bytes)
    except (TimeoutError, httpx.TimeoutException):
        raise NoAnswer(f"within {timeout_seconds:g} s", is_late=True) from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as fault:
        # Not chained: the request hangs on it, with the address and what may be in it.
        raise NoAnswer(f"({type(fault).__name__})", is_late=False) from None


async def _post(
    url: str, content: bytes, headers: Mapping[str, str], timeout_seconds: float, most_bytes: int
) -> tuple[int, bytes]:
    import httpx  # noqa: PLC0415 -- as above

    https = urlsplit(url).scheme == "https"
    client = httpx.AsyncClient(
        verify=ssl.create_default_context() if https else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        trust_env=not is_loopback(url),  # a proxy of the environment never sees loopback
        timeout=timeout_seconds,
        headers={**headers, "Accept-Encoding": "identity"},
    )
    async with client, client.stream("POST", url, content=content) as response:
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > most_bytes:
                raise httpx.RemoteProtocolError(f"an answer of more than {most_bytes} octets")
        return response.status_code, bytes(body)
