"""Who signed what came in, with the keys as they were fetched; append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.append_only import guards
from mailer.store.columns import UtcAt

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "authentications",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("mail_id", sa.String(length=40), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("received_at", UtcAt(), nullable=False),
        sa.Column("checked_at", UtcAt(), nullable=False),
        sa.Column("from_domain", sa.String(length=255), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("many", sa.Integer(), nullable=False),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authentications")),
        sa.UniqueConstraint(
            "mail_id", "customer_id", "attempt", name=op.f("uq_authentications_mail_id_customer_id_attempt")
        ),
    )
    op.create_index(op.f("ix_authentications_customer_id"), "authentications", ["customer_id"])
    op.create_index(op.f("ix_authentications_verdict"), "authentications", ["verdict"])
    op.create_table(
        "mail_signatures",
        sa.Column("authentication_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("selector", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("weak", sa.JSON(), nullable=False),
        sa.Column("alignment", sa.String(length=10), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("resolver", sa.String(length=255), nullable=False),
        sa.Column("asked_at", UtcAt(), nullable=True),
        sa.PrimaryKeyConstraint("authentication_id", "number", name=op.f("pk_mail_signatures")),
    )
    _guard("authentications")
    _guard("mail_signatures")


def _guard(table: str) -> None:
    for statement in guards(op.get_bind().dialect.name, table):
        op.execute(statement)
