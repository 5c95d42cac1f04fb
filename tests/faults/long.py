"""The long run, in pieces of half an hour at most that can be done one at a time: `make test-long` does the next.

    python -m tests.faults.long RESULTS.jsonl [HOW_MANY]

A piece that passed leaves one line in the results file, with its command and figures; what has a line is not done
again. DULY_FAULT_KILLS, DULY_FAULT_SENDS and DULY_FAULT_MAILS make pieces smaller, to try them out: such a line says so
and leaves its piece to be done.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.faults.table import RESULTS_VARIABLE

#: A piece that takes longer is given up and stays to be done.
MOST_SECONDS = 1800
PIECE_VARIABLE = "DULY_FAULT_PIECE"
#: Makes a piece of A3 another size, to try it out.
KILLS_VARIABLE = "DULY_FAULT_KILLS"
SENDS_VARIABLE = "DULY_FAULT_SENDS"


def size_of(kills: int, sends: int) -> tuple[int, int]:
    """Return how many kills and messages a test is to have: what the environment says, else its own size."""
    return int(os.environ.get(KILLS_VARIABLE, kills)), int(os.environ.get(SENDS_VARIABLE, sends))


#: Damaged mails in one piece of F1; ten pieces are 100,000.
MAILS_VARIABLE = "DULY_FAULT_MAILS"
MAILS = 10_000
#: Where a piece of F1 that was interrupted goes on.
STATE = Path("build/faults")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One test in its long size, and which part of it (its seeds come from that number); "" = damaged mails."""

    test: str = ""
    number: int

    @property
    def name(self) -> str:
        return f"{self.test.rpartition('/')[2] or 'mutations'} #{self.number}"

    @property
    def state(self) -> Path:
        """Where damaged mails are kept until the piece is done."""
        return STATE / f"mutations-{self.number}.json"

    @property
    def command(self) -> list[str]:
        """What runs it, after the interpreter."""
        if self.test:
            return ["-m", "pytest", "-q", "-m", "long", *self.test.split()]
        many = int(os.environ.get(MAILS_VARIABLE, MAILS))
        start = MAILS * (self.number - 1)
        numbers = ["--start", str(start), "--count", str(start + many)]
        return ["-m", "tests.faults.mutations", *numbers, "--state", str(self.state)]


#: For each database ten times 100 kills and 1,000 messages; 100,000 damaged mails; 10,000 rounds; 100,000 bits of
#: a case file; each byte of a poll; 200,000 steps of a mailbox; 5,000 seeds.
#: Pytest's own collection of log lines would be the memory that grows in the rounds.
PIECES = (
    *(Piece(test="tests/faults/test_kill_9.py -k sqlite-piece", number=n) for n in range(1, 11)),
    *(Piece(test="tests/faults/test_kill_9.py -k postgresql-piece", number=n) for n in range(1, 11)),
    *(Piece(number=n) for n in range(1, 11)),
    *(Piece(test="tests/faults/test_leaks.py -k piece -p no:logging", number=n) for n in range(1, 5)),
    *(Piece(test="tests/faults/test_case_bits.py -k piece", number=n) for n in range(1, 11)),
    *(Piece(test="tests/faults/test_imap_cuts.py -k piece", number=n) for n in range(1, 5)),
    *(Piece(test="tests/faults/test_imap_model.py -k piece", number=n) for n in range(1, 6)),
    *(Piece(test="tests/faults/test_simulation.py -k piece", number=n) for n in range(1, 51)),
)


def left(results: Path) -> list[Piece]:
    """Return the pieces without a line in the results file; one of a piece in another size does not count."""
    lines = results.read_text("utf-8").splitlines() if results.exists() else []
    done = {line["piece"] for line in map(json.loads, lines) if not line.get("sizes")}
    return [piece for piece in PIECES if piece.name not in done]


def do(piece: Piece, results: Path) -> bool:
    """Run a piece and keep its figures; return whether it passed."""
    begin = monotonic()
    STATE.mkdir(parents=True, exist_ok=True)
    sizes = {name: os.environ[name] for name in (KILLS_VARIABLE, SENDS_VARIABLE, MAILS_VARIABLE) if name in os.environ}
    with tempfile.NamedTemporaryFile() as figures:
        environment = {**os.environ, PIECE_VARIABLE: str(piece.number), RESULTS_VARIABLE: figures.name}
        command = [sys.executable, *piece.command]
        try:
            passed = subprocess.run(command, env=environment, timeout=MOST_SECONDS, check=False).returncode == 0
        except subprocess.TimeoutExpired:
            passed = False
        rows = [json.loads(line) for line in Path(figures.name).read_text("utf-8").splitlines()]
    if passed:
        said = f"{PIECE_VARIABLE}={piece.number} python {' '.join(piece.command)}"
        line = {"piece": piece.name, "command": said, "seconds": round(monotonic() - begin), "figures": rows}
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line | ({"sizes": sizes} if sizes else {})) + "\n")
        for rest in STATE.glob(f"{piece.state.name}*"):
            rest.unlink()
    return passed


def main(results: Path, many: int) -> int:
    """Do the next pieces and say what is left."""
    results.parent.mkdir(parents=True, exist_ok=True)
    failed = 0
    for piece in left(results)[:many]:
        print(f"--- {piece.name}", flush=True)
        failed += not do(piece, results)
    print(f"{len(left(results))} of {len(PIECES)} pieces are left; {failed} failed now")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
