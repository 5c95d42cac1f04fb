"""Outgoing and incoming mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.append_only import guards
from mailer.store.columns import BigInt, UtcAt

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:  # long: one statement per table
    """Go to this revision."""
    op.create_table(
        "folders",
        sa.Column("mailbox", sa.String(length=200), nullable=False),
        sa.Column("folder", sa.String(length=200), nullable=False),
        sa.Column("uidvalidity", BigInt, nullable=False),
        sa.Column("last_uid", BigInt, nullable=False),
        sa.Column("polled_at", UtcAt(), nullable=False),
        sa.Column("opened_at", UtcAt(), nullable=False),
        sa.Column("opened_uid", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "folder", name=op.f("pk_folders")),
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("mailbox", sa.String(length=200), nullable=False),
        sa.Column("folder", sa.String(length=200), nullable=False),
        sa.Column("uidvalidity", BigInt, nullable=False),
        sa.Column("uid", BigInt, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("payload_id", sa.String(length=40), nullable=True),
        sa.Column("fetched_at", UtcAt(), nullable=False),
        sa.Column("internal_at", UtcAt(), nullable=True),
        sa.Column("history", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=True),
        sa.Column("customer_id", sa.String(length=40), nullable=True),
        sa.Column("outbox_id", sa.String(length=40), nullable=True),
        sa.Column("invoice_ids", sa.JSON(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("sender_standing", sa.String(length=10), nullable=True),
        sa.Column("message_id", sa.String(length=998), nullable=False),
        sa.Column("from_email", sa.String(length=998), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sent_at", UtcAt(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("needs_person", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint(
            "mailbox", "folder", "uidvalidity", "uid", name=op.f("uq_mails_mailbox_folder_uidvalidity_uid")
        ),
    )
    with op.batch_alter_table("mails", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mails_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mails_needs_person"), ["needs_person"], unique=False)
        batch_op.create_index(batch_op.f("ix_mails_sha256"), ["sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_mails_state"), ["state"], unique=False)
    op.create_table(
        "missing_uids",
        sa.Column("mailbox", sa.String(length=200), nullable=False),
        sa.Column("folder", sa.String(length=200), nullable=False),
        sa.Column("uidvalidity", BigInt, nullable=False),
        sa.Column("uid", BigInt, nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "folder", "uidvalidity", "uid", name=op.f("pk_missing_uids")),
    )
    op.create_table(
        "suppressions",
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcAt(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_suppressions")),
    )
    with op.batch_alter_table("suppressions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_suppressions_customer_id"), ["customer_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("sender", sa.String(length=320), nullable=False),
        sa.Column("message_id", sa.String(length=320), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("template", sa.String(length=60), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("policy", sa.String(length=60), nullable=False),
        sa.Column("policy_version", sa.String(length=40), nullable=False),
        sa.Column("main_step_id", sa.String(length=60), nullable=False),
        sa.Column("payload_id", sa.String(length=40), nullable=False),
        sa.Column("created_at", UtcAt(), nullable=False),
        sa.Column("due_at", UtcAt(), nullable=False),
        sa.Column("useful_until_at", UtcAt(), nullable=False),
        sa.Column("lease_owner", sa.String(length=40), nullable=True),
        sa.Column("lease_until_at", UtcAt(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("finished_at", UtcAt(), nullable=True),
        sa.Column("result_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_outbox_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_outbox_state_due_at", ["state", "due_at"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("seq", BigInt, autoincrement=True, nullable=False),
        sa.Column("outbox_id", sa.String(length=40), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("at", UtcAt(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("peer", sa.String(length=255), nullable=False),
        sa.Column("tls", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_attempts_outbox_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_attempts")),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempts_outbox_id"), ["outbox_id"], unique=False)
    op.create_table(
        "step_claims",
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.Column("invoice_id", sa.String(length=40), nullable=False),
        sa.Column("step_id", sa.String(length=60), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False),
        sa.Column("at", UtcAt(), nullable=False),
        sa.Column("outbox_id", sa.String(length=40), nullable=True),
        sa.Column("task_id", sa.String(length=40), nullable=True),
        sa.Column("open_minor", BigInt, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_step_claims_customer_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_step_claims_invoice_id")),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_step_claims_outbox_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_step_claims")),
    )
    with op.batch_alter_table("step_claims", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_step_claims_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_step_claims_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_step_claims_outbox_id"), ["outbox_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_step_claims_task_id"), ["task_id"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.Column("invoice_id", sa.String(length=40), nullable=False),
        sa.Column("step_id", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", UtcAt(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_verdicts_customer_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_verdicts_invoice_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_verdicts")),
    )
    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_verdicts_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_verdicts_invoice_id"), ["invoice_id"], unique=False)
    for statement in guards(op.get_bind().dialect.name, "attempts"):
        op.execute(statement)
