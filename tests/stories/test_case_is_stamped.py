"""A third party says since when a case file is as it is: OpenSSL and ours agree on it, whatever is done to it."""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import bagit
import pytest

from mailer.anchors.tsa import Tsa
from mailer.flows.export_case import Exporter, ExportReport, export_case
from mailer.flows.gather_case import Options, Origin
from mailer.flows.keep_log import seal
from mailer.flows.stamp_log import Stamper, stamp_when_due
from mailer.flows.trusted_file import pem_in, trusted_in
from mailer.flows.verify_case import verify_case
from mailer.record.package_flaws import Flaw
from mailer.rendering.renderer import Renderer
from mailer.store import events
from tests.servers.tsa import Authority, TsaServer, openssl_verifies
from tests.stories.case_files import remake, stock_verdict
from tests.stories.case_house import REPLY, SENT, CaseHouse, a_house

ANCHORS = "data/audit/anchors"
#: What tells small letters of ASCII from capitals.
_CASE_BIT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """A case file with stamps, the house it is from, and who stamped."""

    house: CaseHouse
    made: ExportReport
    again: ExportReport
    authority: Authority


def _stamper(house: CaseHouse, url: str, authority: Path) -> Stamper:
    tsa = Tsa(url=url, timeout_seconds=20)
    trusted = partial(trusted_in, str(authority))
    return Stamper(keeper=house.keeper(), peer=tsa.peer, ask=tsa.ask, trusted=trusted, every=timedelta(hours=1))


async def _export(house: CaseHouse, out: str, options: Options, stamper: Stamper, authority: bytes) -> ExportReport:
    exporter = Exporter(
        keeper=house.keeper(),
        renderer=Renderer(house.folder / "templates"),
        origin=Origin(exported_by="person:1", tool="Duly 0", seller_name="Acme Tools Ltd"),
        stamper=stamper,
        authority=authority,
    )
    return await export_case(exporter, "K1", options=options, out=house.folder / out)


async def _fill(folder: Path, server: TsaServer) -> Stamped:
    house, ca = await a_house(folder), server.authority.ca
    pem = pem_in(str(ca))
    stamper = _stamper(house, server.address, ca)
    steps: tuple[Callable[[], Awaitable[None]], ...] = (
        lambda: house.sends(SENT % 1),
        lambda: house.gets(REPLY % 1),
        lambda: house.notes("hm"),
    )
    for step in steps:
        await step()
        house.at += timedelta(hours=2)
        await seal(house.keeper(), at_once=True)
        await stamp_when_due(stamper)
    for _ in range(2):  # of these one is enough
        house.at += timedelta(hours=2)
        async with house.store.transaction() as tx:
            await events.record(tx, [house._event("system.started", {}, {})])
        await seal(house.keeper(), at_once=True)
        await stamp_when_due(stamper)
    made = await _export(house, "out", Options(), stamper, pem)
    again = await _export(house, "again", Options(at=made.size), replace(stamper, peer="nobody"), pem)
    await house.store.close()
    return Stamped(house=house, made=made, again=again, authority=server.authority)


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Stamped:
    with TsaServer(authority) as server:
        return asyncio.run(_fill(tmp_path_factory.mktemp("house"), server))


@pytest.fixture
def copy(stamped: Stamped, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stamped.made.path, tmp_path / "case"))


def ours(folder: Path, ca: Path | None = None) -> set[Flaw]:
    return {one.what for one in verify_case(folder, trusted=None if ca is None else trusted_in(str(ca))).flaws}


