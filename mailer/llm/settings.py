"""Where a language model is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit


def no_key() -> str:
    """Return "": what a model on one's own machine wants."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmSettings:
    """One model. `key` is asked at each call, in a thread, and may raise SettingsError: a new one needs no restart."""

    base_url: str
    model: str
    key: Callable[[], str] = field(default=no_key, repr=False)
    timeout_seconds: float = 20.0

    @property
    def url(self) -> str:
        """The address of its chat completions."""
        return f"{self.base_url.rstrip('/')}/chat/completions"

    @property
    def peer(self) -> str:
        """The host, for people."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]
