"""data/report/chronology.csv: everything that happened, in one order; the printable report shows the same lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from mailer.dossier.attachments import attachment_paths
from mailer.dossier.copies import message_path
from mailer.dossier.entry import FileEntry
from mailer.dossier.model import (
    CaseContact,
    CaseDispute,
    CaseEvent,
    CaseFile,
    CaseHold,
    CaseInvoice,
    CaseMessage,
    CasePayment,
    CasePromise,
)
from mailer.dossier.table import csv_bytes, utc_text

PATH = "data/report/chronology.csv"
#: Every kind of line; on the same day the earlier of this list comes first.
KINDS = (
    "invoice_issued", "invoice_due", "payment", "message_out", "message_in", "promise", "dispute", "dispute_closed",
    "hold", "hold_released", "call", "letter", "meeting", "note", "record",
)  # fmt: skip
#: Every word that may name a fact of a line; the report's templates have a label for each.
FACTS = (
    "amount", "open", "reference", "source", "from", "to", "subject", "outcome", "attachments", "message_id", "sha256",
    "promised_for", "state", "confirmed", "reason", "until", "deadline", "message", "actor", "type", "words",
)  # fmt: skip
_HEADER = ("no", "when", "kind", "invoices", "details", "file", "sha256", "message_id", "record_seq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened. `when` is a UTC time ("2026-11-03T09:00:00Z") or, from the ledger, a local date.

    `facts` are (word of `FACTS`, text as it came) without empty ones; `text` is the body of a mail or the words of a
    note; `file` is the .eml and `files` what was attached.
    """

    when: str
    kind: str
    invoice_numbers: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    text: str = ""
    file: str = ""
    files: tuple[str, ...] = ()
    record_seq: int | None = None

    def fact(self, word: str) -> str:
        """Return a fact by its word, "" when there is none."""
        return dict(self.facts).get(word, "")


def lines(case: CaseFile) -> tuple[Line, ...]:
    """Return everything that happened in the case, oldest first; a day without a time comes before its times."""
    found = [
        *(line for invoice in case.invoices for line in _of_invoice(invoice)),
        *(_of_payment(payment) for payment in case.payments),
        *(_of_message(message) for message in case.messages),
        *(_of_promise(promise) for promise in case.promises),
        *(line for dispute in case.disputes for line in _of_dispute(dispute)),
        *(line for hold in case.holds for line in _of_hold(hold)),
        *(_of_contact(contact) for contact in case.contacts),
        *(_of_event(event) for event in case.events),
    ]
    return tuple(sorted(found, key=_order))


def entries(case: CaseFile) -> Iterator[FileEntry]:
    """Yield the one file."""
    rows = (
        (
            number,
            line.when,
            line.kind,
            " ".join(line.invoice_numbers),
            "; ".join(f"{word}: {text}" for word, text in line.facts if word not in ("sha256", "message_id")),
            line.file,
            line.fact("sha256"),
            line.fact("message_id"),
            line.record_seq,
        )
        for number, line in enumerate(lines(case), start=1)
    )
    yield FileEntry(path=PATH, content=csv_bytes(_HEADER, rows))


def _order(line: Line) -> tuple[str, int, int, tuple[str, ...], str, tuple[tuple[str, str], ...], str]:
    """Return a total order: equal only for lines that are equal in all they say."""
    seq = -1 if line.record_seq is None else line.record_seq
    return line.when, KINDS.index(line.kind), seq, line.invoice_numbers, line.file, line.facts, line.text


def _facts(**facts: object) -> tuple[tuple[str, str], ...]:
    """Return what is not empty as (word, text); `from_` stands for the word "from"."""
    return tuple((word.rstrip("_"), _text(value)) for word, value in facts.items() if value not in (None, "", ()))


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _of_invoice(invoice: CaseInvoice) -> Iterator[Line]:
    numbers = (invoice.number,)
    issued = _facts(amount=invoice.total, reference=invoice.reference)
    yield Line(when=invoice.issued_on.isoformat(), kind="invoice_issued", invoice_numbers=numbers, facts=issued)
    due = _facts(amount=invoice.total)
    yield Line(when=invoice.due_on.isoformat(), kind="invoice_due", invoice_numbers=numbers, facts=due)


def _of_payment(payment: CasePayment) -> Line:
    return Line(
        when=payment.paid_on.isoformat(),
        kind="payment",
        invoice_numbers=(payment.invoice_number,),
        facts=_facts(amount=payment.amount, reference=payment.reference, source=payment.source),
    )


def _of_message(message: CaseMessage) -> Line:
    return Line(
        when=utc_text(message.at),
        kind=f"message_{message.direction}",
        invoice_numbers=message.invoice_numbers,
        facts=_facts(
            message=message.number,
            from_=message.sender,
            to=message.recipient,
            subject=message.subject,
            outcome=message.outcome,
            attachments=", ".join(one.name for one in message.attachments),
            message_id=message.message_id,
            sha256=message.sha256,
        ),
        text=message.text,
        file=message_path(message),
        files=attachment_paths(message),
    )


def _of_promise(promise: CasePromise) -> Line:
    return Line(
        when=utc_text(promise.made_at),
        kind="promise",
        invoice_numbers=promise.invoice_numbers,
        facts=_facts(
            promised_for=promise.due_on,
            amount=promise.amount_text,
            state=promise.state,
            confirmed="yes" if promise.confirmed else "no",
            message=promise.message_number,
        ),
    )


def _of_dispute(dispute: CaseDispute) -> Iterator[Line]:
    numbers = dispute.invoice_numbers
    state = dispute.state if dispute.closed_at is None else ""
    opened = _facts(reason=dispute.reason, state=state, message=dispute.message_number)
    yield Line(when=utc_text(dispute.opened_at), kind="dispute", invoice_numbers=numbers, facts=opened)
    if dispute.closed_at is not None:
        closed = _facts(reason=dispute.reason, outcome=dispute.outcome)
        yield Line(when=utc_text(dispute.closed_at), kind="dispute_closed", invoice_numbers=numbers, facts=closed)


def _of_hold(hold: CaseHold) -> Iterator[Line]:
    numbers = hold.invoice_numbers
    placed = _facts(
        type=hold.kind,
        reason=hold.reason,
        until=hold.until_on,
        deadline=hold.deadline_on,
        message=hold.message_number,
    )
    yield Line(when=utc_text(hold.placed_at), kind="hold", invoice_numbers=numbers, facts=placed)
    if hold.released_at is not None:
        released = _facts(type=hold.kind, reason=hold.released_why)
        yield Line(when=utc_text(hold.released_at), kind="hold_released", invoice_numbers=numbers, facts=released)


def _of_contact(contact: CaseContact) -> Line:
    return Line(
        when=utc_text(contact.at),
        kind=str(contact.kind),
        invoice_numbers=contact.invoice_numbers,
        facts=_facts(actor=contact.actor, words=contact.words),
    )


def _of_event(event: CaseEvent) -> Line:
    return Line(
        when=utc_text(event.at),
        kind="record",
        invoice_numbers=event.invoice_numbers,
        facts=_facts(type=event.type, actor=event.actor, words=event.words),
        record_seq=event.seq,
    )
