"""A copy of each sent message in the Sent folder, exactly once: the very bytes that SMTP was given.

`appending` is committed before the mailbox is given the copy. After a crash or a lost link it is looked for first, and
given again only when it is not there, so a copy is never doubled and never missing. What becomes of it never touches
the message's own state. (One window is left: a worker that sleeps for longer than its lease just before it speaks.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from mailer.clock import Clock, new_id
from mailer.domain.ids import CaseId
from mailer.flows.recording import Happened, happened
from mailer.flows.settle_unknown import Evidence, Place, find
from mailer.flows.trouble import note_trouble
from mailer.mailbox import Mailbox, MailboxError, MailboxRefused
from mailer.store import doubt, events, state
from mailer.store.doubt import Copy, CopyState
from mailer.store.session import Store

ACTOR = "system:copies"
#: Copies of one round; the next round makes the others.
MOST = 50
#: A copy that cannot be made for so long is given up, visibly.
GIVE_UP_AFTER = timedelta(days=3)
#: Wait after sending, and after a failure: the provider may be about to file a copy itself, and a server may still be
#: filing what a lost link has left it with. Doubles up to the cap.
AGAIN_AFTER = timedelta(minutes=1)
AGAIN_CAP = timedelta(hours=4)
LEASE = timedelta(minutes=15)
WAITING = (CopyState.DUE, CopyState.APPENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copier:
    """What copying needs: where the Sent folder is (None: no copies are wanted), the key that signs our marks."""

    store: Store
    place: Place | None
    key: bytes
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyReport:
    """What a round did. `busy`: another worker was at it. `trouble`: why a copy was not made, "" for none."""

    copied: int = 0
    given_up: int = 0
    busy: bool = False
    trouble: str = ""


class LeaseLost(Exception):
    """Another worker has taken over; nothing more may be given to the mailbox from here."""


async def copy_to_sent(copier: Copier) -> CopyReport:
    """Make the copies that are due; never raises for the mailbox: its trouble is noted and reported."""
    now = copier.clock()
    if copier.place is None:
        await note_trouble(copier.store, job="copies", trouble="", now=now)
        return CopyReport()
    async with copier.store.transaction() as tx:
        await doubt.plan_copies(tx, since=now - GIVE_UP_AFTER, until=now - AGAIN_AFTER)
        due = await doubt.copies(tx, now, limit=MOST)
    if not due:
        return CopyReport()
    lease, owner = f"copies:{copier.place.mailbox}", new_id("copy")
    async with copier.store.transaction() as tx:
        if not await state.lease(tx, lease, owner, now=now, until_at=now + LEASE):
            return CopyReport(busy=True)
    try:
        report = await _Round(copier=copier, place=copier.place, lease=lease, owner=owner).make(due)
    except LeaseLost:
        return CopyReport(busy=True)
    finally:
        async with copier.store.transaction() as tx:
            await state.unlease(tx, lease, owner)
    await note_trouble(copier.store, job="copies", trouble=report.trouble, now=copier.clock())
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    copier: Copier
    place: Place
    lease: str
    owner: str

    async def make(self, due: Sequence[Copy]) -> CopyReport:
        """Make copies over one connection; the first trouble ends the round, so that one mail cannot stop the others.

        Only the mail it struck is put off for longer; the next round begins with those behind it.
        """
        report, struck = CopyReport(), due
        mailbox = self.place.open_mailbox()
        try:
            folder = await self._open(mailbox)
            for place, one in enumerate(due):
                struck = due[place : place + 1]
                await self._make_one(mailbox, folder, one)
                report = replace(report, copied=report.copied + 1)
        except MailboxError as problem:
            return await self._put_off(struck, replace(report, trouble=str(problem)))
        finally:
            await mailbox.close()
        return report

    async def _open(self, mailbox: Mailbox) -> str:
        await mailbox.connect()
        folder = self.place.folder or (await mailbox.special_folders()).get("\\Sent", "")
        if not folder:
            raise MailboxRefused("the server marks no folder as the one for sent mail: name it in imap.sent_folder")
        return folder

    async def _make_one(self, mailbox: Mailbox, folder: str, one: Copy) -> None:
        """Look first, always: a provider may have filed a copy itself."""
        there = await mailbox.examine(folder)
        proof = await find(mailbox, one.id, one.message_id, self.copier.key)
        how = "found"
        if proof is None:
            await self._begin(one)
            async with self.copier.store.reading() as tx:
                raw = await events.payload(tx, one.payload_id) or b""
            await mailbox.append(folder, raw, at=one.sent_at)
            how = "appended"
        await self._finish(one, folder, there.uidvalidity, how, proof)

    async def _begin(self, one: Copy) -> None:
        now = self.copier.clock()
        async with self.copier.store.transaction() as tx:
            mine = await state.lease(tx, self.lease, self.owner, now=now, until_at=now + LEASE)
            to, looks = CopyState.APPENDING, one.looks + 1
            # Should this process die now, it is looked for only after the server had time to finish.
            look_at = now + AGAIN_AFTER
            if not mine or not await doubt.move_copy(tx, one.id, to, was=WAITING, looks=looks, look_at=look_at):
                raise LeaseLost(one.id)

    async def _finish(self, one: Copy, folder: str, uidvalidity: int, how: str, proof: Evidence | None) -> None:
        payload: dict[str, object] = {"folder": folder, "uidvalidity": uidvalidity, "how": how}
        if proof is not None:
            payload |= {"uid": proof.uid, "sha256": proof.sha256}
        async with self.copier.store.transaction() as tx:
            if await doubt.move_copy(tx, one.id, CopyState.DONE, was=WAITING, looks=one.looks + 1):
                await events.record(tx, [self._event("reminder.copied", one, payload)])

    async def _put_off(self, struck: Sequence[Copy], report: CopyReport) -> CopyReport:
        """Set the next try of what could not be copied; give up what has waited for too long."""
        now = self.copier.clock()
        for one in struck:
            async with self.copier.store.transaction() as tx:
                if now - one.sent_at < GIVE_UP_AFTER:
                    wait = min(AGAIN_AFTER * 2 ** min(one.looks, 10), AGAIN_CAP)
                    await doubt.put_copy_off(tx, one.id, looks=one.looks + 1, look_at=now + wait)
                elif await doubt.move_copy(tx, one.id, CopyState.FAILED, was=WAITING, looks=one.looks + 1):
                    await events.record(tx, [self._event("reminder.copy_failed", one, {"why": report.trouble})])
                    report = replace(report, given_up=report.given_up + 1)
        return report

    def _event(self, type_: str, one: Copy, payload: dict[str, object]) -> Happened:
        return happened(
            type_,
            now=self.copier.clock(),
            actor=ACTOR,
            customer_id=one.customer_id,
            case_id=CaseId(one.case_id) if one.case_id else None,
            refs={"message": one.id},
            payload=payload,
        )
