"""Remittance advices among the attachments: which invoices a payment covers, how much it is, of which day.

An advice is what calls itself one, or is called so, lists invoices and sums, and demands nothing: the slip at the foot
of an invoice is none. It is a claim like any other: it proves no payment and promises none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from mailer.domain.message import InboundMail
from mailer.domain.money import ClaimedAmount
from mailer.domain.reading import Evidence, Finding, Intent
from mailer.replies.advice_words import DEMAND, PAID_ON, REFERENCE, TITLE, TOTAL
from mailer.replies.amounts import AmountFound, find_amounts
from mailer.replies.attached import AttachedText, attached_texts
from mailer.replies.dates import DateFound, find_dates
from mailer.replies.numbers import spans_of_numbers
from mailer.replies.passage import folded
from mailer.replies.phrases import Language
from mailer.replies.references import reference_in

RULE = "remittance.attached"
#: As sure as of a cue in somebody's own words.
_CONFIDENCE = 0.85
_MAX_CHARS = 20_000
_MAX_LINES = 400
#: No row of a table is longer.
_MAX_LINE_CHARS = 1_000
_HEAD_LINES = 8
_MAX_ROWS_SHOWN = 3
_MAX_NUMBERS = 100
#: Days of payment further away than this are those of something else.
_LONG_AGO, _FAR_AHEAD = timedelta(days=400), timedelta(days=120)
_SEPARATORS = ";\t|,"
_CURRENCY = re.compile(r"(?<![A-Z])(?:EUR|GBP|USD|CHF|CAD|AUD|SEK|NOK|DKK|PLN|CZK)(?![A-Z])|[€£]")
_SYMBOLS = {"€": "EUR", "£": "GBP"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of an attachment: where it starts, and its words with bars between the cells, as long as they were."""

    start: int
    text: str
    numbers: tuple[str, ...]
    amounts: tuple[AmountFound, ...]
    #: Small letters without accents, spaces for underscores and bars.
    flat: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """An attachment that is a remittance advice, its lines with words, and the invoice numbers it lists, normalised."""

    name: str
    text: str
    lines: tuple[Line, ...]
    title: Line | None
    numbers: tuple[str, ...]
    reference: str | None


def advised_numbers(mail: InboundMail) -> tuple[str, ...]:
    """Return the numbers (normalised) that attached remittance advices list."""
    return tuple(dict.fromkeys(number for advice in advices(mail) for number in advice.numbers))


def advices(mail: InboundMail) -> tuple[Advice, ...]:
    """Return the attachments that are remittance advices, in order."""
    return tuple(found for one in attached_texts(mail) if (found := _advice(one)))


def finding_of(advice: Advice, *, anchor: date | None, country: str, language: Language) -> Finding:
    """Return what an advice says. Days are read only with an `anchor`, the mail's local date."""
    amount = _amount(advice)
    on = _paid_on(advice, anchor, country, language) if anchor else None
    rows = [line for line in advice.lines if set(line.numbers) & set(advice.numbers) and line is not advice.title]
    rows.sort(key=lambda line: not line.amounts)
    shown = [*([advice.title] if advice.title else []), *rows[:_MAX_ROWS_SHOWN]]
    return Finding(
        intent=Intent.REMITTANCE,
        confidence=_CONFIDENCE,
        evidence=tuple(_proof(advice, line) for line in sorted(shown, key=lambda line: line.start)),
        on=on,
        date_kind="exact" if on else None,
        amount=amount,
        reference=advice.reference,
        invoice_numbers=advice.numbers,
    )


