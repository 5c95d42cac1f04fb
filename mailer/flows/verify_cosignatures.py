"""Are the cosignatures what the record says, do they hold, and does a witness disagree?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.flows.cosign_log import disagreement
from mailer.record.cosignature import answered
from mailer.record.note import COSIGNATURE, BadKey, BadNote, Verifier, parts_of, verifier_of
from mailer.record.tampering import Finding, Tampering
from mailer.store import cosignatures, state
from mailer.store.cosignatures import ToldCosignature
from mailer.store.session import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignaturesChecked:
    """How many hold by witnesses that are trusted, how many by others, and what is wrong."""

    good: int
    by_others: int
    findings: tuple[Finding, ...]


async def check_cosignatures(tx: Tx, trusted: Sequence[Verifier]) -> CosignaturesChecked:
    """Hold every cosignature that is kept to what the record says, and to the head that it is over.

    `trusted`: the witnesses of the settings; whoever has the log's key could make up others.
    """
    found: list[Finding] = []
    counts = {True: 0, False: 0}
    known = {one.line for one in trusted}
    left = dict.fromkeys(await cosignatures.ids(tx))
    async for one in cosignatures.told(tx):
        left.pop(one.id, None)
        if (wrong := _wrong(one)) is not None:
            found.append(wrong)
        else:
            counts[one.said.get("witness") in known] += 1
    found += [
        Finding(what=Tampering.COSIGNATURE_ADDED, words=f"no event tells of the cosignature {id_}") for id_ in left
    ]
    return CosignaturesChecked(good=counts[True], by_others=counts[False], findings=tuple(found))


async def disagreements(tx: Tx, trusted: Sequence[Verifier], origin: str) -> list[Finding]:
    """Return which witnesses of the settings disagreed about the log of that name when they were asked last."""
    found = [(await state.get(tx, disagreement(one)) or "").partition(" ") for one in trusted]
    return [Finding(what=Tampering.WITNESS_DISAGREES, words=words) for of, _, words in found if of == origin and words]


def _wrong(one: ToldCosignature) -> Finding | None:
    size, line, note = one.said.get("size"), one.line, one.note or ""
    if line is None:
        words = f"the cosignature over {size} entries is not there any more"
        return Finding(what=Tampering.COSIGNATURE_MISSING, words=words, seq=one.index)
    if hashlib.sha256(line.encode()).hexdigest() != one.said.get("cosignature_sha256") or one.size != size:
        words = f"the cosignature over {one.size} entries is not the one that the record names"
        return Finding(what=Tampering.COSIGNATURE_CHANGED, words=words, seq=one.index)
    try:
        answered(line, parts_of(note)[0], verifier_of(str(one.said.get("witness")), COSIGNATURE))
    except (BadKey, BadNote) as problem:
        words = f"the cosignature over {size} entries does not hold: {problem}"
        return Finding(what=Tampering.COSIGNATURE_FALSE, words=words, seq=one.index)
    return None
