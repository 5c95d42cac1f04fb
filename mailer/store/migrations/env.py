"""What Alembic runs: the connection comes from `mailer.store.schema`."""

from __future__ import annotations

from alembic import context

from mailer.store import log_tables as _log_tables  # noqa: F401 - fills the metadata
from mailer.store import mail_tables as _mail_tables  # noqa: F401 - the same
from mailer.store import tables as _tables  # noqa: F401 - the same
from mailer.store.columns import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
