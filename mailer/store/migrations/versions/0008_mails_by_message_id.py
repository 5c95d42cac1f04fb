"""Mails are looked up by their Message-ID whenever one answers another."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    # By hash: a tree's entry must not exceed 2,704 bytes in PostgreSQL, and a hostile Message-ID can be longer.
    op.create_index(op.f("ix_mails_message_id"), "mails", ["message_id"], postgresql_using="hash")
