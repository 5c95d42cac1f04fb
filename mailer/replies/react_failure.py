"""What follows from a mail that came back, or was called unwanted: who is to blame decides (law 4 of the house plan).

An address is silenced only when its own server says that nobody is there, about a message of ours whose id the report
carries. What is about our own set-up alerts us and never blames the contact.
"""

from __future__ import annotations

from datetime import date

from mailer.domain.actions import AlertSetup, AskPerson, MarkUndelivered, PlaceHold, ReplyAction, SuppressAddress
from mailer.domain.agreement import HoldKind
from mailer.domain.ids import OutboxId
from mailer.domain.reading import FailureCause, MailKind, Match, MatchMethod, Reading

#: So many messages to one address that came back for the moment, within `SOFT_DAYS`, are a matter for a person.
MAX_SOFT = 3
SOFT_DAYS = 30


def to_failure(
    reading: Reading, match: Match, sent_to: str, deadline: date, *, soft_bounces: int, copies_to: str
) -> tuple[ReplyAction, ...]:
    """Return what follows from a bounce or a complaint.

    `sent_to` is the recipient of the message it is about; `soft_bounces` how many other messages to it came back for
    the moment lately; `copies_to` our own address that gets hidden copies ("" for none).
    """
    if match.outbox_id is None or match.customer_id is None:
        return (AskPerson(why=f"{reading.kind.value.replace('_', ' ')} that fits no message of ours"),)
    if copies_to and reading.failed_address.lower() == copies_to.lower():
        why = f"the hidden copies to {copies_to} (smtp.archive_to) come back: {reading.failure}"
        return (AlertSetup(outbox_id=match.outbox_id, why=why),)
    is_recipient = bool(sent_to) and reading.failed_address.lower() in ("", sent_to.lower())
    # Without an id of ours anybody could have written it: it may make us quieter, not silence an address.
    is_proven = is_recipient and match.method is not MatchMethod.FAILED_ADDRESS
    if reading.kind is MailKind.COMPLAINT:
        unwanted = "our mail was reported as unwanted"
        stop = PlaceHold(invoice_ids=(), kind=HoldKind.STOP, reason=unwanted, deadline_on=deadline)
        suppress = (SuppressAddress(address=sent_to.lower(), reason="complaint"),) if is_proven else ()
        return *suppress, stop, AskPerson(why=unwanted)
    if reading.kind is MailKind.BOUNCE_SOFT:
        return _to_soft(reading, match.outbox_id, sent_to, deadline, soft_bounces=soft_bounces)
    # A failure for another address is a forwarding gone wrong: ours may be good.
    is_failed = is_proven and bool(reading.failed_address)
    dead = (SuppressAddress(address=sent_to.lower(), reason=reading.failure),) if is_failed else ()
    reason = "the address does not work"
    hold = PlaceHold(invoice_ids=(), kind=HoldKind.BOUNCE, reason=reason, deadline_on=deadline)
    failed = _failed(reading, match.outbox_id, sent_to, hard=True)
    return *dead, hold, failed, AskPerson(why="could not be delivered: find another contact")


def _to_soft(
    reading: Reading, outbox_id: OutboxId, sent_to: str, deadline: date, *, soft_bounces: int
) -> tuple[ReplyAction, ...]:
    is_ours = reading.failure_cause is FailureCause.SETUP
    alert = (AlertSetup(outbox_id=outbox_id, why=reading.failure),) if is_ours else ()
    if reading.is_delayed:
        return alert  # the other server still tries
    failed = _failed(reading, outbox_id, sent_to, hard=False)
    if is_ours:
        return *alert, failed
    if reading.failure_cause is not FailureCause.PASSING:
        return failed, AskPerson(why=f"could not be delivered: {reading.failure}")
    if soft_bounces + 1 < MAX_SOFT:
        return (failed,)
    why = f"{soft_bounces + 1} mails to it in {SOFT_DAYS} days could not be delivered for the moment"
    hold = PlaceHold(invoice_ids=(), kind=HoldKind.BOUNCE, reason=why, deadline_on=deadline)
    return failed, hold, AskPerson(why=f"{why}: find another contact, or go on")


def _failed(reading: Reading, outbox_id: OutboxId, sent_to: str, *, hard: bool) -> MarkUndelivered:
    cause = reading.failure_cause.value if reading.failure_cause else ""
    return MarkUndelivered(outbox_id=outbox_id, hard=hard, why=reading.failure, cause=cause, address=sent_to.lower())
