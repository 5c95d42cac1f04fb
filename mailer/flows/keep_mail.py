"""Keeping fetched mail: its raw bytes, its row and its event, once for the same bytes from the same mailbox."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mailer.clock import new_id, new_salt
from mailer.domain.ids import MailId
from mailer.flows.intake import ACTOR, Intake
from mailer.flows.own_side import keep_own_side
from mailer.flows.recording import Happened, happened
from mailer.mailbox import FetchedMail
from mailer.store import events, folders, inbox
from mailer.store.events import Payload
from mailer.store.folders import INBOX, Cursor
from mailer.store.inbox import IN, OUT, StoredMail
from mailer.store.session import Tx


async def keep(
    tx: Tx,
    intake: Intake,
    cursor: Cursor,
    got: Sequence[FetchedMail],
    *,
    now: datetime,
    asked_for_old: bool = False,
    late: bool = False,
) -> int:
    """Store mails; one whose very bytes this mailbox has given us before is only noted as a copy.

    `asked_for_old`: what lay there before our first contact is history. `late`: earlier looks had passed them by.
    Returns how many were stored.
    """
    direction = IN if cursor.role == INBOX else OUT
    hashes = {mail.uid: hashlib.sha256(mail.raw).hexdigest() for mail in got}
    known = await inbox.known_hashes(tx, cursor.mailbox, hashes.values(), direction=direction)
    copies: dict[int, str] = {}
    fresh: list[tuple[StoredMail, bytes]] = []
    for mail in got:
        digest = hashes[mail.uid]
        if digest in known:
            copies[mail.uid] = digest
            continue
        known.add(digest)
        is_history = mail.uid < cursor.opened_uid and (asked_for_old or _is_from_before(mail, cursor))
        row = replace(_row(mail, cursor, digest, now), history=is_history, direction=direction)
        fresh.append((row, mail.raw))
    await folders.put_copies(tx, cursor, copies)
    if direction == OUT:
        await keep_own_side(tx, intake, cursor, fresh, now)
    else:
        await _keep_theirs(tx, fresh, now, late=late)
    return len(fresh)


async def _keep_theirs(tx: Tx, fresh: Sequence[tuple[StoredMail, bytes]], now: datetime, *, late: bool) -> None:
    """Store what came in; nothing of it is interpreted yet."""
    happenings: list[Happened] = []
    for row, _ in fresh:
        payload: dict[str, object] = {"folder": row.folder, "uid": row.uid, "sha256": row.sha256, "size": row.size}
        refs = {"mail": row.id}
        happenings.append(happened("mail.fetched", now=now, actor=ACTOR, refs=refs, payload=payload))
        if late:
            payload = {"folder": row.folder, "uid": row.uid}
            happenings.append(happened("mail.found_late", now=now, actor=ACTOR, refs=refs, payload=payload))
    bodies = [
        Payload(id=row.payload_id, subject_id="", kind="raw_mail", salt=new_salt(), body=raw) for row, raw in fresh
    ]
    await events.keep_payloads(tx, bodies)
    await inbox.add(tx, [row for row, _ in fresh])
    await events.record(tx, happenings)


def _is_from_before(mail: FetchedMail, cursor: Cursor) -> bool:
    """Whether it lay in the folder before our first contact, which a new numbering would dig up; unknown means no."""
    return mail.internal_date is not None and cursor.opened_at is not None and mail.internal_date < cursor.opened_at


def _row(mail: FetchedMail, cursor: Cursor, digest: str, now: datetime) -> StoredMail:
    mail_id = MailId(new_id("mail"))
    return StoredMail(
        id=mail_id,
        mailbox=cursor.mailbox,
        folder=cursor.folder,
        uidvalidity=cursor.uidvalidity,
        uid=mail.uid,
        sha256=digest,
        size=len(mail.raw),
        payload_id=mail_id.replace("mail_", "raw_", 1),
        fetched_at=now,
        internal_at=mail.internal_date,
        history=False,
        why="only its headers were fetched: it is very large" if mail.truncated else "",
    )
