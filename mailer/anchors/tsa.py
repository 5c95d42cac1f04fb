"""One question to a time-stamp server (RFC 3161 §3.4), within a deadline. What the answer is worth is judged elsewhere.

Only a hash travels, and the answer is signed: plain http is good enough, and usual.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mailer.anchors.post import NoAnswer, post
from mailer.record.stamp import MOST_BYTES


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
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        try:
            status, body = await post(self.url, question, headers, self.timeout_seconds, MOST_BYTES)
        except NoAnswer as problem:
            what = "gave no stamp" if problem.is_late else "cannot be asked for a stamp"
            raise TsaUnreachable(f"{self.peer} {what} {problem}") from None
        if status != 200:  # noqa: PLR2004 -- RFC 9110 §15.3.1
            raise TsaUnreachable(f"{self.peer} says HTTP {status}")
        return body
