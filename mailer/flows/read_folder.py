"""One look into one folder: what is new, what was left out before, and what earlier looks passed by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from mailer.flows.folder_looks import begin_look, check_numbering, end_look
from mailer.flows.intake import ACTOR, PollReport, Turn
from mailer.flows.keep_mail import keep
from mailer.flows.recording import happened
from mailer.mailbox import FetchedMail, Mailbox, MailboxUnreachable
from mailer.mailbox.batches import batches
from mailer.store import events, folders
from mailer.store.folders import Cursor

#: A server that left a UID out of its answer is asked for it this many times more.
LOOKS = 3
BATCH = 50
#: How many mails of a batch may each break the connection before it is the server that is ill, not the mail.
LOST = 3
#: How often, and how far back, what the server shows is compared with what is stored.
RECONCILE_EVERY = timedelta(hours=1)
#: One day more than promised: servers search by the days of their own time zone.
RECONCILE_BACK = timedelta(days=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder to read, and as what."""

    folder: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A look that has begun: whose turn it is, through which connection, and from where."""

    turn: Turn
    mailbox: Mailbox
    cursor: Cursor


async def look_into(turn: Turn, mailbox: Mailbox, place: Place, since: date | None, report: PollReport) -> PollReport:
    """Take in what is new in a folder; returns the report with it. Raises MailboxError and LeaseLost."""
    await check_numbering(turn, place.folder)
    there = await mailbox.examine(place.folder)
    cursor = await begin_look(turn, place.folder, place.role, there)
    look = _Look(turn=turn, mailbox=mailbox, cursor=cursor)
    async with turn.intake.store.reading() as tx:
        looks = await folders.missing(tx, cursor)
    fresh = [uid for uid in await mailbox.uids_after(cursor.last_uid) if uid > cursor.last_uid]
    wanted = sorted({*fresh, *looks})
    for start in range(0, len(wanted), BATCH):
        part = tuple(wanted[start : start + BATCH])
        report, looks = await _store(look, part, await _fetch(look, part), looks, report)
    report = await _reconcile(look, report)
    if since is not None:
        report = await _history(look, since, report)
    await end_look(turn, cursor, there)
    return report


async def _fetch(look: _Look, uids: tuple[int, ...]) -> list[FetchedMail]:
    """Fetch at most BATCH mails; when the connection is lost over several, one by one, to get at all the others."""
    try:
        return await _fetch_batch(look.mailbox, uids)
    except MailboxUnreachable:
        if len(uids) == 1:
            raise
    return await _fetch_singly(look, uids)


async def _fetch_batch(mailbox: Mailbox, uids: tuple[int, ...]) -> list[FetchedMail]:
    """Fetch mails, fewer at a time when they are large."""
    sizes = await mailbox.sizes(uids)
    got: list[FetchedMail] = []
    for part in batches(sizes):
        got.extend(await mailbox.fetch(part, sizes))
    return got


async def _fetch_singly(look: _Look, uids: tuple[int, ...]) -> list[FetchedMail]:
    """Leave out mails that break the connection, provided that others come through: else it is not the mail's fault."""
    got: list[FetchedMail] = []
    lost: list[MailboxUnreachable] = []
    await _reopen(look)
    for uid in uids:
        try:
            got.extend(await _fetch_batch(look.mailbox, (uid,)))
        except MailboxUnreachable as problem:
            lost.append(problem)
            if len(lost) > LOST:
                raise
            await _reopen(look)
    if lost and not got:
        raise lost[0]
    return got


async def _reopen(look: _Look) -> None:
    await look.mailbox.connect()
    folder = look.cursor.folder
    if (await look.mailbox.examine(folder)).uidvalidity != look.cursor.uidvalidity:
        message = f"the folder {folder!r} was numbered anew while it was read: the next look starts over"
        raise MailboxUnreachable(message)


