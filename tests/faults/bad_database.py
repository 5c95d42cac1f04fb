"""A database that fails at the n-th statement: refused, gone, or committed without our being told."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import asyncpg
from sqlalchemy import event

from mailer.store.session import Store


class Trouble(StrEnum):
    """What happens at the chosen statement."""

    #: The statement is refused for now (SQLITE_BUSY, a serialization failure): it was not done.
    REFUSED = "refused"
    #: The disk does not take it (SQLITE_IOERR): it was not done.
    BROKEN = "broken"
    #: The server ends every connection of ours, before the statement.
    TERMINATED = "terminated"
    #: The commit is done, and the connection is gone before we hear of it.
    COMMIT_UNKNOWN = "commit_unknown"


_WORDS = {Trouble.REFUSED: "database is locked", Trouble.BROKEN: "disk I/O error", Trouble.COMMIT_UNKNOWN: "gone"}


@dataclass
class BadMoment:
    """Makes trouble at the n-th statement (or the n-th commit) of a store, once."""

    left: int
    trouble: Trouble
    fired: bool = False

    def reached(self) -> bool:
        self.left -= 1
        if self.left == 0 and not self.fired:
            self.fired = True
            return True
        return False


def spoil(store: Store, moment: BadMoment) -> None:
    """Let the moment come over a store, by way of its engine."""
    engine = store.engine.sync_engine

    @event.listens_for(engine, "do_execute")
    @event.listens_for(engine, "do_execute_no_params")
    def _execute(cursor: Any, statement: str, *_rest: Any) -> bool:
        is_commit = statement == "COMMIT"
        if moment.trouble is Trouble.COMMIT_UNKNOWN:
            if is_commit and moment.reached():
                cursor.execute(statement)
                raise sqlite3.OperationalError(_WORDS[moment.trouble])
        elif statement != "ROLLBACK" and moment.reached():
            if moment.trouble is Trouble.TERMINATED:
                terminate(store.url)
                return False  # let it run into the closed connection
            raise sqlite3.OperationalError(_WORDS[moment.trouble])
        return False

    if store.dialect != "sqlite":
        commit = engine.dialect.do_commit

        def do_commit(connection: Any) -> None:
            if moment.trouble is Trouble.COMMIT_UNKNOWN and moment.reached():
                commit(connection)
                terminate(store.url)
            elif moment.trouble is Trouble.TERMINATED and moment.reached():
                terminate(store.url)
            commit(connection)

        engine.dialect.do_commit = do_commit  # type: ignore[assignment, method-assign] # the one place where PostgreSQL's is seen


def terminate(url: str) -> None:
    """End every connection to a database, as an administrator or a failover does."""

    async def run() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await connection.close()

    # In a thread of its own: a statement is about to run in this one's loop.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, run()).result()
