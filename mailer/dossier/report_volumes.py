"""The report in volumes of some two hundred pages: what each says, and which originals it carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mailer.dossier.legible import legible_line, wrapped
from mailer.dossier.model import CaseFile, Direction
from mailer.dossier.printable import chronology_values
from mailer.dossier.report import FACT_COLUMNS, Section, Unit, Words, label, moment, sections
from mailer.dossier.table import utc_text

#: Typesetting holds a volume in memory, half a gigabyte for these; a page has some eighty lines.
MAX_LINES, MAX_MAILS, MAX_BYTES = 16_000, 1_000, 64_000_000
#: A row's edges, and a heading with what stands above and below it, in lines.
_ROW_EXTRA, _SECTION_EXTRA = 1, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One PDF: where it goes, and its values, which can be written as JSON. It carries the mails its values name."""

    path: str
    values: Mapping[str, Any]


@dataclass(slots=True)
class _Part:
    section: Section
    is_continued: bool
    units: list[Unit]


@dataclass(slots=True)
class _Draft:
    parts: list[_Part]
    lines: int = 0
    octets: int = 0
    mails: int = 0

    def has_room(self, unit: Unit, lines: int) -> bool:
        """Whether one more unit fits; an empty volume takes any."""
        fits = self.lines + lines <= MAX_LINES and self.octets + unit.octets <= MAX_BYTES
        return not any(part.units for part in self.parts) or (fits and self.mails + bool(unit.message) <= MAX_MAILS)


def volume_path(number: int) -> str:
    """Return where a volume lies in the case file; 1 is the first."""
    return f"data/report/CASE-REPORT-vol{number:02d}.pdf"


def volumes(case: CaseFile, words: Words, *, language: str) -> tuple[Volume, ...]:
    """Return the volumes in their order; there is always one. `words` are those of that language."""
    drafts = list(_filled(sections(case, words)))
    cover = _cover(case, words)
    overview = [[f"{at} / {len(drafts)}", _range(draft)] for at, draft in enumerate(drafts, start=1)]
    at = case.exported_at
    return tuple(
        Volume(
            path=volume_path(number),
            values={
                "language": language,
                "words": _notes(case, words),
                "date": [at.year, at.month, at.day, at.hour, at.minute, at.second],
                "title": f"{words['notes']['title']} {legible_line(case.case_id)}",
                "running": _running(case, words),
                "number": number,
                "volumes": overview,
                "cover": cover,
                "sections": [_shown(part, words) for part in draft.parts],
                "verify": [str(one).format(key=case.log.key_sha256) for one in _verify(case, words)],
            },
        )
        for number, draft in enumerate(drafts, start=1)
    )


def _filled(all_: tuple[Section, ...]) -> Iterator[_Draft]:
    draft = _Draft([])
    for section in all_:
        draft.parts.append(_Part(section, is_continued=False, units=[]))
        draft.lines += _SECTION_EXTRA
        for unit in section.units:
            lines = unit.height + _ROW_EXTRA + bool(unit.message)  # a mail has a line in the index, too
            if not draft.has_room(unit, lines):
                begun = bool(draft.parts[-1].units)
                if not begun:
                    draft.parts.pop()
                yield draft
                draft = _Draft([_Part(section, is_continued=begun, units=[])], lines=_SECTION_EXTRA)
            draft.parts[-1].units.append(unit)
            draft.lines += lines
            draft.octets += unit.octets
            draft.mails += bool(unit.message)
    yield draft


def _shown(part: _Part, words: Words) -> dict[str, Any]:
    name, said = part.section.name, words["sections"][part.section.name]
    title = f"{said['title']} {words['notes']['continued']}" if part.is_continued else said["title"]
    columns = part.section.columns
    return {
        "title": title,
        "intro": "" if part.is_continued else said.get("intro", ""),
        "columns": [[label(words, "columns", one), width] for one, width in columns.items()] if columns else [],
        "right": [one in ("total", "open", "charge", "credit", "balance") for one in columns or ()],
        "units": [unit.value for unit in part.units],
        "is_index": name == "happenings",
    }


def _range(draft: _Draft) -> str:
    numbers = sorted(unit.message for part in draft.parts for unit in part.units if unit.message)
    return f"{numbers[0]}\u2013{numbers[-1]}" if numbers else "\u2013"


def _notes(case: CaseFile, words: Words) -> Mapping[str, Any]:
    """Return the notes; of a redacted case they do not say that originals are embedded."""
    said, profile = words["notes"], case.redaction
    if profile is None:
        return dict(said)
    return {**said, "original": str(said["redacted"]).format(name=profile.name, about=profile.about)}


def _verify(case: CaseFile, words: Words) -> list[str]:
    """Return how to check it; whose key it is (the last) must always be asked."""
    return [*words["verify_redacted"], words["verify"][-1]] if case.redaction else list(words["verify"])


def _running(case: CaseFile, words: Words) -> str:
    """Return the line at the foot of each page."""
    return f"{words['notes']['title']} {legible_line(case.case_id)}, {moment(utc_text(case.exported_at))}"[:90]


def _cover(case: CaseFile, words: Words) -> list[list[str]]:
    """Return (label, text) of the title page; those without a text are left out."""
    known = chronology_values(case)
    days = [line.when[:10] for line in (*known.happenings, *known.record)]
    said = words["notes"]
    mails = {way: sum(one.direction is way for one in case.messages) for way in Direction}
    told = {
        "case": case.case_id,
        "creditor": case.seller_name,
        "debtor": f"{case.customer.name} ({case.customer.ref})",
        "contact": case.customer.contact_name,
        "emails": ", ".join(case.customer.emails),
        "country": case.customer.country,
        "scope": case.scope or said["whole"],
        "made_for": case.purpose.value,
        "redaction": case.redaction.name if case.redaction else "",
        "since": case.since.isoformat() if case.since else "",
        "opened": moment(known.opened),
        "closed": f"{moment(known.closed)} {case.outcome}" if known.closed else "",
        "period": f"{min(days)} \u2013 {max(days)}" if days else "",
        "mails_out": str(mails[Direction.OUT]),
        "mails_in": str(mails[Direction.IN]),
        "open": " + ".join(known.open_totals) or "0",
        "as_of": moment(known.exported),
        "log": case.log.origin,
        "log_size": str(case.log.size),
        "log_root": case.log.root,
        "log_key": case.log.key_sha256,
        "zone": case.customer.time_zone,
        "tool": case.tool,
    }
    shown = {name: wrapped(legible_line(text), FACT_COLUMNS, mark="") for name, text in told.items() if text}
    return [[label(words, "cover", name), "\n".join(lines)] for name, lines in shown.items()]
