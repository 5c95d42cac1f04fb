"""Cosigned heads in a case file: of these entries, by keys beside them, and by witnesses that the reader knows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.record.checkpoint import Checkpoint
from mailer.record.cosignature import cosign
from mailer.record.note import COSIGNATURE, BadKey, Signer, Verifier
from mailer.record.package import WITNESSES
from mailer.record.package_flaws import Flaw
from mailer.record.package_witnesses import MOST_LINES, cosigned_path, witnesses_in
from mailer.record.stamp import MOST_BYTES
from tests.core.record.packages import SIGNER, Files, a_log, a_package, verdict
from tests.core.record.samples import naive_root

BODIES = a_log().bodies
LAWYER, BANK, STRANGER = (
    Signer(name=f"{name}.example/w1", seed=name[:1].encode() * 32, type=COSIGNATURE)
    for name in ("lawyer", "bank", "stranger")
)
AT = datetime(2026, 11, 27, 21, 30, tzinfo=UTC)


def cosigned(size: int, *by: Signer, of: int = 0) -> bytes:
    text = Checkpoint(origin=SIGNER.name, size=size, root=naive_root(BODIES[: of or size])).text
    return (text + "\n" + "".join(cosign(text, one, AT) for one in by)).encode()


def keys(*of: Signer) -> bytes:
    return "".join(f"{one.verifier.line}\n" for one in of).encode()


WHOLE = {cosigned_path(13): cosigned(13, LAWYER, BANK), WITNESSES: keys(BANK, LAWYER)}


def flaws(more: Files, *brought: Verifier) -> set[Flaw]:
    return {one.what for one in verdict(a_package() | more, None, brought or None).flaws}


def test_heads_by_witnesses_that_the_reader_knows_are_good() -> None:
    found = verdict(a_package() | WHOLE | {cosigned_path(5): cosigned(5, LAWYER)}, None, (LAWYER.verifier,))
    assert (found.flaws, found.cosignatures) == ((), 3)
    assert flaws(WHOLE) == flaws(WHOLE, LAWYER.verifier) == flaws(WHOLE, STRANGER.verifier, BANK.verifier) == set()
    assert flaws(WHOLE, STRANGER.verifier) == flaws({}, LAWYER.verifier) == {Flaw.COSIGNATURE_MISSING}
    assert flaws({WITNESSES: keys(LAWYER, LAWYER)}) == set()


@pytest.mark.parametrize("size", range(1, 14))
def test_every_earlier_head_is_one_of_the_entries(size: int) -> None:
    with_key = {WITNESSES: keys(LAWYER)}
    assert flaws(with_key | {cosigned_path(size): cosigned(size, LAWYER)}) == set()
    other = cosigned(size, LAWYER, of=size % 13 + 1)
    assert flaws(with_key | {cosigned_path(size): other}) == {Flaw.COSIGNATURE_MISMATCH}


def test_a_line_that_fits_no_key_of_the_folder_is_false() -> None:
    for named in (keys(LAWYER), keys(LAWYER, STRANGER), b"", b"lawyer.example/w1\n", keys(BANK, LAWYER)[:-1]):
        assert flaws(WHOLE | {WITNESSES: named}) == {Flaw.COSIGNATURE_FALSE}
    assert flaws({cosigned_path(13): WHOLE[cosigned_path(13)]}) == {Flaw.COSIGNATURE_FALSE}
    assert flaws(WHOLE | {WITNESSES: keys(*(BANK, LAWYER) * 1_000)}) == {Flaw.COSIGNATURE_FALSE}
    made_up = Signer(name=LAWYER.name, seed=STRANGER.seed, type=COSIGNATURE)
    assert flaws(WHOLE | {cosigned_path(13): cosigned(13, made_up)}) == {Flaw.COSIGNATURE_FALSE}


def test_what_is_no_cosigned_head_of_this_log_has_a_name() -> None:
    good = WHOLE[cosigned_path(13)]
    for odd in (b"", good[:-1], cosigned(13), good.replace(b"\n\n", b"\n\n\n"), cosigned(13, *[LAWYER] * 17), b"\xff"):
        assert flaws(WHOLE | {cosigned_path(13): odd}) == {Flaw.COSIGNATURE_MISMATCH}
    for name in ("14", "05", "x", "0"):
        path = f"data/audit/anchors/{name}.cosigned"
        assert flaws(WHOLE | {path: good}) == {Flaw.COSIGNATURE_MISMATCH}
    assert flaws(WHOLE | {cosigned_path(12): good}) == {Flaw.COSIGNATURE_MISMATCH}
    assert flaws(WHOLE | {cosigned_path(13): cosigned(13, *[LAWYER] * MOST_LINES)}) == set()


def test_no_bit_of_a_cosigned_head_or_of_a_key_can_change() -> None:
    for path, raw in WHOLE.items():
        for place in range(len(raw) * 8):
            touched = bytearray(raw)
            touched[place // 8] ^= 1 << place % 8
            assert flaws(WHOLE | {path: bytes(touched)}), (path, place)


def test_keys_are_read_once_each() -> None:
    assert witnesses_in(keys(BANK, LAWYER, BANK)) == (BANK.verifier, LAWYER.verifier)
    for odd in (b"", b"\n", keys(SIGNER), keys(BANK) * MOST_BYTES):
        with pytest.raises(BadKey):
            witnesses_in(odd)
