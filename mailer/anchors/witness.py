"""One question to a witness (https://c2sp.org/tlog-witness): POST /add-checkpoint. The answer is judged elsewhere.

Only a signed head and hashes travel, and the answer is signed: plain http is good enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mailer.anchors.post import NoAnswer, post
from mailer.anchors.witness_server import PATH

#: No answer of a witness is longer, in bytes.
MOST_BYTES = 32 * 1024


class WitnessUnreachable(Exception):
    """The witness gave no answer; it is asked again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessAddress:
    """Where a witness is asked (its submission prefix); the address may hold a name and password for it."""

    url: str = field(repr=False)
    timeout_seconds: float

    async def ask(self, body: bytes) -> tuple[int, str]:
        """Send a request and return status and text of the answer. Raises WitnessUnreachable."""
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        peer = urlsplit(self.url).netloc.rpartition("@")[2]
        try:
            status, said = await post(self.url.rstrip("/") + PATH, body, headers, self.timeout_seconds, MOST_BYTES)
        except NoAnswer as problem:
            raise WitnessUnreachable(f"the witness at {peer} gave no answer {problem}") from None
        return status, said.decode("utf-8", "replace")
