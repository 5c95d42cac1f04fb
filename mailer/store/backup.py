"""A copy of a running SQLite database in one file, made without stopping anybody."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from mailer.store.session import Store, StoreUnreachable


class NoFileToCopy(ValueError):
    """The database is a server's, not a file of ours: its own tools copy it."""


class CopyDamaged(StoreUnreachable):
    """The copy does not pass SQLite's integrity check; neither, then, may the original."""


async def copy_to(store: Store, target: Path) -> None:
    """Write a compact, consistent copy of the whole database into an empty file, and check it.

    `VACUUM INTO` reads one snapshot (readers and the writer go on meanwhile) and takes an existing file only when it is
    empty, so whoever made that file has chosen its mode. Raises NoFileToCopy on PostgreSQL, StoreUnreachable when the
    disk is full or the database is out of reach, CopyDamaged.
    """
    if store.dialect != "sqlite":
        raise NoFileToCopy("this database is on a PostgreSQL server: back it up with pg_dump --format=custom")
    try:
        async with store.engine.connect() as connection:
            await connection.execute(text("VACUUM INTO :target"), {"target": str(target)})
    except (OperationalError, DBAPIError, OSError) as problem:
        raise StoreUnreachable(f"the database cannot be copied to {target}: {_first_line(problem)}") from problem
    await _check(target)


async def _check(target: Path) -> None:
    copy = Store(f"sqlite+aiosqlite:///{target}")
    try:
        async with copy.engine.connect() as connection:
            # The store sets WAL on whatever it opens; a backup is one file, without -wal and -shm beside it.
            await connection.execute(text("PRAGMA journal_mode=DELETE"))
            found = (await connection.execute(text("PRAGMA integrity_check(1)"))).scalar_one()
    except (OperationalError, DBAPIError, OSError) as problem:
        raise CopyDamaged(f"the copy {target} cannot be read back: {_first_line(problem)}") from problem
    finally:
        await copy.close()
    if found != "ok":
        raise CopyDamaged(f"the copy {target} is damaged ({found}): check the disk and the database itself")


def _first_line(problem: BaseException) -> str:
    return str(getattr(problem, "orig", None) or problem).splitlines()[0][:200]
