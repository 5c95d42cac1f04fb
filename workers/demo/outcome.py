"""What came of it all, asked of Duly's own record and ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from mailer.domain.case import CaseFacts
from mailer.domain.customer import Customer
from mailer.domain.invoice import Invoice
from mailer.domain.status import Status, invoice_status
from mailer.flows.policies import calendar_of
from mailer.store import case_facts, customers, events, invoices
from mailer.store.events import RecordedEvent
from mailer.wiring import App

#: Held: until a person decides, or the ledger does.
_HELD = frozenset({Status.ON_HOLD, Status.CLAIMED_PAID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What happened with one customer."""

    ref: str
    name: str
    statuses: tuple[tuple[str, Status], ...]
    mails: int
    replies: int
    happened: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The numbers of the whole demo. `held`: invoices on hold at its end, until a person or the ledger frees them."""

    mails_sent: int
    replies_read: int
    promises_kept: int
    promises_broken: int
    disputes: int
    held: int
    unmatched: int
    accounts: tuple[Account, ...]
    case: Path


async def outcome_of(app: App, case: Path) -> Outcome:
    """Return what the store knows at the clock's present; `case` is where a case was exported to."""
    now = app.clock()
    async with app.store.reading() as tx:
        people = await customers.every(tx)
        ids = [who.id for who in people]
        facts = await case_facts.load(tx, ids, now=now)
        owed = await invoices.of_customers(tx, ids)
        happened = await events.listing(tx, types=(*_WORDS, *_COUNTED))
    counts = Counter(event.type for event in happened)
    accounts = tuple(
        _account(app, who, facts[who.id], [i for i in owed if i.customer_id == who.id], happened, now)
        for who in sorted(people, key=lambda who: who.ref)
    )
    return Outcome(
        mails_sent=counts["reminder.sent"],
        replies_read=counts["reply.read"],
        promises_kept=counts["promise.kept"],
        promises_broken=counts["promise.broken"],
        disputes=counts["dispute.drafted"],
        held=sum(status in _HELD for account in accounts for _, status in account.statuses),
        unmatched=counts["mail.unmatched"],
        accounts=accounts,
        case=case,
    )


def _account(
    app: App,
    who: Customer,
    facts: CaseFacts,
    owed: Sequence[Invoice],
    happened: Sequence[RecordedEvent],
    now: datetime,
) -> Account:
    today = calendar_of(who, app.policies.of(who), now).local_day(now)
    theirs = [event for event in happened if event.customer_id == who.id]
    counts = Counter(event.type for event in theirs)
    told = [_WORDS[event.type](event) for event in theirs if event.type in _WORDS]
    return Account(
        ref=who.ref,
        name=who.name,
        statuses=tuple((one.number, invoice_status(one, facts, today=today).status) for one in owed),
        mails=counts["reminder.sent"],
        replies=counts["reply.read"],
        happened=tuple(dict.fromkeys(words for words in told if words)),
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def _on(event: RecordedEvent, name: str) -> str:
    return _day(date.fromisoformat(event.payload[name]))


def _money(event: RecordedEvent) -> str:
    changes, on = event.payload["changes"], _day(event.at.date())
    if "open" not in changes:
        return ""
    return f"{event.payload['number']} {'paid' if changes.get('paid_on', {}).get('new') else 'part paid'} {on}"


def _hold(event: RecordedEvent) -> str:
    match event.payload["kind"]:
        case "claimed_paid":
            return "says it is paid"
        case "out_of_office":
            return f"away until {_on(event, 'until_on')}"
        case "bounce":
            return "address fails"
        case _:
            return ""


#: How an event is told in the table; "" = not at all.
_WORDS: dict[str, Callable[[RecordedEvent], str]] = {
    "promise.tracked": lambda event: f"promised {_on(event, 'due_on')}",
    "promise.kept": lambda event: f"kept {_on(event, 'due_on')}",
    "promise.broken": lambda event: f"broke {_on(event, 'due_on')}",
    "dispute.drafted": lambda event: f"disputes ({event.payload['reason'].replace('_', ' ')})",
    "hold.placed": _hold,
    "hold.deadline_passed": lambda _event: "waits for a person",
    "invoice.changed": _money,
    "reminder.queued": lambda event: "final notice" if event.payload["template"] == "final_notice" else "",
}
_COUNTED = ("reminder.sent", "reply.read", "mail.unmatched")
