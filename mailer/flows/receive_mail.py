"""Taking mail in: raw bytes, event and UID cursor in one transaction, before anything interprets them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from mailer.clock import Clock, new_id, new_salt
from mailer.domain.ids import MailId
from mailer.flows.recording import Happened, happened
from mailer.mailbox import FetchedMail, Mailbox, MailboxRefused, MailboxUnreachable
from mailer.mailbox.batches import batches
from mailer.store import events, inbox, state
from mailer.store.inbox import Cursor, StoredMail
from mailer.store.session import Store, Tx

ACTOR = "system:poll"
#: A server that left a UID out of its answer is asked for it this many times more.
LOOKS = 3
BATCH = 50
#: A poll that takes longer has lost its right to the mailbox.
LEASE = timedelta(minutes=15)
#: How many mails of a batch may each break the connection before it is the server that is ill, not the mail.
LOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """What a look into the mailbox brought. `busy`: another worker was at it, nothing was done."""

    fetched: int = 0
    known: int = 0
    missing: int = 0
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Where mail is taken in: the store, a way to open the mailbox, its name and folders, the clock."""

    store: Store
    open_mailbox: Callable[[], Mailbox]
    name: str
    folders: Sequence[str]
    clock: Clock


async def poll(intake: Intake, *, since: date | None = None) -> PollReport:
    """Fetch what is new in every folder; with `since`, fetch older mail too, as history that is never reacted to.

    The first contact with a folder starts at its present UIDNEXT: old mail is not dug up unasked.
    Raises MailboxUnreachable (try later) and MailboxRefused (a person must look); the latter for a single folder only
    after the others were read.
    """
    now = intake.clock()
    # An owner for each poll: two in one process exclude each other too.
    lease, owner = f"poll:{intake.name}", new_id("poll")
    async with intake.store.transaction() as tx:
        if not await state.lease(tx, lease, owner, now=now, until_at=now + LEASE):
            return PollReport(busy=True)
    mailbox = intake.open_mailbox()
    try:
        return await _folders(intake, mailbox, since)
    finally:
        await mailbox.close()
        async with intake.store.transaction() as tx:
            await state.unlease(tx, lease, owner)


async def _folders(intake: Intake, mailbox: Mailbox, since: date | None) -> PollReport:
    report = PollReport()
    refused: list[MailboxRefused] = []
    await mailbox.connect()
    for place, folder in enumerate(intake.folders, start=1):
        try:
            report = await _folder(intake, mailbox, folder, since, report)
        except MailboxRefused as problem:
            refused.append(problem)
            if place < len(intake.folders):
                await mailbox.connect()  # any error has closed it
    if refused:
        raise refused[0]
    return report


async def _folder(intake: Intake, mailbox: Mailbox, folder: str, since: date | None, report: PollReport) -> PollReport:
    there = await mailbox.examine(folder)
    cursor = await _cursor(intake, folder, there.uidvalidity, there.uidnext)
    async with intake.store.reading() as tx:
        looks = await inbox.missing(tx, intake.name, folder, cursor.uidvalidity)
    fresh = [uid for uid in await mailbox.uids_after(cursor.last_uid) if uid > cursor.last_uid]
    wanted = sorted({*fresh, *looks})
    for start in range(0, len(wanted), BATCH):
        part = tuple(wanted[start : start + BATCH])
        got = await _fetch(mailbox, cursor, part)
        report, looks = await _store(intake, cursor, part, got, looks, report)
    if since is not None:
        report = await _history(intake, mailbox, cursor, since, report)
    return report


async def _fetch(mailbox: Mailbox, cursor: Cursor, uids: tuple[int, ...]) -> list[FetchedMail]:
    """Fetch at most BATCH mails; when the connection is lost over several, one by one, to get at all the others."""
    try:
        return await _fetch_batch(mailbox, uids)
    except MailboxUnreachable:
        if len(uids) == 1:
            raise
    return await _fetch_singly(mailbox, cursor, uids)


async def _fetch_batch(mailbox: Mailbox, uids: tuple[int, ...]) -> list[FetchedMail]:
    """Fetch mails, fewer at a time when they are large."""
    got: list[FetchedMail] = []
    for part in batches(await mailbox.sizes(uids)):
        got.extend(await mailbox.fetch(part))
    return got


async def _fetch_singly(mailbox: Mailbox, cursor: Cursor, uids: tuple[int, ...]) -> list[FetchedMail]:
    """Leave out mails that break the connection, provided that others come through: else it is not the mail's fault."""
    got: list[FetchedMail] = []
    lost: list[MailboxUnreachable] = []
    await _reopen(mailbox, cursor)
    for uid in uids:
        try:
            got.extend(await _fetch_batch(mailbox, (uid,)))
        except MailboxUnreachable as problem:
            lost.append(problem)
            if len(lost) > LOST:
                raise
            await _reopen(mailbox, cursor)
    if lost and not got:
        raise lost[0]
    return got


async def _reopen(mailbox: Mailbox, cursor: Cursor) -> None:
    await mailbox.connect()
    if (await mailbox.examine(cursor.folder)).uidvalidity != cursor.uidvalidity:
        message = f"the folder {cursor.folder!r} was numbered anew while it was read: the next look starts over"
        raise MailboxUnreachable(message)


