"""Listings as a table for people, JSON for programs, CSV for spreadsheets."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

#: Tables fit this many columns when nobody is watching (a pipe, a test).
WIDTH = 100
#: Longest cell without spaces that is never broken, in characters.
LONGEST_WORD = 26


class Output(StrEnum):
    """How a listing is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


OutputOption = Annotated[Output, typer.Option("-o", "--output", help="table, json or csv.")]


def console() -> Console:
    """Return the console for people; never wider than a terminal, 100 columns in a pipe."""
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=WIDTH)


def show(rows: Sequence[dict[str, Any]], output: Output, *, columns: Sequence[str], empty: str) -> None:
    """Print rows (the same keys in each; `columns` are those a table shows, in order); `empty` says what to do next."""
    if output is Output.JSON:
        print(json.dumps(list(rows), ensure_ascii=False, default=str))
    elif output is Output.CSV:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]) if rows else list(columns))
        writer.writeheader()
        writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)
    elif not rows:
        console().print(empty)
    else:
        console().print(_table(rows, columns))


def say(text: str) -> None:
    """Print a line for people, as it is."""
    console().print(text, markup=False)


def one_json(value: Any) -> None:
    """Print one JSON object on one line."""
    print(json.dumps(value, ensure_ascii=False, default=str))


def _table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        is_number = all(isinstance(row[name], int | float) for row in rows)
        # What is typed again (ids, numbers, dates) stays on one line, to be copied whole; words may wrap.
        is_one_word = all(" " not in _cell(row[name]) and len(_cell(row[name])) <= LONGEST_WORD for row in rows)
        table.add_column(
            name.replace("_", " "), justify="right" if is_number else "left", overflow="fold", no_wrap=is_one_word
        )
    for row in rows:
        table.add_row(*(escape(_cell(row[name])) for name in columns))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return "".join(c if c.isprintable() else " " for c in text)


def _harmless(value: Any) -> Any:
    """Keep a spreadsheet from running a cell as a formula."""
    text = _cell(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
