"""What every import does: check the whole file, then write it in one transaction, in batches, or take it all back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from mailer.clock import new_id
from mailer.domain.ids import CaseId, CustomerId, InvoiceId
from mailer.flows.customer_rows import People
from mailer.flows.ledger_changes import as_payload
from mailer.flows.ledger_report import Difference, ImportReport, Progress, Tally
from mailer.flows.recording import Happened, happened
from mailer.imports.inspection import FileInspection
from mailer.imports.rows import Problem
from mailer.store import customers, events, state
from mailer.store.session import Store, Tx

#: So many rows are looked up and written together.
BATCH = 1_000

Row = TypeVar("Row")
Row_contra = TypeVar("Row_contra", contravariant=True)


@dataclass(slots=True, kw_only=True)
class Run:
    """One import while it runs: who does it, when, what it has counted, and which customers it has locked."""

    actor: str
    now: datetime
    tally: Tally = field(default_factory=Tally)
    id: str = field(default_factory=lambda: new_id("imp"))
    _cases: Mapping[CustomerId, CaseId] = field(default_factory=dict)
    _locked: set[CustomerId] = field(default_factory=set)
    _changed: set[CustomerId] = field(default_factory=set)
    _days: dict[str, date] = field(default_factory=dict)

    async def begin(self, tx: Tx) -> None:
        """Make other imports and payments wait until this transaction ends; see which cases run."""
        await state.put(tx, "ledger_writer", self.id)
        found = await customers.cases_of(tx, running_only=True)
        self._cases = {case.customer_id: case.id for case in found}

    async def lock(self, tx: Tx, ids: Collection[CustomerId]) -> bool:
        """Lock customers, so that a send sees the ledger before or after; False when all of them were locked."""
        missing = set(ids) - self._locked
        for one in sorted(missing):
            await customers.lock(tx, one)
        self._locked |= missing
        return bool(missing)

    def today(self, time_zone: str) -> date:
        """Return the local day in a zone."""
        if time_zone not in self._days:
            self._days[time_zone] = self.now.astimezone(ZoneInfo(time_zone)).date()
        return self._days[time_zone]

    def event(
        self,
        type_: str,
        payload: dict[str, object],
        *,
        customer_id: CustomerId | None = None,
        invoice_id: InvoiceId | None = None,
        **refs: str,
    ) -> Happened:
        """Return an event of this import; `refs` are further opaque ids by word."""
        about = {"invoice": invoice_id} if invoice_id is not None else {}
        return happened(
            type_,
            now=self.now,
            actor=self.actor,
            customer_id=customer_id,
            case_id=self._cases.get(customer_id) if customer_id is not None else None,
            refs={**about, **refs, "import": self.id},
            payload=payload,
        )

    async def write_people(self, tx: Tx, people: People) -> None:
        """Keep new and changed customers with their events, and count them once however many batches name them."""
        await customers.save(tx, people.new, [changed.after for changed in people.changed])
        done: list[Happened] = []
        for new in people.new:
            self.tally.counts["customers_new"] += 1
            self.tally.differ(Difference(what="customer", key=new.ref, field="new", old="", new=new.name))
            payload: dict[str, object] = {"ref": new.ref, "name": new.name, "email": new.email}
            done.append(self.event("customer.added", payload, customer_id=new.id))
        for changed in people.changed:
            ref, one = changed.before.ref, changed.before.id
            for change in changed.changes:
                self.tally.differ(
                    Difference(what="customer", key=ref, field=change.field, old=change.old, new=change.new)
                )
            payload = {"ref": ref, "changes": as_payload(changed.changes)}
            done.append(self.event("customer.changed", payload, customer_id=one))
        counted = {new.id for new in people.new} | {changed.before.id for changed in people.changed}
        self.tally.counts["customers_changed"] += len(counted - self._changed) - len(people.new)
        self._changed |= counted
        await events.record(tx, done)


class Work(Protocol[Row_contra]):
    """What one kind of file asks for, inside the transaction: before its rows, for each batch of them, and after."""

    async def begin(self, tx: Tx) -> None:
        """Look at what there is before anything is changed."""

    async def write(self, tx: Tx, rows: Sequence[Row_contra]) -> None:
        """Write good rows; what is wrong with them in the light of the database goes to the tally."""

    async def finish(self, tx: Tx) -> None:
        """Write what holds for the whole file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Generic[Row]):
    """A file: `read` reads it anew from its beginning, `vet` says what else is wrong with one row, if anything."""

    path: Path
    inspection: FileInspection
    read: Callable[[], Iterator[Row | Problem]]
    vet: Callable[[Row], Problem | None]

    def good(self) -> Iterator[Row]:
        """Yield the rows with which nothing is wrong."""
        for found in self.read():
            if not isinstance(found, Problem) and self.vet(found) is None:
                yield found


class _TakenBack(Exception):
    """Nothing of this transaction is to be kept."""


async def run_import(
    store: Store,
    source: Source[Row],
    work: Work[Row],
    run: Run,
    *,
    accept_good: bool,
    dry_run: bool,
    progress: Progress | None,
) -> ImportReport:
    """Check the whole file; then, unless errors forbid it, write it in one transaction.

    Errors forbid it without `accept_good`. A dry run does the same and takes it back, so that it shows exactly what
    would be. Raises ImportRefused when the file cannot be read or changes meanwhile; then nothing is written.
    """
    meter = _Meter(progress, 2 * source.inspection.rows)
    for found in source.read():
        problem = found if isinstance(found, Problem) else source.vet(found)
        if problem is not None:
            run.tally.problem(problem)
        await meter.tick()
    refused = bool(run.tally.errors) and not accept_good
    if dry_run or not refused:
        with suppress(_TakenBack):
            async with store.transaction() as tx:
                await _write(tx, source, work, run, meter)
                refused = bool(run.tally.errors) and not accept_good
                _take_back(wanted=dry_run or refused)
    meter.done()
    return run.tally.report(source.path.name, source.inspection, dry_run=dry_run, refused=refused)


def _take_back(*, wanted: bool) -> None:
    if wanted:
        raise _TakenBack


async def _write(tx: Tx, source: Source[Row], work: Work[Row], run: Run, meter: _Meter) -> None:
    await run.begin(tx)
    await work.begin(tx)
    batch: list[Row] = []
    for row in source.good():
        batch.append(row)
        await meter.tick()
        if len(batch) == BATCH:
            await work.write(tx, batch)
            batch.clear()
    await work.write(tx, batch)
    await work.finish(tx)


class _Meter:
    """Counts what was looked at and says so now and then, letting other tasks go on meanwhile."""

    __slots__ = ("_all", "_progress", "_seen")

    def __init__(self, progress: Progress | None, all_: int) -> None:
        self._progress, self._all, self._seen = progress, all_, 0

    async def tick(self) -> None:
        """Count one."""
        self._seen += 1
        if self._seen % 500 == 0:
            if self._progress is not None:
                self._progress(min(self._seen, self._all), self._all)
            await asyncio.sleep(0)

    def done(self) -> None:
        """Say that all is done."""
        if self._progress is not None:
            self._progress(self._all, self._all)
