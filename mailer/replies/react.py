"""What follows from a reply, as actions. Nothing a mail says makes us louder (law 4 of the house plan).

A reply may hold, postpone, stop. The only release here is `EndReplyHold`, and it always comes with a promise or a
hold over the same invoices. Whatever is not plain goes to a person while the hold of the reply stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from mailer.domain.actions import (
    AskPerson,
    DraftDispute,
    EndReplyHold,
    PlaceHold,
    ReplyAction,
    SuppressAddress,
    TrackPromise,
)
from mailer.domain.agreement import HoldKind
from mailer.domain.ids import CustomerId
from mailer.domain.reading import Finding, Intent, MailKind, Match, MatchMethod, Reading, SenderStanding
from mailer.replies.react_failure import to_failure
from mailer.replies.thresholds import Consequence, allows, by_weights_alone, only_attached

BusinessDays = Callable[[date, int], date]

#: After this many business days somebody is reminded of a hold that is still there (never a resume).
DEADLINE_BUSINESS_DAYS = 5
#: An absence without a date of return.
ABSENCE_BUSINESS_DAYS = 3
MAX_ABSENCE = timedelta(days=30)
MAX_PROMISE = timedelta(days=90)

_STOPS = frozenset({Intent.STOP_CONTACT, Intent.LEGAL, Intent.INSOLVENCY, Intent.WRONG_PARTY})
_HARMLESS = frozenset({Intent.ACKNOWLEDGEMENT})
_CLAIMS = frozenset({Intent.ALREADY_PAID, Intent.REMITTANCE})
#: Ids that only somebody who got our mail can know.
_BY_OUR_ID = frozenset({MatchMethod.REPLY_TOKEN, MatchMethod.MESSAGE_ID, MatchMethod.REFERENCES})
_TRUSTED = _BY_OUR_ID | {MatchMethod.PERSON}


def first_hold(
    match: Match, *, received_on: date, business_days_after: BusinessDays, hold_lapsed_recently: bool = False
) -> PlaceHold | None:
    """Return the hold that a human reply places before it is read; None for mail that is nobody's.

    An unknown sender without one of our ids holds for five business days, and only when no such hold lapsed for the
    case in the last 30 days (`hold_lapsed_recently`); anybody else until a person decides, with a deadline.
    """
    if match.customer_id is None:
        return None
    limit = business_days_after(received_on, DEADLINE_BUSINESS_DAYS)
    if match.sender is not SenderStanding.UNKNOWN or match.method in _TRUSTED:
        return PlaceHold(
            invoice_ids=match.invoice_ids, kind=HoldKind.REPLY, reason="the customer has replied", deadline_on=limit
        )
    return None if hold_lapsed_recently else _strangers_hold(match, limit)


def candidate_hold(
    match: Match, *, received_on: date, business_days_after: BusinessDays, hold_lapsed_recently: bool
) -> tuple[CustomerId, PlaceHold] | None:
    """Return the short hold for a stranger's mail that names invoices of exactly one customer, and whose it is."""
    named = [one for one in match.candidates if one.method is MatchMethod.INVOICE_NUMBER and one.invoice_ids]
    if match.customer_id is not None or len(named) != 1 or hold_lapsed_recently:
        return None
    limit = business_days_after(received_on, DEADLINE_BUSINESS_DAYS)
    reason = "an unknown sender names these invoices"
    hold = PlaceHold(invoice_ids=named[0].invoice_ids, kind=HoldKind.UNKNOWN_SENDER, reason=reason, until_on=limit)
    return named[0].customer_id, hold


def react(
    reading: Reading,
    match: Match,
    *,
    received_on: date,
    pauses_until: Callable[[date], date],
    business_days_after: BusinessDays,
    hold_lapsed_recently: bool,
    sent_to: str = "",
    sender: str = "",
    soft_bounces: int = 0,
    copies_to: str = "",
) -> tuple[ReplyAction, ...]:
    """Return what follows from a mail that has been matched and read (and, if human, held by `first_hold`).

    `received_on` is the customer's local day of arrival; `pauses_until` adds the grace to a promised day;
    `sent_to` is the recipient of the message it answers, `sender` who wrote it ("" when not known: nothing is
    suppressed then). `soft_bounces`, `copies_to`: see `to_failure`. All actions are carried out in one transaction.
    """
    deadline = business_days_after(received_on, DEADLINE_BUSINESS_DAYS)
    if reading.kind in (MailKind.OWN, MailKind.TICKET_ACK):
        return ()
    if reading.kind is MailKind.AUTO_REPLY:
        return _to_absence(reading, match, received_on, business_days_after)
    if reading.kind is not MailKind.HUMAN:
        return to_failure(reading, match, sent_to, deadline, soft_bounces=soft_bounces, copies_to=copies_to)
    if match.customer_id is None:
        return (AskPerson(why="nobody's mail yet: say whose it is"),)
    if match.sender is SenderStanding.UNKNOWN:
        return _to_stranger(match, hold_lapsed_recently=hold_lapsed_recently)
    promise = _certain_promise(reading, match, received_on)
    if promise is None or promise.on is None:
        return _to_words(reading, match, deadline, sender)
    until = max(promise.on, pauses_until(promise.on))
    track = TrackPromise(invoice_ids=match.invoice_ids, due_on=promise.on, pauses_until_on=until, amount=promise.amount)
    return track, *_beside_promise(reading, deadline, sender, promise.on)


