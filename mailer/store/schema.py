"""Bringing a database to the newest schema with Alembic, and saying where it stands."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from mailer.store.session import Store, StoreUnreachable


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


async def migrate(store: Store) -> None:
    """Create the tables or bring them to the newest revision; does nothing when they are there.

    Raises StoreUnreachable when the database cannot be opened.
    """
    try:
        async with store.engine.connect() as connection:
            await connection.execution_options(isolation_level="SERIALIZABLE")
            async with connection.begin():
                await connection.run_sync(lambda sync: command.upgrade(_config(sync), "head"))
    except (OperationalError, DBAPIError, OSError) as problem:
        message = f"the database cannot be migrated: {str(problem).splitlines()[0][:300]}"
        raise StoreUnreachable(message) from problem


async def revisions(store: Store) -> tuple[str | None, str]:
    """Return the database's revision (None for an empty one) and the newest."""
    newest = ScriptDirectory.from_config(_config()).get_current_head() or ""
    try:
        async with store.engine.connect() as connection:
            present = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    except (OperationalError, DBAPIError, OSError) as problem:
        message = f"the database cannot be opened: {str(problem).splitlines()[0][:300]}"
        raise StoreUnreachable(message) from problem
    return present, newest
