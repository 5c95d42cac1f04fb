"""Files that are replaced at once: whoever reads one, also after a crash, sees all of the old text or of the new."""

from __future__ import annotations

import os
from pathlib import Path

from mailer.clock import new_id


def replace_file(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it is on the disk when this returns. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    _write(part, text, os.O_CREAT | os.O_TRUNC)
    part.replace(path)
    _settle(path.parent)


def create_file(path: Path, text: str) -> None:
    """Write a new file that only its owner may read, whole from its first moment. Raises FileExistsError, OSError."""
    part = path.with_name(f".{path.name}.{new_id('part')}")
    try:
        _write(part, text, os.O_CREAT | os.O_EXCL)
        os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
    _settle(path.parent)


def _write(path: Path, text: str, flags: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | flags, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
