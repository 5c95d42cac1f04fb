"""Which messages a process has begun to hand over, on this machine: so that its end need not leave them in doubt.

Between the commit that allows DATA and the first byte of the message a process may die. Nobody else could tell later,
so the message would be in doubt although the server cannot have it. So each process keeps a file of its own,
`<data>/begun/<owner>`: its first line names the boot of the machine, and a line for each message is handed to the
kernel after the server's 354, before the first byte. Not forced to the disk: a kernel that goes down takes its boot's
name with it.

A message that another process announced was certainly not begun when that process is dead (the kernel has let go of its
lock on the file), the machine has not been started anew since, and the file has no line for it. In any other case
(another machine, no file, a system without boot names) nothing is proven and the message is in doubt as before.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Collection
from pathlib import Path

from mailer.domain.ids import OutboxId
from mailer.store.session import StoreUnreachable

if sys.platform != "win32":
    import fcntl

#: The folder in the data folder; it does not belong into a backup.
FOLDER = "begun"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class BegunNotKept(StoreUnreachable):
    """The file cannot be written, so nothing of the message is sent."""


class Begun:
    """The file of one process. `owner` is the name under which it leases messages."""

    def __init__(self, data: Path, owner: str, *, boot: Path = _BOOT) -> None:
        self.folder = data / FOLDER
        self._path = self.folder / owner
        self._boot_at = boot
        self._file: int | None = None

    def open(self) -> bool:
        """Make the file, once, before anything is announced; returns whether it was made now. Raises BegunNotKept."""
        if self._file is not None:
            return False
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self._file = self._made()
        except OSError as problem:
            raise self._not_kept(problem) from problem
        return True

    def _made(self) -> int:
        """Return the new file, locked before it has its name: whoever sweeps the folder never finds it unlocked."""
        part = self._path.with_name(f".{self._path.name}")
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            _lock(file)
            os.write(file, f"{_boot(self._boot_at)}\n".encode())
            part.rename(self._path)
        except OSError:
            os.close(file)
            part.unlink(missing_ok=True)  # else it would be in the way of the next try
            raise
        return file

    def note(self, outbox_id: OutboxId, fence: int) -> None:
        """Say that a message begins to leave now. Raises BegunNotKept."""
        line = _line(outbox_id, fence)
        try:
            written = os.write(-1 if self._file is None else self._file, line)
        except OSError as problem:
            raise self._not_kept(problem) from problem
        if written != len(line):
            raise self._not_kept(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def never(self, owner: str, outbox_id: OutboxId, fence: int) -> bool:
        """Whether it is proven that the process `owner`, which announced this message, never began to send it."""
        boot = _boot(self._boot_at)
        try:
            file = os.open(self.folder / owner, os.O_RDONLY)
        except OSError:
            return False
        try:
            _lock(file)
            with os.fdopen(os.dup(file), "rb") as lines:
                first, *rest = lines.read().split(b"\n")
        except OSError:  # it lives, or the file cannot be read
            return False
        finally:
            os.close(file)
        # A line that was cut off is the beginning of one: it is taken for the whole.
        whole = _line(outbox_id, fence).strip()
        return bool(boot) and first.decode() == boot and not any(line and whole.startswith(line) for line in rest)

    def sweep(self, wanted: Collection[str]) -> None:
        """Remove what dead processes left, but for the owners of messages that are still in DATA."""
        for path in self.folder.iterdir():
            if path.name.lstrip(".") not in wanted:
                _remove_unlocked(path)

    def close(self) -> None:
        """Let go of the file; harmless when it was never made."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _not_kept(self, problem: OSError) -> BegunNotKept:
        return BegunNotKept(f"{self._path} cannot be written ({problem.strerror}): nothing is sent until it can")


def _line(outbox_id: OutboxId, fence: int) -> bytes:
    """Return the line, begun anew: the one before may have been cut off for want of room."""
    return f"\n{outbox_id} {fence}\n".encode()


def _boot(path: Path) -> str:
    """Return the name of the machine's present boot, "" where the system gives none."""
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _lock(file: int) -> None:
    """Take the lock that its process holds while it lives. Raises OSError when it does, or locks are unknown here."""
    if sys.platform == "win32":
        raise OSError(0, "no locks on this system")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove_unlocked(path: Path) -> None:
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        _lock(file)
        path.unlink(missing_ok=True)
    except OSError:
        return
    finally:
        os.close(file)