async def _cursor(intake: Intake, folder: str, uidvalidity: int, uidnext: int) -> Cursor:
    """Return where to go on; a new folder begins at its end, a new UIDVALIDITY (RFC 3501 §2.3.1.1) at its start."""
    now = intake.clock()
    async with intake.store.transaction() as tx:
        cursor = await inbox.cursor(tx, intake.name, folder)
        if cursor is not None and cursor.uidvalidity == uidvalidity:
            return cursor
        last_uid = uidnext - 1 if cursor is None else 0
        fresh = Cursor(
            mailbox=intake.name,
            folder=folder,
            uidvalidity=uidvalidity,
            last_uid=last_uid,
            polled_at=now,
            opened_at=cursor.opened_at if cursor else now,
            opened_uid=uidnext,
        )
        await inbox.put_cursor(tx, fresh)
        type_ = "folder.opened" if cursor is None else "folder.renumbered"
        payload: dict[str, object] = {"folder": folder, "uidvalidity": uidvalidity, "from_uid": last_uid + 1}
        await events.record(tx, [happened(type_, now=now, actor=ACTOR, payload=payload)])
    return fresh


async def _store(
    intake: Intake,
    cursor: Cursor,
    asked: Sequence[int],
    got: Sequence[FetchedMail],
    looks: dict[int, int],
    report: PollReport,
) -> tuple[PollReport, dict[int, int]]:
    """Keep one batch: mails, event, cursor and the list of UIDs the server left out, all or nothing."""
    now = intake.clock()
    came = {mail.uid for mail in got}
    still_missing = {uid: count for uid, count in looks.items() if uid not in asked}
    still_missing |= {uid: looks.get(uid, 0) + 1 for uid in asked if uid not in came and looks.get(uid, 0) < LOOKS}
    given_up = [uid for uid in asked if uid not in came and uid not in still_missing]
    async with intake.store.transaction() as tx:
        kept, known = await _keep(tx, cursor, got, asked_for_old=False, now=now)
        if given_up:
            payload: dict[str, object] = {"folder": cursor.folder, "uids": list(given_up)}
            kept.append(happened("mail.missing", now=now, actor=ACTOR, payload=payload))
        await events.record(tx, kept)
        last = max(cursor.last_uid, *asked)
        at = await inbox.cursor(tx, cursor.mailbox, cursor.folder)
        await inbox.put_cursor(tx, replace(cursor, last_uid=max(last, at.last_uid if at else 0), polled_at=now))
        await inbox.put_missing(tx, cursor.mailbox, cursor.folder, cursor.uidvalidity, still_missing)
    fetched = report.fetched + len(got) - known
    return replace(report, fetched=fetched, known=report.known + known, missing=len(still_missing)), still_missing


async def _history(intake: Intake, mailbox: Mailbox, cursor: Cursor, since: date, report: PollReport) -> PollReport:
    """Fetch older mail; what came meanwhile, or was left out, is new mail and is left to the next look."""
    uids = await mailbox.uids_since(since)
    async with intake.store.reading() as tx:
        at = await inbox.cursor(tx, cursor.mailbox, cursor.folder) or cursor
        known = await inbox.known_uids(tx, cursor.mailbox, cursor.folder, cursor.uidvalidity, uids)
        looks = await inbox.missing(tx, cursor.mailbox, cursor.folder, cursor.uidvalidity)
    wanted = [uid for uid in uids if uid <= at.last_uid and uid not in known and uid not in looks]
    for start in range(0, len(wanted), BATCH):
        got = await _fetch(mailbox, cursor, tuple(wanted[start : start + BATCH]))
        async with intake.store.transaction() as tx:
            kept, same = await _keep(tx, cursor, got, asked_for_old=True, now=intake.clock())
            await events.record(tx, kept)
        report = replace(report, fetched=report.fetched + len(got) - same, known=report.known + same)
    return report


async def _keep(
    tx: Tx, cursor: Cursor, got: Sequence[FetchedMail], *, asked_for_old: bool, now: datetime
) -> tuple[list[Happened], int]:
    """Store raw mails; one whose very bytes this mailbox has given us before is not stored again."""
    hashes = {mail.uid: hashlib.sha256(mail.raw).hexdigest() for mail in got}
    known = await inbox.known_hashes(tx, cursor.mailbox, hashes.values())
    rows, happenings = [], []
    for mail in got:
        digest = hashes[mail.uid]
        if digest in known:
            continue
        known.add(digest)
        is_history = mail.uid < cursor.opened_uid and (asked_for_old or _is_from_before(mail, cursor))
        row = _row(mail, cursor, digest, history=is_history, now=now)
        await events.keep_payload(
            tx, payload_id=row.payload_id, subject_id="", kind="raw_mail", salt=new_salt(), body=mail.raw
        )
        rows.append(row)
        payload: dict[str, object] = {"folder": cursor.folder, "uid": mail.uid, "sha256": digest, "size": len(mail.raw)}
        refs = {"mail": row.id}
        happenings.append(happened("mail.fetched", now=now, actor=ACTOR, refs=refs, payload=payload))
    await inbox.add(tx, rows)
    return happenings, len(got) - len(rows)


def _is_from_before(mail: FetchedMail, cursor: Cursor) -> bool:
    """Whether it lay in the folder before our first contact, which a new numbering would dig up; unknown means no."""
    return mail.internal_date is not None and cursor.opened_at is not None and mail.internal_date < cursor.opened_at


def _row(mail: FetchedMail, cursor: Cursor, digest: str, *, history: bool, now: datetime) -> StoredMail:
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
        history=history,
        why="only its headers were fetched: it is very large" if mail.truncated else "",
    )
