"""The tables of the record, the ledger, the agreements and the service itself.

Events are append-only (triggers in the first migration); personal words live in `payloads`.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Date, ForeignKey, LargeBinary, String, Table, Text

from mailer.store.columns import BigInt, UtcAt, id_column, metadata, ref_column

# --- the record

#: Names, words, evidence, raw mail, frozen messages: everything erasure may have to reach (record id, subject id).
payloads = Table(
    "payloads",
    metadata,
    id_column(),
    Column("subject_id", String(40), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

#: One row per thing that happened; names no one. `commitment`: `mailer.record.commitment`, over row and payload.
events = Table(
    "events",
    metadata,
    Column("seq", BigInt, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("type", String(60), nullable=False, index=True),
    Column("at", UtcAt, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("customer_id", String(40), index=True),
    Column("case_id", String(40), index=True),
    Column("policy_version", String(100), nullable=False),
    Column("refs", JSON, nullable=False),
    Column("commitment", String(64), nullable=False),
    Column("payload_id", String(40), nullable=False),
)

# --- the ledger

customers = Table(
    "customers",
    metadata,
    id_column(),
    Column("ref", String(200), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("email", String(320), nullable=False, index=True),
    Column("contact_name", Text, nullable=False),
    Column("other_emails", JSON, nullable=False),
    Column("language", String(10), nullable=False),
    Column("country", String(2), nullable=False),
    Column("time_zone", String(60), nullable=False),
    Column("policy", String(60), nullable=False),
    Column("tags", JSON, nullable=False),
)

#: Every known address of a customer, for matching senders: (lower-case address, customer).
customer_emails = Table(
    "customer_emails",
    metadata,
    Column("email", String(320), primary_key=True),
    Column("customer_id", String(40), ForeignKey("customers.id"), primary_key=True),
    Column("domain", String(255), nullable=False, index=True),
)

invoices = Table(
    "invoices",
    metadata,
    id_column(),
    ref_column("customer_id", "customers.id"),
    Column("number", String(100), nullable=False, unique=True),
    Column("number_key", String(100), nullable=False, index=True),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("total_minor", BigInt, nullable=False),
    Column("open_minor", BigInt, nullable=False, index=True),
    Column("paid_on", Date),
    Column("closing", String(20)),
    Column("reference", Text, nullable=False),
)

payments = Table(
    "payments",
    metadata,
    id_column(),
    Column("key", String(60), nullable=False, unique=True),
    ref_column("invoice_id", "invoices.id"),
    Column("currency", String(3), nullable=False),
    Column("minor", BigInt, nullable=False),
    Column("paid_on", Date, nullable=False),
    Column("reference", Text, nullable=False),
    Column("recorded_at", UtcAt, nullable=False),
)

#: `open_key` is the customer id while the case runs, NULL after: one running case per customer.
cases = Table(
    "cases",
    metadata,
    id_column(),
    ref_column("customer_id", "customers.id"),
    Column("open_key", String(40), unique=True),
    Column("opened_at", UtcAt, nullable=False),
    Column("closed_at", UtcAt),
    Column("outcome", String(40), nullable=False),
)

# --- what makes us quieter

holds = Table(
    "holds",
    metadata,
    id_column(),
    ref_column("customer_id", "customers.id"),
    Column("invoice_ids", JSON, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("placed_at", UtcAt, nullable=False),
    Column("until_on", Date),
    Column("deadline_on", Date),
    Column("mail_id", String(40)),
    Column("alarmed_at", UtcAt),
    Column("released_at", UtcAt),
)

promises = Table(
    "promises",
    metadata,
    id_column(),
    ref_column("customer_id", "customers.id"),
    Column("invoice_ids", JSON, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("pauses_until_on", Date, nullable=False),
    Column("state", String(12), nullable=False),
    Column("made_at", UtcAt, nullable=False),
    Column("amount", JSON),
    Column("owed_minor", BigInt),
    Column("owed_currency", String(3)),
    Column("mail_id", String(40)),
    Column("confirmed", Boolean, nullable=False),
)

disputes = Table(
    "disputes",
    metadata,
    id_column(),
    ref_column("customer_id", "customers.id"),
    Column("invoice_ids", JSON, nullable=False),
    Column("reason", String(30), nullable=False),
    Column("state", String(12), nullable=False),
    Column("opened_at", UtcAt, nullable=False),
    Column("mail_id", String(40)),
    Column("outcome", Text, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    id_column(),
    ref_column("customer_id", "customers.id"),
    Column("kind", String(10), nullable=False),
    Column("invoice_ids", JSON, nullable=False),
    Column("step_id", String(60), nullable=False),
    Column("instructions", Text, nullable=False),
    Column("created_at", UtcAt, nullable=False),
    Column("closed_at", UtcAt),
)

#: Calls, letters, meetings and notes by hand; the words are in the payload.
contacts = Table(
    "contacts",
    metadata,
    id_column(),
    ref_column("customer_id", "customers.id"),
    Column("invoice_ids", JSON, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("at", UtcAt, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("payload_id", String(40), nullable=False),
)

# --- the service itself

#: mode, ledger_as_of, …: small facts about the whole service.
facts = Table("facts", metadata, Column("name", String(60), primary_key=True), Column("value", Text, nullable=False))

#: Who may do a thing that only one may do at a time (polling a mailbox).
leases = Table(
    "leases",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("owner", String(40), nullable=False),
    Column("until_at", UtcAt, nullable=False),
)
