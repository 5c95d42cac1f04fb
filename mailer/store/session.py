"""Engines and transactions. SQLite: WAL, synchronous=FULL, one writer (BEGIN IMMEDIATE). PostgreSQL: asyncpg."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import Executable, Row, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from mailer.domain.unavailable import Unavailable
from mailer.store.sqlite_link import Link, link

#: How many rows a stream takes in at a time: one by one, most of the time goes into the waiting.
_PART = 200


class StoreUnreachable(Unavailable):
    """The database cannot be used: it is missing, locked, full or refuses the connection."""


class Taken(Exception):
    """Something that may exist only once exists already; whoever came first has done the work."""


class Tx:
    """One transaction. The files of this room take it; nothing else looks inside."""

    __slots__ = ("connection", "dialect")

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.dialect = connection.dialect.name

    async def all(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Run a query and return every row. `values`: for a statement that is built once (that takes half the time)."""
        return (await self.connection.execute(statement, values)).all()

    async def first(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Row[Any] | None:
        """Run a query and return its first row, None when there is none; `values` as in `all`."""
        return (await self.connection.execute(statement, values)).first()

    async def run(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None
    ) -> int:
        """Run a statement (once, for the values of one row, or for many rows) and return how many rows it touched.

        Raises Taken when a unique key exists already.
        """
        if rows is not None and not rows:
            return 0
        try:
            result = await self.connection.execute(statement, rows)
        except IntegrityError as problem:
            raise Taken(str(problem.orig)[:200]) from problem
        return int(getattr(result, "rowcount", -1))

    async def stream(self, statement: Executable) -> AsyncIterator[Row[Any]]:
        """Yield the rows of a query without holding them all."""
        async with self.connection.stream(statement) as result:
            async for part in result.partitions(_PART):
                for row in part:
                    yield row

    async def load(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows whose values, in the order of the columns, are already what the driver takes.

        So nothing is looked at row by row, which for small rows takes longer than the database does. Raises Taken.
        """
        if not rows:
            return
        names = [column.name for column in table.columns]
        marks = ["?"] * len(names) if self.dialect == "sqlite" else [f"${place + 1}" for place in range(len(names))]
        statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(marks)})"  # noqa: S608 - our names
        try:
            await self.connection.exec_driver_sql(statement, [tuple(row) for row in rows])
        except IntegrityError as problem:
            raise Taken(str(problem.orig)[:200]) from problem


class Store:
    """The database behind one URL: `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._turn = asyncio.Lock()

    @property
    def dialect(self) -> str:
        """Return "sqlite" or "postgresql"."""
        return self.engine.dialect.name

    @asynccontextmanager
    async def transaction(self, *, brief: bool = False) -> AsyncIterator[Tx]:
        """Open a transaction that writes; commits at the end, rolls back on any exception.

        On SQLite it is the only writer from its start, so what it reads cannot change before it commits. On PostgreSQL
        it is READ COMMITTED: what must not change meanwhile is locked by the caller (`customers.lock`).

        `brief`: each of its statements is about some hundred rows at most, found by their keys. SQLite does these in
        the caller's thread; only its beginning and its commit, which may wait for others and for the disk, are left to
        its own.
        """
        if self.dialect != "sqlite":
            async with self._connected() as connection, connection.begin():
                yield Tx(connection)
            return
        # SQLite lets a writer wait by asking again and again, at ever longer intervals; our own wait by turns.
        async with self._turn, self._connected() as connection:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                async with _in_this_thread(connection, brief=brief):
                    yield Tx(connection)
            except BaseException:
                await connection.exec_driver_sql("ROLLBACK")
                raise
            await connection.exec_driver_sql("COMMIT")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """Open a consistent snapshot to read from; nothing is written."""
        async with self._connected() as connection:
            if connection.dialect.name == "sqlite":
                await connection.exec_driver_sql("BEGIN")
                try:
                    yield Tx(connection)
                finally:
                    await connection.exec_driver_sql("ROLLBACK")
                return
            async with connection.begin() as transaction:
                await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
                yield Tx(connection)
                await transaction.rollback()

    async def close(self) -> None:
        """Close every connection; aiosqlite's threads end only by this."""
        await self.engine.dispose()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        try:
            connection = await self.engine.connect()
        except (OperationalError, DBAPIError, OSError) as problem:
            raise StoreUnreachable(_plain(self.url, problem)) from problem
        try:
            yield connection
        except (OperationalError, InterfaceError, DBAPIError) as problem:
            if not _is_passing(problem):
                raise
            raise StoreUnreachable(_plain(self.url, problem)) from problem
        finally:
            await connection.close()


@asynccontextmanager
async def _in_this_thread(connection: AsyncConnection, *, brief: bool) -> AsyncIterator[None]:
    link = (await connection.get_raw_connection()).driver_connection if brief else None
    if not isinstance(link, Link):
        yield
        return
    link.is_brief = True
    try:
        yield
    finally:
        link.is_brief = False


def _engine(url: str) -> AsyncEngine:
    if not url.startswith("sqlite"):
        # A plan cached while a table was empty would stay a sequential scan for the life of the connection.
        settings = {"server_settings": {"plan_cache_mode": "force_custom_plan"}}
        return create_async_engine(url, pool_pre_ping=True, connect_args=settings, hide_parameters=True)
    # One connection would serialise reads behind writes; WAL lets readers go on. AUTOCOMMIT: we say BEGIN ourselves.
    arguments = {"timeout": 30, "async_creator_fn": link}
    engine = create_async_engine(url, connect_args=arguments, isolation_level="AUTOCOMMIT", hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=30000",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _is_passing(problem: DBAPIError) -> bool:
    """Whether it is the database's trouble (gone, locked, deadlocked) and not a fault in what was asked of it."""
    words = str(problem.orig).lower()
    lost = problem.connection_invalidated or isinstance(problem, OperationalError | InterfaceError)
    return lost or "deadlock" in words or "connection" in words


def _plain(url: str, problem: BaseException) -> str:
    """Return one sentence without the URL's password."""
    where = url.rpartition("@")[2] if "@" in url else url
    return f"the database at {where} cannot be opened: {type(problem).__name__}: {str(problem).splitlines()[0][:200]}"


async def upsert(tx: Tx, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, or overwrite the one with the same primary key."""
    await upsert_all(tx, table, [row])


async def upsert_all(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows with the same columns, or overwrite those with the same primary keys."""
    if not rows:
        return
    await tx.run(_upserting(tx.dialect, table, tuple(rows[0])), rows)


@lru_cache(maxsize=200)
def _upserting(dialect: str, table: Table, names: tuple[str, ...]) -> Executable:
    """Return the statement for rows with these columns; to build one takes longer than to run it."""
    statement = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
    keys = [column.name for column in table.primary_key.columns]
    others = {name: statement.excluded[name] for name in names if name not in keys}
    if others:
        return statement.on_conflict_do_update(index_elements=keys, set_=others)
    return statement.on_conflict_do_nothing()
