"""data/account: invoices, payments, the statement with its running balance, and what was agreed, as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from mailer.domain.invoice import InvoiceClosing
from mailer.domain.money import Money
from mailer.dossier.entry import FileEntry
from mailer.dossier.model import CaseFile, CaseInvoice
from mailer.dossier.table import Cell, csv_bytes

#: Closings after which the ledger no longer counts the invoice as owed; one handed over still is.
_NOT_OWED = frozenset({InvoiceClosing.VOID, InvoiceClosing.WRITTEN_OFF})


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One line of the statement of account: a charge is positive, a payment or credit negative."""

    on: date
    rank: int
    invoice_number: str
    kind: str
    text: str
    amount: Money


def entries(case: CaseFile) -> Iterator[FileEntry]:
    """Yield the files one by one; all are there even when empty, so that their absence never needs explaining."""
    for name, (header, rows) in tables(case).items():
        yield FileEntry(path=f"data/account/{name}.csv", content=csv_bytes(header, rows))


def tables(case: CaseFile) -> dict[str, tuple[tuple[str, ...], Iterable[tuple[Cell, ...]]]]:
    """Return (names of the columns, rows) of each table, by its name."""
    return {
        "invoices": (_INVOICES, _invoices(case)),
        "payments": (_PAYMENTS, _payments(case)),
        "statement_of_account": (_STATEMENT, _statement(case)),
        "promises": (_PROMISES, _promises(case)),
        "disputes": (_DISPUTES, _disputes(case)),
        "holds": (_HOLDS, _holds(case)),
        "calls": (_CALLS, _calls(case)),
    }


def postings(case: CaseFile) -> tuple[Posting, ...]:
    """Return the lines of the statement, by currency and day, charges before payments of the same day.

    What the ledger shows as paid or credited beyond the payments known in detail is one line of its own, dated when
    the invoice was paid, else when the file was made: the balance at the end is what the ledger says is open.
    """
    found = [posting for invoice in case.invoices for posting in _of_invoice(invoice, case)]
    found.sort(key=lambda one: (one.amount.currency, one.on, one.rank, one.invoice_number, one.amount.minor, one.text))
    return tuple(found)


def _of_invoice(invoice: CaseInvoice, case: CaseFile) -> Iterator[Posting]:
    number, as_of = invoice.number, case.exported_at.date()
    text = f"invoice, due {invoice.due_on.isoformat()}"
    yield Posting(on=invoice.issued_on, rank=0, invoice_number=number, kind="invoice", text=text, amount=invoice.total)
    unexplained = invoice.open - invoice.total
    for payment in case.payments:
        if payment.invoice_number == number:
            paid = Money.zero(payment.amount.currency) - payment.amount
            if paid.currency == unexplained.currency:  # else only the ledger knows what it was counted as
                unexplained -= paid
            text = payment.reference
            yield Posting(on=payment.paid_on, rank=1, invoice_number=number, kind="payment", text=text, amount=paid)
    if unexplained.minor:
        text = "paid, credited or corrected according to the ledger, not known in detail"
        on = invoice.paid_on or as_of
        yield Posting(on=on, rank=2, invoice_number=number, kind="ledger", text=text, amount=unexplained)
    if invoice.closing in _NOT_OWED and invoice.open.minor:
        credit = Money.zero(invoice.open.currency) - invoice.open
        text = f"closed: {invoice.closing}"
        yield Posting(on=as_of, rank=3, invoice_number=number, kind="closing", text=text, amount=credit)


_STATEMENT = ("currency", "date", "invoice", "kind", "text", "charge", "credit", "balance")


def _statement(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    balance: dict[str, Money] = {}
    for one in postings(case):
        currency = one.amount.currency
        balance[currency] = balance.get(currency, Money.zero(currency)) + one.amount
        amount = one.amount.decimal
        charge, credit = (amount, None) if amount > 0 else (None, -amount)
        yield currency, one.on, one.invoice_number, one.kind, one.text, charge, credit, balance[currency].decimal


_INVOICES = (
    "invoice", "reference", "issued_on", "due_on", "currency", "total", "open", "status", "status_reason", "paid_on",
    "closing",
)  # fmt: skip


def _invoices(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    for one in sorted(case.invoices, key=lambda one: (one.due_on, one.number)):
        yield (
            one.number,
            one.reference,
            one.issued_on,
            one.due_on,
            one.total.currency,
            one.total.decimal,
            one.open.decimal,
            one.status,
            one.status_reason,
            one.paid_on,
            one.closing,
        )


_PAYMENTS = ("invoice", "paid_on", "currency", "amount", "reference", "source")


def _payments(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    rows = [(p.invoice_number, p.paid_on, p.amount, p.reference, p.source) for p in case.payments]
    for number, on, amount, reference, source in sorted(rows, key=lambda row: (row[1], row[0], row[2].minor, row[3:])):
        yield number, on, amount.currency, amount.decimal, reference, source


_PROMISES = ("invoices", "made_at", "promised_for", "pauses_until", "amount", "state", "confirmed", "message")


def _promises(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    for one in sorted(case.promises, key=lambda one: (one.made_at, one.invoice_numbers, one.due_on)):
        confirmed = "yes" if one.confirmed else "no"
        numbers = " ".join(one.invoice_numbers)
        made = (numbers, one.made_at, one.due_on, one.pauses_until_on)
        yield *made, one.amount_text, one.state, confirmed, one.message_number


_DISPUTES = ("invoices", "opened_at", "reason", "state", "closed_at", "outcome", "message")


def _disputes(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    for one in sorted(case.disputes, key=lambda one: (one.opened_at, one.invoice_numbers, one.reason)):
        numbers = " ".join(one.invoice_numbers)
        yield numbers, one.opened_at, one.reason, one.state, one.closed_at, one.outcome, one.message_number


_HOLDS = (
    "invoices", "placed_at", "kind", "reason", "until_on", "deadline_on", "released_at", "released_why", "message",
)  # fmt: skip


def _holds(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    for one in sorted(case.holds, key=lambda one: (one.placed_at, one.kind, one.invoice_numbers)):
        numbers = " ".join(one.invoice_numbers) or "all"
        placed = (numbers, one.placed_at, one.kind, one.reason, one.until_on, one.deadline_on)
        yield *placed, one.released_at, one.released_why, one.message_number


_CALLS = ("at", "kind", "actor", "invoices", "words")


def _calls(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    for one in sorted(case.contacts, key=lambda one: (one.at, one.kind, one.actor, one.words)):
        yield one.at, str(one.kind), one.actor, " ".join(one.invoice_numbers), one.words
