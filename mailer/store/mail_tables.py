"""The tables of outgoing and incoming mail."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from mailer.store.columns import BigInt, UtcAt, id_column, metadata, ref_column

# --- outgoing

outbox = Table(
    "outbox",
    metadata,
    id_column(),
    ref_column("customer_id", "customers.id"),
    Column("case_id", String(40)),
    Column("state", String(12), nullable=False),
    Column("recipient", String(320), nullable=False),
    Column("sender", String(320), nullable=False),
    Column("message_id", String(320), nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("template", String(60), nullable=False),
    Column("language", String(10), nullable=False),
    Column("policy", String(60), nullable=False),
    Column("policy_version", String(40), nullable=False),
    Column("main_step_id", String(60), nullable=False),
    Column("payload_id", String(40), nullable=False),
    Column("created_at", UtcAt, nullable=False),
    Column("due_at", UtcAt, nullable=False),
    Column("useful_until_at", UtcAt, nullable=False),
    Column("lease_owner", String(40)),
    Column("lease_until_at", UtcAt),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("finished_at", UtcAt),
    Column("result_text", Text, nullable=False),
    Column("freeze_id", String(40), index=True),
    Column("released_at", UtcAt),
    Column("looks", Integer, nullable=False, server_default="0"),
    Column("look_at", UtcAt),
    Column("copy_state", String(10)),
    Index("ix_outbox_state_due_at", "state", "due_at"),
)

#: Append-only: one row per attempt to hand a message over. `at` is its end. `account` is user@host of the submission.
attempts = Table(
    "attempts",
    metadata,
    Column("seq", BigInt, primary_key=True, autoincrement=True),
    ref_column("outbox_id", "outbox.id"),
    Column("fence", Integer, nullable=False),
    Column("at", UtcAt, nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("text", Text, nullable=False),
    Column("peer", String(255), nullable=False),
    Column("tls", String(40), nullable=False),
    Column("account", String(200), nullable=False, server_default=""),
    Column("started_at", UtcAt),
    Column("phase", String(10), nullable=False, server_default=""),
    Column("code", Integer),
    Column("enhanced", String(12), nullable=False, server_default=""),
    Index("ix_attempts_account_at", "account", "at"),
    Index("ix_attempts_at", "at"),
)

#: Once the breaker stopped all sending: why, and how a person ended it. Its messages carry `outbox.freeze_id`.
freezes = Table(
    "freezes",
    metadata,
    id_column(),
    Column("at", UtcAt, nullable=False),
    Column("code", String(30), nullable=False),
    Column("why", Text, nullable=False),
    Column("ended_at", UtcAt),
    Column("ended_by", String(60), nullable=False),
    Column("outcome", String(10), nullable=False),
)

#: A rung of an invoice that is taken: the primary key is what makes a reminder impossible to send twice.
step_claims = Table(
    "step_claims",
    metadata,
    Column("key", String(160), primary_key=True),
    ref_column("customer_id", "customers.id"),
    ref_column("invoice_id", "invoices.id"),
    Column("step_id", String(60), nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("how", String(12), nullable=False),
    Column("at", UtcAt, nullable=False),
    ref_column("outbox_id", "outbox.id", null=True),
    Column("task_id", String(40), index=True),
    Column("open_minor", BigInt, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("place", Integer, nullable=False),
)

#: Why a due rung is not said now; an event is recorded only when the code changes.
verdicts = Table(
    "verdicts",
    metadata,
    Column("key", String(160), primary_key=True),
    ref_column("customer_id", "customers.id"),
    ref_column("invoice_id", "invoices.id"),
    Column("step_id", String(60), nullable=False),
    Column("code", String(30), nullable=False),
    Column("why", Text, nullable=False),
    Column("at", UtcAt, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address", String(320), primary_key=True),
    Column("customer_id", String(40), index=True),
    Column("reason", Text, nullable=False),
    Column("at", UtcAt, nullable=False),
)

# --- incoming

#: `role`: inbox (its mail is reacted to), sent (our own side of the correspondence), archive (evidence only).
#: `renumbered`: how often UIDVALIDITY changed since `renumbered_at`. `proved_at`, `proved_uid`: the end of the last
#: span of looks on record (`imap.polled`); `looks`: how many there were since.
folders = Table(
    "folders",
    metadata,
    Column("mailbox", String(200), primary_key=True),
    Column("folder", String(200), primary_key=True),
    Column("uidvalidity", BigInt, nullable=False),
    Column("last_uid", BigInt, nullable=False),
    Column("polled_at", UtcAt, nullable=False),
    Column("opened_at", UtcAt, nullable=False),
    Column("opened_uid", BigInt, nullable=False),
    Column("role", String(10), nullable=False, server_default="inbox"),
    Column("reconciled_at", UtcAt),
    Column("renumbered", Integer, nullable=False, server_default="0"),
    Column("renumbered_at", UtcAt),
    Column("proved_at", UtcAt),
    Column("proved_uid", BigInt, nullable=False, server_default="0"),
    Column("looks", Integer, nullable=False, server_default="0"),
)

#: UIDs a server left out of an answer; looked for again, never silently passed.
missing_uids = Table(
    "missing_uids",
    metadata,
    Column("mailbox", String(200), primary_key=True),
    Column("folder", String(200), primary_key=True),
    Column("uidvalidity", BigInt, primary_key=True),
    Column("uid", BigInt, primary_key=True),
    Column("looks", Integer, nullable=False),
)

#: UIDs whose bytes this mailbox has given us under another UID: seen, not missing, and not stored twice.
mail_copies = Table(
    "mail_copies",
    metadata,
    Column("mailbox", String(200), primary_key=True),
    Column("folder", String(200), primary_key=True),
    Column("uidvalidity", BigInt, primary_key=True),
    Column("uid", BigInt, primary_key=True),
    Column("sha256", String(64), nullable=False),
)

#: `direction`: "in", or "out" for mail found in the Sent folder that Duly did not send.
#: `state`: stored → matched → done, or quarantined. `payload_id` is NULL once the raw bytes were let go (setting).
mails = Table(
    "mails",
    metadata,
    id_column(),
    Column("mailbox", String(200), nullable=False),
    Column("folder", String(200), nullable=False),
    Column("uidvalidity", BigInt, nullable=False),
    Column("uid", BigInt, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("payload_id", String(40)),
    Column("fetched_at", UtcAt, nullable=False),
    Column("internal_at", UtcAt),
    Column("history", Boolean, nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("kind", String(20)),
    Column("customer_id", String(40), index=True),
    Column("outbox_id", String(40)),
    Column("invoice_ids", JSON, nullable=False),
    Column("method", String(20)),
    Column("confidence", Float),
    Column("sender_standing", String(10)),
    Column("message_id", String(998), nullable=False),
    Column("from_email", String(998), nullable=False),
    Column("subject", Text, nullable=False),
    Column("sent_at", UtcAt),
    Column("why", Text, nullable=False),
    Column("needs_person", Boolean, nullable=False, index=True),
    Column("direction", String(3), nullable=False, server_default="in"),
    UniqueConstraint("mailbox", "folder", "uidvalidity", "uid"),
    # By hash: a tree's entry must not exceed 2,704 bytes in PostgreSQL, and a hostile Message-ID can be longer.
    Index("ix_mails_message_id", "message_id", postgresql_using="hash"),
)

# --- who signed what came in; append-only, but for erasure

#: One row per look at a mail's signatures. `results`: what our own mail server said. The text of it is the payload of
#: the same id; the event names it by its SHA-256.
authentications = Table(
    "authentications",
    metadata,
    id_column(),
    Column("mail_id", String(40), nullable=False),
    Column("customer_id", String(40), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("received_at", UtcAt, nullable=False),
    Column("checked_at", UtcAt, nullable=False),
    Column("from_domain", String(255), nullable=False),
    Column("verdict", String(10), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("many", Integer, nullable=False),
    Column("results", JSON, nullable=False),
    UniqueConstraint("mail_id", "customer_id", "attempt"),
)

#: One row per signature that was looked at; `record`: the TXT record that it was checked with, byte for byte.
mail_signatures = Table(
    "mail_signatures",
    metadata,
    Column("authentication_id", String(40), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("domain", String(255), nullable=False),
    Column("selector", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("verdict", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("weak", JSON, nullable=False),
    Column("alignment", String(10), nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("resolver", String(255), nullable=False),
    Column("asked_at", UtcAt),
)
