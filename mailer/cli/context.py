"""What every command shares: the data folder that was chosen, who is there, and turning errors into exit codes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

import typer
from rich.console import Console

from mailer.domain.unavailable import Unavailable

#: Exit codes.
DONE, NEEDS_PERSON, REFUSED, ENVIRONMENT = 0, 1, 2, 3

T = TypeVar("T")
errors = Console(stderr=True, highlight=False, soft_wrap=True)


class InputRefused(Exception):
    """What was typed or given cannot be used; the sentence names what, where, and the way out. Nothing was written."""


class NeedsPerson(Exception):
    """It was done, but something waits for a person; the sentence says what."""


class _Chosen:
    """The data folder of this run, set by the top-level option."""

    data: Path | None = None


def choose_data(data: Path | None) -> None:
    """Remember the data folder given on the command line."""
    _Chosen.data = data


def chosen_data() -> Path | None:
    """Return the data folder given on the command line."""
    return _Chosen.data


def actor() -> str:
    """Return who is at the terminal, as the record's rows name them: an opaque number, no person's name."""
    return f"person:{os.getuid()}" if hasattr(os, "getuid") else "person:terminal"


def guarded(work: Callable[[], T]) -> T:
    """Do the work; an expected error becomes its sentence on stderr and its exit code."""
    try:
        return work()
    except (InputRefused, LookupError, ValueError) as problem:
        if not isinstance(problem, InputRefused) and type(problem).__module__.partition(".")[0] != "mailer":
            raise  # a plain ValueError is a bug of ours, not the user's input
        fail(problem, REFUSED)
    except NeedsPerson as problem:
        fail(problem, NEEDS_PERSON)
    except Unavailable as problem:
        fail(problem, ENVIRONMENT)


def fail(problem: object, code: int) -> NoReturn:
    """Print one sentence to stderr and leave with that code."""
    errors.print(f"duly: {problem}", markup=False, style="yellow" if code == NEEDS_PERSON else "red")
    raise typer.Exit(code)
