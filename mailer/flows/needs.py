"""What waits for a person, each with since when and the command that deals with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from mailer.agreements.hold import needs_alarm
from mailer.domain.agreement import DisputeState, HoldKind
from mailer.domain.case import CaseFacts
from mailer.domain.customer import Customer
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import CustomerId
from mailer.domain.invoice import Invoice
from mailer.flows.trouble import JOBS
from mailer.reminders.plan import Plan
from mailer.store import customers, events, freezes, inbox, outbox, state
from mailer.store.session import Tx

#: The most pressing first. `frozen`: all sending is stopped. `ended`: every rung was said. `notice_first`: only notices
#: are left, and nothing was said.
KINDS = (
    "frozen", "trouble", "setup", "ledger", "unknown", "mail", "address", "hold", "dispute", "task", "not_written",
    "policy", "no_address", "suppressed", "notice_first", "copy", "ended",
)  # fmt: skip
#: How far back failed writing is looked for, in events.
_LATELY = 200
#: Verdicts of the plan that only a person ends: code → kind and what to do ({} is the customer's number).
_VERDICTS = {
    "no_address": ("no_address", "`duly customers add {} --update --email ADDRESS`"),
    "suppressed": ("suppressed", "give another address, or `duly invoices release {} --lift-address`"),
    "first_must_be_gentle": ("notice_first", "write or call yourself and log it: `duly call add {}`"),
    "ended": ("ended", "decide: `duly case why {}`, call, or `duly case close {} --outcome handed_over`"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing for a person: of which kind (`KINDS`), about whom ("" for the service itself), since when."""

    kind: str
    what: str
    todo: str
    customer: str = ""
    ref: str = ""
    since: datetime | None = None

    @property
    def order(self) -> tuple[int, datetime, str]:
        """The place in a list: the most pressing kind first, within it what waits longest."""
        return KINDS.index(self.kind), self.since or datetime.max.replace(tzinfo=UTC), self.customer


def needs_of_case(facts: CaseFacts, planned: Plan, today: date) -> list[Need]:
    """Return what one customer's case asks of a person on that local day, given the plan a live service would make."""
    found = [*_holds(facts, today), *_drafts(facts), *_tasks(facts), *_verdicts(facts, planned, today)]
    return [replace(need, customer=facts.customer.name, ref=facts.customer.ref) for need in found]


def without_policy(facts: CaseFacts, problem: str, now: datetime) -> Need:
    """Return the need of a customer whose policy does not exist."""
    todo = "name one that exists, in the customer import or in the settings"
    who = facts.customer
    return Need(kind="policy", what=problem, todo=todo, customer=who.name, ref=who.ref, since=now)


async def needs_of_service(tx: Tx, *, is_stale: bool) -> list[Need]:
    """Return what the service itself asks: sending stopped, jobs in trouble, old balances, doubt, mails not written."""
    found = [
        Need(kind="trouble", what=f"{job} fails: {why}", todo="`duly doctor` says what to mend")
        for job in JOBS
        if (why := await state.get(tx, f"trouble:{job}"))
    ]
    if is_stale:
        todo = "`duly invoices import FILE`, or `duly payments confirm` when they are right"
        as_of = await state.ledger_as_of(tx)
        found.append(Need(kind="ledger", what="the balances are too old to send on", todo=todo, since=as_of))
    return [*await _frozen(tx), *found, *await _in_doubt(tx), *await _not_written(tx)]


async def needs_of_mail(tx: Tx, *, limit: int) -> list[Need]:
    """Return the mails that wait for a person, the newest `limit` of them."""
    waiting = await inbox.listing(tx, needs_person=True, limit=limit)
    known = await customers.by_ids(tx, [mail.customer_id for mail in waiting if mail.customer_id])
    found = []
    for mail in waiting:
        who = known.get(mail.customer_id) if mail.customer_id else None
        nobody = f"assign {mail.id} CUSTOMER` or `duly inbox decide {mail.id} continue"
        then = f"decide {mail.id} DECISION" if who else nobody
        todo = f"`duly inbox show {mail.id}`, then `duly inbox {then}`"
        what = f"{mail.from_email or 'somebody'}: {mail.why or mail.subject}"
        found.append(_of(who, Need(kind="mail", what=what, todo=todo, since=mail.fetched_at)))
    return found


