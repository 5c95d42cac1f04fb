"""The exact mail a customer would get next, and marked copies of what is due now to oneself. No rung is claimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mailer.channels.channel import Channel
from mailer.clock import new_id
from mailer.domain.actions import SendReminder
from mailer.domain.case import CaseFacts
from mailer.domain.customer import Customer
from mailer.domain.delivery import Accepted, OutboxState
from mailer.domain.ids import OutboxId
from mailer.domain.message import Envelope
from mailer.flows.find_customer import the_customer
from mailer.flows.plan_reminders import CHUNK, THANKS
from mailer.flows.policies import Policies, PolicyMissing, rules_of
from mailer.flows.recording import happened
from mailer.flows.simulate import Visit, visits
from mailer.flows.write_message import Desk, Written, write_message
from mailer.reminders.guards import Limits
from mailer.reminders.plan import plan
from mailer.rendering.environment import TemplateProblem
from mailer.rendering.headers import HeaderRefused
from mailer.store import case_facts, customers, events, outbox, state
from mailer.store.session import Store, Tx

#: How far ahead a preview looks for the next mail.
HORIZON = timedelta(days=400)
_UNDER_WAY = (OutboxState.QUEUED, OutboxState.DEFERRED, OutboxState.LEASED, OutboxState.IN_DATA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The next mail to a customer. `content` are its bytes; None when no mail is to come, for the `reasons`.

    `on` is the customer's day on which it goes out as things stand. `outbox_id` is given when it is frozen and waits
    in the outbox; else the mail is written for looking only, and its Message-ID and reply token are throw-aways.
    `reasons` also say what keeps it back now.
    """

    customer: Customer
    on: date | None = None
    content: bytes | None = None
    outbox_id: OutboxId | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A marked copy that was handed to the mail server: whose mail it shows, and what the server said."""

    customer: Customer
    subject: str
    accepted: bool
    text: str


async def preview(
    store: Store, policies: Policies, desk: Desk, said: str, *, max_data_age_hours: int, now: datetime
) -> Preview:
    """Return the mail that goes out next to a customer: the one in the outbox, the one due now, or the next to come.

    Raises NotOneCustomer, PolicyMissing, TemplateProblem, HeaderRefused.
    """
    async with store.reading() as tx:
        customer = await the_customer(tx, said)
        if frozen := await _frozen(tx, customer, now):
            return frozen
        facts = (await case_facts.load(tx, [customer.id], now=now))[customer.id]
        thread = outbox.thread((await outbox.threads_of(tx, [customer.id]))[customer.id], facts.case_id)
        limits = Limits(live=await state.is_live(tx), max_data_age_hours=max_data_age_hours)
    reasons = _against(facts, policies, limits, now)
    found = next_mail(facts, policies, now=now, until=now + HORIZON)
    if found is None:
        return Preview(customer=customer, reasons=reasons)
    visit, action = found
    written = _write(desk, visit, action, thread)
    return Preview(
        customer=customer,
        on=visit.calendar.local_day(visit.at),
        content=written.content,
        reasons=reasons,
    )


def next_mail(
    facts: CaseFacts, policies: Policies, *, now: datetime, until: datetime
) -> tuple[Visit, SendReminder] | None:
    """Return the first mail to a customer up to then, as things stand and with the tasks of people left undone."""
    for visit in visits(facts, policies, now=now, until=until, tasks_done=False):
        for action in visit.actions:
            if isinstance(action, SendReminder):
                return visit, action
    return None


async def send_copies(
    store: Store,
    policies: Policies,
    desk: Desk,
    channel: Channel,
    *,
    to: str,
    actor: str,
    now: datetime,
) -> tuple[tuple[Copy, ...], tuple[str, ...]]:
    """Send oneself a marked copy of every mail that would go out now if Duly were live and the window open.

    Claims no rung and tells no customer. Returns the copies, and a sentence for each that could not be written.
    Raises ChannelError when the server cannot be used at all.
    """
    copies: list[Copy] = []
    problems: list[str] = []
    async with store.reading() as tx:
        ids = await customers.in_motion(tx, paid_since=(now - THANKS).date())
    try:
        for part in customers.chunks(ids, CHUNK):
            async with store.reading() as tx:
                found = await case_facts.load(tx, part, now=now)
            for facts in found.values():
                try:
                    copies.extend(await _copy(policies, desk, channel, facts, to=to, now=now))
                except (PolicyMissing, TemplateProblem, HeaderRefused) as problem:
                    problems.append(f"{facts.customer.name} ({facts.customer.ref}): {problem}")
    finally:
        if copies:
            await _record(store, copies, to=to, actor=actor, now=now)
    return tuple(copies), tuple(problems)


async def _copy(
    policies: Policies, desk: Desk, channel: Channel, facts: CaseFacts, *, to: str, now: datetime
) -> list[Copy]:
    """Write and deliver one copy; none when nothing is due to that customer at the next opening of the window."""
    calendar = rules_of(policies, facts, now)[1]
    found = next_mail(facts, policies, now=now, until=calendar.next_open(now))
    if found is None:
        return []
    visit, action = found
    written = _write(desk, visit, action, (), copy_to=to)
    message = written.message
    envelope = Envelope(outbox_id=message.id, sender=message.sender, recipient=to, content=written.content)
    outcome = await channel.deliver(envelope, before_data=_always)
    accepted = isinstance(outcome, Accepted)
    return [Copy(customer=facts.customer, subject=message.subject, accepted=accepted, text=outcome.text)]


async def _record(store: Store, copies: Sequence[Copy], *, to: str, actor: str, now: datetime) -> None:
    payload: dict[str, object] = {
        "to": to,
        "customers": [copy.customer.id for copy in copies if copy.accepted],
        "refused": [copy.customer.id for copy in copies if not copy.accepted],
    }
    async with store.transaction() as tx:
        await events.record(tx, [happened("copies.sent", now=now, actor=actor, payload=payload)])


async def _always() -> bool:
    """A copy claims nothing, so that there is nothing to be committed before DATA."""
    return True


def _write(desk: Desk, visit: Visit, action: SendReminder, thread: tuple[str, ...], *, copy_to: str = "") -> Written:
    return write_message(
        desk,
        action,
        visit.facts,
        visit.policy,
        outbox_id=OutboxId(new_id("out")),
        thread=thread,
        today=visit.calendar.local_day(visit.at),
        now=visit.at,
        copy_to=copy_to,
    )


async def _frozen(tx: Tx, customer: Customer, now: datetime) -> Preview | None:
    """Return the mail that is in the outbox already, byte for byte."""
    waiting = await outbox.listing(tx, states=_UNDER_WAY, customer_id=customer.id, limit=1)
    if not waiting:
        return None
    entry = waiting[0]
    content = await events.payload(tx, entry.payload_id) or b""
    why = f"it is {entry.state} in the outbox as {entry.message.id} since {entry.message.created_at:%Y-%m-%d %H:%M} UTC"
    return Preview(
        customer=customer,
        on=max(entry.due_at, now).date(),
        content=content,
        outbox_id=entry.message.id,
        reasons=(why, entry.result_text) if entry.result_text else (why,),
    )


def _against(facts: CaseFacts, policies: Policies, limits: Limits, now: datetime) -> tuple[str, ...]:
    """Return what keeps this customer from being written to at this moment, each reason with its invoices."""
    policy, calendar = rules_of(policies, facts, now)
    planned = plan(facts, policy, calendar, now=now, limits=limits)
    numbers = {invoice.id: invoice.number for invoice in facts.invoices}
    found: dict[str, dict[str, None]] = {}
    for note in planned.not_now:
        found.setdefault(note.why, {})[numbers[note.invoice_id]] = None
    for step in planned.next_on if not planned.not_now and not planned.actions else ():
        when = f"on {step.on}" if step.on else "not before that changes"
        found.setdefault(f"next is {step.step_id!r} {when}: {step.why}", {})[numbers[step.invoice_id]] = None
    return tuple(f"{', '.join(those)}: {why}" for why, those in found.items())
