"""The parent's side of typesetting: one child for each PDF, with little priority, a deadline and a limit of memory.

typst is an optional package of 84 MB (extra `report`); only the child imports it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from importlib import util
from pathlib import Path
from typing import Any

import mailer
from mailer.sandbox.confine import MEGABYTE

#: For one PDF of some two hundred pages, which take 3 s on an idle machine.
MAX_SECONDS = 300.0
#: Address space; a PDF of two hundred pages takes half a gigabyte of memory.
MAX_MEMORY_BYTES = 4096 * MEGABYTE
#: More threads than this give little and take address space.
_THREADS = 4
_NAME_CHARS = 80
_CODE = str(Path(mailer.__file__).resolve().parents[1])


class TypesetFailed(Exception):
    """No PDF was made; `reason` says why in words of ours, never in those of a mail."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def is_installed() -> bool:
    """Whether typst is there."""
    return util.find_spec("typst") is not None


async def typeset(
    template: str,
    values: Mapping[str, Any],
    *,
    root: Path,
    target: Path,
    seconds: float | None = None,
    memory_bytes: int | None = None,
) -> None:
    """Write `target`, a PDF/A-3u, from a template in typst's markup and values that can be written as JSON.

    The template may read the files below `root`; values["date"] (UTC, six numbers) becomes the PDF's own. The same
    input makes the same bytes. `seconds` (by the clock) and `memory_bytes` default to the limits above. Raises
    TypesetFailed; then there may be part of a file.
    """
    seconds, memory_bytes = seconds or MAX_SECONDS, memory_bytes or MAX_MEMORY_BYTES
    asked = {"template": template, "data": json.dumps(values), "root": str(root), "target": str(target)}
    try:
        child = await _started(memory_bytes, int(seconds) + 1)
    except OSError as problem:
        raise TypesetFailed("the process that typesets does not start") from problem
    try:
        async with asyncio.timeout(seconds):
            answer, _ = await child.communicate(json.dumps(asked).encode())
    except TimeoutError:
        raise TypesetFailed(f"typesetting took longer than {seconds:g} seconds") from None
    finally:
        await asyncio.shield(_ended(child))
    if child.returncode != 0:
        raise TypesetFailed(f"typesetting ended with exit code {child.returncode}")
    said = answer.decode("ascii", "replace").strip()
    if said != "done":
        known = said if said.isidentifier() and len(said) < _NAME_CHARS else "no answer"
        raise TypesetFailed(f"typesetting failed ({known})")


async def _started(memory_bytes: int, seconds: int) -> Process:
    """Start a child that knows nothing of this process: no environment, no open file but its two pipes."""
    threads = min(_THREADS, os.cpu_count() or 1)
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": _CODE,
        "LC_ALL": "C.UTF-8",
        "RAYON_NUM_THREADS": str(threads),
        "MALLOC_ARENA_MAX": "2",
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-s", "-P", "-B", "-X", "utf8", "-m", "mailer.sandbox.typeset_child"),
        *(str(os.getpid()), str(memory_bytes), str(seconds)),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env=environment,
        cwd="/",
        start_new_session=True,  # Ctrl-C is for the parent, which then ends the child
    )


async def _ended(child: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.kill()
    await child.wait()
