"""Nothing is sent on an unread inbox: whoever has answered must not be reminded as if he had not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from mailer.flows.recording import happened
from mailer.store import events, state
from mailer.store.session import Tx

ACTOR = "system:drain"
#: When every folder was looked into and every stored mail was read, last (ISO, aware).
READ_AT = "inbox_read_at"
#: Why nothing is sent at present, "" for nothing.
BLOCKED = "sending_blocked"
#: What `may_send` goes by.
FACTS = (READ_AT, BLOCKED)


async def may_send(tx: Tx, facts: Mapping[str, str], *, max_inbox_age_minutes: int, now: datetime) -> bool:
    """Whether the inbox was read at most so many minutes ago (0: no matter). `facts`: those of FACTS that are set.

    Records `sending.blocked` when that begins to stop sending and `sending.unblocked` when it ends, once each.
    """
    read_at = facts.get(READ_AT)
    fresh = max_inbox_age_minutes <= 0 or (
        bool(read_at) and now - datetime.fromisoformat(str(read_at)) <= timedelta(minutes=max_inbox_age_minutes)
    )
    blocked = "" if fresh else "inbox_unread"
    if facts.get(BLOCKED, "") != blocked:
        await _change(tx, blocked, {"why": "inbox_unread", "inbox_read_at": read_at}, now)
    return fresh


async def _change(tx: Tx, blocked: str, payload: dict[str, object], now: datetime) -> None:
    """Note the change; of several workers that see it at once the first one does."""
    await state.put(tx, f"{BLOCKED}:turn", "")  # writing the same row makes the others wait for our commit
    if (await state.get(tx, BLOCKED) or "") == blocked:
        return
    await state.put(tx, BLOCKED, blocked)
    type_ = "sending.blocked" if blocked else "sending.unblocked"
    await events.record(tx, [happened(type_, now=now, actor=ACTOR, payload=payload)])
