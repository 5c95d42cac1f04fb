"""Where a look into a folder goes on, and the record of looks that makes silence provable.

Every `imap.polled` event tells of one span of looks: from the end of the span before it (`from_at`) to its own end
(`to_at`), which UIDs the server gave out in that time (`from_uid` to `to_uid`, none when `to_uid` is the smaller), and
under how many of them a message came (`count`). The spans of a folder join without a gap, from `folder.opened` on.
A server gives out UIDs in ascending order and never again under the same UIDVALIDITY (RFC 3501 §2.3.1.1), and says at
every look which one it will give next. So "nothing arrived between T1 and T2" is shown by the events that cover T1 to
T2, all with one UIDVALIDITY and all without a UID; that holds for hours in which nobody looked, too. UIDs without
messages were taken away again before we looked. A span ends when anything came, when the numbering changed, and after
an hour; until then a look only extends it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from mailer.flows.intake import ACTOR, Turn
from mailer.flows.recording import happened
from mailer.mailbox import FolderState, MailboxRefused
from mailer.store import events, folders
from mailer.store.folders import Cursor
from mailer.store.session import Tx

#: Longest span of looks that is not on record yet.
SPAN = timedelta(hours=1)
#: A folder whose UIDVALIDITY changes more often within a day is not read for the rest of it.
MOST_RENUMBERINGS = 5
DAY = timedelta(days=1)


async def check_numbering(turn: Turn, folder: str) -> None:
    """Raise MailboxRefused while the folder is left alone because its numbering never stays."""
    async with turn.intake.store.reading() as tx:
        at = await folders.cursor(tx, turn.intake.name, folder)
    if at is not None and at.renumbered_at is not None and _is_unstable(at, turn.intake.clock()):
        until = at.renumbered_at + DAY
        raise MailboxRefused(
            f"the server numbered the folder {folder!r} anew more than {MOST_RENUMBERINGS} times within a day: it is "
            f"not read before {until:%Y-%m-%d %H:%M} UTC; ask the provider, or read another folder"
        )


async def begin_look(turn: Turn, folder: str, role: str, there: FolderState) -> Cursor:
    """Return where to go on; a new folder begins at its end, a new UIDVALIDITY (RFC 3501 §2.3.1.1) at its start.

    Raises MailboxRefused when the numbering has changed too often today.
    """
    now = turn.intake.clock()
    async with turn.intake.store.transaction() as tx:
        at = await folders.cursor(tx, turn.intake.name, folder)
        if at is not None and at.uidvalidity == there.uidvalidity:
            return at if at.role == role else replace(at, role=role)
        await turn.renew(tx)
        fresh = _opened(turn, folder, there, now) if at is None else _renumbered(at, there, now)
        fresh = replace(fresh, role=role)
        await folders.put_cursor(tx, fresh)
        type_ = "folder.opened" if at is None else "folder.renumbered"
        payload: dict[str, object] = {
            "folder": folder,
            "mailbox": turn.intake.name,
            "uidvalidity": fresh.uidvalidity,
            "from_uid": fresh.last_uid + 1,
            "times": fresh.renumbered,
        }
        await events.record(tx, [happened(type_, now=now, actor=ACTOR, payload=payload)])
    await check_numbering(turn, folder)
    return fresh


async def end_look(turn: Turn, cursor: Cursor, there: FolderState) -> None:
    """Note that the folder was looked into to its end, and record the span of looks when it is over."""
    now = turn.intake.clock()
    async with turn.intake.store.transaction() as tx:
        await turn.renew(tx)
        at = await folders.cursor(tx, cursor.mailbox, cursor.folder) or cursor
        since = at.proved_at or at.polled_at  # a folder that was read before spans were recorded
        proved_uid = at.proved_uid if at.proved_at else at.last_uid
        to_uid = max(there.uidnext - 1, at.last_uid, proved_uid)
        at = replace(at, role=cursor.role, polled_at=now, looks=at.looks + 1)
        if to_uid > proved_uid or at.uidvalidity != cursor.uidvalidity or now - since >= SPAN:
            await _record_span(tx, at, since, (proved_uid + 1, to_uid), now)
            at = replace(at, proved_at=now, proved_uid=to_uid, looks=0)
        await folders.put_cursor(tx, at)


async def _record_span(tx: Tx, at: Cursor, since: datetime, uids: tuple[int, int], now: datetime) -> None:
    payload: dict[str, object] = {
        "mailbox": at.mailbox,
        "folder": at.folder,
        "uidvalidity": at.uidvalidity,
        "from_uid": uids[0],
        "to_uid": uids[1],
        "count": await folders.count(tx, at, uids[0] - 1, uids[1]),
        "from_at": since.isoformat(),
        "to_at": now.isoformat(),
        "looks": at.looks,
    }
    await events.record(tx, [happened("imap.polled", now=now, actor=ACTOR, payload=payload)])


def _opened(turn: Turn, folder: str, there: FolderState, now: datetime) -> Cursor:
    return Cursor(
        mailbox=turn.intake.name,
        folder=folder,
        uidvalidity=there.uidvalidity,
        last_uid=there.uidnext - 1,
        polled_at=now,
        opened_at=now,
        opened_uid=there.uidnext,
        reconciled_at=now,
        proved_at=now,
        proved_uid=there.uidnext - 1,
    )


def _renumbered(at: Cursor, there: FolderState, now: datetime) -> Cursor:
    first = at.renumbered_at is None or now - at.renumbered_at >= DAY
    return replace(
        at,
        uidvalidity=there.uidvalidity,
        last_uid=0,
        opened_uid=there.uidnext,
        reconciled_at=now,
        renumbered=1 if first else at.renumbered + 1,
        renumbered_at=now if first else at.renumbered_at,
        proved_at=at.proved_at or at.polled_at,
        proved_uid=0,
    )


def _is_unstable(at: Cursor, now: datetime) -> bool:
    is_today = at.renumbered_at is not None and now - at.renumbered_at < DAY
    return is_today and at.renumbered > MOST_RENUMBERINGS
