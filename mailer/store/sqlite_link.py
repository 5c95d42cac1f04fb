"""SQLite with one visit to its thread a statement; aiosqlite's own cursors make four (open, execute, fetch, close).

A visit costs two switches between threads: 110 µs of 145 for a row found by its key. So a brief transaction makes none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any, Self, TypeVar

import aiosqlite
from aiosqlite.core import _connection_worker_thread

Result = TypeVar("Result")

#: Rows fetched in one visit; whatever has no more is done with.
ROWS = 500
#: Only for aiosqlite's own cursors, which nobody here asks for.
_ITER_CHUNK_SIZE = 64


def link(database: str, **options: Any) -> Link:
    """Return a connection to be awaited; the arguments are those of `sqlite3.connect`."""
    options["check_same_thread"] = False  # one at a time uses it: whoever awaits a visit, or is brief between two
    made = Link(partial(sqlite3.connect, database, **options), _ITER_CHUNK_SIZE)
    # daemon: a process may end without closing, as with SQLAlchemy's own connections
    made._thread = Thread(target=_serve, args=(made._tx,), daemon=True)  # noqa: SLF001
    return made


def _serve(visits: Any) -> None:
    """Serve a connection; a loop that ended while a visit ran wants no answer any more, nor a traceback on stderr."""
    with suppress(RuntimeError):  # "Event loop is closed": whatever a visit raises is its caller's, never raised here
        _connection_worker_thread(visits)


class Link(aiosqlite.Connection):
    """A connection as SQLAlchemy's aiosqlite dialect wants it."""

    _is_settled = True
    #: While True, statements run in the caller's thread, which does nothing else meanwhile; set between two visits.
    is_brief = False

    def cursor(self) -> Any:
        """Return a cursor; nothing is asked of SQLite yet."""
        return _Cursor(self)

    async def visit(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """Return what `work` returns in the connection's thread; it is done even when the caller is cancelled.

        In a brief transaction it is done here and now.
        """
        if self.is_brief:
            return work(*arguments)
        self._is_settled = False
        result: Result = await self._execute(work, *arguments)  # type: ignore[no-untyped-call]
        self._is_settled = True
        return result

    async def rollback(self) -> None:
        """Roll back; without a visit when it is certain that no transaction is open."""
        if not self._is_settled or self.in_transaction:
            await self.visit(self._conn.rollback)

    def begin_cursor(self) -> sqlite3.Cursor:
        """Return a cursor of sqlite3, for use in the connection's thread."""
        return self._conn.cursor()


class _Cursor:
    """One statement at a time: executed, its first rows fetched, and closed unless there are more."""

    def __init__(self, connection: Link) -> None:
        self._link = connection
        self._more: sqlite3.Cursor | None = None
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement."""
        await self._link.visit(self._run, sqlite3.Cursor.execute, sql, parameters)

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run a statement for many rows."""
        await self._link.visit(self._run, sqlite3.Cursor.executemany, sql, parameters)

    async def fetchone(self) -> Any:
        """Return the next row, None when there is none."""
        return next(iter(await self.fetchmany(1)), None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return so many rows, fewer only when there are no more."""
        size = size or self.arraysize
        while len(self._rows) < size and self._more is not None:
            await self._link.visit(self._fetch, self._more, ROWS)
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    async def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        if self._more is not None:
            await self._link.visit(self._fetch, self._more, -1)
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Give up the rows that are left."""
        self._rows = []
        if (more := self._more) is not None:
            self._more = None
            await self._link.visit(more.close)

    # --- in the connection's thread

    def _run(self, execute: Callable[..., Any], sql: str, parameters: Sequence[Any]) -> None:
        cursor = self._link.begin_cursor()
        execute(cursor, sql, parameters)
        self.description, self.lastrowid, self._rows = cursor.description, cursor.lastrowid, []
        if self.description is None:
            self.rowcount = cursor.rowcount
            cursor.close()
        else:
            self._fetch(cursor, ROWS)

    def _fetch(self, cursor: sqlite3.Cursor, most: int) -> None:
        rows = cursor.fetchall() if most < 0 else cursor.fetchmany(most)
        self._rows += rows
        self.rowcount = cursor.rowcount  # SQLite knows it only once it has given the last row of a RETURNING
        self._more = cursor if len(rows) == most else None
        if self._more is None:
            cursor.close()
