"""Putting a mail aside that could not be read: it stays whole, goes to a person, and holds its sender's account."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mailer.domain.actions import PlaceHold
from mailer.domain.agreement import HoldKind
from mailer.domain.message import InboundMail
from mailer.flows.apply_reply import Reaction
from mailer.flows.match_mail import ACTOR, Reader, facts_of, mail_event
from mailer.flows.policies import PolicyMissing, calendar_of
from mailer.flows.recording import Happened
from mailer.replies.caps import header_block
from mailer.replies.react import DEADLINE_BUSINESS_DAYS
from mailer.sandbox.sandbox import SandboxRefused, SandboxUnavailable
from mailer.store import customers, events, inbox
from mailer.store.inbox import QUARANTINED, StoredMail
from mailer.store.session import Tx


async def quarantine(reader: Reader, mail: StoredMail, reason: str) -> None:
    """Put a mail aside for a person. Whoever wrote it is held meanwhile: it may be a dispute (quiet is cheap).

    `reason` is for the person: no words of the mail.
    """
    why = f"could not be read ({reason}); its bytes are kept: `duly inbox reprocess {mail.id}`"
    now = reader.clock()
    head = await _head(reader, mail)
    async with reader.store.transaction() as tx:
        stored = await inbox.load(tx, mail.id) or mail
        aside = replace(stored, state=QUARANTINED, needs_person=True, why=why)
        if head is not None:
            aside = replace(
                aside,
                message_id=head.message_id,
                from_email=head.from_email,
                subject=head.subject,
                sent_at=head.sent_at,
            )
        if not await inbox.save(tx, aside, was=stored.state):
            return
        done = [mail_event("mail.quarantined", aside, None, now, {"why": why})]
        if not mail.history:
            done.extend(await _hold_sender(tx, reader, aside, now))
        await events.record(tx, done)


async def _head(reader: Reader, mail: StoredMail) -> InboundMail | None:
    """Return what the header block alone says, None when even that cannot be read."""
    async with reader.store.reading() as tx:
        raw = await events.payload(tx, mail.payload_id)
    try:
        return await reader.parse(header_block(raw or b""))
    except (SandboxRefused, SandboxUnavailable):
        return None


async def _hold_sender(tx: Tx, reader: Reader, mail: StoredMail, now: datetime) -> list[Happened]:
    sender = mail.from_email
    exact, _ = await customers.known_senders(tx, sender, sender.rpartition("@")[2]) if sender else ([], [])
    done: list[Happened] = []
    for customer_id in {mail.customer_id} if mail.customer_id else set(exact):
        facts = await facts_of(tx, customer_id, now)
        if facts is None:
            continue
        try:
            calendar = calendar_of(facts.customer, reader.policies.of(facts.customer), now)
        except PolicyMissing:
            continue  # without a policy nothing is sent to this customer
        deadline = calendar.add_business_days(calendar.local_day(now), DEADLINE_BUSINESS_DAYS)
        hold = PlaceHold(
            invoice_ids=(), kind=HoldKind.REPLY, reason="a mail that could not be read", deadline_on=deadline
        )
        reaction = Reaction(tx=tx, facts=facts, mail_id=mail.id, actor=ACTOR, now=now)
        done.extend(await reaction.hold(hold))
    return done
