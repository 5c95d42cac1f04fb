"""Payments come in from a file or by hand: each lowers what is open on one invoice, and is on record once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from mailer.clock import new_id
from mailer.domain.ids import PaymentId, payment_key
from mailer.domain.invoice import Invoice
from mailer.domain.money import Money, MoneyError
from mailer.flows.ledger_changes import Changed, as_payload
from mailer.flows.ledger_import import Run, Source, run_import
from mailer.flows.ledger_report import Difference, ImportReport, Progress
from mailer.flows.recording import Happened
from mailer.imports.columns import Kind
from mailer.imports.dates import DateOrder
from mailer.imports.inspection import inspect_file
from mailer.imports.reading import read_payments
from mailer.imports.rows import PaymentRow, Problem, shown
from mailer.replies.numbers import normalise_number
from mailer.store import events, invoices
from mailer.store.invoices import Payment
from mailer.store.session import Store, Tx


class PaymentRefused(ValueError):
    """The payment cannot be recorded; the sentence says why and the way out. Nothing was written."""


async def import_payments(
    store: Store,
    path: Path,
    *,
    date_order: DateOrder | None,
    accept_good: bool,
    dry_run: bool,
    actor: str,
    now: datetime,
    progress: Progress | None = None,
) -> ImportReport:
    """Read a payment file: each payment lowers what is open on its invoice; one on record already changes nothing.

    A payment of an unknown invoice, in another currency, in the future, or of more than is open is an error; errors
    stop everything unless `accept_good`. Balances are not confirmed by it, and the next import of invoices decides
    anew what is open. Raises ImportRefused for a file that cannot be read as it is.
    """
    inspection = inspect_file(path, kind=Kind.PAYMENTS, date_order=date_order)
    run = Run(actor=actor, now=now)
    about: dict[str, object] = {"file": path.name, "sha256": inspection.sha256, "rows": inspection.rows}
    work = _Payments(run=run, about=about)
    source = Source(path=path, inspection=inspection, rows=read_payments(path, inspection=inspection), vet=work.vet)
    return await run_import(store, source, work, run, accept_good=accept_good, dry_run=dry_run, progress=progress)


async def add_payment(store: Store, row: PaymentRow, *, actor: str, now: datetime) -> Invoice:
    """Record one payment by hand (`row.line` 0); return its invoice as it is now.

    Raises PaymentRefused for what would be an error in a file, and for a payment that is on record already.
    """
    run = Run(actor=actor, now=now)
    work = _Payments(run=run, about={})
    if (problem := work.vet(row)) is not None:
        raise PaymentRefused(f"{problem.value}: {problem.reason}")
    async with store.transaction() as tx:
        await run.begin(tx, store)
        await work.write(tx, [row])
        for problem in run.tally.errors_kept:
            raise PaymentRefused(f"{problem.value}: {problem.reason}")
        if run.tally.counts["unchanged"]:
            raise PaymentRefused(
                f"this payment of {row.invoice_number} is on record already: "
                "if it is a second one, give another --reference"
            )
        return (await invoices.by_numbers(tx, [row.invoice_number]))[row.invoice_number]


@dataclass(slots=True, kw_only=True)
class _Payments:
    """The payments of one file, or one said by hand."""

    run: Run
    about: dict[str, object]

    def vet(self, row: PaymentRow) -> Problem | None:
        """Return what is wrong with a row that the file alone does not show (it is tomorrow somewhere already)."""
        if row.amount <= 0:
            return Problem(line=row.line, column="amount", value=str(row.amount), reason="A payment is more than 0.")
        if row.paid_on <= self.run.today("UTC") + timedelta(days=1):
            return None
        reason = "The day lies in the future; write the day the money arrived."
        return Problem(line=row.line, column="paid_on", value=row.paid_on.isoformat(), reason=reason)

    async def begin(self, tx: Tx) -> None:
        """Nothing is to be looked at."""

    async def write(self, tx: Tx, rows: Sequence[PaymentRow]) -> None:
        """Record some payments under the lock of those who paid."""
        numbers = [row.invoice_number for row in rows]
        kept = await invoices.by_numbers(tx, numbers)
        if await self.run.lock(tx, {invoice.customer_id for invoice in kept.values()}):
            kept = await invoices.by_numbers(tx, numbers)
        keys = [_key(invoice, row) for row in rows if (invoice := kept.get(row.invoice_number)) is not None]
        books = _Books(
            kept=dict(kept),
            seen=await invoices.payment_keys(tx, [key for key in keys if key is not None]),
            alike=await _alike(tx, [number for number in numbers if number not in kept]),
            now=self.run.now,
        )
        for row in rows:
            if (problem := books.take(row)) is not None:
                self.run.tally.problem(problem)
        await self._keep(tx, books, kept)

    async def _keep(self, tx: Tx, books: _Books, before: Mapping[str, Invoice]) -> None:
        changed = [
            Changed(before=before[number], after=after)
            for number, after in books.kept.items()
            if after != before[number]
        ]
        await invoices.save(tx, [], [(one.after, normalise_number(one.after.number)) for one in changed])
        await invoices.add_payments(tx, [payment for payment, _ in books.taken])
        await events.record(tx, list(self._events(books.taken, changed)))
        counts = self.run.tally.counts
        counts["new"] += len(books.taken)
        counts["unchanged"] += books.again
        counts["paid_in_full"] += sum(one.after.open.minor == 0 for one in changed)

    def _events(
        self, taken: Sequence[tuple[Payment, Invoice]], changed: Sequence[Changed[Invoice]]
    ) -> Iterator[Happened]:
        """Yield the events, and take the differences into the report."""
        for payment, invoice in taken:
            yield self.run.event(
                "payment.recorded",
                {
                    "number": invoice.number,
                    "amount": str(payment.amount),
                    "paid_on": payment.paid_on.isoformat(),
                    "reference": payment.reference,
                },
                customer_id=invoice.customer_id,
                invoice_id=invoice.id,
                payment=payment.id,
            )
        for one in changed:
            after = one.after
            for change in one.changes:
                self.run.tally.differ(
                    Difference(what="invoice", key=after.number, field=change.field, old=change.old, new=change.new)
                )
            payload: dict[str, object] = {"number": after.number, "changes": as_payload(one.changes)}
            yield self.run.event("invoice.changed", payload, customer_id=after.customer_id, invoice_id=after.id)

    async def finish(self, tx: Tx) -> None:
        """Record the import."""
        counts = self.run.tally.counts
        payload: dict[str, object] = {
            **self.about,
            **{name: counts[name] for name in ("new", "unchanged", "paid_in_full")},
            "left_out": self.run.tally.errors,
        }
        await events.record(tx, [self.run.event("payments.imported", payload)])


@dataclass(slots=True, kw_only=True)
class _Books:
    """Some invoices while payments are taken off them one by one.

    `kept`: by number. `seen`: keys of payments on record. `alike`: for numbers nobody has, one that looks like it.
    """

    kept: dict[str, Invoice]
    seen: set[str]
    alike: Mapping[str, str]
    now: datetime
    taken: list[tuple[Payment, Invoice]] = field(default_factory=list)
    again: int = 0

    def take(self, row: PaymentRow) -> Problem | None:
        """Take a payment off its invoice; return why not when it cannot be."""
        invoice = self.kept.get(row.invoice_number)
        if invoice is None:
            near = self.alike.get(row.invoice_number)
            hint = f"is it {shown(near)!r}?" if near else "import the invoice first, or correct the number."
            return _problem(row, "invoice", row.invoice_number, f"There is no such invoice; {hint}")
        currency = invoice.open.currency
        if row.currency not in (None, currency):
            return _problem(row, "currency", str(row.currency), f"The invoice is in {currency}; correct one of them.")
        try:
            amount = row.in_currency(currency)
        except MoneyError as problem:
            return _problem(row, "amount", str(row.amount), f"The amount cannot be kept: {problem}.")
        key = payment_key(invoice.id, row.reference, row.paid_on.isoformat(), amount.minor)
        if key in self.seen:
            self.again += 1
            return None
        if amount.minor > invoice.open.minor:
            return _problem(row, "amount", str(row.amount), _too_much(invoice, amount))
        self._take(row, invoice, amount, key)
        return None

    def _take(self, row: PaymentRow, invoice: Invoice, amount: Money, key: str) -> None:
        self.seen.add(key)
        left = invoice.open - amount
        after = replace(invoice, open=left, paid_on=row.paid_on if left.minor == 0 else None)
        payment = Payment(
            id=PaymentId(new_id("pay")),
            key=key,
            invoice_id=invoice.id,
            amount=amount,
            paid_on=row.paid_on,
            reference=row.reference,
            recorded_at=self.now,
        )
        self.kept[row.invoice_number] = after
        self.taken.append((payment, after))


def _key(invoice: Invoice, row: PaymentRow) -> str | None:
    try:
        minor = row.in_currency(invoice.open.currency).minor
    except MoneyError:
        return None
    return payment_key(invoice.id, row.reference, row.paid_on.isoformat(), minor)


def _too_much(invoice: Invoice, amount: Money) -> str:
    if invoice.open.minor == 0:
        return (
            f"Nothing is open on this invoice, so all of {amount} is too much; import the invoices anew, or correct it."
        )
    excess = amount - invoice.open
    return f"Only {invoice.open} is open on this invoice: {excess} is too much; split the payment, or correct it."


def _problem(row: PaymentRow, column: str, value: str, reason: str) -> Problem:
    return Problem(line=row.line, column=column, value=shown(value), reason=reason)


async def _alike(tx: Tx, unknown: Sequence[str]) -> dict[str, str]:
    """Return, for numbers that nobody has, one that differs only in case, dashes and leading zeros."""
    keys = {number: normalise_number(number) for number in unknown}
    near = {normalise_number(one.number): one.number for one in await invoices.by_number_keys(tx, keys.values())}
    return {number: near[key] for number, key in keys.items() if key in near}
