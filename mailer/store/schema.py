"""Bringing a database to the newest schema with Alembic, and saying where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError

from mailer.store.session import Store, StoreUnreachable

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

#: The newest revision in `migrations/versions`; known here so that only a migration needs to load Alembic (it is slow).
NEWEST = "0008"


def config(connection: Connection | None = None) -> Config:
    """Return what Alembic works with: our migrations, on that connection."""
    from alembic.config import Config  # noqa: PLC0415 - half of a command's start-up time, and seldom needed

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.attributes["connection"] = connection
    return made


async def migrate(store: Store) -> None:
    """Create the tables or bring them to the newest revision; does nothing when they are there.

    Raises StoreUnreachable when the database cannot be opened.
    """
    from alembic import command  # noqa: PLC0415 - as above

    try:
        async with store.engine.connect() as connection:
            await connection.execution_options(isolation_level="SERIALIZABLE")
            async with connection.begin():
                await connection.run_sync(lambda sync: command.upgrade(config(sync), "head"))
    except (OperationalError, DBAPIError, OSError) as problem:
        message = f"the database cannot be migrated: {str(problem).splitlines()[0][:300]}"
        raise StoreUnreachable(message) from problem


async def revisions(store: Store) -> tuple[str | None, str]:
    """Return the database's revision (None for an empty one) and the newest. Raises StoreUnreachable."""
    try:
        async with store.engine.connect() as connection:
            present = await connection.run_sync(_present)
    except (OperationalError, DBAPIError, OSError) as problem:
        message = f"the database cannot be opened: {str(problem).splitlines()[0][:300]}"
        raise StoreUnreachable(message) from problem
    return present, NEWEST


def _present(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return str(found.version_num) if found else None
