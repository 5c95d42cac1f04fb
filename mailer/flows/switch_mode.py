"""Pausing and going live: recorded acts. A fresh database is paused."""

from __future__ import annotations

from datetime import datetime

from mailer.flows.recording import happened
from mailer.store import events, state
from mailer.store.session import Store


async def switch_mode(store: Store, *, live: bool, actor: str, reason: str, now: datetime) -> bool:
    """Go live or pause; returns False when it was so already (nothing is recorded then)."""
    async with store.transaction() as tx:
        if await state.is_live(tx) == live:
            return False
        await state.put(tx, state.MODE, state.LIVE if live else state.PAUSED)
        type_ = "service.resumed" if live else "service.paused"
        await events.record(tx, [happened(type_, now=now, actor=actor, payload={"reason": reason})])
    return True


async def confirm_ledger(store: Store, *, actor: str, now: datetime) -> None:
    """Note that a person vouches for the balances as they are now (sending stops when they grow too old)."""
    async with store.transaction() as tx:
        await state.confirm_ledger(tx, now)
        await events.record(tx, [happened("ledger.confirmed", now=now, actor=actor)])