def stock_stamps(folder: Path, ca: Path) -> str:
    """What `bash VERIFY.txt stamps CA.pem` says, "" when it is content."""
    words = ["bash", "VERIFY.txt", "stamps", str(ca)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return "" if done.returncode == 0 else done.stdout.strip()


def test_every_stamp_holds_by_openssl_and_by_ours(stamped: Stamped, tmp_path: Path) -> None:
    folder, ca = stamped.made.path, stamped.authority.ca
    assert (ours(folder), ours(folder, ca), stock_verdict(folder), stock_stamps(folder, ca)) == (set(), set(), "", "")
    tokens = sorted((folder / ANCHORS).glob("*.tsr"))
    assert all(openssl_verifies(one, one.with_suffix(".checkpoint"), ca) for one in tokens)
    assert f"{stamped.made.size}.tsr" in {one.name for one in tokens}
    subprocess.run([sys.executable, bagit.__file__, "--validate", "--quiet", folder], check=True)
    # Those that come first after an event of the case, and that of the case file's own head.
    assert len(tokens) == 4 < stamped.made.size
    # The commands as they stand there.
    shutil.copy(ca, tmp_path / "CA.pem")
    text = (folder / ANCHORS / "commands.txt").read_text("utf-8")
    commands = [line for line in text.splitlines() if line.startswith("openssl ")]
    assert len(commands) == len(tokens)
    for one in commands:
        assert "-attime 1" in one
        typed = one.replace("CA.pem", str(tmp_path / "CA.pem"))
        said = subprocess.run(typed, shell=True, cwd=folder, capture_output=True, text=True, check=True)  # noqa: S602
        assert said.stdout.startswith("Verification: OK")


def test_the_same_size_makes_the_same_bytes_beside_the_stamps(stamped: Stamped) -> None:
    def files(made: ExportReport) -> dict[str, bytes]:
        return {str(one.relative_to(made.path)): one.read_bytes() for one in made.path.rglob("*") if one.is_file()}

    first, second = files(stamped.made), files(stamped.again)
    assert first == second  # the stamps are kept, so here even these


def test_another_authority_is_refused_by_both(stamped: Stamped, stranger: Authority) -> None:
    folder = stamped.made.path
    assert ours(folder, stranger.ca) == {Flaw.STAMP_REFUSED}
    assert stock_stamps(folder, stranger.ca).startswith("FAILED: ")
    assert ours(folder) == set()


def _first(at: Path, suffix: str) -> Path:
    return min((at / ANCHORS).glob(f"*.{suffix}"), key=lambda one: int(one.stem))


def _last(at: Path, suffix: str) -> Path:
    return max((at / ANCHORS).glob(f"*.{suffix}"), key=lambda one: int(one.stem))


def _forge(at: Path, who: Authority) -> None:
    note = _first(at, "checkpoint")
    lines = note.read_bytes().split(b"\n")
    lines[2] = b"A" * 43 + b"="
    note.write_bytes(b"\n".join(lines))
    _first(at, "tsr").write_bytes(who.stamp(note.read_bytes()))


ATTACKS: dict[str, tuple[Flaw, Callable[[Path, Authority], object]]] = {
    "a stamp is of other data": (
        Flaw.STAMP_MISMATCH,
        lambda at, who: _first(at, "tsr").write_bytes(who.stamp(b"another")),
    ),
    "two stamps are swapped": (
        Flaw.STAMP_MISMATCH,
        lambda at, _: _first(at, "tsr").write_bytes(_last(at, "tsr").read_bytes()),
    ),
    "a head is of another history": (Flaw.STAMP_MISMATCH, _forge),
    "a head is missing": (Flaw.STAMP_MISSING, lambda at, _: _first(at, "checkpoint").unlink()),
    "a stamp is missing": (Flaw.STAMP_MISSING, lambda at, _: _first(at, "tsr").unlink()),
    "a stamp is of entries to come": (Flaw.STAMP_MISMATCH, lambda at, _: (at / ANCHORS / "999.tsr").write_bytes(b"x")),
    "a file is added": (Flaw.STAMP_MISMATCH, lambda at, _: (at / ANCHORS / "x.txt").write_bytes(b"x")),
    "a stamp is very long": (
        Flaw.STAMP_MISMATCH,
        lambda at, _: _first(at, "tsr").write_bytes(_first(at, "tsr").read_bytes() + b"x" * 200_000),
    ),
    "a head has a NUL": (Flaw.STAMP_MISMATCH, lambda at, _: _first(at, "checkpoint").write_bytes(b"a\n1\n\x00\n")),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_change_has_a_name_and_bash_sees_it_too(copy: Path, stamped: Stamped, attack: str) -> None:
    name, change = ATTACKS[attack]
    change(copy, stamped.authority)
    remake(copy)
    assert ours(copy) == {name}
    assert stock_verdict(copy).startswith("FAILED: ")


def test_without_stamps_there_are_none_to_check(copy: Path, stamped: Stamped) -> None:
    shutil.rmtree(copy / ANCHORS)
    remake(copy)
    assert (ours(copy), stock_verdict(copy)) == (set(), "")
    assert ours(copy, stamped.authority.ca) == {Flaw.STAMP_MISSING}
    assert stock_stamps(copy, stamped.authority.ca).startswith("FAILED: ")


def _is_case_only(bit: int, by_ours: bool, by_openssl: bool) -> bool:  # noqa: FBT001 - a row of `_flipped`
    """Whether OpenSSL may overlook it: to it the case of issuers' names is no matter (RFC 5280 §7.1)."""
    return by_ours and not by_openssl and bit % 8 == _CASE_BIT


def _flipped(copy: Path, ca: Path, many: int, seed: int) -> list[tuple[int, bool, bool]]:
    """Flip bits of one stamp; returns (bit, seen by ours, seen by OpenSSL) where these differ or nobody saw it."""
    rng = random.Random(seed)  # noqa: S311 - a draw that can be repeated
    token = _first(copy, "tsr")
    for one in (copy / ANCHORS).glob("*.tsr"):
        if one != token:
            one.unlink()
            one.with_suffix(".checkpoint").unlink()
    before, odd = token.read_bytes(), []
    for _ in range(many):
        bit = rng.randrange(len(before) * 8)
        after = bytearray(before)
        after[bit // 8] ^= 1 << bit % 8
        token.write_bytes(after)
        remake(copy)
        seen = bool(ours(copy, ca)), bool(stock_verdict(copy) or stock_stamps(copy, ca))
        if seen != (True, True):
            odd.append((bit, *seen))
    token.write_bytes(before)
    return odd


def test_flipped_bits_of_a_stamp_are_seen_alike(copy: Path, stamped: Stamped) -> None:
    odd = _flipped(copy, stamped.authority.ca, 12, seed=3)
    assert [one for one in odd if one[1] != one[2] and not _is_case_only(*one)] == []
