"""How far each folder of each mailbox was read, which UIDs are outstanding, and which are copies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select

from mailer.store.mail_tables import folders, mail_copies, mails, missing_uids
from mailer.store.session import Tx, upsert

#: Roles of a folder: its mail is reacted to; our own side of the correspondence; copies of what we sent.
INBOX, SENT, ARCHIVE = "inbox", "sent", "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a folder has been read: every UID up to `last_uid` under this UIDVALIDITY is stored or noted missing.

    `opened_at` is our first contact with the folder, kept when the server numbers it anew (None: `polled_at`). Mails
    below `opened_uid` were there when this UIDVALIDITY was first seen. `polled_at`: the last look; `looks`: how many
    looks there were since the last span on record, which ended at `proved_at` (None: never) with `proved_uid` as the
    highest UID given out. `renumbered`: changes of UIDVALIDITY since `renumbered_at` (None: there never was one).
    """

    mailbox: str
    folder: str
    uidvalidity: int
    last_uid: int
    polled_at: datetime
    opened_at: datetime | None = None
    opened_uid: int = 1
    role: str = INBOX
    reconciled_at: datetime | None = None
    renumbered: int = 0
    renumbered_at: datetime | None = None
    proved_at: datetime | None = None
    proved_uid: int = 0
    looks: int = 0


_COLUMNS = tuple(field.name for field in fields(Cursor))
_CURSOR = select(folders).where(folders.c.mailbox == bindparam("mailbox"), folders.c.folder == bindparam("folder"))


async def cursor(tx: Tx, mailbox: str, folder: str) -> Cursor | None:
    """Return how far a folder has been read, None when it was never looked at."""
    row = await tx.first(_CURSOR, {"mailbox": mailbox, "folder": folder})
    return None if row is None else _cursor(row)


async def every(tx: Tx) -> list[Cursor]:
    """Return the cursors of all folders of all mailboxes that were ever looked at."""
    return [_cursor(row) for row in await tx.all(select(folders).order_by(folders.c.mailbox, folders.c.folder))]


async def put_cursor(tx: Tx, at: Cursor) -> None:
    """Move the cursor of a folder, in the transaction that stores the mails it passes."""
    row = {name: getattr(at, name) for name in _COLUMNS}
    await upsert(tx, folders, {**row, "opened_at": at.opened_at or at.polled_at})


async def missing(tx: Tx, at: Cursor) -> dict[int, int]:
    """Return UIDs that a server left out, with how often they were looked for."""
    rows = await tx.all(select(missing_uids).where(*_of(missing_uids, at)))
    return {row.uid: row.looks for row in rows}


async def put_missing(tx: Tx, at: Cursor, looks: Mapping[int, int]) -> None:
    """Replace the list of UIDs to look for again; those of an earlier UIDVALIDITY mean nothing any more."""
    mine = (missing_uids.c.mailbox == at.mailbox) & (missing_uids.c.folder == at.folder)
    await tx.run(delete(missing_uids).where(mine))
    await tx.run(insert(missing_uids), [{**_place(at, uid), "looks": count} for uid, count in sorted(looks.items())])


async def put_copies(tx: Tx, at: Cursor, hashes: Mapping[int, str]) -> None:
    """Note UIDs whose bytes (SHA-256, hex) this mailbox has given us before."""
    for uid, digest in sorted(hashes.items()):
        await upsert(tx, mail_copies, {**_place(at, uid), "sha256": digest})


async def known_uids(tx: Tx, at: Cursor, uids: Iterable[int]) -> set[int]:
    """Return which of these UIDs are stored already, or known as copies."""
    wanted = set(uids)
    if not wanted:
        return set()
    found: set[int] = set()
    for table in (mails, mail_copies):
        within = table.c.uid.between(min(wanted), max(wanted))
        found |= {row.uid for row in await tx.all(select(table.c.uid).where(*_of(table, at), within))}
    return found & wanted


async def count(tx: Tx, at: Cursor, after_uid: int, up_to_uid: int) -> int:
    """Return how many messages have come under the UIDs of a range, copies included."""
    total = 0
    for table in (mails, mail_copies):
        within = table.c.uid.between(after_uid + 1, up_to_uid)
        row = await tx.first(select(func.count()).select_from(table).where(*_of(table, at), within))
        total += int(row[0]) if row else 0
    return total


def _of(table: Any, at: Cursor) -> tuple[Any, ...]:
    mine = (table.c.mailbox == at.mailbox, table.c.folder == at.folder)
    return (*mine, table.c.uidvalidity == at.uidvalidity)


def _place(at: Cursor, uid: int) -> dict[str, Any]:
    return {"mailbox": at.mailbox, "folder": at.folder, "uidvalidity": at.uidvalidity, "uid": uid}


def _cursor(row: Any) -> Cursor:
    return Cursor(**{name: getattr(row, name) for name in _COLUMNS})
