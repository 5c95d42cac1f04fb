"""Settling messages in doubt by evidence: a copy in the Sent folder or the archive, or a mail that cites them (law 5).

Only "it was sent" can be proven this way. Not found is never taken as "not sent": after a day of looking the message
stays with a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailer.clock import Clock
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import CaseId, OutboxId
from mailer.domain.reading import MailKind
from mailer.flows.recording import happened
from mailer.flows.trouble import note_trouble
from mailer.mailbox import MAX_FETCH, Mailbox, MailboxError
from mailer.replies.parse import parse
from mailer.replies.token import MARK_HEADER, message_mark, own_id_of
from mailer.store import deliveries, doubt, events
from mailer.store.doubt import Citation, Doubt
from mailer.store.session import Store, Tx

ACTOR = "system:settle"
#: When the mailboxes are looked into, after the doubt began: servers file their copies within minutes, or never.
FIRST_LOOKS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
LOOK_EVERY = timedelta(hours=1)
LOOK_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder in which copies of our own mail lie; `folder` "" = the one the server marks for sent mail."""

    mailbox: str
    open_mailbox: Callable[[], Mailbox]
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settler:
    """What settling needs: the store, where copies may lie, the key that signs our marks."""

    store: Store
    places: Sequence[Place]
    key: bytes
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleReport:
    """What a look brought. `left`: still in doubt. `trouble`: why a place could not be looked into, "" for none."""

    settled: int = 0
    looked: int = 0
    left: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What proves that a message was sent: of which kind, and where it can be found again."""

    kind: str
    folder: str
    uidvalidity: int
    uid: int
    sha256: str
    mail_id: str = ""


async def settle(settler: Settler, *, every: bool = False) -> SettleReport:
    """Settle what stored mail proves, then look into the folders for what is due (with `every`: for all in doubt).

    Never raises for a mailbox: its trouble is noted and reported, and does not count as a look.
    """
    async with settler.store.reading() as tx:
        open_ = await doubt.doubts(tx)
    if not open_:
        await note_trouble(settler.store, job="settle", trouble="", now=settler.clock())
        return SettleReport()
    report = SettleReport(left=len(open_))
    for one in open_:
        report = await _by_stored_mail(settler, one, report)
    async with settler.store.reading() as tx:
        rest = [one for one in await doubt.doubts(tx) if every or is_due(one, settler.clock())]
    if rest:
        report = await _by_looking(settler, rest, report)
        await note_trouble(settler.store, job="settle", trouble=report.trouble, now=settler.clock())
    return report


def is_due(one: Doubt, now: datetime) -> bool:
    """Whether the folders are to be looked into for a message now."""
    if one.looks == 0 and one.look_at is None:
        return one.since + FIRST_LOOKS[0] <= now
    return one.look_at is not None and one.look_at <= now


def next_look(since: datetime, now: datetime) -> datetime | None:
    """Return when to look next: 1, 5, 15 minutes after the doubt began, then hourly for a day; None after that."""
    for wait in FIRST_LOOKS:
        if since + wait > now:
            return since + wait
    passed = (now - since - FIRST_LOOKS[-1]) // LOOK_EVERY + 1
    wait = FIRST_LOOKS[-1] + passed * LOOK_EVERY
    return since + wait if wait <= LOOK_FOR else None


async def _by_stored_mail(settler: Settler, one: Doubt, report: SettleReport) -> SettleReport:
    now = settler.clock()
    async with settler.store.transaction() as tx:
        for cited in await doubt.citations(tx, one.id):
            kind = await _proof(tx, cited, one.id, settler.key)
            if kind:
                proof = Evidence(
                    kind=kind,
                    folder=cited.folder,
                    uidvalidity=cited.uidvalidity,
                    uid=cited.uid,
                    sha256=cited.sha256,
                    mail_id=cited.mail_id,
                )
                return _counted(report, settled=await _conclude(tx, one, proof, now))
    return report


async def _proof(tx: Tx, cited: Citation, outbox_id: OutboxId, key: bytes) -> str:
    """Return what a stored mail proves: whoever answers or returns a message has got it; our own must be that one.

    Mail of our own that only belongs to the thread (an answer the controller wrote) proves nothing, nor does a mail
    that has not been read yet.
    """
    if cited.direction == "out" or cited.kind == MailKind.OWN.value:
        raw = await events.payload(tx, cited.payload_id)
        return "own_copy" if raw and own_id_of(parse(raw), key) == outbox_id else ""
    return cited.kind


async def _by_looking(settler: Settler, due: Sequence[Doubt], report: SettleReport) -> SettleReport:
    found: dict[OutboxId, Evidence] = {}
    for place in settler.places:
        try:
            found |= await _look(place, [one for one in due if one.id not in found], settler.key)
        except MailboxError as problem:
            report = replace(report, trouble=report.trouble or str(problem))
    for one in due:
        now = settler.clock()
        async with settler.store.transaction() as tx:
            if proof := found.get(one.id):
                report = _counted(report, settled=await _conclude(tx, one, proof, now))
            elif not report.trouble:
                await doubt.looked(tx, one.id, looks=one.looks + 1, look_at=next_look(one.since, now))
    return replace(report, looked=len(due))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPlace:
    """A folder that is being looked into."""

    mailbox: Mailbox
    folder: str
    uidvalidity: int


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[OpenPlace | None]:
    """Open one folder, None when the server marks none for sent mail. Raises MailboxError."""
    mailbox = place.open_mailbox()
    try:
        await mailbox.connect()
        folder = place.folder or (await mailbox.special_folders()).get("\\Sent", "")
        if not folder:
            yield None
            return
        there = await mailbox.examine(folder)
        yield OpenPlace(mailbox=mailbox, folder=folder, uidvalidity=there.uidvalidity)
    finally:
        await mailbox.close()


async def _look(place: Place, due: Sequence[Doubt], key: bytes) -> Mapping[OutboxId, Evidence]:
    """Look into one folder for several messages over one connection. Raises MailboxError."""
    found: dict[OutboxId, Evidence] = {}
    if not due:
        return found
    async with opened(place) as at:
        if at is None:
            return found
        for one in due:
            proof = await find(at.mailbox, one.id, one.message_id, key)
            if proof is not None:
                found[one.id] = replace(proof, folder=at.folder, uidvalidity=at.uidvalidity)
    return found


async def find(mailbox: Mailbox, outbox_id: OutboxId, message_id: str, key: bytes) -> Evidence | None:
    """Return the copy of a message in the examined folder, by Message-ID, then by our own header; else None.

    What the server finds is looked at: only a signature of ours for this very message counts. Raises MailboxError.
    """
    for header, value in (("Message-ID", message_id), (MARK_HEADER, message_mark(outbox_id, key))):
        uids = (await mailbox.find(header, value))[-MAX_FETCH:]
        for mail in await mailbox.fetch(uids) if uids else ():
            head = mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            if own_id_of(parse(head), key) == outbox_id:
                digest = hashlib.sha256(mail.raw).hexdigest()
                return Evidence(kind="own_copy", folder="", uidvalidity=0, uid=mail.uid, sha256=digest)
    return None


async def _conclude(tx: Tx, one: Doubt, proof: Evidence, now: datetime) -> bool:
    """Make a message sent, with its evidence on record; False when somebody has settled it meanwhile."""
    text = f"settled by evidence: {proof.kind.replace('_', ' ')} in {proof.folder}, UID {proof.uid}"
    if not await deliveries.move(tx, one.id, OutboxState.SENT, fence=one.fence, now=now, text=text):
        return False
    await doubt.say_sent(tx, one.id)
    payload: dict[str, object] = {
        "evidence": proof.kind,
        "folder": proof.folder,
        "uidvalidity": proof.uidvalidity,
        "uid": proof.uid,
        "sha256": proof.sha256,
    }
    event = happened(
        "reminder.settled",
        now=now,
        actor=ACTOR,
        customer_id=one.customer_id,
        case_id=CaseId(one.case_id) if one.case_id else None,
        refs={"message": one.id, **({"mail": proof.mail_id} if proof.mail_id else {})},
        payload=payload,
    )
    await events.record(tx, [event])
    return True


def _counted(report: SettleReport, *, settled: bool) -> SettleReport:
    return replace(report, settled=report.settled + settled, left=report.left - 1)