def _holds(facts: CaseFacts, today: date) -> Iterator[Need]:
    for hold in facts.holds:
        if hold.kind is HoldKind.BOUNCE:
            mended = f"`duly customers add {facts.customer.ref} --update --email NEW`"
            todo = f"{mended}, then `duly invoices release {hold.id}`"
            yield Need(kind="address", what=hold.reason, todo=todo, since=hold.placed_at)
        elif needs_alarm(hold, today):
            what = f"on hold ({hold.kind.replace('_', ' ')}) past its deadline {hold.deadline_on}: {hold.reason}"
            todo = f"`duly inbox show {hold.mail_id}`, then " if hold.mail_id else ""
            todo += f"`duly invoices release {hold.id}` when it is settled"
            yield Need(kind="hold", what=what, todo=todo, since=hold.placed_at)


def _drafts(facts: CaseFacts) -> Iterator[Need]:
    for dispute in facts.disputes:
        if dispute.state is DisputeState.DRAFT:
            what = f"a mail disputes {_numbers(facts, dispute.invoice_ids)} ({dispute.reason})"
            todo = f"`duly dispute accept {dispute.id}`, or `duly dispute close {dispute.id} --outcome no_dispute`"
            yield Need(kind="dispute", what=what, todo=todo, since=dispute.opened_at)


def _tasks(facts: CaseFacts) -> Iterator[Need]:
    for task in facts.tasks:
        what = f"{task.kind} about {_numbers(facts, task.invoice_ids)}"
        todo = f'do it, then `duly {task.kind} add {facts.customer.ref} "what was said"`'
        yield Need(kind="task", what=what, todo=todo, since=task.created_at)


def _verdicts(facts: CaseFacts, planned: Plan, today: date) -> Iterator[Need]:
    """Yield where the ladder itself can go no further, once per reason."""
    stuck: dict[str, list[Invoice]] = {}
    known = {invoice.id: invoice for invoice in facts.invoices}
    for note in planned.not_now:
        invoice = known[note.invoice_id]
        rests = facts.running_dispute(invoice.id) or facts.running_hold(invoice.id, today)
        if note.code in _VERDICTS and not rests and not facts.running_promise(invoice.id, today):
            stuck.setdefault(note.code, []).append(invoice)
    for code, those in stuck.items():
        kind, todo = _VERDICTS[code]
        whys = {note.why for note in planned.not_now if note.code == code}
        since = max((s.at for i in those for s in facts.steps_of(i.id)), default=None) if code == "ended" else None
        what = f"{_numbers(facts, [i.id for i in those])}: {min(whys)}"
        yield Need(kind=kind, what=what, todo=todo.replace("{}", facts.customer.ref), since=since)


def _numbers(facts: CaseFacts, ids: Iterable[str], most: int = 3) -> str:
    numbers = [invoice.number for invoice in facts.invoices if invoice.id in set(ids)]
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return ", ".join(numbers[:most]) + more


async def _frozen(tx: Tx) -> Sequence[Need]:
    """Return what stops all sending, if anything does."""
    frozen = await freezes.running(tx)
    if frozen is None:
        return []
    held = await freezes.held_count(tx, frozen.id)
    what = f"nothing is sent, {held} messages are held: {frozen.why}"
    todo = "`duly outbox held` to look, `duly outbox release` to go on"
    return [Need(kind="frozen", what=what, todo=todo, since=frozen.at)]


async def _in_doubt(tx: Tx) -> Sequence[Need]:
    entries = await outbox.listing(tx, states=[OutboxState.UNKNOWN])
    known = await customers.by_ids(tx, [entry.message.customer_id for entry in entries])
    found = []
    for entry in entries:
        resolve = f"`duly outbox resolve {entry.message.id} --sent` or `--resend`"
        todo = f"`duly outbox settle` looks for evidence; else ask them or read the mail server's log, then {resolve}"
        what = f"{entry.message.subject!r} may or may not have been delivered"
        need = Need(kind="unknown", what=what, todo=todo, since=entry.finished_at)
        found.append(_of(known.get(entry.message.customer_id), need))
    return found


async def _not_written(tx: Tx) -> Sequence[Need]:
    """Return whose mail could not be written lately, and was not since."""
    failed = await events.listing(tx, types=["reminder.not_written"], newest_first=True, limit=_LATELY)
    newest: dict[CustomerId, events.RecordedEvent] = {}
    for event in failed:
        if event.customer_id:
            newest.setdefault(CustomerId(event.customer_id), event)
    known = await customers.by_ids(tx, newest)
    found = []
    for one, event in newest.items():
        since = await events.listing(tx, customer_id=one, types=["reminder.queued"], after_seq=event.seq, limit=1)
        if not since:
            what, todo = (
                str(event.payload.get("why", "")),
                "`duly template check` and `duly policy list` name the fault",
            )
            found.append(_of(known.get(one), Need(kind="not_written", what=what, todo=todo, since=event.at)))
    return found


def _of(who: Customer | None, need: Need) -> Need:
    return replace(need, customer=who.name, ref=who.ref) if who else need
