"""What every command shares: the data folder, opening the parts, and turning errors into exit codes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn, TypeVar

import typer
from rich.console import Console

from mailer import settings as settings_module
from mailer.channels.channel import ChannelError
from mailer.clock import Clock, utc_now
from mailer.mailbox import MailboxError
from mailer.rendering.environment import TemplateProblem
from mailer.sandbox.sandbox import SandboxUnavailable
from mailer.settings import SettingsError
from mailer.store import schema
from mailer.store.session import StoreUnreachable
from mailer.tokens import TokenError
from mailer.wiring import App, open_app

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


def data_folder() -> Path:
    """Return the data folder of this run."""
    return settings_module.data_folder(_Chosen.data)


def actor() -> str:
    """Return who is at the terminal, as the record's rows name them: an opaque number, no person's name."""
    return f"person:{os.getuid()}" if hasattr(os, "getuid") else "person:terminal"


def run(work: Callable[[App], Awaitable[T]], *, clock: Clock = utc_now) -> T:
    """Open the parts, do the work, close them; expected errors become one sentence and an exit code."""

    async def whole() -> T:
        app = open_app(settings_module.load(data_folder()), clock=clock)
        try:
            await _check_schema(app)
            return await work(app)
        finally:
            await app.close()

    return guarded(lambda: asyncio.run(whole()))


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
    except (
        SettingsError,
        StoreUnreachable,
        SandboxUnavailable,
        ChannelError,
        MailboxError,
        TokenError,
        TemplateProblem,
    ) as problem:
        fail(problem, ENVIRONMENT)


def fail(problem: object, code: int) -> NoReturn:
    """Print one sentence to stderr and leave with that code."""
    errors.print(f"duly: {problem}", markup=False, style="yellow" if code == NEEDS_PERSON else "red")
    raise typer.Exit(code)


async def _check_schema(app: App) -> None:
    file = app.settings.data / "duly.sqlite3"
    if not app.settings.database_url and not file.exists():
        message = f"the database {file} is gone: put your backup there, or let `duly init` make a new, empty one"
        raise SettingsError(message)
    present, newest = await schema.revisions(app.store)
    if present is None:
        message = f"the database of {app.settings.data} is empty: run `duly init` first"
        raise SettingsError(message)
    if present != newest:
        await schema.migrate(app.store)
