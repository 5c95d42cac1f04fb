"""What `duly case show` gathers and prints: one customer's account on one page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailer.cli import output
from mailer.cli.output import Output, say
from mailer.cli.telling import hold_words, local, sums, who
from mailer.domain.case import Case, CaseFacts
from mailer.domain.reading import MailKind
from mailer.flows.find_customer import the_customer
from mailer.flows.list_invoices import Eyes, InvoiceLine, list_invoices
from mailer.store import case_facts, contacts, customers, events, inbox, outbox
from mailer.store.contacts import Contact
from mailer.store.inbox import IN, OUT, StoredMail
from mailer.store.outbox import OutboxEntry
from mailer.wiring import App

#: How many of each are shown; the record (`duly log list ID`) has them all.
LATEST = 30
INVOICES = ("number", "due", "open", "status", "reason", "since", "next")
CORRESPONDENCE = ("at", "what", "words")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One customer's account; mails and contacts are the latest, oldest first."""

    facts: CaseFacts
    cases: tuple[Case, ...]
    invoices: tuple[InvoiceLine, ...]
    sent: tuple[OutboxEntry, ...]
    received: tuple[StoredMail, ...]
    contacts: tuple[tuple[Contact, str], ...]


async def gather(app: App, said: str) -> Sheet:
    """Return the account of whoever is meant. Raises NotOneCustomer."""
    now = app.clock()
    async with app.store.reading() as tx:
        customer = await the_customer(tx, said)
        facts = (await case_facts.load(tx, [customer.id], now=now))[customer.id]
        logged = (await contacts.of_customers(tx, [customer.id]))[-LATEST:]
        words = [(one, (await events.payload(tx, one.payload_id) or b"(erased)").decode()) for one in logged]
        sent = await outbox.listing(tx, customer_id=customer.id, limit=LATEST)
        received = await inbox.listing(tx, customer_id=customer.id, limit=LATEST)
        cases = await customers.cases_of(tx, customer.id)
    hours = app.settings.sending.max_data_age_hours
    eyes = Eyes(store=app.store, policies=app.policies, max_data_age_hours=hours)
    lines = await list_invoices(eyes, open_only=False, limit=1000, now=now, customer_id=customer.id)
    return Sheet(
        facts=facts,
        cases=tuple(cases),
        invoices=lines,
        sent=tuple(reversed(sent)),
        received=tuple(reversed(received)),
        contacts=tuple(words),
    )


def show(sheet: Sheet) -> None:
    """Print the account for people."""
    customer, facts = sheet.facts.customer, sheet.facts
    place = f"{customer.language} {customer.country} {customer.time_zone}"
    say(f"{who(customer)}  {customer.email or 'no address'}  {place}")
    for case in sheet.cases:
        end = f"closed {case.closed_at:%Y-%m-%d} ({case.outcome})" if case.closed_at else "running"
        say(f"case {case.id}, opened {case.opened_at:%Y-%m-%d}, {end}")
    say(f"open: {sums(line.invoice.open for line in sheet.invoices if line.invoice.is_open) or 'nothing'}")
    for address, why in facts.suppressed:
        say(f"{address} may not be written to: {why}")
    for hold in facts.holds:
        say(f"hold {hold_words(hold)}")
    for promise in facts.promises:
        amount = promise.amount.text if promise.amount else "all"
        say(f"promise {promise.id}: {amount} for {promise.due_on}, {promise.state}")
    for dispute in facts.disputes:
        say(f"dispute {dispute.id}: {dispute.reason}, {dispute.state} {dispute.outcome}".rstrip())
    for task in facts.tasks:
        say(f"to do: {task.kind} ({task.step_id}) since {task.created_at:%Y-%m-%d}: {task.instructions.strip()}")
    say("")
    rows = [_invoice(line) for line in sheet.invoices]
    output.show(rows, Output.TABLE, columns=INVOICES, empty="No invoices.")
    if written := _correspondence(sheet):
        say("")
        output.show(written, Output.TABLE, columns=CORRESPONDENCE, empty="")
        say(f"everything that happened: duly log list {customer.ref}")


def _correspondence(sheet: Sheet) -> list[dict[str, Any]]:
    """Return mails out and in and contacts by hand in the order of time, on the customer's clock."""
    customer = sheet.facts.customer
    found: list[tuple[datetime, str, str, str]] = [
        (e.finished_at or e.message.created_at, f"mail to them, {e.state}", e.message.subject, e.message.id)
        for e in sheet.sent
    ]
    found += [
        (m.sent_at or m.fetched_at, _whose(m), m.subject, m.id)
        for m in sheet.received
        if m.direction == IN or m.kind != MailKind.OWN  # a copy of what stands there already
    ]
    found += [(contact.at, contact.kind, words, contact.id) for contact, words in sheet.contacts]
    found.sort(key=lambda one: (one[0], one[3]))
    return [{"at": local(at, customer), "what": what, "words": words, "id": id_} for at, what, words, id_ in found]


def _whose(mail: StoredMail) -> str:
    if mail.direction == OUT:
        return "mail to them, by hand"
    return "mail from them" + (", waits for you" if mail.needs_person else "")


def _invoice(line: InvoiceLine) -> dict[str, Any]:
    invoice, ahead = line.invoice, line.next
    waits = f"{ahead.step_id}: {ahead.why}" if ahead else line.trouble
    return {
        "number": invoice.number,
        "due": invoice.due_on.isoformat(),
        "open": str(invoice.open),
        "status": line.status.status.value,
        "reason": line.status.reason,
        "since": line.status.since_on.isoformat(),
        "next": f"{ahead.on} {ahead.step_id}" if ahead and ahead.on else waits,
    }


def as_row(sheet: Sheet) -> dict[str, Any]:
    """Return the account for programs."""
    facts, customer = sheet.facts, sheet.facts.customer
    return {
        "customer": {"id": customer.id, "ref": customer.ref, "name": customer.name, "emails": list(customer.emails)},
        "cases": [
            {"case": c.id, "opened_at": c.opened_at, "closed_at": c.closed_at, "outcome": c.outcome}
            for c in sheet.cases
        ],
        "invoices": [_invoice(line) for line in sheet.invoices],
        "holds": [
            {"hold": h.id, "kind": h.kind, "reason": h.reason, "until_on": h.until_on, "invoices": h.invoice_ids}
            for h in facts.holds
        ],
        "promises": [
            {"promise": p.id, "due_on": p.due_on, "state": p.state, "invoices": p.invoice_ids} for p in facts.promises
        ],
        "disputes": [
            {"dispute": d.id, "reason": d.reason, "state": d.state, "invoices": d.invoice_ids} for d in facts.disputes
        ],
        "tasks": [{"task": t.id, "kind": t.kind, "step": t.step_id, "invoices": t.invoice_ids} for t in facts.tasks],
        "suppressed": [{"address": address, "why": why} for address, why in facts.suppressed],
        "correspondence": _correspondence(sheet),
    }
