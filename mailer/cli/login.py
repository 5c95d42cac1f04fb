"""`duly login`: let Duly into a mailbox with a code in a browser, once."""

from __future__ import annotations

import asyncio

import typer

from mailer import settings as settings_module
from mailer.cli.context import InputRefused, guarded
from mailer.cli.opened import data_folder
from mailer.cli.output import Output, OutputOption, one_json
from mailer.cli.setup import say
from mailer.flows.accounts import endpoints, token_settings
from mailer.settings import Settings
from mailer.tokens import DeviceLogin, TokenSettings, finish_login, start_login


def register(app: typer.Typer) -> None:
    """Add the command to the command tree."""
    app.command("login")(login)


def login(output: OutputOption = Output.TABLE) -> None:
    """Log in at the mail provider with a code in any browser; keeps the login, no password. Example: duly login"""
    settings = guarded(lambda: settings_module.load(data_folder()))
    of = guarded(lambda: _device_login(settings))
    guarded(lambda: asyncio.run(_log_in(of, output)))
    unused = [name for name, part in (("smtp", settings.smtp), ("imap", settings.imap)) if part.auth != "oauth"]
    if output is Output.JSON:
        one_json({"logged_in": of.peer, "accounts_with_password": unused})
        return
    say(f"Logged in. The login is kept in {of.folder} (only you can read it) and renews itself.")
    for name in unused:
        say(f'[{name}] still logs in with a password: set auth = "oauth" there to use this login.')
    say("Next: duly doctor")


def _device_login(settings: Settings) -> TokenSettings:
    """Return what to log in with; raises InputRefused saying what to do where there is no such login."""
    oauth, known = settings.oauth, endpoints(settings)
    if oauth.grant != "refresh_token":
        sentence = f'oauth.grant is "{oauth.grant}", which needs no login: `duly doctor` tries it'
        raise InputRefused(sentence)
    if known.no_device_login and not oauth.device_url:
        raise InputRefused(known.no_device_login)
    if not (oauth.device_url or known.device_url):
        sentence = "no place to log in is known: set oauth.provider, or oauth.device_url and oauth.token_url"
        raise InputRefused(sentence)
    return token_settings(settings)


async def _log_in(of: TokenSettings, output: Output) -> None:
    started = await start_login(of)
    _tell(started, output)
    await finish_login(of, started)


def _tell(started: DeviceLogin, output: Output) -> None:
    minutes = started.expires_in_seconds / 60
    if output is Output.JSON:
        one_json({"address": started.address, "code": started.code, "expires_in_minutes": round(minutes)})
        return
    say(f"Open   {started.address}")
    say(f"Enter  {started.code}")
    say(f"and agree as the mailbox's owner within {minutes:.0f} minutes. Waiting …")
