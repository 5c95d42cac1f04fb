"""`duly init`, `duly doctor` and `duly backup`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from mailer import settings as settings_module
from mailer.cli.context import ENVIRONMENT, REFUSED, actor, errors, fail, guarded
from mailer.cli.opened import data_folder, run
from mailer.cli.output import Output, OutputOption, console, show
from mailer.clock import utc_now
from mailer.flows import back_up as back_up_flow
from mailer.flows import check_setup, initialise
from mailer.flows.check_servers import Check
from mailer.flows.initialise import Initialised, Value
from mailer.flows.policy_files import load_policies
from mailer.providers import provider as provider_of
from mailer.rendering.check import check_templates
from mailer.rendering.renderer import Renderer
from mailer.settings import CONFIG_NAME, Settings, SettingsError
from mailer.store.session import Store
from mailer.wiring import App

#: Option → the settings it sets.
SETTINGS = {
    "name": ("seller.name",),
    "address": ("seller.address",),
    "smtp_host": ("smtp.host",),
    "smtp_port": ("smtp.port",),
    "smtp_security": ("smtp.security",),
    "imap_host": ("imap.host",),
    "imap_port": ("imap.port",),
    "imap_security": ("imap.security",),
    "username": ("smtp.username", "imap.username"),
    "password": ("smtp.password", "imap.password"),
    "password_file": ("smtp.password_file", "imap.password_file"),
    "database_url": ("database_url",),
}


def say(text: str) -> None:
    """Print a line as it is, however long: paths and commands are there to be copied."""
    console().print(text, markup=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add the three commands to the command tree."""
    app.command("init")(init)
    app.command("doctor")(doctor)
    app.command("backup")(backup)


