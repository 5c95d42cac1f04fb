"""Taking the record into its log: committed events become leaves, in their order, and the tree's head is signed.

Crash-safe: leaves are committed before their head is signed, the head is in the file before it is in the database, and
each step begins by looking at what is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mailer.clock import Clock
from mailer.flows.log_key import LogKey, log_key
from mailer.flows.whole_file import replace_file
from mailer.record.checkpoint import Checkpoint, signed
from mailer.record.leaf import written
from mailer.record.merkle import Frontier, leaf_hash, nodes_of
from mailer.record.note import BadNote, Verifier
from mailer.record.reign import Reign, head_by, reigns_of
from mailer.record.tampering import Tampering
from mailer.record.tiles import kept_for, level_of, nodes_from
from mailer.store import log, log_check
from mailer.store.log import EventsBusy, NewLeaf, SignedHead
from mailer.store.session import Store, StoreUnreachable, Tx

#: The file in the data folder that remembers the last signed head, for a database that has forgotten it.
NAME = "log.checkpoint"
#: How many events become leaves in one transaction.
BATCH = 4000
#: A head is signed when it covers so many new leaves, or when the last one is so old.
SIGN_LEAVES = 256
SIGN_AFTER = timedelta(minutes=5)


class LogRefused(Exception):
    """The log is not signed any further: it is not what was signed before. `what` names why; a person must look."""

    def __init__(self, what: Tampering, sentence: str) -> None:
        super().__init__(sentence)
        self.what = what


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeeper:
    """What keeping the log needs. `data`: the folder of key and last head; `address`: the seller's."""

    store: Store
    data: Path
    address: str
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class SealReport:
    """How many leaves were added, and the size that was signed (0: nothing new was)."""

    leaves: int = 0
    signed: int = 0


async def seal(keeper: LogKeeper, *, at_once: bool = False) -> SealReport:
    """Take up every committed event, and sign when it is time (`at_once`: whenever there is something new).

    Raises LogRefused, LogKeyProblem, StoreUnreachable.
    """
    report = SealReport()
    try:
        upto = await _upto(keeper.store)
    except EventsBusy:
        return report  # the next round finds them
    while added := await _take_up(keeper, upto):
        report = replace(report, leaves=report.leaves + added)
    return replace(report, signed=await _sign(keeper, at_once=at_once))


async def _upto(store: Store) -> int:
    """Return the seq up to which every event is committed; without disturbing anybody when all are in the log."""
    async with store.reading() as tx:
        _, last = await log.edge(tx)
        if not await log.pending(tx, after=last, upto=2**62, limit=1):
            return last
    async with store.transaction() as tx:
        return await log.settled(tx)


async def _take_up(keeper: LogKeeper, upto: int) -> int:
    """Turn the next events into leaves, in one transaction; returns how many (0 also when another is at it)."""
    async with keeper.store.reading() as tx:
        _, last = await log.edge(tx)
        if not await log.pending(tx, after=last, upto=upto, limit=1):
            return 0
    async with keeper.store.transaction() as tx:
        if not await log.alone(tx):
            return 0
        return await append_next(tx, await log_key(tx, keeper.data, keeper.address), upto)


async def append_next(tx: Tx, key: LogKey, upto: int) -> int:
    """Turn the next events into leaves; returns how many. Only for a transaction that is `log.alone`."""
    size, last = await log.edge(tx)
    rows = await log.pending(tx, after=last, upto=upto, limit=BATCH)
    tree = await tree_at(tx, size)
    known_tags = {about: key.tag(*about) for about in {(row.case_id, row.customer_id) for row in rows}}
    tags = [known_tags[row.case_id, row.customer_id] for row in rows]
    known = await log.last_of_tags(tx, sorted({tag for tag in tags if tag}))
    known |= await _inherited(tx, {tag: about for about, tag in known_tags.items() if tag and tag not in known})
    leaves, nodes = _grown(rows, tags, known, tree)
    await log.append(tx, leaves, nodes)
    return len(rows)


async def _inherited(tx: Tx, fresh: Mapping[str, tuple[str | None, str | None]]) -> dict[str, tuple[int, bytes]]:
    """Return what the first leaves of new tags follow where the key of the tags was lost: place 0, and a leaf's hash.

    It is the last leaf about the same case (else customer). `fresh`: whom a tag stands for that no leaf has yet.
    """
    if not fresh or not any(said.get("tags_lost") is True for said in await log_check.handovers(tx)):
        return {}
    found = {tag: await log.last_about(tx, *about) for tag, about in fresh.items()}
    return {tag: (0, hashed) for tag, hashed in found.items() if hashed}


