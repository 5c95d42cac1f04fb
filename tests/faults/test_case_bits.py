"""A large case file in which a bit was changed and the manifests made again, so that only the log can notice.

Quick: 200 bits of a file of 20 mails, as the log's check sees them. Long: ten pieces of 10,000 bits of a file of 200
mails; of each piece ten are written to the disk and checked with `bash VERIFY.txt`, too.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import pytest

from mailer.flows.verify_case import _packed, verify_case
from mailer.record.package_check import check_package
from tests.faults.long import PIECE_VARIABLE
from tests.faults.table import RESULTS_VARIABLE
from tests.stories.case_files import remake, stock_verdict
from tests.stories.case_house import REPLY, SENT, a_house

pytestmark = pytest.mark.timeout(3600)
#: What the log binds; VERIFY.txt says so.
BOUND = ("data/eml/", "data/audit/")


class Held:
    """A case file in memory, one of whose files is another one for a moment."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()
        }
        self._sums = {path: sha256(raw).hexdigest() for path, raw in self._files.items()}
        self.paths, self.odd = list(self._files), list[str]()
        self.bound = [path for path in sorted(self._files) if path.startswith(BOUND)]
        self.sizes = [len(self._files[path]) for path in self.bound]

    def open(self, path: str) -> BinaryIO:
        return io.BytesIO(self._files[path])

    def flipped(self, path: str, bit: int) -> bytes:
        raw = bytearray(self._files[path])
        raw[bit // 8] ^= 1 << bit % 8
        return bytes(raw)

    def is_seen(self, path: str, bit: int) -> bool:
        """Whether the check of what the log binds finds anything once the bit is another, and all sums fit again."""
        before, summed = self._files[path], self._sums[path]
        self._files[path] = changed = self.flipped(path, bit)
        self._sums[path] = sha256(changed).hexdigest()
        flaws = check_package(_packed(self, self._sums)).flaws
        self._files[path], self._sums[path] = before, summed
        return bool(flaws)


async def _a_case(folder: Path, mails: int) -> Path:
    house = await a_house(folder)
    for start in range(0, mails // 2, 25):
        numbers = range(start, min(start + 25, mails // 2))
        await house.sends(*(SENT % number for number in numbers))
        await house.gets(*(REPLY % number for number in numbers))
    made = await house.export()
    await house.store.close()
    assert made.messages == mails
    return made.path


def _drawn(held: Held, many: int, seed: int) -> list[tuple[str, int]]:
    """Half of the bits out of all bits, half out of all files, so that small files get their share."""
    rng = random.Random(seed)  # noqa: S311 - a draw that can be repeated
    paths = [*rng.choices(held.bound, held.sizes, k=many // 2), *rng.choices(held.bound, k=many - many // 2)]
    sizes = dict(zip(held.bound, held.sizes, strict=True))
    return [(path, rng.randrange(8 * sizes[path])) for path in paths]


@pytest.mark.parametrize(
    ("mails", "many", "by_bash"),
    [
        pytest.param(20, 200, 0, id="200"),
        pytest.param(200, 10_000, 10, id="piece", marks=pytest.mark.long),
    ],
)
async def test_no_bit_of_a_large_file_changes_unseen(tmp_path: Path, mails: int, many: int, by_bash: int) -> None:
    folder = await _a_case(tmp_path, mails)
    held, seed = Held(folder), int(os.environ.get(PIECE_VARIABLE, "0"))
    drawn = _drawn(held, many, seed)
    assert check_package(_packed(held, held._sums)).flaws == ()
    assert [one for one in drawn if not held.is_seen(*one)] == [], f"seed {seed}"
    for path, bit in drawn[:: many // by_bash] if by_bash else ():
        copy = Path(shutil.copytree(folder, tmp_path / "copy"))
        (copy / path).write_bytes(held.flipped(path, bit))
        remake(copy)
        assert (bool(verify_case(copy).flaws), bool(stock_verdict(copy))) == (True, True), (seed, path, bit)
        shutil.rmtree(copy)
    _keep({"test": "case bits", "mails": mails, "files": len(held.bound), "bits": many, "bash": by_bash, "unseen": 0})


def _keep(row: dict[str, object]) -> None:
    if results := os.environ.get(RESULTS_VARIABLE):
        with Path(results).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
