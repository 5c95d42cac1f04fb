"""Whom a second opinion on replies is asked of (`mailer.flows.second_opinion`), from the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.llm import Answer, Chat, LlmSettings
from mailer.settings import Settings

if TYPE_CHECKING:  # opening a data folder needs nothing of what reads replies
    from mailer.replies.merging import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReader:
    """What asking needs. `names`, `firms`: our own people and firm, taken out with the customer's when `redacts`."""

    mode: Mode
    model: str
    ask: Callable[[Sequence[tuple[str, str]]], Awaitable[Answer]]
    per_day: int
    redacts: bool
    names: tuple[str, ...] = ()
    firms: tuple[str, ...] = ()


def second_reader(settings: Settings) -> SecondReader | None:
    """Return the second reader of the settings, None when it is off."""
    llm, seller = settings.llm, settings.seller
    if llm.mode == "off":
        return None
    chat = Chat(
        LlmSettings(base_url=llm.base_url, model=llm.model, key=llm.secret, timeout_seconds=llm.timeout_seconds)
    )
    return SecondReader(
        mode=llm.mode,
        model=llm.model,
        ask=chat.ask,
        per_day=llm.per_day,
        redacts=llm.redact,
        names=(seller.sender_name,),
        firms=(seller.name,),
    )
