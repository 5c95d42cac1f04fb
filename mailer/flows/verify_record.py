"""Is the record what it was? The whole log, or what came after a head that is kept elsewhere, against every trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mailer.flows.keep_log import LogRefused, head_in, tree_at
from mailer.flows.log_key import LogKey, present_key
from mailer.record.audit import Audit, Start
from mailer.record.checkpoint import Checkpoint, checkpoint_of
from mailer.record.note import BadNote
from mailer.record.tampering import Finding, Head, KeptBytes, Tampering
from mailer.store import log, log_check
from mailer.store.session import Store, Tx


class KeptHeadRefused(ValueError):
    """The file is not a head that this log has signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was checked (`leaves`, in detail from `since` on; `heads`), what waits to be taken up, and what is wrong."""

    origin: str
    leaves: int
    since: int
    heads: int
    waiting: int
    findings: tuple[Finding, ...]


async def verify_record(store: Store, data: Path, *, kept: str = "", since: bool = False) -> Verified:
    """Check the log in one snapshot of the database. Nothing is written.

    `kept`: the note of a head from elsewhere; with `since`, leaves before it are only held against its root. Raises
    KeptHeadRefused, LogKeyProblem, StoreUnreachable.
    """
    async with store.reading() as tx:
        key = await present_key(tx, data)
        if key is None:
            many = await log_check.waiting(tx, last_event=0)
            return Verified(origin="", leaves=0, since=0, heads=0, waiting=many, findings=())
        others = [(note, where) for note, where in ((head_in(data), "the data folder's file"),) if note]
        outside = _kept(kept, key) if kept else None
        heads, found = await _heads(tx, key, others)
        if outside is not None:
            heads.append(Head(size=outside.size, root=outside.root, where="the kept checkpoint", here=False))
        start = await _start(tx, outside if since else None)
        audit = Audit(heads, await log.nodes(tx), start)
        await _read(tx, key, audit, start.size)
        findings = (*found, *audit.finish())
        _, last_event = await log.edge(tx)
        waiting = await log_check.waiting(tx, last_event=last_event)
    return Verified(
        origin=key.signer.name,
        leaves=audit.size,
        since=start.size,
        heads=len({head.size for head in heads}),
        waiting=waiting,
        findings=findings,
    )


def _kept(note: str, key: LogKey) -> Checkpoint:
    try:
        return checkpoint_of(note, key.signer.verifier)
    except BadNote as problem:
        raise KeptHeadRefused(f"this is not a checkpoint of {key.signer.name}: {problem}") from problem


async def _heads(tx: Tx, key: LogKey, others: Sequence[tuple[str, str]]) -> tuple[list[Head], list[Finding]]:
    """Return every signed head, and those that are none."""
    heads: list[Head] = []
    found: list[Finding] = []
    notes = [(one.note, "the database", one.size) async for one in log.heads(tx)]
    for note, where, size in [*notes, *((note, where, None) for note, where in others)]:
        try:
            head = checkpoint_of(note, key.signer.verifier)
        except BadNote as problem:
            found.append(Finding(what=Tampering.BAD_SIGNATURE, words=f"a head in {where}: {problem}"))
            continue
        if size not in (None, head.size):
            words = f"the head of size {head.size} is filed under {size} in {where}"
            found.append(Finding(what=Tampering.BAD_SIGNATURE, words=words))
        heads.append(Head(size=head.size, root=head.root, where=where, here=size is not None))
    return heads, found


async def _start(tx: Tx, outside: Checkpoint | None) -> Start:
    """Return where the check begins; a tree that does not begin with the head is read from its first leaf."""
    size, _ = await log.edge(tx)
    if outside is None or outside.size > size:
        return Start(tags={})
    try:
        tree = await tree_at(tx, outside.size)
    except LogRefused:
        return Start(tags={})
    if tree.root() != outside.root:
        return Start(tags={})
    return Start(size=outside.size, hashes=tree.hashes, tags=await log.tags_before(tx, outside.size))


async def _read(tx: Tx, key: LogKey, audit: Audit, start: int) -> None:
    async for entry in log_check.leaves(tx, start=start, tag=lru_cache(maxsize=100_000)(key.tag)):
        audit.take(entry)
    async for of, named, present in log_check.named_bytes(tx):
        audit.keep(KeptBytes(of=of, named=named, present=present))
    _, last_event = await log.edge(tx)
    for event_id in await log_check.strays(tx, last_event=last_event):
        audit.stray(event_id)
