"""Cosignatures of witnesses over signed heads; append-only like these."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.append_only import guards
from mailer.store.columns import BigInt, UtcAt

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "log_cosignatures",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("size", BigInt, nullable=False),
        sa.Column("witness", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcAt(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_cosignatures")),
    )
    op.create_index(op.f("ix_log_cosignatures_size"), "log_cosignatures", ["size"])
    for statement in guards(op.get_bind().dialect.name, "log_cosignatures"):
        op.execute(statement)
