"""Alembic revisions; run by `mailer.store.schema.migrate`."""