async def _store(
    look: _Look, asked: Sequence[int], got: Sequence[FetchedMail], looks: dict[int, int], report: PollReport
) -> tuple[PollReport, dict[int, int]]:
    """Keep one batch: mails, event, cursor and the list of UIDs the server left out, all or nothing."""
    intake, cursor = look.turn.intake, look.cursor
    now = intake.clock()
    came = {mail.uid for mail in got}
    still_missing = {uid: count for uid, count in looks.items() if uid not in asked}
    still_missing |= {uid: looks.get(uid, 0) + 1 for uid in asked if uid not in came and looks.get(uid, 0) < LOOKS}
    given_up = [uid for uid in asked if uid not in came and uid not in still_missing]
    async with intake.store.transaction() as tx:
        await look.turn.renew(tx)
        kept = await keep(tx, intake, cursor, got, now=now)
        if given_up:
            payload: dict[str, object] = {"folder": cursor.folder, "uids": list(given_up)}
            await events.record(tx, [happened("mail.missing", now=now, actor=ACTOR, payload=payload)])
        at = await folders.cursor(tx, cursor.mailbox, cursor.folder) or cursor
        await folders.put_cursor(tx, replace(at, last_uid=max(at.last_uid, *asked), polled_at=now))
        await folders.put_missing(tx, cursor, still_missing)
    known = len(got) - kept
    return replace(
        report, fetched=report.fetched + kept, known=report.known + known, missing=len(still_missing)
    ), still_missing


async def _reconcile(look: _Look, report: PollReport) -> PollReport:
    """Once an hour, fetch what came in the last 7 days and is not stored: a server may have shown it too late for us.

    It is treated as new mail, which it is: only what lay there before our first contact is left where it is.
    """
    intake, now = look.turn.intake, look.turn.intake.clock()
    async with intake.store.transaction() as tx:
        at = await folders.cursor(tx, look.cursor.mailbox, look.cursor.folder) or look.cursor
        if at.reconciled_at is not None and now - at.reconciled_at < RECONCILE_EVERY:
            return report
        await look.turn.renew(tx)
        # Noted first: a mail that breaks the connection costs one look an hour, not all of them.
        await folders.put_cursor(tx, replace(at, reconciled_at=now))
    first = at.opened_uid if at.renumbered_at is None else 1
    uids = [uid for uid in await look.mailbox.uids_since((now - RECONCILE_BACK).date()) if first <= uid <= at.last_uid]
    async with intake.store.reading() as tx:
        known = await folders.known_uids(tx, at, uids)
        looks = await folders.missing(tx, at)
    return await _fetch_passed_by(look, [uid for uid in uids if uid not in known and uid not in looks], report)


async def _history(look: _Look, since: date, report: PollReport) -> PollReport:
    """Fetch older mail; what came meanwhile, or was left out, is new mail and is left to the next look."""
    uids = await look.mailbox.uids_since(since)
    async with look.turn.intake.store.reading() as tx:
        at = await folders.cursor(tx, look.cursor.mailbox, look.cursor.folder) or look.cursor
        known = await folders.known_uids(tx, at, uids)
        looks = await folders.missing(tx, at)
    wanted = [uid for uid in uids if uid <= at.last_uid and uid not in known and uid not in looks]
    return await _fetch_passed_by(look, wanted, report, asked_for_old=True)


async def _fetch_passed_by(
    look: _Look, uids: Sequence[int], report: PollReport, *, asked_for_old: bool = False
) -> PollReport:
    """Keep mails below the cursor, which does not move."""
    intake = look.turn.intake
    for start in range(0, len(uids), BATCH):
        got = await _fetch(look, tuple(uids[start : start + BATCH]))
        async with intake.store.transaction() as tx:
            await look.turn.renew(tx)
            now = intake.clock()
            kept = await keep(
                tx, intake, look.cursor, got, asked_for_old=asked_for_old, late=not asked_for_old, now=now
            )
        late = 0 if asked_for_old else kept
        known = report.known + len(got) - kept
        report = replace(report, fetched=report.fetched + kept, known=known, late=report.late + late)
    return report
