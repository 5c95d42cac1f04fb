"""Customers come in from a file, by hand, or under a new number."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from mailer.domain.customer import Customer
from mailer.flows.customer_rows import People, Told, check_defaults, merge
from mailer.flows.ledger_changes import Changed
from mailer.flows.ledger_import import Run, Source, run_import
from mailer.flows.ledger_report import ImportReport, Progress
from mailer.imports.columns import Kind
from mailer.imports.inspection import inspect_file
from mailer.imports.reading import read_customers
from mailer.imports.rows import CustomerRow, Problem, shown
from mailer.imports.vocabulary import checked_email, countries, languages, time_zones
from mailer.settings import CustomerDefaults
from mailer.store import customers, events
from mailer.store.session import Store, Tx

#: Longest customer number kept, in characters.
LONGEST_REF = 200


class CustomerRefused(ValueError):
    """What was said of a customer cannot be kept; the sentence says what and the way out. Nothing was written."""


async def import_customers(
    store: Store,
    path: Path,
    *,
    accept_good: bool,
    dry_run: bool,
    defaults: CustomerDefaults,
    actor: str,
    now: datetime,
    known_policies: Collection[str],
    progress: Progress | None = None,
) -> ImportReport:
    """Read a customer file: new ones are added, known ones follow it; what it does not say stays as it is.

    As `import_invoices`: errors stop everything unless `accept_good`, one transaction, the same file twice changes
    nothing. Balances are not confirmed by it.
    """
    check_defaults(defaults)
    inspection = inspect_file(path, kind=Kind.CUSTOMERS)
    run = Run(actor=actor, now=now)
    about: dict[str, object] = {"file": path.name, "sha256": inspection.sha256, "rows": inspection.rows}
    work = _Customers(run=run, defaults=defaults, known_policies=known_policies, about=about)
    source = Source(path=path, inspection=inspection, rows=read_customers(path, inspection=inspection), vet=work.vet)
    return await run_import(store, source, work, run, accept_good=accept_good, dry_run=dry_run, progress=progress)


@dataclass(slots=True, kw_only=True)
class _Customers:
    """The customers of one file, or one said by hand."""

    run: Run
    defaults: CustomerDefaults
    known_policies: Collection[str]
    about: dict[str, object]
    _told: Told = field(default_factory=dict)

    def vet(self, row: CustomerRow) -> Problem | None:
        """Return what is wrong with a row that the file alone does not show."""
        if not row.policy or row.policy in self.known_policies:
            return None
        reason = f"There is no such policy; write one of {', '.join(sorted(self.known_policies))}."
        return Problem(line=row.line, column="policy", value=shown(row.policy), reason=reason)

    async def begin(self, tx: Tx) -> None:
        """Nothing is to be looked at."""

    async def write(self, tx: Tx, rows: Sequence[CustomerRow]) -> None:
        """Keep some rows; customers that change are locked and compared again as they are under the lock."""
        people = await self._people(tx, rows)
        while await self.run.lock(tx, [changed.before.id for changed in people.changed]):
            people = await self._people(tx, rows)
        await self.run.write_people(tx, people)
        self._told |= people.told
        counts = self.run.tally.counts
        counts["new"] += len(people.new)
        counts["changed"] += len(people.changed)
        counts["unchanged"] += len(people.by_ref) - len(people.new) - len(people.changed)

    async def finish(self, tx: Tx) -> None:
        """Record the import."""
        counts = self.run.tally.counts
        payload: dict[str, object] = {
            **self.about,
            **{name: counts[name] for name in ("new", "changed", "unchanged")},
            "left_out": self.run.tally.errors,
        }
        await events.record(tx, [self.run.event("customers.imported", payload)])

    async def _people(self, tx: Tx, rows: Sequence[CustomerRow]) -> People:
        return merge(rows, await customers.by_refs(tx, [row.ref for row in rows]), self._told, self.defaults)


async def put_customer(
    store: Store,
    row: CustomerRow,
    *,
    update: bool,
    defaults: CustomerDefaults,
    actor: str,
    now: datetime,
    known_policies: Collection[str],
) -> Customer:
    """Add a customer by hand, or with `update` change what the row says of a known one; return it.

    Raises CustomerRefused for a known customer without `update`, an unknown one with it, or a value that is none.
    """
    check_defaults(defaults)
    row = _checked(row)
    run = Run(actor=actor, now=now)
    work = _Customers(run=run, defaults=defaults, known_policies=known_policies, about={})
    if (problem := work.vet(row)) is not None:
        raise CustomerRefused(f"{problem.value!r}: {problem.reason}")
    async with store.transaction() as tx:
        await run.begin(tx, store)
        known = (await customers.by_refs(tx, [row.ref])).get(row.ref)
        if known is not None and not update:
            raise CustomerRefused(f"customer {row.ref!r} is there already ({known.name}): give --update to change it")
        if known is None and update:
            raise CustomerRefused(f"there is no customer {row.ref!r}: leave --update out to add it")
        await work.write(tx, [row])
        return (await customers.by_refs(tx, [row.ref]))[row.ref]


async def renumber_customer(store: Store, old: str, new: str, *, actor: str, now: datetime) -> Customer:
    """Give a customer another number of the seller's; everything else, its history too, stays. Return it.

    Raises CustomerRefused when nobody has the old number, or somebody the new one.
    """
    if not new or len(new) > LONGEST_REF or not new.isprintable():
        raise CustomerRefused(f"{shown(new)!r} cannot be a customer number: 1 to {LONGEST_REF} visible characters")
    run = Run(actor=actor, now=now)
    async with store.transaction() as tx:
        await run.begin(tx, store)
        before = (await customers.by_refs(tx, [old])).get(old)
        if before is None:
            raise CustomerRefused(f"nobody has the customer number {old!r}: `duly customers list` shows who there is")
        if taken := (await customers.by_refs(tx, [new])).get(new):
            raise CustomerRefused(f"{new!r} is the number of {taken.name} already: two customers cannot be made one")
        await run.lock(tx, [before.id])
        before = (await customers.by_refs(tx, [old]))[old]
        after = replace(before, ref=new)
        changed = (Changed(before=before, after=after),)
        await run.write_people(tx, People(by_ref={new: after}, changed=changed))
        return after


def _checked(row: CustomerRow) -> CustomerRow:
    """Return a row said by hand with its addresses normalised; raises CustomerRefused for a value that is none."""
    if not row.ref or len(row.ref) > LONGEST_REF or not row.ref.isprintable():
        raise CustomerRefused(f"{shown(row.ref)!r} cannot be a customer number: 1 to {LONGEST_REF} visible characters")
    for said, allowed, like in (
        (row.language, languages(), "a language code such as en"),
        (row.country, countries(), "a country code such as GB"),
        (row.time_zone, time_zones(), "a time zone such as Europe/London"),
    ):
        if said is not None and said not in allowed:
            raise CustomerRefused(f"{shown(said)!r} is not {like}")
    return replace(row, email=_address(row.email), other_emails=tuple(map(_address, row.other_emails)))


def _address(said: str) -> str:
    address, fault = checked_email(said) if said else ("", "")
    if fault:
        raise CustomerRefused(f"{shown(said)!r} is not a mail address ({fault})")
    return address
