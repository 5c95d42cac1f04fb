"""Only the receiving end of the house: a database in memory-backed files, a clock that is moved, a mailbox by name."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from mailer.flows.intake import Intake
from mailer.mailbox import ImapMailbox, ImapSettings, Mailbox
from mailer.store import folders, schema
from mailer.store.folders import Cursor
from mailer.store.mail_tables import mails
from mailer.store.session import Store

_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)


@dataclass
class IntakeRoom:
    """Where mails are taken in; `now` is moved by the test."""

    store: Store
    now: datetime = field(default=NOON)

    def clock(self) -> datetime:
        return self.now

    def intake(self, name: str, settings: ImapSettings, *names: str) -> Intake:
        def opened() -> Mailbox:
            return ImapMailbox(settings)

        return self.through(name, opened, *names)

    def through(self, name: str, opened: Callable[[], Mailbox], *names: str) -> Intake:
        return Intake(
            store=self.store,
            open_mailbox=opened,
            name=name,
            folders=names or ("INBOX",),
            key=b"k" * 32,
            clock=self.clock,
            read_junk=False,
            read_sent=False,
        )

    async def met_when_empty(self, name: str, uidvalidity: int) -> None:
        """Make it as if the INBOX had been looked into before anything was in it."""
        async with self.store.transaction() as tx:
            at = Cursor(
                mailbox=name,
                folder="INBOX",
                uidvalidity=uidvalidity,
                last_uid=0,
                polled_at=self.now,
                reconciled_at=self.now,
                proved_at=self.now,
            )
            await folders.put_cursor(tx, at)

    async def hashes(self, name: str) -> Counter[str]:
        """How often each content is stored for a mailbox."""
        async with self.store.reading() as tx:
            return Counter(row.sha256 for row in await tx.all(select(mails.c.sha256).where(mails.c.mailbox == name)))


@contextlib.asynccontextmanager
async def intake_room() -> AsyncIterator[IntakeRoom]:
    """A fresh room; its files lie in memory, since nothing here is about the disk."""
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        store = Store(f"sqlite+aiosqlite:///{folder}/duly.sqlite3")
        await schema.migrate(store)
        try:
            yield IntakeRoom(store=store)
        finally:
            await store.close()