def _grown(
    rows: Sequence[Any], tags: Sequence[str], known: dict[str, tuple[int, bytes]], tree: Frontier
) -> tuple[list[NewLeaf], list[tuple[int, int, bytes]]]:
    """Return the leaves of events, and the kept nodes that they complete."""
    leaves: list[NewLeaf] = []
    nodes: list[tuple[int, int, bytes]] = []
    for (event_seq, at, type_, actor, _, _, commit), tag in zip(rows, tags, strict=True):
        before, link = known.get(tag, (0, b""))
        seq, case_seq = tree.size, before + 1 if tag else 0
        body = written(seq, at, type_, actor, tag, case_seq, commit, link.hex() if tag else "")
        hashed = leaf_hash(body)
        for height, number, value in tree.append(hashed)[1:]:
            if level := level_of(height):
                nodes.append((level, number, value))
        if tag:
            known[tag] = (case_seq, hashed)
        leaves.append(NewLeaf(seq, event_seq, tag or None, case_seq, hashed, body))
    return leaves, nodes


async def _sign(keeper: LogKeeper, *, at_once: bool) -> int:
    """Sign the head when it is time; returns its size, 0 when nothing was signed."""
    now = keeper.clock()
    async with keeper.store.reading() as tx:
        size, _ = await log.edge(tx)
        last = await log.last_head(tx)
    if not size and last is None and not (keeper.data / NAME).exists():
        return 0
    if not (at_once or _is_due(size, last, now, at_once=at_once)) and (keeper.data / NAME).exists():
        return 0
    async with keeper.store.transaction() as tx:
        if not await log.alone(tx):
            return 0
        key = await log_key(tx, keeper.data, keeper.address)
        size, _ = await log.edge(tx)
        last = await log.last_head(tx)
        await check_heads(tx, keeper.data, key.signer.verifier)
        if not _is_due(size, last, now, at_once=at_once):
            if last is not None and not head_in(keeper.data):
                keep_head(keeper.data, last.note)
            return 0
        head = Checkpoint(origin=key.signer.name, size=size, root=(await tree_at(tx, size)).root())
        note = signed(head, key.signer)
        # First the file: the leaves are committed, so it can never be ahead of a database that was not put back.
        keep_head(keeper.data, note)
        await log.put_head(tx, SignedHead(size=size, signed_at=now, note=note))
    return size


def _is_due(size: int, last: SignedHead | None, now: datetime, *, at_once: bool) -> bool:
    if last is None:
        return size > 0
    if size == last.size:
        return False
    # Also when it is smaller: then signing is tried, and refused.
    is_old = now - last.signed_at >= SIGN_AFTER or now < last.signed_at
    return at_once or is_old or not 0 <= size - last.size < SIGN_LEAVES


async def check_heads(tx: Tx, data: Path, verifier: Verifier) -> None:
    """Raise LogRefused unless the tree extends the last head of the database and that of the file.

    `verifier`: the key that signs at present.
    """
    size, _ = await log.edge(tx)
    last = await log.last_head(tx)
    reigns = reigns_of(await log_check.handovers(tx), verifier)
    await _check_head(tx, size, last.note if last else "", reigns, Tampering.TRUNCATED)
    await _check_head(tx, size, head_in(data), reigns, Tampering.RESTORED)


async def _check_head(tx: Tx, size: int, note: str, reigns: Sequence[Reign], if_larger: Tampering) -> None:
    """Raise LogRefused unless the tree extends the head of this note ("" for none), or a person has given that up."""
    if not note or note in {reign.given_up for reign in reigns}:
        return
    where = "the database" if if_larger is Tampering.TRUNCATED else NAME
    try:
        head, _ = head_by(note, reigns)
    except BadNote as problem:
        raise LogRefused(
            Tampering.BAD_SIGNATURE, f"the last signed head in {where} is no such thing: {problem}"
        ) from None
    if head.size > size:
        words = f"the log has {size} leaves, but {head.size} were signed, says {where}: the record was put back or cut"
        raise LogRefused(
            if_larger,
            f"{words}; nothing more is signed until a person has looked (`duly log verify`, then `duly log restart`)",
        )
    if (await tree_at(tx, head.size)).root() != head.root:
        words = f"the first {head.size} leaves are not those that were signed, says {where}"
        raise LogRefused(Tampering.FORKED, f"{words}; nothing more is signed until a person has looked")


async def tree_at(tx: Tx, size: int) -> Frontier:
    """Return the tree of the first leaves, from the kept hashes. Raises LogRefused when some are not there."""
    node = nodes_from(await log.kept(tx, kept_for([(0, size)])))
    try:
        return Frontier(size, [node(height, number) for height, number in nodes_of(0, size)])
    except KeyError:
        words = f"leaves or nodes below {size} are missing: `duly log verify` says which"
        raise LogRefused(Tampering.DROPPED, words) from None


def head_in(data: Path) -> str:
    """Return the note of the last signed head as the file keeps it, "" when there is none. Raises StoreUnreachable."""
    try:
        return (data / NAME).read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as problem:
        raise StoreUnreachable(f"{data / NAME} cannot be read ({type(problem).__name__}): nothing is signed") from None


def keep_head(data: Path, note: str) -> None:
    """Write the file. Raises StoreUnreachable."""
    try:
        replace_file(data / NAME, note)
    except OSError as problem:
        message = f"{data / NAME} cannot be written ({problem.strerror}): nothing is signed until it can"
        raise StoreUnreachable(message) from problem
