"""Understanding stored mail: match it, hold its invoices at once, then read it and write what it leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from mailer.clock import new_salt
from mailer.domain.actions import ReplyAction
from mailer.domain.case import CaseFacts
from mailer.domain.ids import MailId
from mailer.domain.reading import MailKind, MatchMethod, Reading
from mailer.flows.apply_reply import Reaction
from mailer.flows.examine_mail import Examined, examine
from mailer.flows.foresee_reply import actions_of, kept_values, reading_of, with_second
from mailer.flows.let_mail_go import let_mail_go
from mailer.flows.match_mail import ACTOR, Reader, by_person, facts_of, mail_event, match_mail
from mailer.flows.policies import PolicyMissing
from mailer.flows.quarantine_mail import quarantine
from mailer.flows.recording import Happened
from mailer.flows.second_opinion import Second, second_opinion
from mailer.sandbox.sandbox import SandboxRefused, SandboxUnavailable
from mailer.store import customers, events, inbox
from mailer.store.inbox import DONE, MATCHED, STORED, StoredMail
from mailer.store.session import StoreUnreachable, Tx

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """What reading did."""

    read: int = 0
    waiting: int = 0
    quarantined: int = 0


class Overtaken(Exception):
    """Another worker has finished this mail meanwhile; what was written here is taken back."""


async def read_stored(reader: Reader) -> ReadReport:
    """Read every stored mail that was not read yet; one that cannot be read is put aside with its raw bytes."""
    report = ReadReport()
    async with reader.store.reading() as tx:
        ids = await inbox.unread(tx)
    if reader.second is not None:
        await _match_first(reader, ids)
    for mail_id in ids:
        async with reader.store.reading() as tx:
            mail = await inbox.load(tx, mail_id)
        if mail is None or mail.state not in (STORED, MATCHED):
            continue  # another worker was faster
        try:
            one = await read_or_quarantine(reader, mail)
        except Overtaken:
            log.info("mail was read by another worker", mail=mail.id)
        except PolicyMissing:
            log.warning("mail waits for its customer's policy", mail=mail.id)  # without one nothing is sent either
        else:
            report = ReadReport(
                read=report.read + one.read,
                waiting=report.waiting + one.waiting,
                quarantined=report.quarantined + one.quarantined,
            )
    await let_mail_go(reader)
    return report


async def _match_first(reader: Reader, ids: Sequence[MailId]) -> None:
    """Match and hold for all mails before a slow second reader is asked about the first of them."""
    for mail_id in ids:
        async with reader.store.reading() as tx:
            mail = await inbox.load(tx, mail_id)
        if mail is not None and mail.state == STORED:
            try:
                await _matched(reader, mail)
            except (StoreUnreachable, SandboxUnavailable):
                raise
            except Exception:  # noqa: BLE001 - whatever it is comes again when the mail is read, and is dealt with there
                log.info("mail is matched when it is read", mail=mail.id)


async def read_or_quarantine(reader: Reader, mail: StoredMail) -> ReadReport:
    """Read one mail, or put it aside for a person when it cannot be read, whatever the reason in it is.

    Raises what is not the mail's fault, after which it is read again: StoreUnreachable, SandboxUnavailable, Overtaken,
    PolicyMissing.
    """
    try:
        needs_person = await read_one(reader, mail)
    except (StoreUnreachable, SandboxUnavailable, Overtaken, PolicyMissing):
        raise
    except SandboxRefused as problem:
        log.warning("mail quarantined", mail=mail.id, reason=problem.reason)
        await quarantine(reader, mail, problem.reason)
    except Exception as problem:
        log.exception("mail quarantined", mail=mail.id)
        await quarantine(reader, mail, type(problem).__name__)
    else:
        return ReadReport(read=1, waiting=int(needs_person))
    return ReadReport(quarantined=1)


async def read_one(reader: Reader, mail: StoredMail) -> bool:
    """Take one mail through both transactions; returns whether it waits for a person."""
    matched = await _matched(reader, mail)
    if matched is None:
        return False
    mail, examined = matched
    second = await _second(reader, mail, examined) if reader.second is not None else None
    return await _read(reader, mail, examined, second)


async def _matched(reader: Reader, mail: StoredMail) -> tuple[StoredMail, Examined] | None:
    """First transaction: whose it is; None when another worker was faster."""
    async with reader.store.reading() as tx:
        raw = await events.payload(tx, mail.payload_id)
    parsed = await reader.parse(raw or b"")
    async with reader.store.reading() as tx:
        examined = await examine(
            tx, parsed, key=reader.key, own_address=reader.own_address, received_at=mail.fetched_at
        )
    if mail.method == MatchMethod.PERSON.value:
        examined = replace(examined, match=by_person(mail, examined))
    if mail.state == STORED:
        moved = await match_mail(reader, mail, examined)
        if moved is None:
            return None
        mail = moved
    return mail, examined


async def _second(reader: Reader, mail: StoredMail, examined: Examined) -> Second | None:
    """Between the transactions: what a language model thinks of it, None where none is asked."""
    async with reader.store.reading() as tx:
        facts = await facts_of(tx, mail.customer_id, reader.clock())
    if facts is None or mail.history or reader.second is None:
        return None
    reading = reading_of(reader, mail, examined, facts)
    return await second_opinion(
        reader.second,
        reading,
        examined,
        facts.customer,
        store=reader.store,
        phrases=reader.phrases,
        clock=reader.clock,
    )


async def _read(reader: Reader, mail: StoredMail, examined: Examined, second: Second | None) -> bool:
    """Second transaction: what it says, and what follows."""
    now = reader.clock()
    async with reader.store.transaction() as tx:
        if mail.customer_id is not None:
            await customers.lock(tx, mail.customer_id)
        facts = await facts_of(tx, mail.customer_id, now)
        reading = reading_of(reader, mail, examined, facts)
        actions: tuple[ReplyAction, ...] = ()
        if facts is not None and not mail.history:
            actions = await actions_of(tx, reader, mail, examined, reading, facts, now)
        kept = kept_values(mail, reading, examined.match, actions)
        if second is not None and facts is not None:
            actions = with_second(reader, facts, examined, reading, actions, second, now)
            kept["model"] = second.kept
        done, why = await _react(tx, mail, examined, facts, actions, now)
        finished = replace(mail, state=DONE, needs_person=bool(why) and not mail.history, why=why)
        if not await inbox.save(tx, finished, was=MATCHED):
            raise Overtaken(mail.id)
        await inbox.keep_reading(tx, finished, salt=new_salt(), reading=kept)
        payload: dict[str, object] = {
            "kind": reading.kind.value,
            "engine": reading.engine,
            "effect": kept["effect"],
            "ask": why,
            **_said(reading),
        }
        if second is not None:
            payload["model"] = second.kept
        await events.record(tx, [mail_event("reply.read", finished, facts, now, payload), *done])
    return finished.needs_person


async def _react(
    tx: Tx,
    mail: StoredMail,
    examined: Examined,
    facts: CaseFacts | None,
    actions: Sequence[ReplyAction],
    now: datetime,
) -> tuple[list[Happened], str]:
    """Write what follows; returns the events, and what a person is asked ("" for nothing)."""
    if facts is None:
        return [], "" if examined.kind is MailKind.OWN else "nobody we know: assign it, or let it go"
    reaction = Reaction(tx=tx, facts=facts, mail_id=mail.id, actor=ACTOR, now=now)
    return await reaction.carry_out_all(actions)


def _said(reading: Reading) -> dict[str, object]:
    """Return the findings with the words that prove them, for the record."""
    return {
        "findings": [
            {
                "intent": f.intent.value,
                "confidence": f.confidence,
                "on": f.on.isoformat() if f.on else None,
                "amount": f.amount.text if f.amount else None,
                "reason": f.reason,
                "words": [e.text for e in f.evidence],
                "rules": [e.rule for e in f.evidence],
                "attached": [e.attachment for e in f.evidence if e.attachment],
            }
            for f in reading.findings
        ],
        "flags": list(reading.flags),
        "unread": list(reading.unread),
        "return_on": reading.return_on.isoformat() if reading.return_on else None,
    }
