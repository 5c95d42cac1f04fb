"""What every import does: write the good rows in batches in one transaction, or take everything back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Generic, Protocol, TypeVar, cast
from zoneinfo import ZoneInfo

from mailer.clock import new_id
from mailer.domain.ids import CaseId, CustomerId, InvoiceId
from mailer.flows.customer_rows import People
from mailer.flows.ledger_changes import as_payload, text
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
    #: Whether nobody else can write meanwhile (SQLite): then nothing needs locking.
    alone: bool = False
    _cases: Mapping[CustomerId, CaseId] = field(default_factory=dict)
    _locked: set[CustomerId] = field(default_factory=set)
    _changed: set[CustomerId] = field(default_factory=set)
    _days: dict[str, date] = field(default_factory=dict)

    async def begin(self, tx: Tx, store: Store) -> None:
        """Make other imports and payments wait until this transaction ends; see which cases run."""
        self.alone = store.dialect == "sqlite"
        await state.put(tx, "ledger_writer", self.id)
        found = await customers.cases_of(tx, running_only=True)
        self._cases = {case.customer_id: case.id for case in found}

    async def lock(self, tx: Tx, ids: Collection[CustomerId]) -> bool:
        """Lock customers, so that a send sees the ledger before or after.

        Returns False when none had to be: what was read about them before still holds.
        """
        missing = set() if self.alone else set(ids) - self._locked
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
            # Everything, as text: the table can be told again from the record alone.
            payload: dict[str, object] = {f.name: text(getattr(new, f.name)) for f in fields(new) if f.name != "id"}
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
    """A file: `rows` reads it once, `vet` says what else is wrong with one row, if anything."""

    path: Path
    inspection: FileInspection
    rows: Iterator[Row | Problem]
    vet: Callable[[Row], Problem | None]


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
    """Write the good rows of a file in one transaction, or, when there are errors, nothing.

    `accept_good` writes the good rows all the same. Without it the first error takes everything back at once, and the
    rest of the file is only looked through for more of them. A dry run does the same as an import and takes it back,
    so that it shows exactly what would be. Raises ImportRefused when the file changes meanwhile; nothing is written.
    """
    feed = _Feed(source, run.tally, progress)
    with suppress(_TakenBack):
        async with store.transaction() as tx:
            await run.begin(tx, store)
            await work.begin(tx)
            async for batch in feed.batches():
                await work.write(tx, batch)
                _take_back(wanted=bool(run.tally.errors) and not accept_good and not dry_run)
            await work.finish(tx)
            _take_back(wanted=dry_run)
    async for _ in feed.batches():
        continue  # only the problems are of interest now
    refused = bool(run.tally.errors) and not accept_good
    return run.tally.report(source.path.name, source.inspection, dry_run=dry_run, refused=refused)


def _take_back(*, wanted: bool) -> None:
    if wanted:
        raise _TakenBack


class _Feed(Generic[Row]):
    """The good rows of a file in batches, each once; problems go to the tally. Other tasks go on between batches."""

    __slots__ = ("_progress", "_seen", "_source", "_tally")

    def __init__(self, source: Source[Row], tally: Tally, progress: Progress | None) -> None:
        self._source, self._tally, self._progress = source, tally, progress
        self._seen = 0

    async def batches(self) -> AsyncIterator[list[Row]]:
        """Yield what is left of the file. A batch may be empty: a long stretch of problems is a batch too."""
        while found := list(islice(self._source.rows, BATCH)):
            self._seen += len(found)
            if self._progress is not None:
                self._progress(min(self._seen, self._source.inspection.rows), self._source.inspection.rows)
            await asyncio.sleep(0)
            yield [row for row in map(self._good, found) if row is not None]

    def _good(self, found: Row | Problem) -> Row | None:
        problem = found if isinstance(found, Problem) else self._source.vet(found)
        if problem is not None:
            self._tally.problem(problem)
            return None
        return cast("Row", found)
