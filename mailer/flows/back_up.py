"""A backup: the whole database as one checked file, while the service goes on."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mailer.clock import new_id
from mailer.flows.recording import happened
from mailer.store import backup, events
from mailer.store.session import Store


class BackupRefused(ValueError):
    """The backup cannot be written there; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """The finished file, its size and its SHA-256 (hex)."""

    path: Path
    size_bytes: int
    sha256: str


async def back_up(store: Store, target: Path, *, actor: str, now: datetime) -> BackupReport:
    """Copy the database to a file that only its owner may read, check the copy, and put it on record.

    The settings are not in it: they hold passwords. Nor are the keys of the log (`log.key`), without which the log of a
    backup cannot go on. Nor are `<data>/epoch` and `log.checkpoint`, which must stay where they are when a backup is
    put back: by them Duly knows that this database is older than the mail it has sent, and than the log it has signed,
    and starts on hold. The copy is written beside the target and renamed at the end, so that a file of that name is
    always a whole backup. Raises
    BackupRefused when there is a file already or no folder, NoFileToCopy on PostgreSQL, StoreUnreachable (disk full,
    database out of reach, copy damaged), OSError.
    """
    target = _free(target)
    part = target.with_name(f".{target.name}.{new_id('part')}")
    _make_empty(part)
    try:
        await backup.copy_to(store, part)
        size_bytes, digest = _sum(part)
        part.rename(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    payload: dict[str, object] = {"file": target.name, "size": size_bytes, "sha256": digest}
    async with store.transaction() as tx:
        await events.record(tx, [happened("backup.created", now=now, actor=actor, payload=payload)])
    return BackupReport(path=target, size_bytes=size_bytes, sha256=digest)


def _free(target: Path) -> Path:
    target = target.resolve()
    if target.exists():
        raise BackupRefused(f"{target} is there already and is never overwritten: give another name")
    if not target.parent.is_dir():
        raise BackupRefused(f"there is no folder {target.parent}: make it first")
    return target


def _make_empty(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _sum(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path.stat().st_size, digest
