"""What a stored mail says and what would follow from it, by the facts of a moment: nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mailer.domain.actions import ReplyAction
from mailer.domain.case import CaseFacts
from mailer.domain.customer import Customer
from mailer.domain.ids import OutboxId
from mailer.domain.reading import Match, MatchMethod, Reading, SenderStanding
from mailer.flows.apply_reply import soft_bounces
from mailer.flows.examine_mail import Examined
from mailer.flows.match_mail import Reader, held_for_a_stranger
from mailer.flows.policies import calendar_of
from mailer.flows.second_opinion import Second
from mailer.replies.effect import outlook
from mailer.replies.merging import merged
from mailer.replies.react import DEADLINE_BUSINESS_DAYS, react
from mailer.replies.react_failure import SOFT_DAYS
from mailer.replies.reading import read
from mailer.store import outbox
from mailer.store.inbox import StoredMail
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Tx


def match_as_stored(mail: StoredMail) -> Match:
    """Return the match that a mail was given when it came, or by a person since."""
    return Match(
        customer_id=mail.customer_id,
        invoice_ids=mail.invoice_ids,
        method=MatchMethod(mail.method or MatchMethod.NONE.value),
        confidence=mail.confidence,
        sender=SenderStanding(mail.sender_standing or SenderStanding.UNKNOWN.value),
        outbox_id=mail.outbox_id,
    )


def reading_of(reader: Reader, mail: StoredMail, examined: Examined, facts: CaseFacts | None) -> Reading:
    """Return what a mail says."""
    who: Customer | None = facts.customer if facts else None
    zone = who.time_zone if who else "UTC"
    return read(
        examined.mail,
        examined.zones,
        kind=examined.kind,
        language_hint=who.language if who else "",
        country=who.country if who else "",
        phrases=reader.phrases,
        received_on=mail.fetched_at.astimezone(ZoneInfo(zone)).date(),
    )


async def actions_of(
    tx: Tx, reader: Reader, mail: StoredMail, examined: Examined, reading: Reading, facts: CaseFacts, now: datetime
) -> tuple[ReplyAction, ...]:
    """Return what follows from a mail of a known customer that is no history. Raises PolicyMissing."""
    policy = reader.policies.of(facts.customer)
    calendar = calendar_of(facts.customer, policy, now)

    def pauses_until(due_on: date) -> date:
        return calendar.add_business_days(due_on, policy.grace_business_days)

    answered = await outbox.load(tx, OutboxId(mail.outbox_id)) if mail.outbox_id else None
    return react(
        reading,
        examined.match,
        received_on=calendar.local_day(now),
        pauses_until=pauses_until,
        business_days_after=calendar.add_business_days,
        hold_lapsed_recently=await held_for_a_stranger(tx, facts, mail, now),
        sent_to=answered.message.recipient if answered else "",
        sender=examined.mail.from_email,
        soft_bounces=await _came_back(tx, answered, now),
        copies_to=reader.copies_to,
    )


async def _came_back(tx: Tx, answered: OutboxEntry | None, now: datetime) -> int:
    if answered is None:
        return 0
    to, since = answered.message, now - timedelta(days=SOFT_DAYS)
    return await soft_bounces(tx, to.customer_id, to.recipient, but=to.id, since=since)


def kept_values(mail: StoredMail, reading: Reading, match: Match, actions: Sequence[ReplyAction]) -> dict[str, object]:
    """Return what is kept of a reading, and compared with a later one; history has no effect on anything."""
    effect = "" if mail.history else outlook(reading, match, actions).effect
    return {**asdict(reading), "effect": effect}


def with_second(
    reader: Reader,
    facts: CaseFacts,
    examined: Examined,
    reading: Reading,
    actions: tuple[ReplyAction, ...],
    second: Second,
    now: datetime,
) -> tuple[ReplyAction, ...]:
    """Return what follows when the second opinion is heard: the same, or more quiet."""
    calendar = calendar_of(facts.customer, reader.policies.of(facts.customer), now)
    deadline = calendar.add_business_days(calendar.local_day(now), DEADLINE_BUSINESS_DAYS)
    return merged(actions, reading, examined.match, second.opinion, mode=second.mode, deadline=deadline)
