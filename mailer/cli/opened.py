"""Opening the data folder for a command, and closing it: loaded only by the commands that need one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from mailer import settings as settings_module
from mailer.cli.context import chosen_data, guarded
from mailer.clock import Clock, utc_now
from mailer.settings import SettingsError
from mailer.store import schema
from mailer.wiring import App, open_app

T = TypeVar("T")


def data_folder() -> Path:
    """Return the data folder of this run."""
    return settings_module.data_folder(chosen_data())


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
