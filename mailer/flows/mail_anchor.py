"""Mailing the log's newest signed head to somebody outside, once a calendar week: their mailbox becomes a witness.

By the same channel as reminders, and by their rules: nothing while Duly is paused or all sending is stopped, the exact
bytes are on record before DATA, and what may have arrived is not sent again. It is no row of the outbox, for each of
those is about a customer.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from mailer.channels.channel import Channel
from mailer.clock import new_id
from mailer.domain.delivery import Accepted, Outcome, Refused, TryLater, Unknown
from mailer.domain.ids import OutboxId
from mailer.domain.message import Envelope
from mailer.flows.hold_sending import sending_frozen
from mailer.flows.keep_log import LogKeeper, LogRefused
from mailer.flows.prove_event import NothingSigned, Signed, newest_head
from mailer.flows.recording import happened
from mailer.flows.write_message import Desk
from mailer.record.checkpoint import checkpoint_of
from mailer.record.mailed import mailed
from mailer.record.note import verifier_of
from mailer.reminders.breaker import BreakerLimits
from mailer.rendering.message import Mailbox, build_message
from mailer.rendering.renderer import RenderedMail
from mailer.replies.token import MARK_HEADER, message_id, message_mark
from mailer.store import events, state
from mailer.store.session import Tx

ACTOR = "system:mail_anchor"
#: How long a server that put the mail off is left alone, and one that refused it for good.
RETRY, AFTER_REFUSAL = timedelta(minutes=10), timedelta(hours=24)
#: Facts: what became of the last mail; until when none is tried, to whom, and why, parted by spaces.
_LAST, _RESTS = "anchor_mail", "anchor_mail_rests"
#: States of a mail: `BEGUN` is committed before DATA, and stays when nobody knows what came of it.
BEGUN, SENT = "begun", "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorMailer:
    """What mailing heads needs. `to`: who gets them, "" for nobody; `breaker`: as for reminders."""

    keeper: LogKeeper
    desk: Desk
    to: str
    breaker: BreakerLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReport:
    """The size of the head that was mailed (0: none was), and what keeps the mail from going ("" for nothing)."""

    mailed: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorMail:
    """A mail with a head of `size` entries: for which week ("2026-W48", UTC), to whom, since when in its `state`."""

    id: str
    week: str
    to: str
    size: int
    state: str
    at: datetime


async def last_mail(tx: Tx) -> AnchorMail | None:
    """Return the last mail that went out or may have, None for none."""
    found = json.loads(await state.get(tx, _LAST) or "null")
    return AnchorMail(**{**found, "at": datetime.fromisoformat(found["at"])}) if found else None


async def mail_when_due(mailer: AnchorMailer, channel: Channel) -> MailReport:
    """Mail the newest head, signed now, unless that was done this week.

    What keeps it from going is told in the report, and it is tried again after a while. Raises LogKeyProblem,
    StoreUnreachable.
    """
    if not mailer.to:
        return MailReport()
    resting, is_due = await _due(mailer)
    if not is_due or channel.rest_seconds():
        return MailReport(trouble=resting)
    try:
        head = await newest_head(mailer.keeper)
    except NothingSigned:
        return MailReport()
    except LogRefused as problem:
        return MailReport(trouble=str(problem))
    return await _hand_over(mailer, channel, head)


def week_of(now: datetime) -> str:
    """Return the calendar week (ISO 8601) of a moment in UTC: "2026-W48"; a later one sorts after an earlier one."""
    year, week, _ = now.isocalendar()
    return f"{year}-W{week:02}"


async def _due(mailer: AnchorMailer) -> tuple[str, bool]:
    """Return why nothing is tried ("" for no trouble), and whether the mail of this week is to go now."""
    now = mailer.keeper.clock()
    async with mailer.keeper.store.reading() as tx:
        if why := await _resting(tx, mailer.to, now):
            return why, False
        last = await last_mail(tx)
        return "", await state.is_live(tx) and (last is None or last.week < week_of(now))


async def _resting(tx: Tx, to: str, now: datetime) -> str:
    """Return why nothing is tried for a while, "" when it may be; another address begins anew."""
    until, _, rest = (await state.get(tx, _RESTS) or "").partition(" ")
    of, _, why = rest.partition(" ")
    return why if of == to and now < datetime.fromisoformat(until) <= now + AFTER_REFUSAL else ""


async def _hand_over(mailer: AnchorMailer, channel: Channel, head: Signed) -> MailReport:
    now, id_ = mailer.keeper.clock(), OutboxId(new_id("out"))
    content = _written(mailer, head, id_, now)
    mail = AnchorMail(id=id_, week=week_of(now), to=mailer.to, size=head.size, state=BEGUN, at=now)
    claims: list[str | None] = []

    async def before_data() -> bool:
        claims.append(await _claim(mailer, mail, content))
        return claims[0] is not None

    envelope = Envelope(outbox_id=id_, sender=mailer.desk.seller.email, recipient=mailer.to, content=content)
    outcome = await channel.deliver(envelope, before_data=before_data)
    if claims == [None]:
        return MailReport()  # another worker was faster, or sending was stopped
    return await _conclude(mailer, mail, outcome, before=claims[0] if claims else None)


def _written(mailer: AnchorMailer, head: Signed, id_: OutboxId, now: datetime) -> bytes:
    """Return the mail's bytes. It asks for no answer: replies come without a token, as from anybody."""
    desk, seller = mailer.desk, mailer.desk.seller
    name = seller.sender_name or seller.name
    signed = checkpoint_of(head.note, verifier_of(head.vkey))  # what is given out has been checked
    subject, text = mailed(signed, head.note, seller=seller.name or name, key_sha256=head.key_sha256)
    return build_message(
        RenderedMail(subject=subject, text=text, html="", template="", language="en", template_hash=""),
        sender=Mailbox(name=name, address=seller.email),
        recipient=Mailbox(name="", address=mailer.to),
        reply_to=seller.email,
        message_id=message_id(id_, desk.key, desk.domain),
        sent_at=now,
        headers=((MARK_HEADER, message_mark(id_, desk.key)),),
    )


