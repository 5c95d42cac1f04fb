"""Ending a stop of all sending: a person has seen the list, and lets exactly that list go, or drops it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mailer.domain.case import StepHow
from mailer.domain.customer import Customer
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import OutboxId
from mailer.domain.invoice import Invoice
from mailer.flows.conclude_delivery import message_event
from mailer.flows.epoch import keep
from mailer.flows.hold_sending import vouch
from mailer.flows.recording import happened
from mailer.reminders.breaker import FreezeCode
from mailer.store import customers, deliveries, events, freezes, invoices, outbox
from mailer.store.freezes import Frozen
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Store, Tx

#: Of these messages, those of which there is evidence that they went out before (after a restore: the Sent folder).
Reconcile = Callable[[Sequence[OutboxEntry]], Awaitable[frozenset[OutboxId]]]
#: Digits of a list's hash; it is typed by hand, and guards against a mix-up, not against anybody.
_HASH_DIGITS = 8


class NotFrozen(ValueError):
    """Nothing stops sending, so there is nothing to release."""


class ListChanged(ValueError):
    """The list is not the one that the person has seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMessage:
    """One message on the list, with whom and what it is about."""

    entry: OutboxEntry
    customer: Customer
    invoices: tuple[Invoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldList:
    """Why all sending is stopped, and the messages that wait for a person; `hash` names exactly this list."""

    frozen: Frozen
    messages: tuple[HeldMessage, ...]
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What came of ending a freeze: let go or dropped, and those of which this was not to be said.

    `found_sent` had gone out before; `misdated` were written by a clock that was ahead, and are planned anew.
    """

    messages: int
    found_sent: int = 0
    misdated: int = 0


async def held_list(store: Store) -> HeldList | None:
    """Return the list that waits for a person, None when nothing stops sending."""
    async with store.reading() as tx:
        frozen = await freezes.running(tx)
        if frozen is None:
            return None
        entries = await freezes.held(tx, frozen.id)
        ids = sorted({entry.message.customer_id for entry in entries})
        known = await customers.by_ids(tx, ids)
        owed = {one.id: one for one in await invoices.of_customers(tx, ids)}
    messages = [
        HeldMessage(
            entry=entry,
            customer=known[entry.message.customer_id],
            invoices=tuple(owed[line.invoice_id] for line in entry.message.listed if line.invoice_id in owed),
        )
        for entry in entries
    ]
    return HeldList(frozen=frozen, messages=tuple(messages), hash=_hash(frozen, entries))


async def release(
    store: Store, seen: str, *, data: Path, actor: str, now: datetime, reconcile: Reconcile | None = None
) -> Released:
    """Let exactly the list of that hash go, and end the freeze; each message is still checked when it is claimed.

    `reconcile` is asked first: what went out before is marked as sent instead. Messages queued since the freeze are not
    on the list; they count for the next verdict. What a clock in the future has written is cancelled. Raises NotFrozen,
    ListChanged, EpochNotKept (it is released then, and frozen anew as long as the file is missing).
    """
    async with store.reading() as tx:
        frozen, entries = await _seen(tx, seen)
    gone = await reconcile(entries) & freezes.ids_of(entries) if reconcile is not None else frozenset()
    async with store.transaction() as tx:
        frozen, entries = await _seen(tx, seen)
        for entry in entries:
            if entry.message.id in gone:
                await _went_out(tx, entry, now)
        misdated = 0
        for entry in await freezes.written_after(tx, now) if frozen.code == FreezeCode.CLOCK else ():
            misdated += await _cancel(tx, entry, "misdated", "written by a clock that was ahead", actor, now)
        many = await freezes.release(tx, frozen.id, now)
        await _end(tx, frozen, "released", messages=many, seen=seen, actor=actor, now=now)
        renewed = await vouch(tx, frozen.code, data, now)
    if renewed is not None:
        keep(data, renewed)
    return Released(messages=many, found_sent=len(gone), misdated=misdated)


async def drop(store: Store, seen: str, *, data: Path, actor: str, now: datetime) -> Released:
    """Cancel exactly the list of that hash and end the freeze; the next tick plans anew, and is judged anew.

    Raises NotFrozen, ListChanged, EpochNotKept.
    """
    async with store.transaction() as tx:
        frozen, entries = await _seen(tx, seen)
        many = 0
        for entry in entries:
            many += await _cancel(tx, entry, "dropped", "dropped by a person from the held list", actor, now)
        await _end(tx, frozen, "dropped", messages=many, seen=seen, actor=actor, now=now)
        renewed = await vouch(tx, frozen.code, data, now)
    if renewed is not None:
        keep(data, renewed)
    return Released(messages=many)


async def _seen(tx: Tx, seen: str) -> tuple[Frozen, list[OutboxEntry]]:
    frozen = await freezes.running(tx)
    if frozen is None:
        raise NotFrozen("nothing holds sending back: `duly status` shows how things stand")
    entries = await freezes.held(tx, frozen.id)
    if _hash(frozen, entries) != seen.strip().lower():
        raise ListChanged(f"the held list is not {seen}: look at it with `duly outbox held`, and name its hash")
    return frozen, entries


async def _end(tx: Tx, frozen: Frozen, outcome: str, *, messages: int, seen: str, actor: str, now: datetime) -> None:
    if not await freezes.end(tx, frozen.id, now=now, by=actor, outcome=outcome):
        raise NotFrozen("somebody else has just ended it: `duly status` shows how things stand")
    payload: dict[str, object] = {"code": frozen.code, "messages": messages, "list": seen}
    event = happened(f"sending.{outcome}", now=now, actor=actor, refs={"freeze": frozen.id}, payload=payload)
    await events.record(tx, [event])


async def _cancel(tx: Tx, entry: OutboxEntry, code: str, why: str, actor: str, now: datetime) -> bool:
    """Cancel a message and free its rungs; False when a worker was faster."""
    message = entry.message
    if not await deliveries.move(tx, message.id, OutboxState.CANCELLED, fence=message.fence, now=now, text=why):
        return False
    await outbox.free_steps(tx, message.id)
    event, salt = message_event("reminder.cancelled", entry, now, {"code": code, "why": why})
    await events.record(tx, [(replace(event, actor=actor), salt)])
    return True


async def _went_out(tx: Tx, entry: OutboxEntry, now: datetime) -> None:
    """Write down that a message had gone out before the database was restored; it takes its way again on paper."""
    message, text = entry.message, "found among the mail sent before the database was restored"
    for to in (OutboxState.LEASED, OutboxState.IN_DATA, OutboxState.SENT):
        await deliveries.move(tx, message.id, to, fence=message.fence, now=now, text=text, lease_until_at=now)
    await outbox.mark_steps(tx, StepHow.SENT, now, outbox_id=message.id)
    await events.record(tx, [message_event("reminder.found_sent", entry, now, {"why": text})])


def _hash(frozen: Frozen, entries: Sequence[OutboxEntry]) -> str:
    ids = "\n".join([frozen.id, *sorted(freezes.ids_of(entries))])
    return hashlib.sha256(ids.encode()).hexdigest()[:_HASH_DIGITS]
