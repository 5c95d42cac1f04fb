"""What time it is for the database server."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select

from mailer.store.session import Tx


async def server_time(tx: Tx) -> datetime | None:
    """Return the server's present time in UTC; None on SQLite, which has no clock but this machine's."""
    if tx.dialect == "sqlite":
        return None
    row = await tx.first(select(func.clock_timestamp()))
    moment: datetime | None = row[0] if row else None
    return None if moment is None else moment.astimezone(UTC)
