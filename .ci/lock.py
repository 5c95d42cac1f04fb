"""Reads and cleans `uv.lock` with the standard library only, so that pip can use it on a bare machine.

`lock.py constraints` prints one pip constraint per locked package; `lock.py strip` takes the registry's address
out of a freshly written lock (docs/decisions/0002-dependencies.md says why).
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "uv.lock"


def constraints(text: str) -> list[str]:
    """One `name==version ; marker` line per locked package; the project itself is left out."""
    lines = []
    for package in tomllib.loads(text)["package"]:
        if "registry" in package["source"]:
            markers = " or ".join(f"({marker})" for marker in package.get("resolution-markers", ()))
            lines.append(f"{package['name']}=={package['version']}" + (f" ; {markers}" if markers else ""))
    return lines


def strip(text: str) -> str:
    """The same lock without any address: names, versions, dependencies, file names and hashes stay."""
    text = re.sub(r'registry = "[^"]*"', 'registry = "registry"', text)
    return re.sub(r'url = "[^"]*/([^/"]+)"', r'filename = "\1"', text)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["constraints"]:
            print("\n".join(constraints(LOCK.read_text(encoding="utf-8"))))
        case ["strip"]:
            LOCK.write_text(strip(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
        case _:
            sys.exit("usage: lock.py constraints | strip")