def _to_stranger(match: Match, *, hold_lapsed_recently: bool) -> tuple[ReplyAction, ...]:
    held = "no further pause is placed" if hold_lapsed_recently and match.method not in _TRUSTED else "it is held"
    return (AskPerson(why=f"written by somebody unknown to this account: {held} until you have read it"),)


def _strangers_hold(match: Match, limit: date) -> PlaceHold:
    reason = "an unknown sender wrote"
    return PlaceHold(invoice_ids=match.invoice_ids, kind=HoldKind.UNKNOWN_SENDER, reason=reason, until_on=limit)


def _certain_promise(reading: Reading, match: Match, received_on: date) -> Finding | None:
    """Return the promise that may be tracked without a person: one, plain, dated, near, by a known contact.

    What only the weights see beside it takes nothing from it.
    """
    others = {one.intent for one in reading.findings if not by_weights_alone(one)} - _HARMLESS - {Intent.PROMISE}
    promises = [one for one in reading.findings if one.intent is Intent.PROMISE]
    if others or len(promises) != 1 or match.sender is not SenderStanding.KNOWN or not match.invoice_ids:
        return None
    promise = promises[0]
    is_dated = promise.condition is None and promise.date_kind in ("exact", "by")
    is_near = promise.on is not None and received_on <= promise.on <= received_on + MAX_PROMISE
    return promise if is_dated and is_near and allows(promise, Consequence.TRACK) else None


def _beside_promise(reading: Reading, deadline: date, sender: str, promised_on: date) -> list[ReplyAction]:
    """Return what follows besides a tracked promise: what only the weights see leaves the hold and asks a person."""
    perhaps = [one for one in reading.findings if one.intent not in _HARMLESS and by_weights_alone(one)]
    if not perhaps:
        return [EndReplyHold(why=f"a certain promise for {promised_on.isoformat()} replaces it")]
    return [*_stops(perhaps, deadline, sender), AskPerson(why=f"promises; perhaps says: {_in_words(perhaps)}")]


def _to_words(reading: Reading, match: Match, deadline: date, sender: str) -> tuple[ReplyAction, ...]:
    actions = _stops(reading.findings, deadline, sender)
    dispute = next((one for one in reading.findings if one.intent is Intent.DISPUTE), None)
    if dispute is not None and match.invoice_ids and allows(dispute, Consequence.DISPUTE):
        actions.append(DraftDispute(invoice_ids=match.invoice_ids, reason=dispute.reason or "other"))
    if dispute is None:
        actions.extend(_claim(reading, match, deadline))
    said = _in_words(reading.findings)
    why = f"says: {said}" if said else "not understood with certainty"
    actions.append(AskPerson(why="; ".join((why, *_unread(reading)))))
    return tuple(actions)


def _unread(reading: Reading) -> list[str]:
    return [f"an attached PDF {flaw}" for flaw in reading.unread]


def _stops(found: Sequence[Finding], deadline: date, sender: str) -> list[ReplyAction]:
    stopping = [one for one in found if one.intent in _STOPS and allows(one, Consequence.STOP)]
    actions: list[ReplyAction] = []
    if stopping:
        reason = f"says: {_in_words(stopping)}"
        actions.append(PlaceHold(invoice_ids=(), kind=HoldKind.STOP, reason=reason, deadline_on=deadline))
    if sender and any(one.intent is Intent.STOP_CONTACT and allows(one, Consequence.SUPPRESS) for one in stopping):
        actions.append(SuppressAddress(address=sender.lower(), reason="asked not to be contacted"))
    return actions


def _claim(reading: Reading, match: Match, deadline: date) -> list[ReplyAction]:
    if not any(one.intent is Intent.ALREADY_PAID and allows(one, Consequence.CLAIM) for one in reading.findings):
        return []
    reason = "the customer says it is paid"
    claimed = PlaceHold(invoice_ids=match.invoice_ids, kind=HoldKind.CLAIMED_PAID, reason=reason, deadline_on=deadline)
    if {one.intent for one in reading.findings} <= _CLAIMS | _HARMLESS:
        return [claimed, EndReplyHold(why="the claim of payment has its own hold")]
    return [claimed]


def _in_words(found: Sequence[Finding]) -> str:
    attached = {one.intent for one in found} - {one.intent for one in found if not only_attached(one)}
    names = {one.intent.value.replace("_", " ") + " (attached)" * (one.intent in attached) for one in found}
    return ", ".join(sorted(names))


def _to_absence(
    reading: Reading, match: Match, received_on: date, business_days_after: BusinessDays
) -> tuple[ReplyAction, ...]:
    if match.customer_id is None:
        return ()
    until = business_days_after(received_on, ABSENCE_BUSINESS_DAYS)
    if reading.return_on is not None and reading.return_on > received_on:
        until = reading.return_on
    longest = received_on + MAX_ABSENCE
    if match.sender is SenderStanding.UNKNOWN:
        longest = min(longest, business_days_after(received_on, DEADLINE_BUSINESS_DAYS))
    until = min(until, longest)
    hold = PlaceHold(invoice_ids=match.invoice_ids, kind=HoldKind.OUT_OF_OFFICE, reason="out of office", until_on=until)
    if reading.delegate and reading.return_on is None:
        return hold, AskPerson(why="an automatic answer names somebody else to write to")
    return (hold,)
