"""Time stamps in a case file: over heads that the entries lead to, and by whom the reader trusts."""

from __future__ import annotations

import pytest

from mailer.record.checkpoint import Checkpoint, signed
from mailer.record.merkle import leaf_hash
from mailer.record.package import CHECKPOINT, head_path, stamp_path, tree_of
from mailer.record.package_flaws import Flaw
from mailer.record.package_stamps import AUTHORITY, COMMANDS
from mailer.record.stamp import MOST_BYTES, Trusted, authorities, question
from tests.core.record.packages import SIGNER, Files, a_log, a_package, verdict
from tests.core.record.samples import naive_root
from tests.core.record.stamped import CA, PLAIN, STRANGER

BODIES = a_log().bodies
WHOLE = {stamp_path(13): PLAIN, head_path(13): a_package()[CHECKPOINT]}


def head(size: int, of: int = 0) -> bytes:
    return signed(Checkpoint(origin=SIGNER.name, size=size, root=naive_root(BODIES[: of or size])), SIGNER).encode()


def stamped(size: int, note: bytes) -> Files:
    """Any bytes with the imprint in them will do where no signature is checked: a question has it."""
    return {stamp_path(size): question(note, 1), head_path(size): note}


def flaws(more: Files, trusted: Trusted | None = None) -> set[Flaw]:
    return {one.what for one in verdict(a_package() | more, trusted).flaws}


def test_a_stamp_by_whom_the_reader_trusts_is_good() -> None:
    more = {COMMANDS: b"what to type\n", AUTHORITY: CA}
    found = verdict(a_package() | WHOLE | more, authorities(CA))
    assert (found.flaws, found.stamps) == ((), 1)
    assert flaws(WHOLE, authorities(STRANGER)) == {Flaw.STAMP_REFUSED}
    assert flaws(WHOLE, ()) == {Flaw.STAMP_REFUSED}
    assert flaws({}, authorities(CA)) == {Flaw.STAMP_MISSING}
    assert flaws(more) == set()


@pytest.mark.parametrize("size", range(1, 14))
def test_every_earlier_head_is_one_of_the_entries(size: int) -> None:
    assert tree_of([leaf_hash(body) for body in BODIES]).root_of(size) == naive_root(BODIES[:size])
    assert flaws(stamped(size, head(size))) == set()
    assert flaws(stamped(size, head(size, of=size % 13 + 1))) == {Flaw.STAMP_MISMATCH}


def test_what_does_not_fit_has_a_name() -> None:
    five = stamped(5, head(5))
    assert flaws({stamp_path(5): five[stamp_path(5)]}) == {Flaw.STAMP_MISSING}
    assert flaws({head_path(5): five[head_path(5)]}) == {Flaw.STAMP_MISSING}
    assert flaws(stamped(6, head(5))) == {Flaw.STAMP_MISMATCH}
    assert flaws(stamped(14, head(13))) == {Flaw.STAMP_MISMATCH}
    assert flaws({"data/audit/anchors/05.tsr": b"x"}) == {Flaw.STAMP_MISMATCH}
    assert flaws(five | {stamp_path(5): question(head(6), 1)}) == {Flaw.STAMP_MISMATCH}
    assert flaws(five | {stamp_path(5): b"0" * (MOST_BYTES + 1)}) == {Flaw.STAMP_MISMATCH}
    for odd in (b"", b"\x00\n", head(5)[:-1], b"one line\n"):
        assert flaws(stamped(5, odd)) == {Flaw.STAMP_MISMATCH}
