"""The statements that make a table append-only in each database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


def guards(dialect: str, table: str) -> tuple[str, ...]:
    """Return the trigger statements for a table: UPDATE and DELETE (PostgreSQL: TRUNCATE too) fail.

    SQLite has no grants; on PostgreSQL a trigger also stops the accidents of the table's owner.
    """
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: {verb} refused'); END"
            for verb in ("UPDATE", "DELETE")
        )
    refuse = f"BEGIN RAISE EXCEPTION '{table} is append-only: % refused', TG_OP; END"
    call = f"EXECUTE FUNCTION {table}_append_only()"
    return (
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ {refuse} $$",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {call}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}",
    )


@asynccontextmanager
async def lifted(connection: AsyncConnection, table: str) -> AsyncIterator[None]:
    """Let this transaction change rows of an append-only table: only erasure may, and only words about a person.

    Both databases undo it when the transaction is rolled back.
    """
    if connection.dialect.name == "sqlite":
        await connection.execute(text(f"DROP TRIGGER {table}_no_update"))
        yield
        await connection.execute(text(guards("sqlite", table)[0]))
    else:
        await connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_change"))
        yield
        await connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_change"))
