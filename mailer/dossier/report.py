"""What the PDF report says, section by section, as plain texts; `report_volumes` fits it into volumes.

All facts come from the same functions as the tables and the printable chronology. Every text of a stranger is made
legible here and wrapped to the width it has on paper, so that a unit's height in lines is known before it is printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailer.dossier import account, custody
from mailer.dossier.attachments import attachment_paths
from mailer.dossier.chronology import Line, lines
from mailer.dossier.copies import message_path
from mailer.dossier.legible import composed_line, legible, legible_line, wrapped
from mailer.dossier.model import CaseFile, CaseMessage
from mailer.dossier.table import Cell, cell_text, utc_text

#: The words of the report by group and name, in one language (templates/report/words.<language>.toml).
Words = Mapping[str, Any]
#: Characters in a line: of a body, of a fact, of all cells of a row together.
BODY_COLUMNS, FACT_COLUMNS, ROW_COLUMNS = 100, 82, 100
#: Longest body in lines, and in characters once made legible; the .eml has it all.
MAX_BODY_LINES, MAX_BODY = 600, 24_000
#: A larger mail is not embedded: a reader of PDF holds the whole file in memory.
MAX_EMBEDDED_BYTES = 16_000_000
#: Section → columns of the table, each with its width in characters.
WIDTHS: dict[str, dict[str, int]] = {
    "invoices": {"invoice": 18, "reference": 14, "issued_on": 10, "due_on": 10, "total": 14, "open": 14, "status": 20},
    "statement": {
        "currency": 8, "date": 10, "invoice": 18, "kind": 8, "text": 20, "charge": 12, "credit": 12, "balance": 12,
    },
    "promises": {
        "invoices": 16, "made_at": 10, "promised_for": 12, "pauses_until": 12, "amount": 14, "state": 12,
        "confirmed": 9, "message": 11,
    },
    "disputes": {
        "invoices": 16, "opened_at": 10, "reason": 18, "state": 10, "closed_at": 10, "outcome": 25, "message": 11,
    },
    "holds": {
        "invoices": 14, "placed_at": 10, "kind": 10, "reason": 14, "until_on": 10, "deadline_on": 10,
        "released_at": 10, "released_why": 11, "message": 11,
    },
    "contacts": {"at": 10, "kind": 8, "actor": 14, "invoices": 14, "words": 54},
    "decisions": {"log_index": 8, "at": 10, "actor": 16, "invoices": 14, "words": 52},
    "not_there": {"message": 11, "direction": 9, "at": 10, "message_id": 30, "reason": 40},
    "custody": {"log_index": 8, "at": 10, "actor": 16, "action": 18, "object": 11, "words": 37},
    "withheld": {"log_index": 8, "at": 10, "action": 22, "reason": 60},
}  # fmt: skip
#: Columns in which our words and a stranger's stand together.
_COMPOSED = frozenset({"words", "text", "status", "reason", "outcome", "released_why"})
#: Events that tell what was decided, by whom, and what was not sent and why.
_DECISIONS = (
    "case.", "reminder.not_", "reminder.skipped", "reminder.cancelled", "reminder.expired", "reminder.failed",
    "reminder.resolved", "reminder.settled", "reminder.unknown", "mail.assigned", "mail.decided", "mail.let_go",
    "promise.confirmed", "promise.withdrawn", "promise.broken", "dispute.opened", "dispute.closed", "hold.released",
    "hold.ended", "task.", "setup.refused", "address.", "invoice.closed",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What is not torn apart between two volumes: a row of a table, or an item. `value` can be written as JSON.

    `height` in lines; `message` is the number of the mail that it is, "" for anything else; `octets` of its original.
    """

    value: Any
    height: int
    message: str = ""
    octets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the report; `columns` (name → characters) when its units are rows."""

    name: str
    units: tuple[Unit, ...]
    columns: Mapping[str, int] | None = None


def sections(case: CaseFile, words: Words) -> tuple[Section, ...]:
    """Return every section in its order, empty ones too: that nothing was promised is worth saying."""
    tables = account.tables(case)
    return (
        _table("invoices", *tables["invoices"]),
        _table("statement", *tables["statement_of_account"]),
        _table("promises", *tables["promises"]),
        _table("disputes", *tables["disputes"]),
        _table("holds", *tables["holds"]),
        _table("contacts", *tables["calls"]),
        Section(name="happenings", units=tuple(_items(case, words))),
        _table("decisions", tuple(WIDTHS["decisions"]), _decisions(case)),
        _table("not_there", tuple(WIDTHS["not_there"]), _not_there(case)),
        _table("custody", custody.HEADER, custody.acts(case)),
        _table("withheld", tuple(WIDTHS["withheld"]), _withheld(case)),
    )


def label(words: Words, group: str, name: str) -> str:
    """Return a word of the report; raises KeyError for one that the language lacks."""
    return str(words[group][name])


def moment(text: str) -> str:
    """Return "2026-11-03T09:00:00Z" with a blank for its T, as people write it."""
    return text.replace("T", " ") if text.endswith("Z") else text


def _table(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Section:
    columns = WIDTHS[name]
    places = [header.index(column) for column in columns]
    return Section(name=name, columns=columns, units=tuple(_row([row[at] for at in places], columns) for row in rows))


def _row(cells: Sequence[Cell], columns: Mapping[str, int]) -> Unit:
    shown = []
    for cell, (name, width) in zip(cells, columns.items(), strict=True):
        if isinstance(cell, datetime):
            shown.append(cell_text(cell).split("T"))
            continue
        text = cell_text(cell)
        text = composed_line(text) if name in _COMPOSED else legible_line(text)
        shown.append(wrapped(text, width, mark=""))
    return Unit(value=["\n".join(lines) for lines in shown], height=max(map(len, shown)))


def _decisions(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    for one in sorted(case.events, key=lambda one: one.seq):
        if one.type.startswith(_DECISIONS):
            yield one.log_index, one.at, one.actor, " ".join(one.invoice_numbers), one.words


def _not_there(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    for one in sorted(case.not_retained, key=lambda one: one.number):
        yield one.number, str(one.direction), one.at, one.message_id, one.why


def _withheld(case: CaseFile) -> Iterator[tuple[Cell, ...]]:
    for one in sorted(case.withheld, key=lambda one: one.log_index):
        yield one.log_index, one.at, one.type, one.why


def _items(case: CaseFile, words: Words) -> Iterator[Unit]:
    """Yield what happened, oldest first, but for the steps on record: those are the chain of custody."""
    mails = {message_path(one): one for one in case.messages}
    for line in lines(case):
        if line.kind != "record":
            mail = mails.get(line.file)
            yield _mail(mail, line, words) if mail else _happening(line, words)


def _happening(line: Line, words: Words) -> Unit:
    facts = [(label(words, "facts", word), composed_line(text)) for word, text in line.facts]
    return _item(_heading(line, words), facts, [])


def _heading(line: Line, words: Words) -> str:
    about = legible_line(", ".join(line.invoice_numbers))[:FACT_COLUMNS]
    return " \u00b7 ".join(part for part in (moment(line.when), label(words, "kinds", line.kind), about) if part)


def _mail(mail: CaseMessage, line: Line, words: Words) -> Unit:
    is_embedded = mail.size_bytes <= MAX_EMBEDDED_BYTES and not mail.redacted
    told = {
        "from": mail.sender,
        "to": mail.recipient,
        "cc": mail.mail.cc,
        "bcc": mail.mail.bcc,
        "date": moment(mail.mail.date),
        "subject": mail.subject,
        "message_id": mail.message_id,
        "outcome": mail.outcome,
        "defects": "; ".join(mail.mail.defects),
    }
    facts = [(label(words, "facts", word), legible_line(text)) for word, text in told.items() if word != "outcome"]
    facts += [(label(words, "facts", "outcome"), composed_line(mail.outcome))]
    for one, path in zip(mail.attachments, attachment_paths(mail), strict=True):
        size = f"{one.size_bytes} {label(words, 'notes', 'bytes')}"
        named = " \u00b7 ".join((legible_line(one.name), legible_line(one.media_type), size, f"SHA-256 {one.sha256}"))
        facts += [(label(words, "facts", "attachments"), named), (label(words, "facts", "file"), legible_line(path))]
    facts += [
        (label(words, "facts", "original"), _original(mail, words, is_embedded=is_embedded)),
        (label(words, "facts", "sha256"), mail.sha256),
        (label(words, "facts", "log_index"), str(mail.log_index)),
    ]
    unit = _item(_heading(line, words), facts, _body(mail.text, label(words, "notes", "cut")))
    value = {
        **unit.value,
        "message": mail.number,
        "when": moment(utc_text(mail.at)),
        "way": label(words, "kinds", line.kind),
        "subject": "\n".join(wrapped(legible_line(mail.subject), 44, mark="")[:3]),
        "embedded": is_embedded,
    }
    return Unit(value=value, height=unit.height + 1, message=mail.number, octets=mail.size_bytes if is_embedded else 0)


def _original(mail: CaseMessage, words: Words, *, is_embedded: bool) -> str:
    """Return where the original is, or what is there instead."""
    if mail.redacted:
        return f"{label(words, 'notes', 'left_out')} {message_path(mail)}"
    where = f"{message_path(mail)} \u00b7 {mail.size_bytes} {label(words, 'notes', 'bytes')}"
    return where if is_embedded else f"{where} \u00b7 {label(words, 'notes', 'not_embedded')}"


def _item(heading: str, facts: Iterable[tuple[str, str]], body: list[str]) -> Unit:
    shown = [(name, wrapped(text, FACT_COLUMNS, mark="")) for name, text in facts if text]
    value = {
        "heading": heading,
        "facts": [[name, "\n".join(lines)] for name, lines in shown],
        "text": "\n".join(body),
        "message": "",
    }
    return Unit(value=value, height=3 + sum(len(lines) for _, lines in shown) + len(body))


def _body(text: str, cut: str) -> list[str]:
    whole = legible(text).strip("\n")
    if not whole:
        return []
    found = wrapped(whole[:MAX_BODY], BODY_COLUMNS)
    if len(whole) > MAX_BODY or len(found) > MAX_BODY_LINES:
        return [*found[:MAX_BODY_LINES], cut]
    return found
