"""One question to a time-stamp server (RFC 3161 §3.4), within a deadline. What the answer is worth is judged elsewhere.

Only a hash travels, and the answer is signed: plain http is good enough, and usual.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mailer.record.stamp import MOST_BYTES
from mailer.secret import is_loopback


class TsaUnreachable(Exception):
    """The server gave no answer, or none of HTTP 200; it is asked again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tsa:
    """A time-stamp server; its address may hold a name and password for it."""

    url: str = field(repr=False)
    timeout_seconds: float

    @property
    def peer(self) -> str:
        """Its host and port, for people and the record."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    async def ask(self, question: bytes) -> bytes:
        """Send a request and return the bytes of the answer; redirects are not followed. Raises TsaUnreachable."""
        import httpx  # noqa: PLC0415 -- slow to load, and most commands never need it

        try:
            async with asyncio.timeout(self.timeout_seconds):
                status, body = await _post(self.url, question, self.timeout_seconds)
        except (TimeoutError, httpx.TimeoutException):
            raise TsaUnreachable(f"{self.peer} gave no stamp within {self.timeout_seconds:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as fault:
            # Not chained: the request hangs on it, with the address and what may be in it.
            raise TsaUnreachable(f"{self.peer} cannot be asked for a stamp ({type(fault).__name__})") from None
        if status != 200:  # noqa: PLR2004 -- RFC 9110 §15.3.1
            raise TsaUnreachable(f"{self.peer} says HTTP {status}")
        return body


async def _post(url: str, question: bytes, timeout_seconds: float) -> tuple[int, bytes]:
    import httpx  # noqa: PLC0415 -- as above

    https = urlsplit(url).scheme == "https"
    client = httpx.AsyncClient(
        verify=ssl.create_default_context() if https else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        trust_env=not is_loopback(url),  # a proxy of the environment never sees loopback
        timeout=timeout_seconds,
        headers={
            "Content-Type": "application/timestamp-query",
            "Accept": "application/timestamp-reply",
            "Accept-Encoding": "identity",
        },
    )
    async with client, client.stream("POST", url, content=question) as response:
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > MOST_BYTES:
                raise httpx.RemoteProtocolError(f"an answer of more than {MOST_BYTES} octets")
        return response.status_code, bytes(body)