async def _claim(mailer: AnchorMailer, mail: AnchorMail, content: bytes) -> str | None:
    """Take the week, with the mail's bytes on record: DATA may follow. Returns the fact of before; None: it may not."""
    keeper = mailer.keeper
    async with keeper.store.transaction() as tx:
        await state.put(tx, f"{_LAST}:turn", "")  # writing the same row makes other workers wait for our commit
        now = keeper.clock()
        await state.hold_mode(tx)
        if not await state.is_live(tx):
            return None
        if await sending_frozen(tx, limits=mailer.breaker, now=now, data=keeper.data):
            return None
        if await _resting(tx, mail.to, now):  # another worker has tried meanwhile
            return None
        last = await last_mail(tx)
        if last is not None and last.week >= mail.week:
            return None
        before = await state.get(tx, _LAST) or ""
        await state.put(tx, _LAST, _fact(mail))
        await _record(tx, "anchor.mail_begun", mail, now, content=content.decode("ascii"))
    return before


async def _conclude(mailer: AnchorMailer, mail: AnchorMail, outcome: Outcome, *, before: str | None) -> MailReport:
    """Write down what came of it. `before`: the fact to put back when it did not arrive; None: nothing was claimed."""
    now = mailer.keeper.clock()
    said: dict[str, object] = {"text": outcome.text, "peer": outcome.peer, "tls": outcome.tls}
    async with mailer.keeper.store.transaction() as tx:
        last = await last_mail(tx)
        is_last = last is not None and last.id == mail.id  # the next week may have begun meanwhile
        match outcome:
            case Accepted():
                if is_last:
                    await state.put(tx, _LAST, _fact(replace(mail, state=SENT, at=now)))
                await _record(tx, "anchor.mailed", mail, now, **said)
                return MailReport(mailed=mail.size)
            case Unknown():
                await _record(tx, "anchor.mail_unknown", mail, now, **said)
                return MailReport(trouble=f"the mail with the checkpoint may or may not have arrived: {outcome.text}")
            case Refused() | TryLater():
                if before is not None and is_last:
                    await state.put(tx, _LAST, before)
                if before is not None:
                    await _record(tx, "anchor.mail_refused", mail, now, **said)
                why = f"the checkpoint cannot be mailed (anchors.mail_to): {outcome.text}"
                until = now + (AFTER_REFUSAL if isinstance(outcome, Refused) else RETRY)
                await state.put(tx, _RESTS, f"{until.isoformat()} {mail.to} {why}")
                return MailReport(trouble=why)
            case _:
                assert_never(outcome)


async def _record(tx: Tx, type_: str, mail: AnchorMail, now: datetime, **said: object) -> None:
    payload: dict[str, object] = {"week": mail.week, "size": mail.size, "to": mail.to, **said}
    await events.record(tx, [happened(type_, now=now, actor=ACTOR, refs={"message": mail.id}, payload=payload)])


def _fact(mail: AnchorMail) -> str:
    return json.dumps({**asdict(mail), "at": mail.at.isoformat()})