def init(
    data: Annotated[Path | None, typer.Option(help="The folder to set up; ./duly-data when not given.")] = None,
    name: Annotated[str | None, typer.Option(help="Your company's name, as customers read it.")] = None,
    address: Annotated[str | None, typer.Option(help="The address that sends and gets the replies.")] = None,
    provider: Annotated[str | None, typer.Option(help="Fill in servers: microsoft365, google, ses, relay.")] = None,
    smtp_host: Annotated[str | None, typer.Option(help="The server that takes your mail.")] = None,
    smtp_port: Annotated[int | None, typer.Option(help="465 (tls) or 587 (starttls).")] = None,
    smtp_security: Annotated[str | None, typer.Option(help="tls, starttls or none (this machine only).")] = None,
    imap_host: Annotated[str | None, typer.Option(help="The server of your mailbox.")] = None,
    imap_port: Annotated[int | None, typer.Option(help="993 (tls).")] = None,
    imap_security: Annotated[str | None, typer.Option(help="tls or none (this machine only).")] = None,
    username: Annotated[str | None, typer.Option(help="The user name at both servers.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="A file (0600) that holds the password.")] = None,
    database_url: Annotated[str | None, typer.Option(help="PostgreSQL instead of a file in the folder.")] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; what is missing stays empty.")] = False,
) -> None:
    """Set up a data folder: settings, database, paused. Example: duly init --data /srv/duly"""
    folder = data or data_folder()
    given: dict[str, Any] = {
        "name": name,
        "address": address,
        "smtp_host": smtp_host,
        "smtp_port": smtp_port,
        "smtp_security": smtp_security,
        "imap_host": imap_host,
        "imap_port": imap_port,
        "imap_security": imap_security,
        "username": username,
        "password_file": password_file and str(password_file.resolve()),
        "database_url": database_url,
    }
    if password_file is not None and not password_file.is_file():
        fail(f"there is no file {password_file}: write the password into it, then chmod 600", REFUSED)
    known = guarded(lambda: _of_provider(provider or ""))
    if not (folder / CONFIG_NAME).exists() and not yes and sys.stdin.isatty() and sys.stdout.isatty():
        _ask(given, known)
    own = {setting: value for key, value in given.items() if value is not None for setting in SETTINGS[key]}
    _tell(guarded(lambda: _initialised(folder, {**known, **own})), folder)


def _of_provider(name: str) -> dict[str, Value]:
    """Return the settings that follow from a provider's name; raises UnknownProvider."""
    if not name:
        return {}
    found = provider_of(name)
    values: dict[str, Value] = {"smtp.provider": found.name}
    for part, server in (("smtp", found.smtp), ("imap", found.imap)):
        if server is not None:
            values |= {f"{part}.host": server.host, f"{part}.port": server.port, f"{part}.security": server.security}
            values[f"{part}.auth"] = found.auth
    return values


def _initialised(folder: Path, values: dict[str, Value]) -> Initialised:
    try:
        return asyncio.run(initialise.initialise(folder, values, actor=actor(), now=utc_now()))
    except SettingsError as problem:
        fail(problem, REFUSED)  # here the values come from the command line
    except OSError as problem:
        fail(f"{problem.filename or folder} cannot be written: {problem.strerror}", ENVIRONMENT)


def _ask(given: dict[str, Any], known: Mapping[str, Value]) -> None:
    """Ask for what was not given and is not `known` of the provider; an empty answer leaves a setting empty."""

    def ask(key: str, question: str, default: str = "", *, hidden: bool = False) -> None:
        if given.get(key) is None:
            answer = typer.prompt(question, default=default, show_default=bool(default), hide_input=hidden)
            given[key] = str(answer).strip() or None

    ask("name", "Your company's name")
    ask("address", "Address that sends reminders and gets the replies")
    if "smtp.host" not in known:
        ask("smtp_host", "SMTP server")
    if "imap.host" not in known:
        ask("imap_host", "IMAP server", given["smtp_host"] or "")
    ask("username", "User name at both", given["address"] or "")
    if given["password_file"] is None and known.get("smtp.auth") != "oauth":
        ask("password", "Password (not shown; Enter to leave it out)", hidden=True)


def _tell(made: Initialised, folder: Path) -> None:
    if made.new_config:
        say(f"Settings   {made.config} (only you can read it)")
    else:
        say(f"Settings   {made.config} was there already and is unchanged")
    say(f"Database   {made.database}")
    say("Mode       paused: nothing is sent before `duly resume`")
    if made.missing:
        say(f"Still to fill in: {', '.join(made.missing)}")
    usual = settings_module.data_folder(None).resolve() == folder.resolve()
    duly = "duly" if usual else f"duly --data {folder}"
    say("\nNext:")
    for command, what in (
        *([("login", "let Duly into the mailbox")] if made.login else []),
        ("doctor", "does everything work?"),
        ("invoices import FILE --dry-run", "what would be taken in?"),
        ("preview CUSTOMER", "the exact mail that would go out"),
        ("resume", "go live"),
    ):
        say(f"  {duly} {command:<32} # {what}")


def doctor(
    output: OutputOption = Output.TABLE,
    *,
    redis: Annotated[bool, typer.Option("--redis", help="Try Redis too (for `duly worker`).")] = False,
) -> None:
    """Test servers, database, clock and files, with a fix per fault; sends nothing. Example: duly doctor -o json"""
    config, settings = check_setup.check_config(data_folder())
    checks: Sequence[Check] = (config,)
    if settings is not None:
        checks = (config, *guarded(lambda: asyncio.run(_checked(settings, redis=redis))))
    if output is Output.TABLE:
        _print(checks)
    else:
        show([asdict(check) for check in checks], output, columns=("name", "ok", "detail", "fix"), empty="")
    if not all(check.ok for check in checks):
        raise typer.Exit(ENVIRONMENT)


async def _checked(settings: Settings, *, redis: bool) -> Sequence[Check]:
    store = Store(settings.store_url())
    setup = check_setup.Setup(
        settings=settings,
        store=store,
        policies=lambda: load_policies(settings),
        templates=lambda: check_templates(Renderer(settings.data / "templates")),
        clock=utc_now,
        redis=redis,
    )
    tried: list[str] = []
    with errors.status("trying the servers …") as status:  # only a terminal shows it

        def done(check: Check) -> None:
            tried.append(check.name)
            status.update(f"tried {', '.join(tried)} …")

        try:
            return await check_setup.check_setup(setup, done=done)
        finally:
            await store.close()


def _print(checks: Sequence[Check]) -> None:
    out, width = console(), max(len(check.name) for check in checks)
    for check in checks:
        out.print("ok  " if check.ok else "FAIL", style="green" if check.ok else "bold red", end="  ")
        say(f"{check.name:<{width}}  {_line(check.detail)}")
        if not check.ok:
            say(f"      {'':<{width}}  fix: {_line(check.fix)}")
    faults = sum(not check.ok for check in checks)
    say(f"\n{faults} to put right." if faults else "\nEverything works.")


def _line(text: str) -> str:
    """Return a text that may hold a server's words as one harmless line."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
) -> None:
    """Copy the database to one checked file while the service goes on. Example: duly backup /backups/duly.sqlite3"""

    async def work(app: App) -> back_up_flow.BackupReport:
        try:
            return await back_up_flow.back_up(app.store, file, actor=actor(), now=app.clock())
        except OSError as problem:
            fail(f"{file} cannot be written: {problem.strerror}", ENVIRONMENT)

    made = run(work)
    say(f"{made.path}: {made.size_bytes} bytes, checked")
    say(f"SHA-256  {made.sha256}")
    say(f"Not in it: {CONFIG_NAME} (it holds passwords), tokens/, templates/ and policies/; keep them elsewhere.")
    say("After it was put back, sending is on hold until you have looked: `duly outbox held`.")
