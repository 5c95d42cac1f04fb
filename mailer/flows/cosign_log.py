"""Having witnesses cosign the log's newest signed head: each vouches that the log only grew since it last looked.

A cosignature is kept in the same transaction as the event that tells of it. Nothing here keeps the log from going on;
but a witness that has seen a longer or another log of this name is told loudly, for then somebody showed it one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.anchors.witness import WitnessAddress, WitnessUnreachable
from mailer.clock import new_id
from mailer.flows.keep_log import LogKeeper, tree_at
from mailer.flows.prove_event import NothingSigned
from mailer.flows.recording import happened
from mailer.record.cosignature import COSIGNED, Cosignature, answered
from mailer.record.merkle import consistency_ranges, range_hash
from mailer.record.note import COSIGNATURE, BadNote, Verifier, parts_of, verifier_of
from mailer.record.tiles import kept_for, nodes_from
from mailer.record.witness import Request, Status
from mailer.sections import Anchors
from mailer.store import cosignatures, events, log, stamps, state
from mailer.store.log import SignedHead
from mailer.store.session import Tx

#: How long a witness that gave nothing is left alone by the service.
RETRY = timedelta(minutes=10)
_SIZE = re.compile(r"(0|[1-9][0-9]{0,17})\n?")


class NotCosigned(Exception):
    """The witness answered, and not with a cosignature; the sentence is the same as long as the reason is."""


class WitnessDisagrees(NotCosigned):
    """The witness has seen another log under this name, or more of it than there is here: a person must look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Who is asked: by what key it is known, and how (returns status and text; raises WitnessUnreachable)."""

    verifier: Verifier
    ask: Callable[[bytes], Awaitable[tuple[int, str]]]

    @property
    def fact(self) -> str:
        """The end of the names of facts about it."""
        return self.verifier.key_id.hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigner:
    """What having heads cosigned needs."""

    keeper: LogKeeper
    witnesses: tuple[Witness, ...]
    every: timedelta

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """Whose cosignatures count."""
        return tuple(one.verifier for one in self.witnesses)


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignReport:
    """How many witnesses cosigned, and what keeps others from it ("" for nothing); whether one of them disagrees."""

    cosigned: int = 0
    trouble: str = ""
    disagrees: bool = False


def cosigner_of(anchors: Anchors, keeper: LogKeeper) -> Cosigner:
    """Return what the settings say of witnesses."""
    seconds = anchors.timeout_seconds
    witnesses = tuple(
        Witness(
            verifier=verifier_of(one.vkey, COSIGNATURE), ask=WitnessAddress(url=one.url, timeout_seconds=seconds).ask
        )
        for one in anchors.witnesses
    )
    return Cosigner(keeper=keeper, witnesses=witnesses, every=timedelta(hours=anchors.witness_hours))


async def cosign_now(cosigner: Cosigner, *, actor: str) -> CosignReport:
    """Ask every witness about the newest signed head. Raises NothingSigned, LogRefused, StoreUnreachable."""
    return _sum([await _asked(cosigner, one, actor) for one in cosigner.witnesses])


async def cosign_when_due(cosigner: Cosigner) -> CosignReport:
    """Ask those witnesses that were asked long enough ago, if something happened since. Raises StoreUnreachable.

    What keeps one from cosigning is told in the report, and it is asked again after a while.
    """
    found = []
    for one in cosigner.witnesses:
        resting, is_due = await _due(cosigner, one)
        found.append(await _asked(cosigner, one, "system:cosign") if is_due else CosignReport(trouble=resting))
    return _sum(found)


async def _due(cosigner: Cosigner, witness: Witness) -> tuple[str, bool]:
    """Return why a witness is left alone ("" for no trouble), and whether it is to be asked now."""
    now = cosigner.keeper.clock()
    async with cosigner.keeper.store.reading() as tx:
        until, _, why = (await state.get(tx, _rests(witness)) or "").partition(" ")
        if until and now < datetime.fromisoformat(until) <= now + RETRY:
            return why, False
        head, last = await log.last_head(tx), await cosignatures.last(tx, witness.verifier.line)
        if head is None or (last and last[1] <= now < last[1] + cosigner.every):
            return "", False
        return "", last is None or head.size < last[0] or (head.size > last[0] and await stamps.has_news(tx, last[0]))


async def _asked(cosigner: Cosigner, witness: Witness, actor: str) -> CosignReport:
    keeper = cosigner.keeper
    try:
        await cosign_head(keeper, witness, actor=actor)
    except (WitnessUnreachable, NotCosigned) as problem:
        disagrees = isinstance(problem, WitnessDisagrees)
        async with keeper.store.transaction() as tx:
            await state.put(tx, _rests(witness), f"{(keeper.clock() + RETRY).isoformat()} {problem}")
            if disagrees:
                await state.put(tx, disagreement(witness.verifier), f"{await _origin(tx)} {problem}")
        return CosignReport(trouble=str(problem), disagrees=disagrees)
    return CosignReport(cosigned=1)


async def cosign_head(keeper: LogKeeper, witness: Witness, *, actor: str) -> int:
    """Have the newest signed head cosigned by one witness, and return its size.

    Raises NothingSigned, NotCosigned, WitnessDisagrees, WitnessUnreachable, LogRefused, StoreUnreachable.
    """
    async with keeper.store.reading() as tx:
        head, last = await log.last_head(tx), await cosignatures.last(tx, witness.verifier.line)
    if head is None:
        raise NothingSigned("nothing is signed yet: there is nothing to cosign")
    old = last[0] if last and last[0] <= head.size else 0
    status, said = await _answer(keeper, witness, head, old)
    if status != Status.OK:
        raise _refused(witness, status)
    try:
        found = answered(said, parts_of(head.note)[0], witness.verifier)
    except BadNote as problem:
        raise NotCosigned(f"the witness {witness.verifier.name} gave no cosignature: {problem}") from None
    await _keep(keeper, witness, head, found, actor=actor)
    return head.size


async def _request(keeper: LogKeeper, head: SignedHead, old: int) -> bytes:
    async with keeper.store.reading() as tx:
        await tree_at(tx, head.size)  # says it plainly when something is missing
        ranges = consistency_ranges(old, head.size) if old else []
        nodes = nodes_from(await log.kept(tx, kept_for(ranges)))
    return Request(old=old, proof=tuple(range_hash(span, nodes) for span in ranges), note=head.note).text.encode()


async def _answer(keeper: LogKeeper, witness: Witness, head: SignedHead, old: int) -> tuple[int, str]:
    """Ask from the size that we know it saw, and once more from the one that it names."""
    for _ in range(2):
        status, said = await witness.ask(await _request(keeper, head, old))
        if status != Status.CONFLICT:
            return status, said
        found = _SIZE.fullmatch(said)
        if found is None:
            raise NotCosigned(f"the witness {witness.verifier.name} has seen another size, but does not say which")
        size = int(found[1])
        if size == old:
            raise _disagrees(witness, "has seen other entries in a log of this size")
        if size > head.size:
            await _must_be_ours(keeper, witness, size)
            break
        old = size
    raise NotCosigned(f"the witness {witness.verifier.name} is asked by another worker at this moment")


async def _must_be_ours(keeper: LogKeeper, witness: Witness, size: int) -> None:
    """Raise WitnessDisagrees unless another worker has signed so many entries meanwhile."""
    async with keeper.store.reading() as tx:
        newest = await log.last_head(tx)
    if newest is None or newest.size < size:
        raise _disagrees(witness, f"has seen {size} entries of it, and here fewer are signed")


def _disagrees(witness: Witness, what: str) -> WitnessDisagrees:
    words = f"the witness {witness.verifier.name} DISAGREES about this log: it {what}"
    return WitnessDisagrees(f"{words}. Either a backup was put back, or somebody showed it another history")


def _refused(witness: Witness, status: int) -> NotCosigned:
    if status == Status.UNPROCESSABLE_ENTITY:
        return _disagrees(witness, "has seen entries that are not those of here")
    why: dict[int, str] = {
        Status.NOT_FOUND: "it does not know this log: give it the public key (vkey in `duly log checkpoint -o json`)",
        Status.FORBIDDEN: "it trusts another key of it: give it the new one (vkey in `duly log checkpoint -o json`)",
    }
    return NotCosigned(f"the witness {witness.verifier.name} does not cosign: {why.get(status, f'HTTP {status}')}")


async def _keep(keeper: LogKeeper, witness: Witness, head: SignedHead, found: Cosignature, *, actor: str) -> None:
    id_, now = new_id("cosig"), keeper.clock()
    payload: dict[str, object] = {
        "size": head.size,
        "head_sha256": hashlib.sha256(head.note.encode()).hexdigest(),
        "cosignature_sha256": hashlib.sha256(found.line.encode()).hexdigest(),
        "witness": witness.verifier.line,
        "cosigned_at": found.at.isoformat(),
    }
    event = happened(COSIGNED, now=now, actor=actor, refs={"cosignature": id_}, payload=payload)
    kept = cosignatures.KeptCosignature(
        id=id_, size=head.size, witness=witness.verifier.line, asked_at=now, line=found.line
    )
    async with keeper.store.transaction() as tx:
        await cosignatures.put(tx, kept)
        await events.record(tx, [event])
        await state.put(tx, _rests(witness), "")
        await state.put(tx, disagreement(witness.verifier), "")


async def _origin(tx: Tx) -> str:
    head = await log.last_head(tx)
    return head.note.partition("\n")[0] if head else ""


def disagreement(verifier: Verifier) -> str:
    """Return the name of the fact that this witness disagrees: the log's name, a space, and a sentence."""
    return f"witness_disagrees:{verifier.key_id.hex()}"


def _rests(witness: Witness) -> str:
    return f"witness_rests:{witness.fact}"


def _sum(found: list[CosignReport]) -> CosignReport:
    return CosignReport(
        cosigned=sum(one.cosigned for one in found),
        trouble="; ".join(one.trouble for one in found if one.trouble),
        disagrees=any(one.disagrees for one in found),
    )
