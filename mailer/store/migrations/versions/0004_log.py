"""The log over the record: leaves, nodes, signed heads; append-only like the events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.append_only import guards
from mailer.store.columns import BigInt, UtcAt

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "log_leaves",
        sa.Column("seq", BigInt, autoincrement=False, nullable=False),
        sa.Column("event_seq", BigInt, nullable=False),
        sa.Column("case_tag", sa.String(length=32), nullable=True),
        sa.Column("case_seq", BigInt, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_log_leaves")),
        sa.UniqueConstraint("event_seq", name=op.f("uq_log_leaves_event_seq")),
        sa.UniqueConstraint("case_tag", "case_seq", name=op.f("uq_log_leaves_case_tag_case_seq")),
    )
    op.create_table(
        "log_nodes",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", BigInt, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name=op.f("pk_log_nodes")),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", BigInt, autoincrement=False, nullable=False),
        sa.Column("signed_at", UtcAt(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_checkpoints")),
    )
    for table in ("log_leaves", "log_nodes", "log_checkpoints"):
        for statement in guards(op.get_bind().dialect.name, table):
            op.execute(statement)
