"""Is the record what it was? The whole log, or what came after a head that is kept elsewhere, against every trace."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from mailer.flows.keep_log import LogRefused, head_in, tree_at
from mailer.flows.log_key import LogKey, known_key, present_key
from mailer.flows.verify_cosignatures import check_cosignatures, disagreements
from mailer.flows.verify_stamps import check_stamps
from mailer.record.audit import Audit, Start
from mailer.record.checkpoint import Checkpoint
from mailer.record.note import BadNote, Verifier, verifier_of
from mailer.record.reign import LearnedTags, Reign, head_by, is_given_up, reigns_of
from mailer.record.stamp import Trusted
from mailer.record.tampering import Finding, Head, KeptBytes, Tampering
from mailer.store import log, log_check
from mailer.store.log_check import Tag
from mailer.store.session import Store, Tx


class KeptHeadRefused(ValueError):
    """The file is not a head that this log has signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was checked (`leaves`, in detail from `since` on; `heads`), what waits to be taken up, and what is wrong.

    `stamps`: how many time stamps hold; `stamps_unverified`: cannot be judged with what is at hand.
    `cosignatures`: how many by witnesses hold; `cosignatures_by_others`: by witnesses that the settings do not name.
    """

    origin: str
    leaves: int
    since: int
    heads: int
    waiting: int
    stamps: int
    stamps_unverified: int
    cosignatures: int
    cosignatures_by_others: int
    findings: tuple[Finding, ...]


async def verify_record(
    store: Store,
    data: Path,
    *,
    kept: str = "",
    since: bool = False,
    file: bool = True,
    lost: bool = False,
    trusted: Trusted = (),
    witnesses: Sequence[Verifier] = (),
) -> Verified:
    """Check the log in one snapshot of the database. Nothing is written.

    `kept`: the note of a head from elsewhere; with `since`, leaves before it are only held against its root. `file`:
    whether the data folder's head counts. `trusted`: whose time stamps count; `witnesses`: whose cosignatures do.
    `lost`: without the log's keys, so whose tags are whose is only inferred.
    Raises KeptHeadRefused, LogKeyProblem, StoreUnreachable.
    """
    async with store.reading() as tx:
        key = None if lost else await present_key(tx, data)
        known = await known_key(tx)
        if known is None or (key is None and not lost):
            many = await log_check.waiting(tx, last_event=0)
            return Verified(
                origin="", leaves=0, since=0, heads=0, waiting=many, stamps=0, stamps_unverified=0,
                cosignatures=0, cosignatures_by_others=0, findings=(),
            )  # fmt: skip
        reigns = reigns_of(await log_check.handovers(tx), key.signer.verifier if key else verifier_of(known))
        note = head_in(data) if file else ""
        found = await _verified(tx, reigns, key, trusted, file=note, kept=kept, since=since)
        told = await check_cosignatures(tx, witnesses)
        said = await disagreements(tx, witnesses, found.origin)
        return replace(
            found,
            cosignatures=told.good,
            cosignatures_by_others=told.by_others,
            findings=(*found.findings, *told.findings, *said),
        )


async def _verified(
    tx: Tx, reigns: Sequence[Reign], key: LogKey | None, trusted: Trusted, *, file: str, kept: str, since: bool
) -> Verified:
    heads, found = await _heads(tx, reigns, file)
    outside = _kept(kept, reigns, heads, found) if kept else None
    start = await _start(tx, outside if since else None)
    audit = Audit(heads, await log.nodes(tx), start)
    await _read(tx, _tagger(reigns, key), audit, start.size)
    stamps = await check_stamps(tx, trusted)
    _, last_event = await log.edge(tx)
    return Verified(
        origin=reigns[-1].verifier.name,
        leaves=audit.size,
        since=start.size,
        heads=len({head.size for head in heads}),
        waiting=await log_check.waiting(tx, last_event=last_event),
        stamps=stamps.good,
        stamps_unverified=stamps.unverified,
        cosignatures=0,
        cosignatures_by_others=0,
        findings=(*found, *audit.finish(), *stamps.findings),
    )


def _kept(note: str, reigns: Sequence[Reign], heads: list[Head], found: list[Finding]) -> Checkpoint | None:
    """Add the head from elsewhere to those that count and return it; one that was given up is told, and None."""
    try:
        head, reign = head_by(note, reigns)
    except BadNote as problem:
        raise KeptHeadRefused(f"this is not a checkpoint of {reigns[-1].verifier.name}: {problem}") from problem
    if is_given_up(head, reign):
        words = (
            f"the kept checkpoint counts {head.size} entries of {head.origin}, but its key answers for {reign.until}"
        )
        found.append(Finding(what=Tampering.RESTORED, words=f"{words}: what came after was given up, says the record"))
        return None
    heads.append(Head(size=head.size, root=head.root, where="the kept checkpoint", here=False))
    return head


async def _heads(tx: Tx, reigns: Sequence[Reign], file: str) -> tuple[list[Head], list[Finding]]:
    """Return every signed head, and those that are none; `file`: the note in the data folder, "" for none."""
    heads: list[Head] = []
    found: list[Finding] = []
    given_up = {reign.given_up for reign in reigns if reign.given_up}
    notes: list[tuple[str, int | None]] = [(one.note, one.size) async for one in log.heads(tx)]
    if file and file not in given_up:
        notes.append((file, None))
    for note, size in notes:
        where = "the data folder's file" if size is None else "the database"
        try:
            head, reign = head_by(note, reigns)
        except BadNote as problem:
            found.append(Finding(what=Tampering.BAD_SIGNATURE, words=f"a head in {where}: {problem}"))
            continue
        if size not in (None, head.size):
            words = f"the head of size {head.size} is filed under {size} in {where}"
            found.append(Finding(what=Tampering.BAD_SIGNATURE, words=words))
        if is_given_up(head, reign):
            words = f"the head of size {head.size} in {where} is by a key that signed for {reign.until} entries only"
            found.append(Finding(what=Tampering.BAD_SIGNATURE, words=words))
        else:
            heads.append(Head(size=head.size, root=head.root, where=where, here=size is not None))
    return heads, found


def _tagger(reigns: Sequence[Reign], key: LogKey | None) -> Tag:
    """Return what gives the tag of a leaf: by the key, or for leaves whose key is lost by what other leaves say."""
    ends = [reign.until or 0 for reign in reigns if reign.tags_lost]
    learned = [LearnedTags() for _ in range(len(ends) + 1)]
    own = lru_cache(maxsize=100_000)(key.tag) if key else None

    def tag(index: int, body: bytes, case_id: str | None, customer_id: str | None) -> str:
        place = bisect_right(ends, index)
        if own is not None and place == len(ends):
            return own(case_id, customer_id)
        return learned[place].tag(body, case_id, customer_id)

    return tag


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


async def _read(tx: Tx, tag: Tag, audit: Audit, start: int) -> None:
    async for entry in log_check.leaves(tx, start=start, tag=tag):
        audit.take(entry)
    async for of, named, present in log_check.named_bytes(tx):
        audit.keep(KeptBytes(of=of, named=named, present=present))
    _, last_event = await log.edge(tx)
    for event_id in await log_check.strays(tx, last_event=last_event):
        audit.stray(event_id)
