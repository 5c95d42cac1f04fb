"""The first pass over a file: what it is and how it writes dates and amounts, before any row is believed."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailer.imports.amounts import AmountEvidence, DecimalMark
from mailer.imports.columns import Content, Format, Kind, Layout, layout_of
from mailer.imports.dates import DateEvidence, DateFinding, DateOrder
from mailer.imports.encoding import ByteScan, Source, as_text, opened, scan_bytes
from mailer.imports.formats import KNOWN_NAMES, choose_format
from mailer.imports.records import Table
from mailer.imports.repeats import RepeatFinder, Repeats
from mailer.imports.rows import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInspection:
    """What a file is.

    `columns` is the header as it stands, `ignored` those of them that the format does not know. `date_order` is None
    when no date needs one, or when it cannot be told: then `date_doubt` says why and no row can be read. `rows` counts
    records that are not blank. `notes` are sentences for a person: what was decided, and why.
    """

    preset: str
    kind: Kind
    delimiter: str
    encoding: str
    columns: tuple[str, ...]
    ignored: tuple[str, ...]
    date_order: DateOrder | None
    date_doubt: str
    decimal_mark: DecimalMark | None
    sha256: str
    rows: int
    notes: tuple[str, ...]
    repeats: Repeats = field(repr=False)

    @property
    def is_ambiguous(self) -> bool:
        """Whether day and month cannot be told apart until a person gives the order."""
        return self.date_doubt != ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Findings:
    rows: int
    dates: DateFinding
    decimal_mark: DecimalMark | None
    amounts_note: str
    repeats: Repeats


def inspect_file(
    source: Source, *, kind: Kind, preset: str | None = None, date_order: DateOrder | None = None
) -> FileInspection:
    """Read a file once, keeping only what decides: format, delimiter, encoding, dates, amounts, repeated rows.

    `date_order` is a person's word and is not questioned. Raises ImportRefused (see `refusals`) when the file cannot
    be read at all; ambiguous dates are reported in the result.
    """
    with opened(source) as stream:
        scan = scan_bytes(stream)
        with as_text(stream, scan.encoding) as text:
            table = Table(text, known=KNOWN_NAMES)
            form = choose_format(table.header, kind=kind, preset=preset)
            layout = layout_of(form, table.header)
            found = _look_through(table, form, layout, date_order)
            return FileInspection(
                preset=form.name,
                kind=kind,
                delimiter=table.delimiter,
                encoding=scan.encoding,
                columns=table.header,
                ignored=layout.ignored,
                date_order=found.dates.order,
                date_doubt=found.dates.doubt,
                decimal_mark=found.decimal_mark,
                sha256=scan.sha256,
                rows=found.rows,
                notes=_notes(scan, found, () if form.open_ended else layout.ignored),
                repeats=found.repeats,
            )


def _look_through(table: Table, form: Format[object], layout: Layout, date_order: DateOrder | None) -> _Findings:
    dates, amounts, repeats, rows = DateEvidence(), AmountEvidence(), RepeatFinder(form), 0
    date_places, amount_places = form.places_of(Content.DATE), form.places_of(Content.AMOUNT)
    for record in table.records():
        rows += 1
        if record.cells is None or layout.misfit(record.cells):
            continue
        values = layout.values(record.cells)
        for place in date_places:
            dates.add(record.line, values[place])
        for place in amount_places:
            amounts.add(record.line, values[place])
        repeats.add(record.line, values)
    given, mark = date_order is not None, amounts.finding()
    return _Findings(
        rows=rows,
        dates=DateFinding(order=date_order) if given else dates.finding(),
        decimal_mark=mark.mark,
        amounts_note=mark.note,
        repeats=repeats.repeats(),
    )


def _notes(scan: ByteScan, found: _Findings, ignored: tuple[str, ...]) -> tuple[str, ...]:
    notes = [found.dates.because, found.amounts_note]
    if scan.encoding == "cp1252":
        notes.append("The text is not UTF-8 and is read as Windows-1252; check names with accents.")
    if ignored:
        notes.append(f"Columns that are not read: {', '.join(shown(name) for name in ignored)}.")
    if found.rows == 0:
        notes.append("The file has a header but no rows.")
    return tuple(note for note in notes if note)