def with_advices(found: tuple[Finding, ...], advised: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings with what attached advices say; where the words of the mail say the same, they go first."""
    said = next((one for one in found if one.intent is Intent.REMITTANCE), None)
    if said is None or not advised:
        return (*found, *advised)
    first, *others = advised
    both = replace(
        said,
        evidence=(*said.evidence, *first.evidence),
        on=said.on or first.on,
        date_kind=said.date_kind if said.on else first.date_kind,
        amount=said.amount or first.amount,
        reference=said.reference or first.reference,
        invoice_numbers=tuple(dict.fromkeys((*said.invoice_numbers, *first.invoice_numbers))),
    )
    return (*(both if one is said else one for one in found), *others)


@lru_cache(maxsize=16)  # matching and reading look at the same few attachments
def _advice(one: AttachedText) -> Advice | None:
    lines = tuple(_lines(one))
    title = next((line for line in lines[:_HEAD_LINES] if TITLE.search(line.flat)), None)
    if title is None and not (TITLE.search(folded(re.sub(r"[\W_]+", " ", one.name)).lower()) or _is_labelled(lines)):
        return None
    if any(DEMAND.search(line.flat) for line in lines) or not any(line.amounts for line in lines):
        return None
    reference = reference_in(" ".join(folded(re.sub(r"[|_]", " ", line.text)) for line in lines))
    numbers = _numbers(lines, reference or "")
    if not numbers:
        return None
    return Advice(name=one.name, text=one.text, lines=lines, title=title, numbers=numbers, reference=reference)


def _is_labelled(lines: tuple[Line, ...]) -> bool:
    """Whether a table without a title names the day and the reference of a payment."""
    head = lines[:_HEAD_LINES]
    return any(PAID_ON.search(line.flat) for line in head) and any(REFERENCE.search(line.flat) for line in head)


def _lines(one: AttachedText) -> Iterator[Line]:
    whole = one.text[:_MAX_CHARS]
    rows = whole.split("\n")[:_MAX_LINES]
    separator = _separator(rows) if one.is_table else ""
    start = 0
    for row in rows:
        if row.strip():
            text = (_with_bars(row, separator) if separator else row)[:_MAX_LINE_CHARS]
            amounts = tuple(one for one in find_amounts(text) if one.claim.amount)
            flat = folded(re.sub(r"[|_]", " ", text)).lower()
            yield Line(start=start, text=text, numbers=_in(text), amounts=amounts, flat=flat)
        start += len(row) + 1


def _in(text: str) -> tuple[str, ...]:
    """Return the numbers of a line; letters are part of one only when they are capitals ("am 20 November 2026")."""
    found = spans_of_numbers(text)
    good = (number for at, _, number in found if not number[:2].isalpha() or text[at : at + 2].isupper())
    return tuple(dict.fromkeys(good))


def _separator(rows: list[str]) -> str:
    """Return what separates the cells: the first of the usual signs that half of the lines have."""
    filled = [row for row in rows if row.strip()]
    return next((sign for sign in _SEPARATORS if 2 * sum(sign in row for row in filled) >= max(1, len(filled))), "")


def _with_bars(row: str, separator: str) -> str:
    """Return a row with bars for separators that stand outside quotation marks, and for those marks."""
    pieces = row.split('"')
    return "|".join(one if number % 2 else one.replace(separator, "|") for number, one in enumerate(pieces))


def _numbers(lines: tuple[Line, ...], reference: str) -> tuple[str, ...]:
    """Return the numbers with letters; when none of these stands beside a sum, the bare ones that do as well.

    What stands beside the total, or in the reference, is the payment's own number.
    """
    own = {one for line in lines if TOTAL.search(line.flat) for one in line.numbers}
    rows = [(line, _in(line.text.replace(reference, "|")) if reference else line.numbers) for line in lines]
    lettered = [one for _, numbers in rows for one in numbers if one[:2].isalpha() and one not in own]
    beside = [one for line, numbers in rows if line.amounts for one in numbers if one not in own]
    has_letters = any(one[:2].isalpha() for one in beside)
    return tuple(dict.fromkeys(lettered if has_letters else (*lettered, *beside)))[:_MAX_NUMBERS]


def _proof(advice: Advice, line: Line) -> Evidence:
    words = advice.text[line.start : line.start + len(line.text)]
    start = line.start + len(words) - len(words.lstrip())
    end = line.start + len(words.rstrip())
    return Evidence(start=start, end=end, text=advice.text[start:end], rule=RULE, attachment=advice.name)


def _amount(advice: Advice) -> ClaimedAmount | None:
    """Return the last total; without one the only sum there is. Of several sums, none."""
    claims = [claim for line in advice.lines if (claim := _total(advice, line))]
    every = {one.claim.amount: one.claim for line in advice.lines for one in line.amounts}
    chosen = claims[-1] if claims else next(iter(every.values())) if len(every) == 1 else None
    if chosen is None or chosen.currency:
        return chosen
    codes = {_SYMBOLS.get(hit[0], hit[0]) for line in advice.lines for hit in _CURRENCY.finditer(line.text)}
    return replace(chosen, currency=codes.pop()) if len(codes) == 1 else chosen


def _total(advice: Advice, line: Line) -> ClaimedAmount | None:
    """Return the last sum behind a word for the total, or alone in the line below that word."""
    word = TOTAL.search(line.flat)
    if word is None:
        return None
    if behind := [found.claim for found in line.amounts if found.start >= word.end()]:
        return behind[-1]
    below = next((one for one in advice.lines if one.start > line.start), None)
    if below is None or line.flat.strip(" :") != word[0].strip():
        return None
    return next((found.claim for found in below.amounts if found.claim.text == below.text.strip()), None)


def _paid_on(advice: Advice, anchor: date, country: str, language: Language) -> date | None:
    """Return the day that is called that of the payment; else the only one that stands beside no invoice."""

    def days(line: Line, behind: int = 0) -> list[date]:
        found = find_dates(folded(line.text), anchor=anchor, country=country, language=language)
        near = (_day(one, anchor) for one in found if one.start >= behind and not (one.is_mention and not behind))
        return [day for day in near if anchor - _LONG_AGO <= day <= anchor + _FAR_AHEAD]

    for line in advice.lines:
        label = PAID_ON.search(line.flat)
        below = next((one for one in advice.lines if one.start > line.start), None)
        if label and (said := days(line, label.end()) or (days(below) if below and not below.numbers else [])):
            return said[0]
    if advice.title and (said := days(advice.title)):
        return said[0]
    listed = set(advice.numbers)
    others = {day for line in advice.lines if not listed & set(line.numbers) for day in days(line)}
    return others.pop() if len(others) == 1 else None


def _day(found: DateFound, anchor: date) -> date:
    """Return the day as written with its year; without it, of last and next the nearer one."""
    if found.past_on is None or str(found.on.year)[-2:] in found.text[-4:]:
        return found.on
    return min(found.past_on, found.on, key=lambda day: abs(day - anchor))
