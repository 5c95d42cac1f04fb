"""Witnesses saw the log grow: their cosignatures go along with a case file, and both checks agree on them."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailer.flows.verify_case import verify_case
from mailer.record.package_flaws import Flaw
from tests.servers.witness import WitnessServer
from tests.stories.case_files import loose_tails, remake, stock_verdict
from tests.stories.terminal import Terminal

ANCHORS = "data/audit/anchors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """A case file with cosigned heads, made at a terminal, and the key of the witness in a file."""

    terminal: Terminal
    folder: Path
    keys: Path


@pytest.fixture(scope="module")
def witnessed(tmp_path_factory: pytest.TempPathFactory) -> Witnessed:
    home = tmp_path_factory.mktemp("witnessed")
    terminal = Terminal(home / "data")
    terminal.owe()
    server = WitnessServer(home / "witness")
    server.trusts(terminal.read("log", "checkpoint")["vkey"])
    keys = home / "keys.txt"
    keys.write_text(f"{server.vkey}\n", "utf-8")
    with server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DULY_ANCHORS__WITNESSES", json.dumps([{"url": server.address, "vkey": server.vkey}]))
        terminal.type("log", "checkpoint")
        terminal.type("note", "add", "K1", "called")
        made = terminal.read("case", "export", "K1", "--no-report", "--out", str(home / "out"))
    return Witnessed(terminal=terminal, folder=Path(made["path"]), keys=keys)


@pytest.fixture
def copy(witnessed: Witnessed, tmp_path: Path) -> Path:
    return Path(shutil.copytree(witnessed.folder, tmp_path / "case"))


def ours(folder: Path) -> set[Flaw]:
    return {one.what for one in verify_case(folder).flaws}


def stock_witnesses(folder: Path, keys: Path) -> tuple[int, str]:
    """What `bash VERIFY.txt witnesses KEYS` says."""
    words = ["bash", "VERIFY.txt", "witnesses", str(keys)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.strip()


def test_the_first_head_after_each_event_and_the_newest_are_cosigned(witnessed: Witnessed, tmp_path: Path) -> None:
    folder = witnessed.folder
    assert (ours(folder), stock_verdict(folder)) == (set(), "")
    names = {path.name for path in (folder / ANCHORS).iterdir()}
    size = (folder / "data/audit/checkpoint").read_text("utf-8").split("\n")[1]
    assert len(names) == 3
    assert names > {f"{size}.cosigned", "witnesses.txt"}
    said = witnessed.terminal.type("case", "verify", str(folder), "--witnesses", str(witnessed.keys))
    assert "2 cosignatures of witnesses" in said
    code, said = stock_witnesses(folder, witnessed.keys)
    assert code == 0
    assert len(said.splitlines()) == 2
    assert said.count("UTC lawyer.example/w1") == 2
    # Somebody who asked another witness for its key.
    other = tmp_path / "other.txt"
    other.write_text(f"{WitnessServer(tmp_path / 'w').vkey}\n", "utf-8")
    assert "cosignature_missing" in witnessed.terminal.type(
        "case", "verify", str(folder), "--witnesses", str(other), "-o", "csv", code=1
    )
    assert stock_witnesses(folder, other) == (1, "FAILED: no head is cosigned with these keys")
    other.write_text("lawyer.example/w1\n", "utf-8")
    assert "not public keys of witnesses" in witnessed.terminal.type(
        "case", "verify", str(folder), "--witnesses", str(other), code=3
    )
    assert stock_witnesses(folder, other)[0] == 1


def _first(at: Path) -> Path:
    return min((at / ANCHORS).glob("*.cosigned"), key=lambda one: int(one.stem))


def _last(at: Path) -> Path:
    return max((at / ANCHORS).glob("*.cosigned"), key=lambda one: int(one.stem))


def _copied(source: Callable[[Path], Path], target: Callable[[Path], Path]) -> Callable[[Path], object]:
    return lambda at: shutil.copy(source(at), target(at))


def _longer(at: Path) -> None:
    lines = _first(at).read_bytes().split(b"\n")
    _first(at).write_bytes(b"\n".join([*lines[:4], *[lines[4]] * 17, b""]))


ATTACKS: dict[str, tuple[Flaw, Callable[[Path], object]]] = {
    "two heads are swapped": (Flaw.COSIGNATURE_MISMATCH, _copied(_last, _first)),
    "a head is of entries to come": (
        Flaw.COSIGNATURE_MISMATCH,
        _copied(_last, lambda at: at / ANCHORS / "99.cosigned"),
    ),
    "a name is no size": (Flaw.COSIGNATURE_MISMATCH, _copied(_last, lambda at: at / ANCHORS / "x.cosigned")),
    "many lines": (Flaw.COSIGNATURE_MISMATCH, _longer),
    "no lines": (
        Flaw.COSIGNATURE_MISMATCH,
        lambda at: _first(at).write_bytes(_first(at).read_bytes().partition(b"\n\n")[0] + b"\n\n"),
    ),
    "the log's own signature": (
        Flaw.COSIGNATURE_MISMATCH,
        lambda at: _last(at).write_bytes((at / "data/audit/checkpoint").read_bytes()),
    ),
    "the keys are missing": (Flaw.COSIGNATURE_FALSE, lambda at: (at / ANCHORS / "witnesses.txt").unlink()),
    "the keys are of another": (
        Flaw.COSIGNATURE_FALSE,
        lambda at: (at / ANCHORS / "witnesses.txt").write_bytes((at / "data/audit/log.vkey").read_bytes()),
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_change_has_a_name_and_bash_sees_it_too(copy: Path, attack: str) -> None:
    name, change = ATTACKS[attack]
    change(copy)
    remake(copy)
    assert ours(copy) == {name}
    assert stock_verdict(copy).startswith("FAILED: ")


def _seen_by_both(copy: Path, path: Path, changed: bytes) -> None:
    before = path.read_bytes()
    path.write_bytes(changed)
    remake(copy)
    assert (bool(ours(copy)), bool(stock_verdict(copy))) == (True, True), (path, changed)
    path.write_bytes(before)


def _flips(copy: Path, many: int, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - a draw that can be repeated
    for _ in range(many):
        path = rng.choice([_first(copy), _last(copy), copy / ANCHORS / "witnesses.txt"])
        after = bytearray(path.read_bytes())
        after[rng.randrange(len(after))] ^= 1 << rng.randrange(8)
        _seen_by_both(copy, path, bytes(after))


def test_flipped_bits_of_cosignatures_and_keys_are_seen_by_both(copy: Path) -> None:
    _flips(copy, 12, seed=5)


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_300_flipped_bits_and_loose_base64_are_seen_by_both(copy: Path) -> None:
    _flips(copy, 300, seed=6)
    tails = [one for one in loose_tails(copy) if one[0].suffix == ".cosigned"]
    assert len(tails) > 20
    for path, changed in tails:
        _seen_by_both(copy, path, changed)
