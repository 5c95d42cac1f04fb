"""Column types that mean the same in SQLite and PostgreSQL, and the metadata all tables share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Text,
    bindparam,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

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


class _Texts(TypeDecorator[list[str]]):
    """Several texts as one parameter: an array, or JSON in SQLite, which has no arrays."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(Text))

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> Any:
        texts = list(value or ())
        return json.dumps(texts) if dialect.name == "sqlite" else texts


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Stay as it is: SQLAlchemy would write "… = 1" for SQLite, which then looks at every row of the table."""
        return self


@compiles(_Among, "sqlite")
def _among_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, texts = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - two of our own expressions


@compiles(_Among, "postgresql")
def _among_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, texts = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} = ANY ({texts})"


def among(column: ColumnElement[Any], texts: Iterable[str] | None = None, *, name: str = "ids") -> ColumnElement[bool]:
    """Return "`column`, a text, is one of these texts"; without them, one of the parameter `name` of the statement.

    As `in_`, but the statement is the same whatever their number: for those that run for every few messages, writing
    it anew each time took longer than the database took for it.
    """
    if texts is None:
        return _Among(column, bindparam(name, type_=_Texts()))
    return _Among(column, bindparam(name, list(texts), type_=_Texts(), unique=True))


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
