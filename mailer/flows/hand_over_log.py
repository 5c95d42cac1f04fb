"""One key of the log follows another: in the same log, or in a new one when entries that were signed are lost.

The new key lies beside the old one (`log.key.next`) before the database knows it, and takes its place once that is
committed; until then the old one counts, so a crash leaves one or the other. Event, leaves and the first head of the
new key are one transaction; the old key, when it is there, signs that head too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailer.flows.keep_log import (
    LogKeeper,
    LogRefused,
    append_next,
    check_heads,
    head_in,
    keep_head,
    seal,
    tree_at,
)
from mailer.flows.log_key import LogKey, LogKeyProblem, key_in, known_key, name_key, next_key, promote
from mailer.flows.recording import happened
from mailer.flows.verify_record import verify_record
from mailer.record.checkpoint import Checkpoint, signed
from mailer.record.note import cosigned
from mailer.record.reign import RESTARTED, ROTATED
from mailer.store import events, log
from mailer.store.log import EventsBusy, SignedHead
from mailer.store.session import StoreUnreachable, Tx


class NotToHandOver(ValueError):
    """The log does not need this, or is not in a state for it; the sentence says what helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """The new key's log (`origin`, `vkey`), its size now, and the old key, which answers for `until` entries."""

    origin: str
    vkey: str
    size: int
    old_vkey: str
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    type: str
    key: LogKey
    old: LogKey | None
    old_vkey: str
    payload: dict[str, object]


async def restart_log(keeper: LogKeeper, *, because: str, actor: str, now: datetime) -> HandedOver:
    """Begin a new log on a record that has lost what was signed (a backup was put back), or whose key is lost.

    What is left of the old log are the first entries of the new one, so older proofs stay valid; its last head is kept
    in the record as given up. Raises NotToHandOver when nothing forces it, or when the record itself was changed.
    """
    known, old = await _keys(keeper)
    if old is not None and await _is_sound(keeper, old):
        raise NotToHandOver("the log goes on as it is: there is nothing to restart (`duly log rotate` changes its key)")
    found = (await verify_record(keeper.store, keeper.data, lost=old is None, file=False)).findings
    if found:
        words = f"the record itself is not what was signed ({found[0].what}: {found[0].words})"
        raise NotToHandOver(f"{words}: put a sound backup back first, for a new log would cover this up")
    key = next_key(keeper.data, keeper.address, tags=old.tags if old else None)
    payload: dict[str, object] = {"because": because, "given_up": head_in(keeper.data), "tags_lost": old is None}
    change = _Change(type=RESTARTED, key=key, old=old, old_vkey=known, payload=payload)
    return await _hand_over(keeper, change, actor=actor, now=now)


async def rotate_key(keeper: LogKeeper, *, because: str, actor: str, now: datetime) -> HandedOver:
    """Let a new key sign the same log from here on. Raises LogRefused, LogKeyProblem, NotToHandOver."""
    known, old = await _keys(keeper)
    if old is None:
        message = f"{keeper.data / 'log.key'} is missing: put your copy back (or, when it is lost, `duly log restart`)"
        raise LogKeyProblem(message)
    await seal(keeper, at_once=True)
    key = next_key(keeper.data, keeper.address, tags=old.tags, name=old.signer.name)
    change = _Change(type=ROTATED, key=key, old=old, old_vkey=known, payload={"because": because})
    return await _hand_over(keeper, change, actor=actor, now=now)


async def _keys(keeper: LogKeeper) -> tuple[str, LogKey | None]:
    """Return the public key that the database knows, and the log's keys, None when they are lost."""
    async with keeper.store.reading() as tx:
        known = await known_key(tx)
    if known is None:
        raise NotToHandOver("the log has not begun yet: `duly log checkpoint` takes the record up")
    old = key_in(keeper.data)
    if old is not None and old.signer.verifier.line != known:
        words = f"{keeper.data / 'log.key'} belongs to {old.signer.name}, not to this log"
        raise LogKeyProblem(f"{words}: put its own back, or move this one away")
    return known, old


async def _is_sound(keeper: LogKeeper, key: LogKey) -> bool:
    async with keeper.store.reading() as tx:
        try:
            await check_heads(tx, keeper.data, key.signer.verifier)
        except LogRefused:
            return False
    return True


async def _hand_over(keeper: LogKeeper, change: _Change, *, actor: str, now: datetime) -> HandedOver:
    signer = change.key.signer
    try:
        async with keeper.store.transaction() as tx:
            if not await log.alone(tx):
                raise StoreUnreachable("another worker writes the log at this moment: try again")
            upto = await log.settled(tx)  # and nobody adds an event before this transaction ends
            until = await _until(tx, change, upto)
            payload = {**change.payload, "until": until, "old_key": change.old_vkey, "new_key": signer.verifier.line}
            await events.record(tx, [happened(change.type, now=now, actor=actor, payload=payload)])
            head = await _first_head(tx, change, now)
            await log.put_head(tx, head)
            await name_key(tx, signer.verifier.line)
    except EventsBusy as problem:
        raise StoreUnreachable(f"{problem}: try again") from problem
    promote(keeper.data)
    keep_head(keeper.data, head.note)
    return HandedOver(
        origin=signer.name, vkey=signer.verifier.line, size=head.size, old_vkey=change.old_vkey, until=until
    )


async def _until(tx: Tx, change: _Change, upto: int) -> int:
    """Return how many leaves the old key answers for: in the same log it signs the first head of the new one too."""
    size, last = await log.edge(tx)
    if change.type == RESTARTED:
        return size
    return size + len(await log.pending(tx, after=last, upto=upto, limit=2**31)) + 1


async def _first_head(tx: Tx, change: _Change, now: datetime) -> SignedHead:
    """Take up every event, the one of the change last, and return the head over them, signed by both keys."""
    upto = await log.settled(tx)
    while await append_next(tx, change.key, upto):
        pass
    size, _ = await log.edge(tx)
    head = Checkpoint(origin=change.key.signer.name, size=size, root=(await tree_at(tx, size)).root())
    note = signed(head, change.key.signer)
    return SignedHead(size=size, signed_at=now, note=note if change.old is None else cosigned(note, change.old.signer))
