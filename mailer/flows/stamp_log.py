"""Having the time of the log's newest signed head stamped by a third party (RFC 3161).

The answer is kept in the same transaction as the event that tells of it, whatever can be said of it now; only one that
could never prove anything (a refusal, the stamp of something else) is not. Nothing here keeps the log from going on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.anchors.tsa import Tsa, TsaUnreachable
from mailer.clock import new_id, new_key
from mailer.flows.keep_log import LogKeeper
from mailer.flows.prove_event import NothingSigned
from mailer.flows.recording import happened
from mailer.record.stamp import OBTAINED, UNVERIFIED, WORTHLESS, Stamp, Trusted, checked, question
from mailer.sections import Anchors
from mailer.settings import SettingsError
from mailer.store import events, log, stamps, state
from mailer.store.log import SignedHead

#: How long a server that gave no stamp is left alone by the service.
RETRY = timedelta(minutes=10)
#: The fact with the moment until which it is, and why, parted by a space.
_RESTS = "stamp_rests"
_NONCE_DIGITS = 16


class StampRefused(Exception):
    """The server answered, and what it gave is no stamp of what it was asked about; nothing was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamper:
    """What stamping needs. `peer`: the server's name; `trusted`: raises SettingsError when its file cannot be read."""

    keeper: LogKeeper
    peer: str
    ask: Callable[[bytes], Awaitable[bytes]]
    trusted: Callable[[], Trusted]
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """A stamp that is kept now. `at`: the time it tells, None when it cannot be read; `unverified`: why, "" if it is.

    `sha256`: of its bytes.
    """

    size: int
    peer: str
    at: datetime | None
    unverified: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StampReport:
    """The size of the head that was stamped (0: none was), and what keeps the next one from it ("" for nothing)."""

    stamped: int = 0
    trouble: str = ""


def stamper_of(anchors: Anchors, keeper: LogKeeper, trusted: Callable[[], Trusted]) -> Stamper | None:
    """Return what the settings say of a time-stamp server, None when there is none."""
    if not anchors.tsa_url:
        return None
    tsa = Tsa(url=anchors.tsa_url, timeout_seconds=anchors.timeout_seconds)
    every = timedelta(hours=anchors.every_hours)
    return Stamper(keeper=keeper, peer=tsa.peer, ask=tsa.ask, trusted=trusted, every=every)


async def stamp_head(stamper: Stamper, *, actor: str) -> Stamped:
    """Have the newest signed head stamped, and keep what comes.

    Raises NothingSigned, StampRefused, TsaUnreachable, StoreUnreachable.
    """
    keeper = stamper.keeper
    async with keeper.store.reading() as tx:
        head = await log.last_head(tx)
    if head is None:
        raise NothingSigned("nothing is signed yet: there is nothing to stamp")
    data, nonce = head.note.encode(), int(new_key()[:_NONCE_DIGITS], 16)
    answer = await stamper.ask(question(data, nonce))
    trusted, excuse = _trusted(stamper)
    found = checked(answer, data, trusted, nonce=nonce)
    if found.trouble in WORTHLESS:
        raise StampRefused(f"{stamper.peer} gave no stamp: {found.words}")
    return await _keep(stamper, head, answer, found, actor=actor, why=(excuse or found.words) if found.trouble else "")


def _trusted(stamper: Stamper) -> tuple[Trusted, str]:
    """Return whom to trust, and why that is nobody; a file that is broken must not cost the stamp."""
    try:
        return stamper.trusted(), ""
    except SettingsError as problem:
        return (), str(problem)


async def _keep(stamper: Stamper, head: SignedHead, answer: bytes, found: Stamp, *, actor: str, why: str) -> Stamped:
    keeper, id_ = stamper.keeper, new_id("stamp")
    now, sha256 = keeper.clock(), hashlib.sha256(answer).hexdigest()
    payload: dict[str, object] = {
        "size": head.size,
        "head_sha256": hashlib.sha256(head.note.encode()).hexdigest(),
        "stamp_sha256": sha256,
        "tsa": stamper.peer,
        "stamped_at": found.at.isoformat() if found.at else "",
    }
    if found.trouble:
        payload |= {"trouble": found.trouble.value, "why": why}
    type_ = UNVERIFIED if found.trouble else OBTAINED
    event = happened(type_, now=now, actor=actor, refs={"stamp": id_}, payload=payload)
    async with keeper.store.transaction() as tx:
        await stamps.put(tx, stamps.KeptStamp(id=id_, size=head.size, asked_at=now, token=answer))
        await events.record(tx, [event])
        await state.put(tx, _RESTS, "")
    return Stamped(size=head.size, peer=stamper.peer, at=found.at, unverified=why, sha256=sha256)


async def stamp_when_due(stamper: Stamper) -> StampReport:
    """Have the newest head stamped when the last stamp is old enough and something happened since.

    That nothing came is told in the report, and asked for again after a while. Raises StoreUnreachable.
    """
    store, now = stamper.keeper.store, stamper.keeper.clock()
    async with store.reading() as tx:
        until, _, why = (await state.get(tx, _RESTS) or "").partition(" ")
        if until and now < datetime.fromisoformat(until) <= now + RETRY:
            return StampReport(trouble=why)
        head, last = await log.last_head(tx), await stamps.last(tx)
        is_early = last is not None and last[1] <= now < last[1] + stamper.every
        if head is None or is_early or (last and not (head.size > last[0] and await stamps.has_news(tx, last[0]))):
            return StampReport()
    try:
        return StampReport(stamped=(await stamp_head(stamper, actor="system:stamp")).size)
    except (TsaUnreachable, StampRefused) as problem:
        async with store.transaction() as tx:
            await state.put(tx, _RESTS, f"{(now + RETRY).isoformat()} {problem}")
        return StampReport(trouble=str(problem))
