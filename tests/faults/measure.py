"""What a process has cost so far, as the kernel counts it: a busy machine makes nothing dearer."""

from __future__ import annotations

import re
import time
from pathlib import Path


def peak_bytes(pid: int | None) -> int:
    """The most memory it has held; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(peak[1]) * 1024 if peak else 0


def cpu_seconds(pid: int | None) -> float:
    """The processor time it has used; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except OSError:
        return 0.0


class Meter:
    """The processor time of this process and of a child, from now on."""

    def __init__(self, pid: int | None) -> None:
        self._pid = pid
        self._own, self._theirs = time.process_time(), cpu_seconds(pid)

    def seconds(self) -> float:
        """Since the meter was made; what a child that died had used meanwhile is not known."""
        return time.process_time() - self._own + max(0.0, cpu_seconds(self._pid) - self._theirs)
