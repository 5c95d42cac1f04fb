"""A witness inside the database: what was true of the invoices of a message in the very commit that allowed its DATA.

A trigger, not the program under test, writes it down, so neither a kill nor a fault of ours can make it lie.
"""

from __future__ import annotations

from sqlalchemy import text

from mailer.store.session import Store

_TABLE = """
CREATE TABLE watched (
    outbox_id VARCHAR(40) NOT NULL,
    fence INTEGER NOT NULL,
    invoice_id VARCHAR(40) NOT NULL,
    asked_minor BIGINT NOT NULL,
    open_minor BIGINT NOT NULL,
    on_day VARCHAR(10) NOT NULL,
    holds TEXT NOT NULL,
    disputes TEXT NOT NULL,
    live TEXT NOT NULL
)
"""
#: For each invoice of the message: what it asks for, what is open, ids of running holds and disputes of its customer.
_SEEN = """
INSERT INTO watched (outbox_id, fence, invoice_id, asked_minor, open_minor, on_day, holds, disputes, live)
SELECT NEW.id, NEW.fence, c.invoice_id, c.open_minor, i.open_minor, {day},
    COALESCE((SELECT {join_holds} FROM holds h WHERE h.customer_id = NEW.customer_id AND h.released_at IS NULL), ''),
    COALESCE((SELECT {join_disputes} FROM disputes d
              WHERE d.customer_id = NEW.customer_id AND d.state <> 'closed'), ''),
    COALESCE((SELECT f.value FROM facts f WHERE f.name = 'mode'), '')
FROM step_claims c JOIN invoices i ON i.id = c.invoice_id WHERE c.outbox_id = NEW.id
"""
_SQLITE = """
CREATE TRIGGER watch_in_data AFTER UPDATE OF state ON outbox
WHEN NEW.state = 'in_data' AND OLD.state <> 'in_data' BEGIN {seen}; END
"""
_POSTGRES = """
CREATE FUNCTION watch_in_data() RETURNS trigger AS $$ BEGIN {seen}; RETURN NULL; END $$ LANGUAGE plpgsql
"""
_POSTGRES_TRIGGER = """
CREATE TRIGGER watch_in_data AFTER UPDATE OF state ON outbox FOR EACH ROW
WHEN (NEW.state = 'in_data' AND OLD.state <> 'in_data') EXECUTE FUNCTION watch_in_data()
"""


async def watch(store: Store) -> None:
    """Install the witness; once per database."""
    if store.dialect == "sqlite":
        seen = _SEEN.format(
            day="date(NEW.lease_until_at)", join_holds="group_concat(h.id)", join_disputes="group_concat(d.id)"
        )
        statements = [_TABLE, _SQLITE.format(seen=seen)]
    else:
        seen = _SEEN.format(
            day="to_char(NEW.lease_until_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
            join_holds="string_agg(h.id, ',')",
            join_disputes="string_agg(d.id, ',')",
        )
        statements = [_TABLE, _POSTGRES.format(seen=seen), _POSTGRES_TRIGGER]
    async with store.transaction() as tx:
        for statement in statements:
            await tx.run(text(statement))
