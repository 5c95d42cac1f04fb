"""Progress for people, on stderr: the day, how far it is, and the feed above it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from workers.demo.feed import News

_WIDTH = 120
_COLOURS = {
    "sent": "green",
    "reply": "cyan",
    "money": "bold green",
    "promise": "blue",
    "kept": "green",
    "broken": "red",
    "dispute": "magenta",
    "refused": "red",
    "came back": "red",
    "stranger": "yellow",
    "pause": "yellow",
    "alarm": "yellow",
}


class Display:
    """A bar of days and a feed; plain lines when nobody watches."""

    def __init__(self, progress: Progress, days: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=days)

    def begin(self, day: date) -> None:
        """Show which day it is."""
        self._progress.update(self._task, description=f"{day:%a %d %b %Y}")

    def finish_day(self) -> None:
        """Count a day as done."""
        self._progress.advance(self._task)

    def tell(self, news: News) -> None:
        """Print one line of the feed."""
        colour = _COLOURS.get(news.sort, "white")
        words = f"[dim]{news.at}[/]  {escape(news.who):<27.27}  [{colour}]{news.sort:<9}[/]  {escape(news.words)}"
        self._progress.console.print(words, highlight=False, no_wrap=True, overflow="ellipsis")


@contextmanager
def display(days: int) -> Iterator[Display]:
    """Show progress on stderr until the block ends."""
    console = Console(stderr=True) if sys.stderr.isatty() else Console(stderr=True, width=_WIDTH)
    columns = (TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, refresh_per_second=5) as progress:
        yield Display(progress, days)
