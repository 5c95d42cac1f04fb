"""An invoice file becomes the ledger: new invoices and customers are added, known ones follow what the file says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mailer.clock import new_id
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, InvoiceId
from mailer.domain.invoice import Invoice, InvoiceClosing
from mailer.flows.customer_rows import People, Told, check_defaults, merge
from mailer.flows.invoice_owners import not_theirs
from mailer.flows.ledger_changes import Change, Changed, as_payload, text
from mailer.flows.ledger_import import Run, Source, run_import
from mailer.flows.ledger_report import Difference, ImportReport, Progress
from mailer.flows.recording import Happened
from mailer.imports.columns import Format, Kind
from mailer.imports.dates import DateOrder
from mailer.imports.formats import INVOICE_FORMATS
from mailer.imports.inspection import inspect_file
from mailer.imports.reading import read_invoices
from mailer.imports.rows import InvoiceRow, Problem, shown
from mailer.replies.numbers import normalise_number
from mailer.settings import CustomerDefaults
from mailer.store import customers, events, invoices, state
from mailer.store.session import Store, Tx

#: Longest invoice number kept, in characters, as it is written and as it is compared.
LONGEST_NUMBER = 100
#: What a person decided here: a ledger that says nothing of it does not undo it.
_STAYS_CLOSED = (InvoiceClosing.HANDED_OVER, InvoiceClosing.WRITTEN_OFF)


async def import_invoices(
    store: Store,
    path: Path,
    *,
    preset: str | None,
    date_order: DateOrder | None,
    accept_good: bool,
    dry_run: bool,
    defaults: CustomerDefaults,
    actor: str,
    now: datetime,
    known_policies: Collection[str],
    confirm_rest: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Read an invoice file and let the ledger follow it, in one transaction; the same file twice changes nothing.

    Rows with errors are reported and stop everything unless `accept_good`. What a row does not say stays as it is.
    Balances count as confirmed from `now` on when the file says the balance of every open invoice, or when
    `confirm_rest` vouches for those it does not list. `progress` is told how far it is. Raises ImportRefused for a
    file that cannot be read as it is, SettingsError for defaults that cannot be.
    """
    check_defaults(defaults)
    inspection = inspect_file(path, kind=Kind.INVOICES, preset=preset, date_order=date_order)
    run = Run(actor=actor, now=now)
    work = _Invoices(
        run=run,
        form=INVOICE_FORMATS[inspection.preset],
        defaults=defaults,
        known_policies=known_policies,
        confirm_rest=confirm_rest,
        about={"file": path.name, "sha256": inspection.sha256, "preset": inspection.preset, "rows": inspection.rows},
    )
    source = Source(path=path, inspection=inspection, rows=read_invoices(path, inspection=inspection), vet=work.vet)
    return await run_import(store, source, work, run, accept_good=accept_good, dry_run=dry_run, progress=progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delta:
    """What some rows change. `touched`: customers to lock first; `listed_open`: how many of the rows were open."""

    people: People
    new: tuple[Invoice, ...]
    changed: tuple[Changed[Invoice], ...]
    unchanged: int
    listed_open: int
    problems: tuple[Problem, ...]
    touched: frozenset[CustomerId]
    #: The customers' own numbers by id, as far as invoices change hands.
    refs: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class _Invoices:
    """The invoices of one file on their way into the ledger."""

    run: Run
    form: Format[InvoiceRow]
    defaults: CustomerDefaults
    known_policies: Collection[str]
    confirm_rest: bool
    about: dict[str, object]
    _told: Told = field(default_factory=dict)
    _numbers: set[str] = field(default_factory=set)
    _open: int = 0
    _listed_open: int = 0

    def vet(self, row: InvoiceRow) -> Problem | None:
        """Return what is wrong with a row that the file alone does not show."""
        if row.policy and row.policy not in self.known_policies:
            reason = f"There is no such policy; write one of {', '.join(sorted(self.known_policies))}."
            return Problem(line=row.line, column="policy", value=shown(row.policy), reason=reason)
        if len(row.number) > LONGEST_NUMBER or not (row.number.isascii() or _fits(row.number)):
            reason = f"The number is too long; shorten it to {LONGEST_NUMBER} characters."
            return Problem(line=row.line, column=self.form.key[0], value=shown(row.number), reason=reason)
        return None

    async def begin(self, tx: Tx) -> None:
        """Count what is open."""
        _, self._open = await invoices.counts(tx)

    async def write(self, tx: Tx, rows: Sequence[InvoiceRow]) -> None:
        """Let the ledger follow some rows. What changes is locked, then compared again as it is under the lock."""
        fresh = [row for row in rows if self._is_first(row)]
        delta = await self._delta(tx, fresh)
        while await self.run.lock(tx, delta.touched):
            delta = await self._delta(tx, fresh)
        for problem in delta.problems:
            self.run.tally.problem(problem)
        await self.run.write_people(tx, delta.people)
        new = [(invoice, normalise_number(invoice.number)) for invoice in delta.new]
        changed = [(one.after, normalise_number(one.after.number)) for one in delta.changed]
        await invoices.save(tx, new, changed)
        await events.record(tx, list(self._events(delta)))
        self._told |= delta.people.told
        self._listed_open += delta.listed_open
        counts = self.run.tally.counts
        counts["new"] += len(delta.new)
        counts["changed"] += len(delta.changed)
        counts["unchanged"] += delta.unchanged

    async def finish(self, tx: Tx) -> None:
        """Confirm the balances when none is left unsaid, and record the import."""
        counts = self.run.tally.counts
        counts["open_not_in_file"] = self._open - self._listed_open
        if self.confirm_rest or not counts["open_not_in_file"]:
            counts["confirmed"] = 1
            await state.confirm_ledger(tx, self.run.now)
        payload: dict[str, object] = {
            **self.about,
            **{name: counts[name] for name in ("new", "changed", "unchanged", "customers_new", "customers_changed")},
            "left_out": self.run.tally.errors,
            "open_not_in_file": counts["open_not_in_file"],
            "rest_confirmed_by_hand": self.confirm_rest,
            "balances_confirmed": bool(counts["confirmed"]),
        }
        await events.record(tx, [self.run.event("ledger.imported", payload)])

    def _is_first(self, row: InvoiceRow) -> bool:
        """Whether the number is new in this file; two spellings in Unicode of one number are one number."""
        if row.number in self._numbers:
            reason = "The number stands twice in the file, in two spellings that look alike; keep the right row."
            self.run.tally.problem(
                Problem(line=row.line, column=self.form.key[0], value=shown(row.number), reason=reason)
            )
            return False
        self._numbers.add(row.number)
        return True

    async def _delta(self, tx: Tx, rows: Sequence[InvoiceRow]) -> _Delta:
        """Compare some rows with the ledger as it is now."""
        kept = await invoices.by_numbers(tx, [row.number for row in rows])
        known = await customers.by_refs(tx, [row.customer_ref for row in rows])
        column = self.form.customer[0]
        problems = await not_theirs(tx, rows, kept, known, column=column, now=self.run.now)
        wrong = {problem.line for problem in problems}
        good = [row for row in rows if row.line not in wrong]
        people = merge(good, known, self._told, self.defaults)
        new: list[Invoice] = []
        changed: list[tuple[InvoiceRow, Changed[Invoice]]] = []
        for row in good:
            before = kept.get(row.number)
            after = self._after(row, before, people.by_ref[row.customer_ref])
            if before is None:
                new.append(after)
            elif before != after:
                changed.append((row, Changed(before=before, after=after)))
        handed_on = {one.before.customer_id for _, one in changed if one.before.customer_id != one.after.customer_id}
        before_them = await customers.by_ids(tx, handed_on)
        return _Delta(
            people=people,
            new=tuple(new),
            changed=tuple(one for _, one in changed),
            unchanged=len(good) - len(new) - len(changed),
            listed_open=sum(kept[row.number].is_open for row in good if row.number in kept),
            problems=problems,
            touched=frozenset(
                {one.before.id for one in people.changed}
                | {one.before.customer_id for _, one in changed}
                | {known[row.customer_ref].id for row, _ in changed if row.customer_ref in known}
            ),
            refs={who.id: who.ref for who in (*before_them.values(), *people.by_ref.values())} if handed_on else {},
        )

    def _after(self, row: InvoiceRow, before: Invoice | None, owner: Customer) -> Invoice:
        """Return the invoice as the row says it is."""
        closing = row.closing
        if closing is None and before is not None and before.closing in _STAYS_CLOSED:
            closing = before.closing
        paid_on = None
        if row.open.minor <= 0:
            paid_on = (before.paid_on if before is not None else None) or self.run.today(owner.time_zone)
        return Invoice(
            id=before.id if before is not None else InvoiceId(new_id("inv")),
            customer_id=owner.id,
            number=row.number,
            issued_on=row.issued_on,
            due_on=row.due_on,
            total=row.total,
            open=row.open,
            paid_on=paid_on,
            closing=closing,
            reference=row.reference or (before.reference if before is not None else ""),
        )

    def _events(self, delta: _Delta) -> Iterator[Happened]:
        """Yield the events of the invoices, and take their differences into the report."""
        differ = self.run.tally.differ
        for new in delta.new:
            what = f"{new.open} open, due {new.due_on}"
            differ(Difference(what="invoice", key=new.number, field="new", old="", new=what))
            yield self.run.event("invoice.imported", _payload(new), customer_id=new.customer_id, invoice_id=new.id)
        for changed in delta.changed:
            after, changes = changed.after, [_named(change, delta.refs) for change in changed.changes]
            for one in changes:
                differ(Difference(what="invoice", key=after.number, field=one.field, old=one.old, new=one.new))
            payload: dict[str, object] = {"number": after.number, "changes": as_payload(changes)}
            yield self.run.event("invoice.changed", payload, customer_id=after.customer_id, invoice_id=after.id)


def _named(change: Change, refs: Mapping[str, str]) -> Change:
    """Return a change of hands in the customers' own numbers."""
    if change.field != "customer_id":
        return change
    return Change(field="customer", old=refs[change.old], new=refs[change.new])


def _fits(number: str) -> bool:
    """Whether a number is short enough as it is compared, too: some characters stand for several (NFKC)."""
    return len(normalise_number(number)) <= LONGEST_NUMBER


def _payload(invoice: Invoice) -> dict[str, object]:
    names = ("number", "reference", "issued_on", "due_on", "total", "open", "paid_on", "closing")
    return {name: text(getattr(invoice, name)) for name in names}
