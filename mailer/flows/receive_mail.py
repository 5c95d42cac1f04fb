"""Taking mail in: raw bytes, event and UID cursor in one transaction, before anything interprets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from mailer.flows.intake import Intake, LeaseLost, PollReport, Turn, turn_at
from mailer.flows.read_folder import Place, look_into
from mailer.mailbox import Mailbox, MailboxError, MailboxRefused
from mailer.store.folders import ARCHIVE, INBOX, SENT

__all__ = ["Intake", "PollReport", "poll", "poll_all"]


@dataclass(slots=True, kw_only=True)
class _Progress:
    """What a poll has brought so far, and which inbox folders need a person; kept when it ends early."""

    report: PollReport
    refused: list[MailboxRefused]


async def poll_all(intakes: Sequence[Intake], *, since: date | None = None) -> PollReport:
    """Look into every mailbox; the trouble of one does not keep the others from being read.

    Raises the MailboxError of the first inbox that was not read, after all others were: an answer may be waiting there.
    What is wrong with an archive is in the report.
    """
    total = PollReport()
    unread: list[MailboxError] = []
    for intake in intakes:
        try:
            total = _and(total, await poll(intake, since=since))
        except MailboxError as problem:
            if intake.role == INBOX:
                unread.append(problem)
            else:
                total = replace(total, trouble=(*total.trouble, f"{intake.name}: {problem}"))
    if unread:
        raise unread[0]
    return total


async def poll(intake: Intake, *, since: date | None = None) -> PollReport:
    """Fetch what is new in every folder; with `since`, fetch older mail too, as history that is never reacted to.

    The first contact with a folder starts at its present UIDNEXT: old mail is not dug up unasked.
    Raises MailboxUnreachable (try later) and MailboxRefused (a person must look); the latter for a single folder only
    after the others were read.
    """
    progress = _Progress(report=PollReport(), refused=[])
    async with turn_at(intake) as turn:
        if turn is None:
            return PollReport(busy=True)
        mailbox = intake.open_mailbox()
        try:
            await _folders(turn, mailbox, since, progress)
        except LeaseLost:
            return replace(progress.report, busy=True)
        finally:
            await mailbox.close()
    if progress.refused:
        raise progress.refused[0]
    return progress.report


async def _folders(turn: Turn, mailbox: Mailbox, since: date | None, progress: _Progress) -> None:
    await mailbox.connect()
    places = await _places(turn.intake, mailbox)
    for number, place in enumerate(places, start=1):
        try:
            progress.report = await look_into(turn, mailbox, place, since, progress.report)
        except MailboxRefused as problem:
            if place.role == INBOX:
                progress.refused.append(problem)
            else:
                progress.report = replace(progress.report, trouble=(*progress.report.trouble, str(problem)))
            if number < len(places):
                await mailbox.connect()  # any error has closed it


async def _places(intake: Intake, mailbox: Mailbox) -> tuple[Place, ...]:
    """Return the folders to read, each once, what a person must not miss first."""
    wanted = [(name, intake.role) for name in intake.folders]
    if intake.role != ARCHIVE and (intake.read_junk or intake.read_sent):
        special = await mailbox.special_folders()
        junk, sent = special.get("\\Junk", ""), intake.sent_folder or special.get("\\Sent", "")
        wanted += [(junk, INBOX)] * intake.read_junk + [(sent, SENT)] * intake.read_sent
    # Only INBOX is the same in any case (RFC 3501 §5.1).
    by_name = {("INBOX" if name.upper() == "INBOX" else name): (name, role) for name, role in reversed(wanted) if name}
    return tuple(Place(folder=name, role=role) for name, role in reversed(by_name.values()))


def _and(one: PollReport, other: PollReport) -> PollReport:
    return PollReport(
        fetched=one.fetched + other.fetched,
        known=one.known + other.known,
        missing=one.missing + other.missing,
        late=one.late + other.late,
        busy=one.busy or other.busy,
        trouble=(*one.trouble, *other.trouble),
    )
