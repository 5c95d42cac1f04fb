"""data/report/chronology.html and .txt: the case to read and to print, every text of strangers made visible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from mailer.domain.money import Money
from mailer.dossier.chronology import Line, lines
from mailer.dossier.entry import RenderedEntry
from mailer.dossier.model import CaseFile, CaseInvoice, Direction
from mailer.dossier.table import utc_text
from mailer.dossier.visible import visible, visible_line

TEMPLATE = "dossier/chronology"
#: (part of the template, path in the case file); `subject.txt` is the title of both.
PARTS = (("body.txt", "data/report/chronology.txt"), ("body.html", "data/report/chronology.html"))
#: Facts that a reader of the printed report does not need: they are in chronology.csv.
_NOT_PRINTED = frozenset({"message_id", "sha256"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedInvoice:
    """One invoice in the report's overview; dates as YYYY-MM-DD, amounts as "EUR 12.50"."""

    number: str
    reference: str
    issued: str
    due: str
    total: str
    open: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedFact:
    """One fact of a line; `word` is one of `chronology.FACTS`, for which the template has a label."""

    word: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedLine:
    """One thing that happened; `kind` is one of `chronology.KINDS`. `text` keeps its line feeds."""

    no: int
    when: str
    kind: str
    invoices: str
    facts: tuple[PrintedFact, ...]
    text: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronologyValues:
    """Everything the report may say; every text is visible and, but for `PrintedLine.text`, one line.

    `happenings` are the lines without those of the record; `record` has those. `open_totals` holds one sum per
    currency over the invoices that are chased.
    """

    case_id: str
    scope: str
    redaction: str
    seller_name: str
    customer_name: str
    customer_ref: str
    customer_contact: str
    customer_emails: str
    time_zone: str
    opened: str
    closed: str
    outcome: str
    exported: str
    tool: str
    messages_out: int
    messages_in: int
    invoices: tuple[PrintedInvoice, ...]
    open_totals: tuple[str, ...]
    happenings: tuple[PrintedLine, ...]
    record: tuple[PrintedLine, ...]


def entries(case: CaseFile) -> Iterator[RenderedEntry]:
    """Yield the plain text and the HTML, both from the same values."""
    values = chronology_values(case)
    for part, path in PARTS:
        yield RenderedEntry(path=path, template=TEMPLATE, part=part, language=case.language, values=values)


def chronology_values(case: CaseFile) -> ChronologyValues:
    """Return what the report says about a case."""
    numbered = list(enumerate(lines(case), start=1))
    directions = [message.direction for message in case.messages]
    return ChronologyValues(
        case_id=visible_line(case.case_id),
        scope=visible_line(case.scope),
        redaction=f"{case.redaction.name}: {case.redaction.about}" if case.redaction else "",
        seller_name=visible_line(case.seller_name),
        customer_name=visible_line(case.customer.name),
        customer_ref=visible_line(case.customer.ref),
        customer_contact=visible_line(case.customer.contact_name),
        customer_emails=visible_line(", ".join(case.customer.emails)),
        time_zone=visible_line(case.customer.time_zone),
        opened=utc_text(case.opened_at),
        closed="" if case.closed_at is None else utc_text(case.closed_at),
        outcome=visible_line(case.outcome),
        exported=utc_text(case.exported_at),
        tool=visible_line(case.tool),
        messages_out=directions.count(Direction.OUT),
        messages_in=directions.count(Direction.IN),
        invoices=tuple(_invoice(one) for one in sorted(case.invoices, key=lambda one: (one.due_on, one.number))),
        open_totals=_totals(one.open for one in case.invoices if not one.closing),
        happenings=tuple(_printed(number, line) for number, line in numbered if line.kind != "record"),
        record=tuple(_printed(number, line) for number, line in numbered if line.kind == "record"),
    )


def _invoice(invoice: CaseInvoice) -> PrintedInvoice:
    status = f"{invoice.status} ({invoice.status_reason})" if invoice.status_reason else invoice.status
    return PrintedInvoice(
        number=visible_line(invoice.number),
        reference=visible_line(invoice.reference),
        issued=invoice.issued_on.isoformat(),
        due=invoice.due_on.isoformat(),
        total=str(invoice.total),
        open=str(invoice.open),
        status=visible_line(status),
    )


def _printed(number: int, line: Line) -> PrintedLine:
    return PrintedLine(
        no=number,
        when=line.when,
        kind=line.kind,
        invoices=visible_line(", ".join(line.invoice_numbers)),
        facts=tuple(
            PrintedFact(word=word, text=visible_line(text)) for word, text in line.facts if word not in _NOT_PRINTED
        ),
        text=visible(line.text).strip("\n"),
        files=tuple(file for file in (line.file, *line.files) if file),
    )


def _totals(amounts: Iterable[Money]) -> tuple[str, ...]:
    ordered = sorted(amounts, key=lambda money: money.currency)
    return tuple(
        str(sum(group, Money.zero(currency))) for currency, group in groupby(ordered, key=lambda money: money.currency)
    )
