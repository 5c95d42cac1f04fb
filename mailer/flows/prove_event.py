"""A proof that one event is in the log, for somebody who trusts neither us nor our software."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.flows.keep_log import LogKeeper, seal, tree_at
from mailer.flows.log_key import LogKey, fingerprint, present_key
from mailer.record.checkpoint import checkpoint_of, made, proven
from mailer.record.merkle import inclusion_ranges, range_hash
from mailer.record.tiles import kept_for, nodes_from
from mailer.store import log
from mailer.store.session import Tx


class NoSuchEvent(LookupError):
    """There is no event of that id or number."""


class NothingSigned(LookupError):
    """The record is empty: there is nothing to sign yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The newest head as it was signed, and by what key: `vkey` for C2SP tools, `pem` for OpenSSL."""

    note: str
    size: int
    origin: str
    vkey: str
    pem: str
    key_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A leaf (`entry`, verbatim), its index, the text of its .tlog-proof, and whose head it leads to."""

    seq: int
    entry: bytes
    proof: str
    head: Signed


async def newest_head(keeper: LogKeeper) -> Signed:
    """Take up and sign what is new, and return the newest head. Raises NothingSigned, LogRefused, LogKeyProblem."""
    await seal(keeper, at_once=True)
    async with keeper.store.reading() as tx:
        return await _newest(tx, keeper)


async def prove_event(keeper: LogKeeper, said: str) -> Proven:
    """Return the proof for an event, by its id or its number in the record; what is new is signed first.

    Raises NoSuchEvent, and what `newest_head` raises.
    """
    await seal(keeper, at_once=True)
    async with keeper.store.reading() as tx:
        head = await _newest(tx, keeper)
        found = await log.leaf_of_event(tx, said)
        if found is None:
            raise NoSuchEvent(f"there is no event {said}: `duly log list` shows their numbers")
        seq, entry = found
        await tree_at(tx, head.size)  # says it plainly when something is missing
        ranges = inclusion_ranges(seq, head.size)
        nodes = nodes_from(await log.kept(tx, kept_for(ranges)))
        key = await _key(tx, keeper)
    proof = made(seq, [range_hash(span, nodes) for span in ranges], head.note)
    proven(entry, proof, key.signer.verifier)  # what is given out has been checked
    return Proven(seq=seq, entry=entry, proof=proof.text, head=head)


async def _newest(tx: Tx, keeper: LogKeeper) -> Signed:
    last = await log.last_head(tx)
    if last is None:
        raise NothingSigned("the record is empty: there is nothing to sign yet")
    key = await _key(tx, keeper)
    verifier = key.signer.verifier
    head = checkpoint_of(last.note, verifier)
    return Signed(
        note=last.note,
        size=head.size,
        origin=head.origin,
        vkey=verifier.line,
        pem=verifier.pem,
        key_sha256=fingerprint(key.signer.verifier),
    )


async def _key(tx: Tx, keeper: LogKeeper) -> LogKey:
    key = await present_key(tx, keeper.data)
    if key is None:
        raise NothingSigned("the record is empty: there is nothing to sign yet")
    return key
