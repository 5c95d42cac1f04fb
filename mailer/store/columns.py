"""Column types that mean the same in SQLite and PostgreSQL, and the metadata all tables share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, ForeignKey, Integer, MetaData, String
from sqlalchemy.types import TypeDecorator

#: 64-bit whole numbers; SQLite only auto-increments a plain INTEGER.
BigInt = BigInteger().with_variant(Integer(), "sqlite")


class UtcAt(TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite keeps no offsets, so it is stored there as naive UTC and given back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store as UTC; raises ValueError for a naive datetime, whose meaning would be a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a naive datetime cannot be stored: give it a time zone"
            raise ValueError(message)
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Give back an aware UTC datetime."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def id_column(name: str = "id") -> Column[str]:
    """Return a primary key column for an opaque id."""
    return Column(name, String(40), primary_key=True)


def ref_column(name: str, target: str, *, null: bool = False) -> Column[str]:
    """Return an indexed column that points at another table's id ("customers.id")."""
    return Column(name, String(40), ForeignKey(target), nullable=null, index=True)
