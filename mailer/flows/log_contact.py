"""Logging a call, letter, meeting or note; a call or a letter does the task of that kind, and the ladder goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from mailer.clock import new_id, new_salt
from mailer.domain.case import StepHow, Task, TaskKind
from mailer.domain.customer import Customer
from mailer.domain.ids import ContactId
from mailer.domain.invoice import Invoice
from mailer.flows.by_hand import Hand, hand_on
from mailer.flows.recording import Happened
from mailer.store import contacts, events, outbox
from mailer.store.contacts import Contact
from mailer.store.session import Store


class ContactRefused(ValueError):
    """What was to be logged cannot be right; the sentence says why."""


class ContactKind(StrEnum):
    """What a person did."""

    NOTE = "note"
    CALL = "call"
    LETTER = "letter"
    MEETING = "meeting"


class CallOutcome(StrEnum):
    """How a call ended; every one of them did the task."""

    SPOKEN = "spoken"
    LEFT_MESSAGE = "left_message"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"


EVENTS = {
    ContactKind.NOTE: "note.added",
    ContactKind.CALL: "call.logged",
    ContactKind.LETTER: "letter.logged",
    ContactKind.MEETING: "meeting.logged",
}
#: Which task a contact does.
TASKS = {ContactKind.CALL: TaskKind.CALL, ContactKind.LETTER: TaskKind.LETTER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What to log: the words, and for a call its outcome, for a letter its tracking number.

    `on` is the customer's local day on which it happened, None for just now. Without `invoice_numbers` it is about the
    invoice the customer is named by, else about the whole account.
    """

    kind: ContactKind
    words: str
    outcome: str = ""
    tracking: str = ""
    on: date | None = None
    invoice_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """What was logged, which tasks it did, and which of the same kind are still to do."""

    contact: Contact
    customer: Customer
    invoices: tuple[Invoice, ...]
    done: tuple[Task, ...]
    left: tuple[Task, ...]


async def log_contact(store: Store, said: str, what: Said, *, actor: str, now: datetime) -> Logged:
    """Log what a person did, with its words, and close the tasks it does.

    Raises NotOneCustomer, NotTheirInvoice, ContactRefused (no words, or a day still to come).
    """
    if not what.words.strip():
        raise ContactRefused(f"a {what.kind} needs words: what was said or seen, in a sentence")
    async with hand_on(store, said, actor=actor, now=now) as hand:
        about = await hand.invoices_named(what.invoice_numbers)
        at = _moment(hand, what)
        contact_id = ContactId(new_id("log"))
        contact = Contact(
            id=contact_id,
            customer_id=hand.customer.id,
            invoice_ids=tuple(invoice.id for invoice in about),
            kind=what.kind.value,
            at=at,
            actor=actor,
            payload_id=contact_id.replace("log_", "words_", 1),
        )
        await events.keep_payload(
            hand.tx,
            payload_id=contact.payload_id,
            subject_id=hand.customer.id,
            kind="contact",
            salt=new_salt(),
            body=_words(what).encode(),
        )
        await contacts.add(hand.tx, contact)
        done, left = _sorted_tasks(hand, what, about, at)
        await events.record(hand.tx, [_logged(hand, contact, what), *[await _do(hand, t, contact) for t in done]])
    return Logged(contact=contact, customer=hand.customer, invoices=about, done=done, left=left)


def _moment(hand: Hand, what: Said) -> datetime:
    """Return when it happened: now, or noon of the earlier day that is given."""
    if what.on is None or what.on == hand.today:
        return hand.now
    if what.on > hand.today:
        raise ContactRefused(f"{what.on} is still to come for {hand.customer.name}: log a {what.kind} once it was done")
    return datetime.combine(what.on, time(12), tzinfo=ZoneInfo(hand.customer.time_zone)).astimezone(UTC)


def _words(what: Said) -> str:
    """Return what is kept: outcome and tracking number before the words, as one reads them."""
    parts = (what.outcome.replace("_", " "), f"tracking {what.tracking}" if what.tracking else "", what.words.strip())
    return ": ".join(part for part in parts if part)


def _sorted_tasks(
    hand: Hand, what: Said, about: Sequence[Invoice], at: datetime
) -> tuple[tuple[Task, ...], tuple[Task, ...]]:
    """Return the tasks of this kind it does, and those it does not: of other invoices, or given on a later day."""
    kind, ids = TASKS.get(what.kind), {invoice.id for invoice in about}
    zone = ZoneInfo(hand.customer.time_zone)
    same = [task for task in hand.facts.tasks if task.kind is kind]
    done = tuple(
        task
        for task in same
        if (not ids or ids & set(task.invoice_ids))
        and task.created_at.astimezone(zone).date() <= at.astimezone(zone).date()
    )
    return done, tuple(task for task in same if task not in done)


def _logged(hand: Hand, contact: Contact, what: Said) -> Happened:
    payload: dict[str, object] = {
        "words": what.words.strip(),
        "at": contact.at.isoformat(timespec="seconds"),
        "invoices": list(contact.invoice_ids),
        **({"outcome": what.outcome} if what.outcome else {}),
        **({"tracking": what.tracking} if what.tracking else {}),
    }
    return hand.event(EVENTS[what.kind], {"contact": contact.id}, payload)


async def _do(hand: Hand, task: Task, contact: Contact) -> Happened:
    """Close a task and mark its rungs as said by hand, on the day it was done."""
    await contacts.close_task(hand.tx, task.id, hand.now)
    await outbox.mark_steps(hand.tx, StepHow.BY_HAND, contact.at, task_id=task.id)
    payload: dict[str, object] = {"kind": task.kind.value, "step": task.step_id, "invoices": list(task.invoice_ids)}
    return hand.event("task.done", {"task": task.id, "contact": contact.id}, payload)
