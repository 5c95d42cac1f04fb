"""Are the time stamps what the record says, and do they hold?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from mailer.record.stamp import OBTAINED, StampTrouble, Trusted, checked
from mailer.record.tampering import Finding, Tampering
from mailer.store import stamps
from mailer.store.session import Tx
from mailer.store.stamps import ToldStamp

#: What is wrong when a stamp that was good is found to have this trouble; with any other it cannot be judged here.
_BAD = {
    StampTrouble.ALTERED: Tampering.STAMP_ALTERED,
    StampTrouble.UNTRUSTED: Tampering.STAMP_UNTRUSTED,
    StampTrouble.OTHER_DATA: Tampering.STAMP_OF_OTHER_DATA,
    StampTrouble.NO_STAMP: Tampering.STAMP_OF_OTHER_DATA,
}
_FIX = ": if it is another authority now, keep the certificates of both in anchors.ca_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class StampsChecked:
    """How many stamps hold, how many cannot be judged with what is at hand, and what is wrong."""

    good: int
    unverified: int
    findings: tuple[Finding, ...]


async def check_stamps(tx: Tx, trusted: Trusted) -> StampsChecked:
    """Hold every stamp that is kept to what the record says, to the head it stamps, and to its signature."""
    found: list[Finding] = []
    counts = {True: 0, False: 0}
    left = dict.fromkeys(await stamps.ids(tx))
    async for one in stamps.told(tx):
        left.pop(one.id, None)
        if (wrong := _not_as_told(one)) is not None:
            found.append(wrong)
            continue
        stamp = checked(one.token or b"", (one.note or "").encode(), trusted)
        what = _BAD.get(stamp.trouble) if stamp.trouble else None
        if what is not None and (one.type == OBTAINED or what is Tampering.STAMP_OF_OTHER_DATA):
            fix = _FIX if what is Tampering.STAMP_UNTRUSTED else ""
            found.append(
                Finding(what=what, words=f"the stamp over {one.size} entries: {stamp.words}{fix}", seq=one.index)
            )
        else:
            counts[stamp.trouble is None] += 1
    found += [Finding(what=Tampering.STAMP_ADDED, words=f"no event tells of the stamp {id_}") for id_ in left]
    return StampsChecked(good=counts[True], unverified=counts[False], findings=tuple(found))


def _not_as_told(one: ToldStamp) -> Finding | None:
    """Say what is missing or changed; words that were changed themselves are found by their event."""
    if one.token is None:
        words = f"the stamp over {one.said.get('size')} entries is not there any more"
        return Finding(what=Tampering.STAMP_MISSING, words=words, seq=one.index)
    if hashlib.sha256(one.token).hexdigest() != one.said.get("stamp_sha256") or one.size != one.said.get("size"):
        words = f"the stamp over {one.size} entries is not the one that the record names"
        return Finding(what=Tampering.STAMP_CHANGED, words=words, seq=one.index)
    if hashlib.sha256((one.note or "").encode()).hexdigest() != one.said.get("head_sha256"):
        words = f"the signed head of {one.size} entries is not the one that was stamped"
        return Finding(what=Tampering.STAMP_OF_OTHER_DATA, words=words, seq=one.index)
    return None
