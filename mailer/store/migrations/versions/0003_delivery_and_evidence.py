"""How far attempts got, what stopped all sending, which folders are ours, and the other side of the correspondence."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from mailer.store.columns import BigInt, UtcAt

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:  # long: one revision, read top to bottom
    """Go to this revision."""
    added: dict[str, tuple[sa.Column[Any], ...]] = {
        "outbox": (
            sa.Column("freeze_id", sa.String(length=40), nullable=True),
            sa.Column("released_at", UtcAt(), nullable=True),
            sa.Column("looks", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("look_at", UtcAt(), nullable=True),
            sa.Column("copy_state", sa.String(length=10), nullable=True),
        ),
        "attempts": (
            sa.Column("account", sa.String(length=200), nullable=False, server_default=""),
            sa.Column("started_at", UtcAt(), nullable=True),
            sa.Column("phase", sa.String(length=10), nullable=False, server_default=""),
            sa.Column("code", sa.Integer(), nullable=True),
            sa.Column("enhanced", sa.String(length=12), nullable=False, server_default=""),
        ),
        "folders": (
            sa.Column("role", sa.String(length=10), nullable=False, server_default="inbox"),
            sa.Column("reconciled_at", UtcAt(), nullable=True),
            sa.Column("renumbered", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("renumbered_at", UtcAt(), nullable=True),
            sa.Column("proved_at", UtcAt(), nullable=True),
            sa.Column("proved_uid", BigInt, nullable=False, server_default="0"),
            sa.Column("looks", sa.Integer(), nullable=False, server_default="0"),
        ),
        "mails": (sa.Column("direction", sa.String(length=3), nullable=False, server_default="in"),),
    }
    for table, columns in added.items():
        for column in columns:
            op.add_column(table, column)
    for indexed, *on in (("outbox", "freeze_id"), ("attempts", "account", "at"), ("attempts", "at")):
        op.create_index(f"ix_{indexed}_{'_'.join(on)}", indexed, on, unique=False)
    _create_freezes()
    _create_mail_copies()


def _create_freezes() -> None:
    op.create_table(
        "freezes",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("at", UtcAt(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("ended_at", UtcAt(), nullable=True),
        sa.Column("ended_by", sa.String(length=60), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
    )


def _create_mail_copies() -> None:
    op.create_table(
        "mail_copies",
        sa.Column("mailbox", sa.String(length=200), nullable=False),
        sa.Column("folder", sa.String(length=200), nullable=False),
        sa.Column("uidvalidity", BigInt, nullable=False),
        sa.Column("uid", BigInt, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "folder", "uidvalidity", "uid", name=op.f("pk_mail_copies")),
    )
