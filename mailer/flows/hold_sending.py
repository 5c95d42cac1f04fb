"""Stopping all sending before the first DATA when something is off with the whole of it, until a person has looked."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from mailer.clock import new_id
from mailer.flows import epoch
from mailer.flows.recording import happened
from mailer.reminders import breaker
from mailer.reminders.breaker import BreakerLimits, Freeze, FreezeCode, RunFacts
from mailer.store import events, freezes, state
from mailer.store.freezes import Frozen
from mailer.store.session import Store, Tx

ACTOR = "system:breaker"
DAY = timedelta(hours=24)
#: Facts: the latest time at which sending was asked for, and the last event when a person vouched for the clock.
_SEEN_AT, _VOUCHED_SEQ = "clock_seen_at", "clock_vouched_seq"
#: `_SEEN_AT` is written so seldom, to cost nothing.
_SEEN_EVERY = timedelta(hours=1)


async def sending_frozen(tx: Tx, *, limits: BreakerLimits, now: datetime, data: Path | None = None) -> str | None:
    """Return why nothing may be sent, None when it may; to be asked in the transaction that claims messages.

    What is found is written down in this transaction, which the caller therefore commits. `data`: the folder of the
    epoch's file; None leaves out the look whether the database was restored.
    """
    if (frozen := await freezes.running(tx)) is not None:
        return frozen.why
    found = await epoch.restored(tx, data) if data is not None else None
    seen_at = await _seen_at(tx)
    found = found or breaker.behind(await _newest_at(tx, seen_at), now) or await _verdict(tx, limits, now)
    if found is not None:
        return await freeze(tx, found, now)
    if seen_at is None or now - seen_at >= _SEEN_EVERY:
        await state.put(tx, _SEEN_AT, now.isoformat())
    return None


async def freeze(tx: Tx, found: Freeze, now: datetime) -> str:
    """Stop all sending in this transaction, unless it is stopped already; returns the reason that then holds."""
    await state.put(tx, "freeze:turn", "")  # writing the same row makes the others wait for our commit
    if (already := await freezes.running(tx)) is not None:
        return already.why
    frozen = Frozen(id=new_id("frz"), at=now, code=found.code.value, why=found.why)
    held = await freezes.begin(tx, frozen)
    payload: dict[str, object] = {"code": frozen.code, "why": frozen.why, "messages": held}
    await events.record(
        tx, [happened("sending.frozen", now=now, actor=ACTOR, refs={"freeze": frozen.id}, payload=payload)]
    )
    return frozen.why


async def clock_is_right(store: Store, moved: timedelta, now: datetime) -> bool:
    """Whether nobody has to look at the clock; stops all sending when it has jumped too far (`moved`) in this process.

    On a clock that is wrong nothing should be planned or settled either: promises would be broken by it.
    """
    if (found := breaker.jumped(moved)) is not None:
        async with store.transaction() as tx:
            await freeze(tx, found, now)
    async with store.reading() as tx:
        frozen = await freezes.running(tx)
    return frozen is None or frozen.code != FreezeCode.CLOCK


async def vouch(tx: Tx, code: str, data: Path, now: datetime) -> epoch.Epoch | None:
    """Note what a person vouches for by ending a freeze: that the clock is right, or that this database goes on.

    Returns the new epoch, which `epoch.keep` must write once this transaction is committed; None for no new one.
    """
    if code == FreezeCode.CLOCK:
        await state.put(tx, _SEEN_AT, now.isoformat())
        newest = await events.listing(tx, newest_first=True, limit=1)
        await state.put(tx, _VOUCHED_SEQ, str(newest[0].seq if newest else 0))
    return await epoch.renew(tx, data) if code == FreezeCode.RESTORED else None


async def _verdict(tx: Tx, limits: BreakerLimits, now: datetime) -> Freeze | None:
    """Judge what is due; the costlier facts are only looked up when they can matter."""
    found = await freezes.in_motion(tx, now, now - DAY)
    if breaker.is_small(found.due, found.gone, limits):
        return None
    facts = RunFacts(
        due=found.due,
        sent=found.gone,
        concerned=found.customers,
        owing=await freezes.owing(tx),
        daily=await freezes.daily(tx, now) if found.due + found.gone > limits.messages else (),
    )
    return breaker.verdict(facts, limits)


async def _newest_at(tx: Tx, seen_at: datetime | None) -> datetime | None:
    """Return the latest time on record: that of the last event, or when sending was last asked for.

    The latter stays right when events were meanwhile recorded by a clock that was wrong.
    """
    newest = await events.listing(tx, newest_first=True, limit=1, after_seq=int(await state.get(tx, _VOUCHED_SEQ) or 0))
    return max([event.at for event in newest] + ([seen_at] if seen_at else []), default=None)


async def _seen_at(tx: Tx) -> datetime | None:
    seen_at = await state.get(tx, _SEEN_AT)
    return datetime.fromisoformat(seen_at) if seen_at else None
