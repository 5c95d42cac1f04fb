"""The tables of the log over the record: its leaves, the nodes above them, signed heads, and what others say of these.

All append-only (triggers in migrations 0004, 0005 and 0007).
"""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from mailer.store.columns import BigInt, UtcAt, metadata

#: One row per event, in the order of events. `body` is the leaf verbatim, `hash` its leaf hash.
log_leaves = Table(
    "log_leaves",
    metadata,
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    Column("event_seq", BigInt, nullable=False, unique=True),
    Column("case_tag", String(32)),
    Column("case_seq", BigInt, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("case_tag", "case_seq"),
)

#: The hashes of tlog-tiles above level 0: level L keeps the nodes over 256^L leaves.
log_nodes = Table(
    "log_nodes",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInt, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

#: Every signed head, as it was signed.
log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("size", BigInt, primary_key=True, autoincrement=False),
    Column("signed_at", UtcAt, nullable=False),
    Column("note", Text, nullable=False),
)

#: Answers of time-stamp servers over signed heads, as they came; an event names each by its SHA-256.
log_stamps = Table(
    "log_stamps",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("size", BigInt, nullable=False, index=True),
    Column("asked_at", UtcAt, nullable=False),
    Column("token", LargeBinary, nullable=False),
)

#: Cosignatures over signed heads: the line of the note as it came, and by whom (a vkey); an event names each.
log_cosignatures = Table(
    "log_cosignatures",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("size", BigInt, nullable=False, index=True),
    Column("witness", Text, nullable=False),
    Column("asked_at", UtcAt, nullable=False),
    Column("line", Text, nullable=False),
)
