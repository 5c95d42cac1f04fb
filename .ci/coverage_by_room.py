"""Holds every room of the pure core to its own branch coverage; reads `coverage.json`.

coverage.py knows one threshold for a whole run; ours differ by room. Rooms that do not exist yet are skipped.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIRED_PERCENT = {
    "domain": 100,
    "reminders": 100,
    "agreements": 100,
    "claims": 100,
    "record": 100,
    "replies": 95,
    "dossier": 95,
}


def percent_of(room: str, files: dict[str, dict[str, dict[str, int]]]) -> float:
    """Covered lines and branches of one room, in percent; a room without statements is fully covered."""
    sums = [entry["summary"] for path, entry in files.items() if path.startswith(f"mailer/{room}/")]
    total = sum(one["num_statements"] + one["num_branches"] for one in sums)
    covered = sum(one["covered_lines"] + one["covered_branches"] for one in sums)
    return 100 * covered / total if total else 100.0


def main() -> int:
    """Prints one line per room; 1 when any room is below its threshold."""
    report = json.loads((ROOT / "coverage.json").read_text(encoding="utf-8"))
    if not report["meta"]["branch_coverage"]:
        sys.exit("coverage.json holds no branches: run make suite")
    files = report["files"]
    below = 0
    for room, required in REQUIRED_PERCENT.items():
        if not (ROOT / "mailer" / room).is_dir():
            continue
        percent = percent_of(room, files)
        below += percent < required
        print(f"{room:<12}{percent:6.2f} %  (needs {required} %){'  BELOW' if percent < required else ''}")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
