"""What an import found and what it did: gathered row by row, never more of it than a person can read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from mailer.imports.inspection import FileInspection
from mailer.imports.rows import Problem

#: How many errors, notices and differences are kept; the rest is only counted.
KEPT = 1_000

#: Told (records looked at, records of the file).
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field that the file changes. `what` is "invoice" or "customer", `key` its number; "" stands for nothing."""

    what: str
    key: str
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What came of a file.

    `new`, `changed`, `unchanged` count what the file lists: invoices, payments or customers. `written`: it was kept;
    False for a dry run (then the counts say what would be) and when errors forbid it (`refused`). `problems` are the
    first errors and notices in the order of lines, `differences` the first changed fields; `errors`, `notices` and
    `differing` count all of them.

    Invoices only: `open_not_in_file` counts open invoices of the database whose balance the file does not say;
    `confirmed`: the balances count as right from now on. Payments only: `paid_in_full` counts invoices now paid.
    """

    file: str
    sha256: str
    preset: str
    rows: int
    notes: tuple[str, ...]
    new: int
    changed: int
    unchanged: int
    customers_new: int
    customers_changed: int
    paid_in_full: int
    open_not_in_file: int
    problems: tuple[Problem, ...]
    errors: int
    notices: int
    differences: tuple[Difference, ...]
    differing: int
    dry_run: bool
    refused: bool
    written: bool
    confirmed: bool


class Tally:
    """Counts, problems and differences of one import while it runs. `counts` has the report's names."""

    __slots__ = ("counts", "differences", "differing", "errors", "errors_kept", "notices", "notices_kept")

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.errors = self.notices = self.differing = 0
        self.errors_kept: list[Problem] = []
        self.notices_kept: list[Problem] = []
        self.differences: list[Difference] = []

    def problem(self, problem: Problem) -> None:
        """Count a problem; the first ones are kept, errors and notices apart."""
        if problem.blocks:
            self.errors += 1
        else:
            self.notices += 1
        kept = self.errors_kept if problem.blocks else self.notices_kept
        if len(kept) < KEPT:
            kept.append(problem)

    def differ(self, difference: Difference) -> None:
        """Count a difference; the first ones are kept."""
        self.differing += 1
        if len(self.differences) < KEPT:
            self.differences.append(difference)

    def report(self, name: str, inspection: FileInspection, *, dry_run: bool, refused: bool) -> ImportReport:
        """Return what was gathered about one file."""
        return ImportReport(
            file=name,
            sha256=inspection.sha256,
            preset=inspection.preset,
            rows=inspection.rows,
            notes=inspection.notes,
            new=self.counts["new"],
            changed=self.counts["changed"],
            unchanged=self.counts["unchanged"],
            customers_new=self.counts["customers_new"],
            customers_changed=self.counts["customers_changed"],
            paid_in_full=self.counts["paid_in_full"],
            open_not_in_file=self.counts["open_not_in_file"],
            problems=tuple(sorted([*self.errors_kept, *self.notices_kept], key=lambda found: found.line)),
            errors=self.errors,
            notices=self.notices,
            differences=tuple(self.differences),
            differing=self.differing,
            dry_run=dry_run,
            refused=refused,
            written=not dry_run and not refused,
            confirmed=bool(self.counts["confirmed"]),
        )
